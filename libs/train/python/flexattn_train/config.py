"""What the checkpoint says about itself: `config.json`, the tower's own config, and which biases exist."""
from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

TOWER_PREFIX = "model.vision_tower.vision_tower."
ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj", "k_proj_hd", "v_proj_hd")
MLP = ("gate_proj", "up_proj", "down_proj")
FIRST_SELECTING_LAYER = 8  # published constant; `extra.select_from_layer` overrides it


@dataclass(frozen=True)
class VisionConfig:
    """CLIP vision tower (ViT-L/14-336 has 1024, 4096, 24, 16, 14, 336)."""

    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    patch_size: int
    image_size: int
    layer_norm_eps: float
    hidden_act: str
    layers_used: int  # hidden state after this many layers is the feature

    @property
    def grid(self) -> int:
        """Patches along one side: 24 for 336 / 14."""
        return self.image_size // self.patch_size


@dataclass(frozen=True)
class ModelConfig:
    """LLaVA-1.5 config with the FlexAttention `extra` (numbers are strings in real files)."""

    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    vocab_size: int
    rms_norm_eps: float
    rope_theta: float
    tied: bool
    biases: frozenset[str]  # names of the decoder's projections that have a bias
    projector_depth: int  # linear layers of the projector
    vision: VisionConfig
    lowres_size: int
    highres_size: int
    zoom_ratio: int
    threshold: int
    warmup: float
    select_from_layer: int

    @property
    def head_dim(self) -> int:
        """d of one head."""
        return self.hidden_size // self.num_attention_heads

    @property
    def low_tokens(self) -> int:
        """L: tokens of the low-resolution picture."""
        return self.vision.grid**2

    @property
    def high_tokens(self) -> int:
        """N: tokens of the high-resolution tiles put side by side."""
        return (self.vision.grid * self.zoom_ratio) ** 2


def read_config(checkpoint: Path, names: Collection[str]) -> ModelConfig:
    """Reads `config.json` and the tower's config; `names` are the checkpoint's tensor names."""
    raw = json.loads((checkpoint / "config.json").read_text("utf-8"))
    extra = raw.get("extra") or {}
    vision = _vision(raw, json.loads((tower_folder(checkpoint, raw) / "config.json").read_text("utf-8")))
    if raw.get("rope_scaling"):
        raise ValueError(f"config.json.rope_scaling: {raw['rope_scaling']} is not supported; expected null")
    low = int(extra.get("lowres_size", vision.image_size))
    zoom = int(extra.get("zoom_ratio", 3))
    high = int(extra.get("highres_size", low * zoom))
    if low != vision.image_size or high != low * zoom:
        raise ValueError(
            f"config.json.extra: lowres_size {low}, zoom_ratio {zoom}, highres_size {high}; expected lowres_size = "
            f"the tower's image_size {vision.image_size} and highres_size = lowres_size x zoom_ratio"
        )
    return ModelConfig(
        hidden_size=raw["hidden_size"],
        intermediate_size=raw["intermediate_size"],
        num_hidden_layers=raw["num_hidden_layers"],
        num_attention_heads=raw["num_attention_heads"],
        num_key_value_heads=raw.get("num_key_value_heads") or raw["num_attention_heads"],
        vocab_size=raw["vocab_size"],
        rms_norm_eps=float(raw["rms_norm_eps"]),
        rope_theta=float(raw.get("rope_theta", 10000.0)),
        tied=bool(raw.get("tie_word_embeddings", False)) and "lm_head.weight" not in names,
        biases=frozenset(n for n in ATTENTION + MLP if _has_bias(names, n)),
        projector_depth=_projector_depth(raw.get("mm_projector_type", "linear")),
        vision=vision,
        lowres_size=low,
        highres_size=high,
        zoom_ratio=zoom,
        threshold=int(extra.get("threshold", 64)),
        warmup=float(extra.get("warmup", 3)),
        select_from_layer=int(extra.get("select_from_layer", FIRST_SELECTING_LAYER)),
    )


def tower_folder(checkpoint: Path, raw: dict) -> Path:
    """The vision tower's folder: inside the checkpoint, or an absolute path."""
    folder = checkpoint / raw["mm_vision_tower"]
    if not (folder / "config.json").exists():
        raise FileNotFoundError(f"{folder}: no config.json of the vision tower that {checkpoint}/config.json names")
    return folder


def _vision(raw: dict, tower: dict) -> VisionConfig:
    tower = tower.get("vision_config", tower)
    if raw.get("mm_vision_select_feature", "patch") != "patch":
        raise ValueError(f"config.json.mm_vision_select_feature: {raw['mm_vision_select_feature']}; expected patch")
    layers = tower["num_hidden_layers"]
    select = int(raw.get("mm_vision_select_layer", -2))
    return VisionConfig(
        hidden_size=tower["hidden_size"],
        intermediate_size=tower["intermediate_size"],
        num_hidden_layers=layers,
        num_attention_heads=tower["num_attention_heads"],
        patch_size=tower["patch_size"],
        image_size=tower["image_size"],
        layer_norm_eps=float(tower.get("layer_norm_eps", 1e-5)),
        hidden_act=tower.get("hidden_act", "quick_gelu"),
        layers_used=layers + 1 + select if select < 0 else select,
    )


def _has_bias(names: Collection[str], projection: str) -> bool:
    block = "mlp" if projection in MLP else "self_attn"
    return f"model.layers.0.{block}.{projection}.bias" in names


def _projector_depth(kind: str) -> int:
    match = re.fullmatch(r"mlp(\d+)x_gelu", kind)
    if not match:
        raise ValueError(f"config.json.mm_projector_type: {kind} is not supported; expected mlp2x_gelu")
    return int(match.group(1))
