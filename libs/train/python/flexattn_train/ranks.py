"""Processes of one run: who we are, how the model is spread over us, and sums over all. The launcher gives the ranks."""
from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor

from .model import FlexAttentionLlava


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


def shard(model: FlexAttentionLlava, ranks: Ranks) -> None:
    """FSDP2: every process keeps its part of each decoder layer and of what is around them, and gathers a layer when
    it is computed. The vision tower stays whole: processes need it at different times, for pictures they have not seen.
    """
    mesh = init_device_mesh(ranks.device.type, (ranks.world,))
    tower = set(model.model.vision_tower.parameters())
    for module in (*model.model.layers, model):
        fully_shard(module, mesh=mesh, ignored_params=tower)
        module.set_gradient_divide_factor(1.0)  # sums, as the loss is already a mean over the global batch
        module.set_force_sum_reduction_for_comms(True)


def sum_gradients(parameters: Iterable[nn.Parameter], ranks: Ranks) -> None:
    """Every process gets the sum; a parameter that a batch did not touch counts as zero. FSDP sums its own."""
    for p in parameters:
        if p.grad is None:
            p.grad = torch.zeros_like(p)
        if ranks.world > 1 and not isinstance(p, DTensor):
            dist.all_reduce(p.grad)


def clip_gradients(parameters: list[nn.Parameter], most: float) -> float:
    """Norm of all gradients together, over all processes; they are scaled down where it is above `most`."""
    spread = [p for p in parameters if isinstance(p, DTensor)]
    own = [p for p in parameters if not isinstance(p, DTensor)]
    parts = [part for part in (spread, own) if part]
    norms = [whole(nn.utils.get_total_norm([p.grad for p in part])) for part in parts]
    norm = torch.linalg.vector_norm(torch.stack(norms)) if len(norms) > 1 else norms[0]
    for part in parts:
        nn.utils.clip_grads_with_norm_(part, most, norm)
    return norm.item()


def sum_values(values: list[Tensor | float], ranks: Ranks) -> list[float]:
    """Sums of scalars over all processes."""
    total = torch.stack([torch.as_tensor(v, dtype=torch.float64, device=ranks.device).detach() for v in values])
    if ranks.world > 1:
        dist.all_reduce(total)
    return total.tolist()


def whole(tensor: Tensor) -> Tensor:
    """All of a tensor that may be spread over the processes; every process must ask."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def leave_ranks(ranks: Ranks) -> None:
    """Waits for the others, then leaves the group."""
    if ranks.world > 1:
        dist.barrier()
        dist.destroy_process_group()
