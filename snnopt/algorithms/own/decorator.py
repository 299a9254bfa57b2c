"""``@so.algorithm``: a variant is a sweep written as a generator, nothing more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from snnopt.algorithms.own.kept import FORMS, OwnKept, own_kept
from snnopt.algorithms.own.rolled_out import OwnRollout, own_rollout
from snnopt.algorithms.own.written import Write, Written, words_of
from snnopt.errors import ModelError, shown
from snnopt.split import Form


def algorithm(form: Form = "trace", **settings: Any) -> Callable[[Write], OwnKept | OwnRollout]:
    """Make an algorithm of a generator over the words of a sweep::

        @so.algorithm(form="trace", sigma=0.5, max_iter=50)
        def twice_backward(net):
            "Spikes and potentials twice before the weights."
            yield net.readout
            for layer in reversed(net.hidden):
                for _ in range(2):
                    yield layer.spikes
                    yield layer.potentials
                yield layer.weights.damped(0.5)
            yield net.duals

        plan = so.compile(problem, twice_backward)  # or twice_backward(sigma=0.2): a copy, with this setting changed

    The engine repeats the sweep, and owns closed forms, residuals, duals, stopping and history. ``net`` (:class:`Net`) has
    the words and the layers: ``net.hidden``, ``net.outputs``, ``net["name"]``, in any order (``reversed``, ``net.shuffled``),
    and steps of time (``net.times()``, ``net.forward_times()``, ``net.backward_times()``). A word may come as often as it
    likes; a block that no word updates rests, and ``plan.explain()`` says so. Any block's word can be
    :meth:`~snnopt.algorithms.Word.damped`. Draw random numbers from ``net.rng`` only: same seed, same sweeps.

    **What kind of algorithm it is, the words decide**, in a dry run when the sweep is decorated; another one, on the
    program's own net, checks the words when it is compiled. So a sweep should keep nothing between runs.

    - *Without* ``net.demands`` potentials, spikes and scaled duals are variables, kept from sweep to sweep
      (:class:`KeptAlgorithm`). ``net.rollout`` makes potentials and spikes feasible again, and sets duals to zero. Words of
      single steps (``layer.spikes_at(t)``, ``layer.potentials_at(t)``) exist in difference form, for all layers or none.
    - *With* ``net.demands`` every sweep starts from a rollout, and only weights are kept (:class:`RolloutAlgorithm`); trace
      form. ``net.rollout``, ``net.readout`` and ``net.demands`` come before ``layer.potentials`` and ``layer.weights``. There
      spikes are not variables: what ``layer.spikes`` asks for, that spikes take the demand on them, is done while the demands
      pass through the layer, and what ``net.duals`` asks for, that duals of weights' copies move, with the weights.
      Both words may be written, and have nothing left to do (``plan.explain()`` says so too). A repeated
      ``layer.weights`` without new demands takes its step again; ``net.rollout`` within a sweep begins anew.

    Parameters
    ----------
    form : ``"trace"`` or ``"difference"``.
    settings : what is not given is as in the nearest shipped algorithm. With demands, ``step_rule="dithered"`` (the default;
        mini-batches, all settings of :class:`Online`) or ``"exact"`` (full batch, those of :class:`Rollout`).
        Without, those of :class:`KeptAlgorithm` (``max_iter``, ``rho``, ``sigma``, ``ridge``, ``copy``, ``dual_step``,
        ``warm_up``, ``patience``), and

        - ``start`` : ``"rollout"`` or ``"uniform"``, where potentials and spikes start;
        - ``duals`` : ``"all"``, ``"step"``, ``"output"`` or ``"none"``, the couplings with a dual that ``net.duals`` moves;
        - ``box`` : ``"none"``, ``"exact"`` or ``"published"``, how spikes are held in [0, 1] (difference form);
        - ``order`` : ``"together"`` or ``"coloured"`` (even steps, then odd), for the potentials of difference form;
        - ``last_step`` : ``"exact"`` or ``"published"``, an output's last step in sweeps over single steps;

        as in :class:`FullDual` (trace form), :class:`ExactBlock` (difference form) or :class:`Perin2025` (single steps). And
        ``dtype``.

    Raises
    ------
    ModelError
        A setting or a word does not fit, with what to write instead.
    UnknownNameError
        No algorithm has a setting of this name.
    """
    if callable(form):
        name = getattr(form, "__name__", "sweep")
        raise ModelError(f"algorithm {name!r}", "the decorator has no form", 'write @so.algorithm(form="trace")')
    if form not in FORMS:
        fix = "write form='trace' or form='difference'; a shipped algorithm goes to compile by its name"
        raise ModelError("algorithm", f"form = {shown(form)}", fix)

    def decorate(write: Write) -> OwnKept | OwnRollout:
        if not callable(write):
            raise ModelError(
                "algorithm", f"{shown(write)} is not a function", "decorate a generator: def sweep(net): ..."
            )
        written = Written(write, words_of(write), {"form": form, **settings})
        return own_rollout(written) if "demands" in written.words else own_kept(written)

    return decorate
