"""Safetensors checkpoints: read into the model, write the trained weights back in the base's own layout."""
from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.distributed.tensor import DTensor, distribute_tensor

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


def load_model(
    checkpoint: Path,
    highres: bool,
    device: torch.device | None = None,
    prepare: Callable[[FlexAttentionLlava], None] = lambda model: None,
) -> FlexAttentionLlava:
    """Model in float32 with the checkpoint's weights; a missing or misshapen tensor is an error that names it.

    `prepare` gets the model before it has any memory: it may add parameters, which stay unset, and spread the model
    over processes, each of which then reads its part alone.
    """
    files = tensor_files(checkpoint)
    with torch.device("meta"):
        model = FlexAttentionLlava(read_config(checkpoint, files.keys()), highres)
    names = list(model.state_dict())
    prepare(model)
    model.to_empty(device=device or torch.device("cpu"))
    model.tie()
    wanted = model.state_dict(keep_vars=True)
    by_file: dict[Path, list[str]] = {}
    for name in names:
        if name == "lm_head.weight" and model.c.tied:
            continue
        if name not in files:
            raise ValueError(f"{checkpoint}: tensor {name} is missing{_hint(name)}")
        by_file.setdefault(files[name][0], []).append(name)
    for file, found in by_file.items():
        with safe_open(file, "pt") as opened:
            for name in found:
                value = opened.get_tensor(files[name][1])
                if wanted[name].shape != value.shape:
                    shapes = f"{list(value.shape)}, expected {list(wanted[name].shape)}"
                    raise ValueError(f"{file}: tensor {name} has shape {shapes}")
                assign(wanted[name], value)
    return model


@torch.no_grad()
def assign(parameter: Tensor, value: Tensor) -> None:
    """Gives a parameter its value, whole on every process; of a spread parameter each process keeps its part."""
    if isinstance(parameter, DTensor):
        value = value.to(parameter.device, parameter.dtype)
        mesh, placements = parameter.device_mesh, parameter.placements
        value = distribute_tensor(value, mesh, placements, src_data_rank=None)
    parameter.copy_(value)


def _hint(name: str) -> str:
    return "; run `flexattn init` first" if "_proj_hd" in name else ""


def write_checkpoint(
    base: Path, out: Path, trained: dict[str, Tensor], updates: dict[str, Tensor], texts: dict[str, str]
) -> None:
    """Copies `base` to `out` with the trained tensors in place of their own: same files, names and types.

    `updates` are added to the tensors of their names. `texts` are more files to write there. `out` must not exist; it is written beside itself and then renamed.
    """
    files = tensor_files(base)
    partial = out.with_name(out.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    changed: dict[Path, dict[str, tuple[Tensor, bool]]] = {}
    for tensors, added in ((trained, False), (updates, True)):
        for name, tensor in tensors.items():
            file, inner = files[name]
            changed.setdefault(file, {})[inner] = (tensor, added)
    for source in sorted(p for p in base.rglob("*") if p.is_file()):
        target = partial / source.relative_to(base)
        target.parent.mkdir(parents=True, exist_ok=True)
        if source in changed:
            _rewrite(source, target, changed[source])
        else:
            shutil.copyfile(source, target)
        sync_folder(target)
    for name, text in texts.items():
        (partial / name).write_text(text, "utf-8")
        sync_folder(partial / name)
    os.rename(partial, out)
    sync_folder(out.parent)


def _rewrite(source: Path, target: Path, changed: dict[str, tuple[Tensor, bool]]) -> None:
    with safe_open(source, "pt") as opened:
        metadata = opened.metadata()
        tensors = {name: opened.get_tensor(name) for name in opened.keys()}
    for name, (tensor, added) in changed.items():
        own = tensors[name]
        tensor = tensor.detach().to("cpu", torch.float32)
        tensors[name] = (own.float() + tensor if added else tensor).to(own.dtype).contiguous()
    save_file(tensors, target, metadata)
    _sort_metadata(target)


def _sort_metadata(file: Path) -> None:
    """`save_file` writes metadata in the order of a hash map: the same tensors would not be the same bytes twice."""
    with file.open("r+b") as opened:
        length = int.from_bytes(opened.read(8), "little")
        header = json.loads(opened.read(length))
        if "__metadata__" in header:
            header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
        text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
        if len(text) > length:
            raise ValueError(f"{file}: its header was {length} bytes, sorted it has {len(text)}")
        opened.seek(8)
        opened.write(text.ljust(length))


def sync_folder(path: Path) -> None:
    """Waits until a file or a folder is on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
