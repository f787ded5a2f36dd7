"""The settings of one training run, as `TrainSettings` of `@flexattn/train` writes them (JSON, camelCase)."""
from __future__ import annotations

import json
import re
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

import torch
from torch import nn


@dataclass(frozen=True)
class Lora:
    """Low-rank updates of the decoder's projections, merged into the weights at the end."""

    rank: int
    alpha: float  # the update counts alpha / rank times
    targets: tuple[str, ...]  # names of projections: q_proj, v_proj, ...


@dataclass(frozen=True)
class Settings:
    """Field by field the TypeScript type; validated there, so only names are checked here."""

    highres: bool
    steps: int
    batch_size: int  # samples of one optimiser step: processes x micro batches x micro_batch_size
    micro_batch_size: int
    learning_rate: float
    learning_rates: dict[str, float]  # by name pattern, the first that fits; `learning_rate` for the rest
    warmup_steps: int
    weight_decay: float
    max_grad_norm: float
    train: tuple[str, ...]  # patterns of what is trained; see `matches`
    freeze: tuple[str, ...]  # patterns of what of it is not
    lora: Lora | None
    seed: int
    precision: Literal["float32", "bfloat16", "float16"]
    activation_checkpointing: bool
    sharding: Literal["none", "full"]  # none: every process holds the whole model
    on_nan: Literal["stop", "skip"]
    threads: int  # of each process
    processes: int
    model_max_length: int  # positions, image tokens included
    feature_cache_megabytes: int  # of each process
    feature_cache_folder: Path | None
    save_every_steps: int  # 0: no states to resume from
    keep_states: int
    tensorboard_folder: Path | None

    @staticmethod
    def parse(text: str) -> Settings:
        """From JSON; an unknown or missing name is an error that names it."""
        raw = {_snake(name): value for name, value in json.loads(text).items()}
        names = {field.name for field in fields(Settings)}
        if raw.keys() != names:
            raise ValueError(f"settings: unknown {sorted(raw.keys() - names)}, missing {sorted(names - raw.keys())}")
        lora = raw["lora"] and Lora(raw["lora"]["rank"], raw["lora"]["alpha"], tuple(raw["lora"]["targets"]))
        folders = {name: raw[name] and Path(raw[name]) for name in ("feature_cache_folder", "tensorboard_folder")}
        patterns = {name: tuple(raw[name]) for name in ("train", "freeze")}
        return Settings(**{**raw, **folders, **patterns, "lora": lora})

    @property
    def dtype(self) -> torch.dtype:
        """Of products."""
        return {"bfloat16": torch.bfloat16, "float16": torch.float16}.get(self.precision, torch.float32)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name.replace("NaN", "Nan")).lower()


def matches(pattern: str, name: str) -> bool:
    """A pattern is some dotted parts of a parameter's name (`vision_tower`, `model.layers.0`), each may be a glob."""
    return fnmatchcase(f".{name}.", f"*.{pattern}.*")


def choose_parameters(model: nn.Module, s: Settings) -> None:
    """Trains what `train` names and `freeze` does not. A pattern that names nothing is an error."""
    names = [name for name, _ in model.named_parameters()]
    for setting, patterns in (("train", s.train), ("freeze", s.freeze), ("learningRates", s.learning_rates)):
        for pattern in patterns:
            if not any(matches(pattern, name) for name in names):
                raise ValueError(f'settings.{setting}: "{pattern}" names no parameter of this model')
    for name, parameter in model.named_parameters():
        chosen = any(matches(pattern, name) for pattern in s.train)
        parameter.requires_grad_(chosen and not any(matches(pattern, name) for pattern in s.freeze))
    if not any(p.requires_grad for p in model.parameters()):
        raise ValueError("settings.train and settings.freeze leave no parameter to train")
