"""Sphinx's settings for `make docs`: strict, so that a name without a docstring or a reference to nothing fails the build."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

import docstrings  # noqa: E402
import pages  # noqa: E402
import references  # noqa: E402
from sphinx.application import Sphinx  # noqa: E402

import snnopt  # noqa: E402

project = "snnopt"
author = "the snnopt authors"
copyright = author  # noqa: A001 - Sphinx's word
version = release = snnopt.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.autosummary"]
nitpicky = True
myst_heading_anchors = 3
# Marks of MyST's that prose of ours does not mean: a line that begins with "%", "+++" or "(name)=".
myst_disable_syntax = ["myst_line_comment", "myst_block_break", "myst_target"]

autosummary_generate = False
autodoc_member_order = "bysource"
autodoc_type_aliases = {name: name for name in references.ALIASES}
autodoc_default_options = {"members": True}
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 72
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_title = f"snnopt {version}"
html_static_path = [str(HERE / "static")]
html_css_files = ["pages.css"]
html_copy_source = False
html_show_sphinx = False
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("builder-inited", lambda app: pages.write(Path(app.srcdir)))
    app.connect("autodoc-process-docstring", docstrings.to_fields)
    app.connect("autodoc-skip-member", references.foreign)
    app.connect("autodoc-process-signature", references.readable)
    app.connect("missing-reference", references.resolve)
    app.connect("env-check-consistency", references.check_all_described)
