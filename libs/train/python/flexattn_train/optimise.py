"""Optimiser, learning rates by name, and the scale that keeps float16 gradients from vanishing."""
from __future__ import annotations

import math

import torch
from torch import nn

from .settings import Settings, matches


def schedule(step: int, s: Settings) -> float:
    """Share of the peak learning rate: linear warm-up, then half a cosine down to zero."""
    if step < s.warmup_steps:
        return (step + 1) / s.warmup_steps
    done = (step - s.warmup_steps) / max(1, s.steps - s.warmup_steps)
    return 0.5 * (1 + math.cos(math.pi * done))


def make_optimizer(model: nn.Module, s: Settings) -> torch.optim.AdamW:
    """AdamW with a group for every learning rate and decay; vectors (biases, norms) do not decay."""
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, p in model.named_parameters():
        if p.requires_grad:
            groups.setdefault((_peak(name, s), s.weight_decay if p.ndim >= 2 else 0.0), []).append(p)
    options = [{"params": ps, "lr": peak, "peak": peak, "weight_decay": d} for (peak, d), ps in groups.items()]
    return torch.optim.AdamW(options, betas=(0.9, 0.999), eps=1e-8, fused=True)


def _peak(name: str, s: Settings) -> float:
    fitting = (rate for pattern, rate in s.learning_rates.items() if matches(pattern, name))
    return next(fitting, s.learning_rate)


class LossScale:
    """Multiplies the loss so that float16 gradients stay above its smallest number; halved when they overflow."""

    GROWS_AFTER = 2000  # steps without an overflow, after which it is doubled

    def __init__(self, s: Settings) -> None:
        self.value, self.steps, self.active = 1.0, 0, s.precision == "float16"
        if self.active:
            self.value = 2.0**16

    def overflowed(self, norm: float) -> bool:
        """Whether this step's gradients are lost; moves the scale. The norm is that of all processes."""
        if not self.active:
            return False
        lost = not math.isfinite(norm) and self.value > 1.0
        self.steps = 0 if lost else self.steps + 1
        if lost or self.steps == self.GROWS_AFTER:
            self.value, self.steps = self.value * (0.5 if lost else 2.0), 0
        return lost
