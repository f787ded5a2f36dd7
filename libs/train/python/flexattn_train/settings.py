"""The settings of one training run, as `TrainSettings` of `@flexattn/train` writes them (JSON, camelCase)."""
from __future__ import annotations

import json
import re
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from typing import Literal

from torch import nn


@dataclass(frozen=True)
class Settings:
    """Field by field the TypeScript type; validated there, so only names are checked here."""

    highres: bool
    steps: int
    batch_size: int  # samples of one optimiser step: processes x micro batches x micro_batch_size
    micro_batch_size: int
    learning_rate: float
    warmup_steps: int
    weight_decay: float
    max_grad_norm: float
    freeze: tuple[str, ...]  # see `freeze_parameters`
    seed: int
    precision: Literal["float32", "bfloat16"]
    threads: int  # of each process
    processes: int
    model_max_length: int  # positions, image tokens included
    feature_cache_megabytes: int  # of each process

    @staticmethod
    def parse(text: str) -> Settings:
        """From JSON; an unknown or missing name is an error that names it."""
        raw = {_snake(name): value for name, value in json.loads(text).items()}
        names = {field.name for field in fields(Settings)}
        if raw.keys() != names:
            raise ValueError(f"settings: unknown {sorted(raw.keys() - names)}, missing {sorted(names - raw.keys())}")
        return Settings(**{**raw, "freeze": tuple(raw["freeze"])})


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def freeze_parameters(model: nn.Module, patterns: tuple[str, ...]) -> None:
    """Takes out of training what a pattern names: some dotted parts of a parameter's name (`vision_tower`,
    `model.layers.0`), each of which may be a glob. A pattern that names nothing is an error.
    """
    names = [name for name, _ in model.named_parameters()]
    for pattern in patterns:
        if not any(_names(pattern, name) for name in names):
            raise ValueError(f'settings.freeze: "{pattern}" names no parameter of this model')
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(not any(_names(pattern, name) for pattern in patterns))


def _names(pattern: str, name: str) -> bool:
    return fnmatchcase(f".{name}.", f"*.{pattern}.*")
