"""LoRA (arXiv 2106.09685): a projection's update as a product of two thin matrices, merged at the end."""
from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .checkpoint import assign
from .ranks import whole
from .settings import Lora


class LoraLinear(nn.Module):
    """y = x W^T + b + (alpha / rank) x A^T B^T. W and b keep their names and stay as they are."""

    def __init__(self, linear: nn.Linear, lora: Lora) -> None:
        super().__init__()
        self.weight, self.bias = linear.weight, linear.bias
        self.out_features, self.scale = linear.out_features, lora.alpha / lora.rank
        self.lora_a = nn.Parameter(torch.empty(lora.rank, linear.in_features, device=linear.weight.device))
        self.lora_b = nn.Parameter(torch.empty(linear.out_features, lora.rank, device=linear.weight.device))

    def forward(self, x: Tensor) -> Tensor:  # (..., in) -> (..., out)
        return F.linear(x, self.weight, self.bias) + self.scale * F.linear(F.linear(x, self.lora_a), self.lora_b)


def add_lora(layers: nn.ModuleList, lora: Lora) -> None:
    """Puts updates on the target projections of every decoder layer; `start_lora` gives them values."""
    found = set()
    for layer in layers:
        for name, module in list(layer.named_modules()):
            parent, _, leaf = name.rpartition(".")
            if leaf in lora.targets and isinstance(module, nn.Linear):
                setattr(layer.get_submodule(parent), leaf, LoraLinear(module, lora))
                found.add(leaf)
    if missing := sorted(set(lora.targets) - found):
        raise ValueError(f"settings.lora.targets: no projection of the decoder is called {missing}")


def start_lora(model: nn.Module, seed: int) -> None:
    """First values: A as a linear layer's own, B zero, so that training starts from the checkpoint. Same on any spread."""
    generator = torch.Generator().manual_seed(seed)
    for module in _updated(model).values():
        bound = 1 / math.sqrt(module.lora_a.shape[1])
        assign(module.lora_a, torch.empty(module.lora_a.shape).uniform_(-bound, bound, generator=generator))
        assign(module.lora_b, torch.zeros(module.lora_b.shape))


@torch.no_grad()
def lora_updates(model: nn.Module) -> dict[str, Tensor]:
    """Checkpoint name -> (out, in) that is to be added to its weight. Every process must ask."""
    return {
        f"{name}.weight": module.scale * (whole(module.lora_b) @ whole(module.lora_a))
        for name, module in _updated(model).items()
    }


def _updated(model: nn.Module) -> dict[str, LoraLinear]:
    return {name: m for name, m in model.named_modules() if isinstance(m, LoraLinear)}
