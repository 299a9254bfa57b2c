"""How a page looks: on a telephone, on a wide screen, on paper, by day and by night."""

STYLE = """\
:root { color-scheme: light dark; --ink: #1c1c1c; --paper: #fcfcfb; --quiet: #5b5b5b; --line: #d5d5d2; --card: #f1f1ee; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8e8e5; --paper: #171717; --quiet: #a9a9a5; --line: #3c3c3a; --card: #242423; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 68rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, "Segoe UI", Helvetica, Arial, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: .5rem 0; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; padding-top: .6rem; border-top: 1px solid var(--line); }
p { max-width: 46rem; margin: .5rem 0; }
nav { display: flex; flex-wrap: wrap; gap: .2rem 1rem; font-size: .9rem; }
a { color: inherit; }
.lead, figcaption, small, p { color: var(--quiet); }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 9rem), 1fr)); gap: .6rem; margin: 1rem 0; }
.cards div { background: var(--card); border-radius: .4rem; padding: .6rem .8rem; display: flex; flex-direction: column; }
.cards b { font-size: 1.5rem; line-height: 1.3; }
.wide { overflow-x: auto; margin: .6rem 0; }
table { border-collapse: collapse; font-size: .92rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .25rem .9rem .25rem 0; border-bottom: 1px solid var(--line);
  min-width: 4.2rem; overflow-wrap: break-word; }
.pairs td { overflow-wrap: anywhere; }
tbody th { font-weight: normal; color: var(--quiet); }
.pictures { display: grid; align-items: start;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: 1rem; }
figure { margin: 0; min-width: 0; max-width: 34rem; }
img { display: block; width: 100%; height: auto; background: #fff; border-radius: .3rem; }
figcaption { font-size: .85rem; margin-top: .3rem; }
.equation { color: var(--ink); max-width: none; overflow-x: auto; overflow-y: hidden; padding: .35rem 0 .35rem 1.5rem;
  text-indent: -1.5rem; line-height: 2.4; margin: 0; }
.equation math { text-indent: 0; font-size: 1.1rem; }
pre { overflow-x: auto; white-space: pre-wrap; font-size: .8rem; }
details { margin: .6rem 0; color: var(--quiet); }
footer { margin-top: 2.5rem; border-top: 1px solid var(--line); font-size: .85rem; color: var(--quiet); }
@page { margin: 1.4cm; }
@media print {
  :root { color-scheme: light; --ink: #000; --paper: #fff; --quiet: #333; --line: #bbb; --card: #fff; }
  body { max-width: none; padding: 0; font-size: 9.5pt; }
  nav, details { display: none; }
  .cards div { border: 1px solid var(--line); }
  .wide, .equation { overflow: visible; }
  .pictures { display: block; }
  figure { display: inline-block; width: 48%; margin: 0 1% .8rem 0; vertical-align: top; }
  figure, tr, .equation, .cards { break-inside: avoid; }
  h2 { break-after: avoid; }
  table { font-size: 8.5pt; }
  th, td { min-width: 0; padding-right: .6rem; }
}
"""
