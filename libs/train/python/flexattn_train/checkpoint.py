"""Safetensors checkpoints: read into the model, write the trained weights back in the base's own layout."""
from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from .config import TOWER_PREFIX, ModelConfig, read_config, tower_folder
from .model import FlexAttentionLlava


def tensor_files(checkpoint: Path) -> dict[str, tuple[Path, str]]:
    """Model's tensor name -> (file, name in that file); the tower's own folder gets the long prefix."""
    found: dict[str, tuple[Path, str]] = {}
    raw = json.loads((checkpoint / "config.json").read_text("utf-8"))
    tower = tower_folder(checkpoint, raw)
    for folder, prefix in ((tower, TOWER_PREFIX), (checkpoint, "")):
        for file in weight_files(folder):
            with safe_open(file, "pt") as opened:
                found.update({prefix + name: (file, name) for name in opened.keys()})
    if not found:
        raise FileNotFoundError(f"{checkpoint}: no *.safetensors file")
    return found


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files that the index names, or every one of the folder."""
    index = folder / "model.safetensors.index.json"
    if not index.exists():
        return sorted(folder.glob("*.safetensors"))
    return [folder / name for name in sorted(set(json.loads(index.read_text("utf-8"))["weight_map"].values()))]


def load_model(checkpoint: Path, highres: bool) -> FlexAttentionLlava:
    """Model in float32 with the checkpoint's weights; a missing or misshapen tensor is an error that names it."""
    files = tensor_files(checkpoint)
    model = FlexAttentionLlava(read_config(checkpoint, files.keys()), highres)
    wanted = {name: tensor for name, tensor in model.state_dict(keep_vars=True).items()}
    by_file: dict[Path, list[str]] = {}
    for name in wanted:
        if name == "lm_head.weight" and model.c.tied:
            continue
        if name not in files:
            raise ValueError(f"{checkpoint}: tensor {name} is missing{_hint(name)}")
        by_file.setdefault(files[name][0], []).append(name)
    for file, names in by_file.items():
        with safe_open(file, "pt") as opened:
            for name in names:
                _copy(wanted[name], opened.get_tensor(files[name][1]), name, file)
    return model


@torch.no_grad()
def _copy(parameter: Tensor, value: Tensor, name: str, file: Path) -> None:
    if parameter.shape != value.shape:
        raise ValueError(f"{file}: tensor {name} has shape {list(value.shape)}, expected {list(parameter.shape)}")
    parameter.copy_(value)


def _hint(name: str) -> str:
    return "; run `flexattn init` first" if "_proj_hd" in name else ""


def write_checkpoint(base: Path, out: Path, trained: dict[str, Tensor], texts: dict[str, str]) -> None:
    """Copies `base` to `out` with the trained tensors in place of their own: same files, names and types.

    `texts` are more files to write there. `out` must not exist; it is written beside itself and then renamed.
    """
    files = tensor_files(base)
    partial = out.with_name(out.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    changed: dict[Path, dict[str, Tensor]] = {}
    for name, tensor in trained.items():
        file, inner = files[name]
        changed.setdefault(file, {})[inner] = tensor
    for source in sorted(p for p in base.rglob("*") if p.is_file()):
        target = partial / source.relative_to(base)
        target.parent.mkdir(parents=True, exist_ok=True)
        if source in changed:
            _rewrite(source, target, changed[source])
        else:
            shutil.copyfile(source, target)
        _sync(target)
    for name, text in texts.items():
        (partial / name).write_text(text, "utf-8")
        _sync(partial / name)
    os.rename(partial, out)
    _sync(out.parent)


def _rewrite(source: Path, target: Path, changed: dict[str, Tensor]) -> None:
    with safe_open(source, "pt") as opened:
        metadata = opened.metadata()
        tensors = {name: opened.get_tensor(name) for name in opened.keys()}
    for name, tensor in changed.items():
        tensors[name] = tensor.detach().to("cpu", tensors[name].dtype).contiguous()
    save_file(tensors, target, metadata)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
