"""Processes of one run: who we are, and sums over all of us. Ranks come from the launcher (torchrun)."""
from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor, nn


@dataclass(frozen=True)
class Ranks:
    """This process among `world` ones and its device."""

    rank: int
    world: int
    device: torch.device


def join_ranks() -> Ranks:
    """Reads RANK, WORLD_SIZE, LOCAL_RANK; nccl with a GPU each, gloo without."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    device = torch.device("cpu")
    if torch.cuda.is_available():
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        torch.cuda.set_device(device)
    if world > 1:
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    return Ranks(int(os.environ.get("RANK", "0")), world, device)


def sum_gradients(parameters: Iterable[nn.Parameter], ranks: Ranks) -> None:
    """Every process gets the sum; a parameter that a batch did not touch counts as zero."""
    for p in parameters:
        if p.grad is None:
            p.grad = torch.zeros_like(p)
        if ranks.world > 1:
            dist.all_reduce(p.grad)


def sum_value(value: Tensor, ranks: Ranks) -> float:
    """Sum of a scalar over all processes."""
    if ranks.world > 1:
        dist.all_reduce(value)
    return value.item()


def leave_ranks(ranks: Ranks) -> None:
    """Waits for the others, then leaves the group."""
    if ranks.world > 1:
        dist.barrier()
        dist.destroy_process_group()
