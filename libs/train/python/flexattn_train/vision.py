"""CLIP vision tower, up to the layer whose hidden state LLaVA reads."""
from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .config import VisionConfig


class ClipAttention(nn.Module):
    """Full self-attention over patches."""

    def __init__(self, c: VisionConfig) -> None:
        super().__init__()
        self.heads = c.num_attention_heads
        self.q_proj = nn.Linear(c.hidden_size, c.hidden_size)
        self.k_proj = nn.Linear(c.hidden_size, c.hidden_size)
        self.v_proj = nn.Linear(c.hidden_size, c.hidden_size)
        self.out_proj = nn.Linear(c.hidden_size, c.hidden_size)

    def forward(self, x: Tensor) -> Tensor:  # (B, P, D) -> (B, P, D)
        projections = (self.q_proj, self.k_proj, self.v_proj)
        q, k, v = (p(x).unflatten(-1, (self.heads, -1)).transpose(1, 2) for p in projections)
        return self.out_proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


class ClipMlp(nn.Module):
    """Two linear layers; the activation is CLIP's quick GELU unless the config says otherwise."""

    def __init__(self, c: VisionConfig) -> None:
        super().__init__()
        self.quick = c.hidden_act == "quick_gelu"
        self.fc1 = nn.Linear(c.hidden_size, c.intermediate_size)
        self.fc2 = nn.Linear(c.intermediate_size, c.hidden_size)

    def forward(self, x: Tensor) -> Tensor:
        h = self.fc1(x)
        return self.fc2(h * torch.sigmoid(1.702 * h) if self.quick else F.gelu(h))


class ClipLayer(nn.Module):
    """Pre-norm transformer block."""

    def __init__(self, c: VisionConfig) -> None:
        super().__init__()
        self.self_attn = ClipAttention(c)
        self.layer_norm1 = nn.LayerNorm(c.hidden_size, c.layer_norm_eps)
        self.mlp = ClipMlp(c)
        self.layer_norm2 = nn.LayerNorm(c.hidden_size, c.layer_norm_eps)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.self_attn(self.layer_norm1(x))
        return x + self.mlp(self.layer_norm2(x))


class ClipEmbeddings(nn.Module):
    """Patches, class token, learned positions."""

    def __init__(self, c: VisionConfig) -> None:
        super().__init__()
        self.class_embedding = nn.Parameter(torch.zeros(c.hidden_size))
        self.patch_embedding = nn.Conv2d(3, c.hidden_size, c.patch_size, c.patch_size, bias=False)
        self.position_embedding = nn.Embedding(c.grid**2 + 1, c.hidden_size)

    def forward(self, pixels: Tensor) -> Tensor:  # (B, 3, s, s) -> (B, 1 + P, D)
        patches = self.patch_embedding(pixels).flatten(2).transpose(1, 2)
        cls = self.class_embedding.expand(len(pixels), 1, -1)
        return torch.cat([cls, patches], 1) + self.position_embedding.weight


class ClipEncoder(nn.Module):
    """The layers in use; later ones (the last, in LLaVA) are never computed and never loaded."""

    def __init__(self, c: VisionConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList(ClipLayer(c) for _ in range(c.layers_used))


class ClipVisionModel(nn.Module):
    """`vision_model` of a CLIP checkpoint."""

    def __init__(self, c: VisionConfig) -> None:
        super().__init__()
        self.embeddings = ClipEmbeddings(c)
        self.pre_layrnorm = nn.LayerNorm(c.hidden_size, c.layer_norm_eps)  # (sic) the published name
        self.encoder = ClipEncoder(c)

    def forward(self, pixels: Tensor) -> Tensor:  # (B, 3, s, s) -> (B, P, D), class token dropped
        x = self.pre_layrnorm(self.embeddings(pixels))
        for layer in self.encoder.layers:
            x = layer(x)
        return x[:, 1:]


class VisionTower(nn.Module):
    """Only here so that parameter names equal the checkpoint's."""

    def __init__(self, c: VisionConfig) -> None:
        super().__init__()
        self.vision_model = ClipVisionModel(c)


def tiles(pixels: Tensor, zoom: int) -> Tensor:
    """(B, 3, S, S) -> (B * zoom^2, 3, S / zoom, S / zoom), row by row."""
    b, c, s, _ = pixels.shape
    t = s // zoom
    return pixels.view(b, c, zoom, t, zoom, t).permute(0, 2, 4, 1, 3, 5).reshape(b * zoom**2, c, t, t)


def untile(features: Tensor, zoom: int) -> Tensor:
    """(B * zoom^2, g * g, D) of `tiles` -> (B, (zoom * g)^2, D) in raster order."""
    g = round(features.shape[1] ** 0.5)
    x = features.view(-1, zoom, zoom, g, g, features.shape[-1]).permute(0, 1, 3, 2, 4, 5)
    return x.reshape(len(x), (zoom * g) ** 2, -1)


def shrink(pixels: Tensor, size: int) -> Tensor:
    """(B, 3, S, S) -> (B, 3, size, size): antialiased bilinear on normalised pixels."""
    return F.interpolate(pixels, size=(size, size), mode="bilinear", align_corners=False, antialias=True)
