"""States to resume from: weights in training, optimiser, step, random numbers; any number of processes reads them."""
from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
from torch import nn
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_state_dict, set_state_dict

from .checkpoint import sync_folder
from .ranks import Ranks

OPTIONS = StateDictOptions(ignore_frozen_params=True, strict=False)


class States:
    """`folder/step-00000100/` for the last few steps that were saved; one that is not whole has another name."""

    def __init__(self, folder: Path | None, keep: int, ranks: Ranks) -> None:
        self.folder, self.keep, self.ranks = folder, keep, ranks

    def saved(self) -> list[Path]:
        """The whole ones, oldest first."""
        found = self.folder.glob("step-????????") if self.folder else []
        return sorted(path for path in found if (path / ".metadata").exists())

    def save(self, step: int, model: nn.Module, optimizer: torch.optim.Optimizer, more: dict[str, Any]) -> None:
        """Saves what `restore` gives back after `step` steps, and removes the oldest."""
        if self.folder is None:
            return
        target = self.folder / f"step-{step:08d}"
        partial = target.with_name(target.name + ".partial")
        if self.ranks.rank == 0:
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
        self._meet()
        dcp.save(_state(model, optimizer), checkpoint_id=partial, no_dist=self.ranks.world == 1)
        self._meet()
        if self.ranks.rank == 0:
            (partial / "run.json").write_text(json.dumps(more), "utf-8")
            for file in partial.iterdir():
                sync_folder(file)
            os.rename(partial, target)
            sync_folder(self.folder)
            for old in self.saved()[: -self.keep]:
                shutil.rmtree(old)
        self._meet()  # a process that left before would have the others ended in the middle of this

    def restore(self, model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Any] | None:
        """Restores model, optimiser and random numbers from the newest state; gives what `save` got as `more`."""
        found = self.saved()
        if not found:
            return None
        state = _state(model, optimizer)
        dcp.load(state, checkpoint_id=found[-1], no_dist=self.ranks.world == 1)
        weights, moments = state["model"], state["optimizer"]
        set_state_dict(model, optimizer, model_state_dict=weights, optim_state_dict=moments, options=OPTIONS)
        torch.set_rng_state(state["random"])
        return json.loads((found[-1] / "run.json").read_text("utf-8"))

    def _meet(self) -> None:
        if self.ranks.world > 1:
            dist.barrier()


def _state(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    weights, moments = get_state_dict(model, optimizer, options=OPTIONS)
    return {"model": weights, "optimizer": moments, "random": torch.get_rng_state()}
