"""Step and ridge by actual over predicted decrease."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LevenbergMarquardt:
    """Trust in the model: how far a step may go and how strongly weights are held.

    After an iteration whose loss fell by ``actual`` where the linear model said ``predicted``, a ratio below ``poor``
    shrinks the step and raises the ridge; one above ``good`` does the opposite, within bounds.
    """

    step: float = 1.0
    ridge: float = 1.0
    poor: float = 0.25
    good: float = 0.75

    def after(self, actual: float, predicted: float) -> LevenbergMarquardt:
        """Return the controller for the next iteration."""
        ratio = actual / predicted if predicted > 0 else -1.0
        if ratio < self.poor:
            return self._moved(0.7, 1.3)
        if ratio > self.good:
            return self._moved(1.15, 0.9)
        return self

    def after_descent(self, fell: bool) -> LevenbergMarquardt:
        """Return the controller for the next full-batch iteration, by whether the solved loss fell.

        Exact flips promise no decrease that could be compared: their demands are slopes at spikes that jump.
        """
        return self._moved(1.15, 0.9) if fell else self._moved(0.7, 1.3)

    def back(self) -> LevenbergMarquardt:
        """Return the controller after a step that had to be taken back."""
        return self._moved(0.5, 1.5)

    def _moved(self, step: float, ridge: float) -> LevenbergMarquardt:
        new_step, new_ridge = min(max(self.step * step, 1e-3), 3.0), min(max(self.ridge * ridge, 0.3), 10.0)
        return LevenbergMarquardt(new_step, new_ridge, self.poor, self.good)
