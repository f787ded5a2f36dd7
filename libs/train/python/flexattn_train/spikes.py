"""What counts as a loss spike: far above what the steps before had."""
from __future__ import annotations

from collections.abc import Sequence
from statistics import median

WINDOW = 50  # steps before, whose median loss is the usual one
FEWEST = 20  # fewer say nothing of what is usual
TIMES = 2.0  # the usual loss
ABOVE = 0.5  # nats over the usual loss: losses near zero double by chance


def is_spike(losses: Sequence[float | None]) -> bool:
    """Whether the last loss is one; None stands for a loss that was no number."""
    *before, last = losses
    known = [loss for loss in before[-WINDOW:] if loss is not None]
    if last is None or len(known) < FEWEST:
        return False
    usual = median(known)
    return last > max(TIMES * usual, usual + ABOVE)
