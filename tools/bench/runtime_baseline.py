"""FlexAttention-LLaVA as the published code runs it, in eager PyTorch: the baseline of `npm run bench -- runtime`.

Every question encodes the picture; attention is eager over all rows with additive masks and a second softmax above
the selecting layer; keys and values grow by concatenation; the selected high-res features are gathered and projected
in every layer at every step; every option is a full forward pass in which all high-res tokens are projected and every
row attends to them under a mask.

Reads one JSON request a line on standard input, writes one JSON answer a line:
    {"image": path, "ids": [...], "max_new": n}         -> {"tokens": [...], "seconds": [first, next, ...], "selected": share}
    {"image": path, "ids": [...], "options": [[...]]}   -> {"losses": [...], "seconds": [all]}
    {"image": path}                                     -> {"seconds": [preprocessing]}

    python runtime_baseline.py CHECKPOINT THREADS
"""
from __future__ import annotations
import json, math, resource, sys, time
from pathlib import Path
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import load_file

IMAGE_TOKEN = -200
FIRST_SELECTING_LAYER = 8
POOL = 9
MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073])
STD = torch.tensor([0.26862954, 0.26130258, 0.27577711])
TOWER = "model.vision_tower.vision_tower.vision_model."


class Model:
    def __init__(self, folder: Path):
        self.cfg = json.loads((folder / "config.json").read_text())
        self.vision = json.loads((folder / self.cfg["mm_vision_tower"] / "config.json").read_text())
        self.W = {}
        for file in sorted(folder.glob("*.safetensors")):
            self.W |= {name: value.float() for name, value in load_file(file).items()}
        extra = self.cfg["extra"]
        self.low, self.zoom, self.threshold = int(extra["lowres_size"]), int(extra["zoom_ratio"]), int(extra["threshold"])
        self.first = int(extra.get("select_from_layer", FIRST_SELECTING_LAYER))
        self.layers, self.heads = self.cfg["num_hidden_layers"], self.cfg["num_attention_heads"]
        self.d, self.eps = self.cfg["hidden_size"] // self.heads, self.cfg["rms_norm_eps"]
        self.size = self.low // self.vision["patch_size"]
        self.hd = self.size * self.zoom

    # ------------------------------------------------------------ picture
    def preprocess(self, path: str):
        """Pixels [1 + zoom^2, 3, low, low]: the low-res input and the tiles; width and height."""
        image = Image.open(path).convert("RGB")
        width, height = image.size
        side = max(width, height)
        square = Image.new("RGB", (side, side), tuple(int(m * 255) for m in MEAN.tolist()))
        square.paste(image, ((side - width) // 2, (side - height) // 2))
        square = square.resize((self.low * self.zoom,) * 2, Image.BICUBIC)
        pixels = torch.from_numpy(np.array(square)).permute(2, 0, 1).float() / 255
        pixels = (pixels - MEAN[:, None, None]) / STD[:, None, None]
        small = F.interpolate(pixels[None], (self.low, self.low), mode="bilinear", antialias=True, align_corners=False)
        tiles = pixels.unfold(1, self.low, self.low).unfold(2, self.low, self.low).permute(1, 2, 0, 3, 4).flatten(0, 1)
        return torch.cat([small, tiles]), width, height

    def linear(self, name: str, x):
        return F.linear(x, self.W[name + ".weight"], self.W.get(name + ".bias"))

    def encode(self, pixels):
        """Features behind the projector: low [L, D], high [N, D] in raster order."""
        v, W = self.vision, self.W
        B, width = pixels.shape[0], v["hidden_size"]
        H, d = v["num_attention_heads"], width // v["num_attention_heads"]
        patches = F.conv2d(pixels, W[TOWER + "embeddings.patch_embedding.weight"], stride=v["patch_size"]).flatten(2).transpose(1, 2)
        x = torch.cat([W[TOWER + "embeddings.class_embedding"].expand(B, 1, -1), patches], 1) + W[TOWER + "embeddings.position_embedding.weight"]
        norm = lambda name, t: F.layer_norm(t, (width,), W[name + ".weight"], W[name + ".bias"], v["layer_norm_eps"])
        x = norm(TOWER + "pre_layrnorm", x)
        for i in range(v["num_hidden_layers"] - 1):
            p = f"{TOWER}encoder.layers.{i}."
            h = norm(p + "layer_norm1", x)
            split = lambda t: t.view(B, -1, H, d).transpose(1, 2)
            q, k, val = (split(self.linear(p + f"self_attn.{n}_proj", h)) for n in "qkv")
            weights = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(d), -1)
            x = x + self.linear(p + "self_attn.out_proj", (weights @ val).transpose(1, 2).reshape(B, -1, width))
            h = self.linear(p + "mlp.fc1", norm(p + "layer_norm2", x))
            x = x + self.linear(p + "mlp.fc2", h * torch.sigmoid(1.702 * h))
        f = self.linear("model.mm_projector.2", F.gelu(self.linear("model.mm_projector.0", x[:, 1:])))
        z, g = self.zoom, self.size
        high = f[1:].view(z, z, g, g, -1).transpose(1, 2).reshape(self.hd**2, -1)
        return f[0], high

    # ------------------------------------------------------------ selection
    def select(self, rows, width: int, height: int):
        """Attention mass [R, L] -> chosen high-res tokens, bool [R, N]."""
        a = rows.view(-1, 1, self.size, self.size).clone()
        margin = int((abs(width - height) // 2) / max(width, height) * self.size)
        if margin:
            if width > height:
                a[:, :, :margin] = 0
                a[:, :, -margin:] = 0
            else:
                a[:, :, :, :margin] = 0
                a[:, :, :, -margin:] = 0
        low, top = a.amin((2, 3), keepdim=True), a.amax((2, 3), keepdim=True)
        hot = ((a - low) / (top - low) * 255 > self.threshold).float()
        regions = F.adaptive_max_pool2d(hot, POOL)
        return F.interpolate(regions, (self.hd, self.hd), mode="nearest").flatten(1) > 0

    # ------------------------------------------------------------ decoder
    def start(self, path: str, ids: list[int]):
        pixels, width, height = self.preprocess(path)
        low, self.high = self.encode(pixels)
        at, E = ids.index(IMAGE_TOKEN), self.W["model.embed_tokens.weight"]
        self.span, self.shape = (at, at + len(low)), (width, height)
        self.K, self.V = [None] * self.layers, [None] * self.layers
        self.chosen_tokens = self.chosen_rows = 0
        return torch.cat([E[ids[:at]], low, E[ids[at + 1:]]])

    def tables(self, length: int):
        inverse = 1.0 / self.cfg["rope_theta"] ** (torch.arange(0, self.d, 2).float() / self.d)
        angles = torch.outer(torch.arange(length).float(), inverse)
        angles = torch.cat([angles, angles], -1)
        return angles.cos(), angles.sin()

    def forward(self, x, high_from: int, every_row: bool):
        """Appends rows x [T, D]; rows at absolute position >= high_from attend to high-res tokens.

        every_row: as when scoring, where the rows differ in what they select: all high-res tokens are projected and
        a mask tells each row's. Otherwise only the last row is a high-res row.
        """
        past, T, rms = (0 if self.K[0] is None else self.K[0].shape[1]), len(x), lambda n, t: F.rms_norm(t, t.shape[-1:], self.W[n], self.eps)
        cos, sin = self.tables(past + T)
        begin, end = self.span
        enlarge = lambda t: F.interpolate(t[begin:end].T.view(1, -1, self.size, self.size), (self.hd, self.hd), mode="bicubic", align_corners=False)[0].flatten(1).T
        high_cos, high_sin = enlarge(cos), enlarge(sin)
        turn = lambda t, c, s: t * c + torch.cat([-t[..., self.d // 2:], t[..., : self.d // 2]], -1) * s
        split = lambda t: t.view(-1, self.heads, self.d).transpose(0, 1)
        mask = torch.full((T, past + T), float("-inf")).triu(past + 1)
        first_high = max(0, high_from - past)
        chosen = None
        for i in range(self.layers):
            p = f"model.layers.{i}."
            h = rms(p + "input_layernorm.weight", x)
            q, k, v = (split(self.linear(p + f"self_attn.{n}_proj", h)) for n in "qkv")
            q, k = turn(q, cos[past:], sin[past:]), turn(k, cos[past:], sin[past:])
            self.K[i] = k if past == 0 else torch.cat([self.K[i], k], 1)
            self.V[i] = v if past == 0 else torch.cat([self.V[i], v], 1)
            scores = q @ self.K[i].transpose(1, 2) / math.sqrt(self.d) + mask
            weights = torch.softmax(scores, -1)
            if i <= self.first or chosen is None:
                out = weights @ self.V[i]
            else:
                tokens = slice(None) if every_row else chosen[-1].nonzero()[:, 0]
                features = self.high[tokens]
                kh = turn(split(self.linear(p + "self_attn.k_proj_hd", features)), high_cos[tokens], high_sin[tokens])
                vh = split(self.linear(p + "self_attn.v_proj_hd", features))
                high_mask = torch.full((T, kh.shape[1]), float("-inf"))
                if every_row:
                    high_mask[first_high:].masked_fill_(chosen, 0)
                else:
                    high_mask[-1] = 0
                both = torch.cat([scores, q @ kh.transpose(1, 2) / math.sqrt(self.d) + high_mask], -1)
                out = torch.softmax(both, -1) @ torch.cat([self.V[i], vh], 1)
            if i >= self.first:
                chosen = self.select(weights[:, first_high:, begin:end].sum(0), *self.shape)
                self.chosen_tokens += int(chosen.sum())
                self.chosen_rows += len(chosen)
            x = x + self.linear(p + "self_attn.o_proj", out.transpose(0, 1).reshape(T, -1))
            h = rms(p + "post_attention_layernorm.weight", x)
            x = x + self.linear(p + "mlp.down_proj", F.silu(self.linear(p + "mlp.gate_proj", h)) * self.linear(p + "mlp.up_proj", h))
        return self.linear("lm_head", rms("model.norm.weight", x))

    def generate(self, path: str, ids: list[int], max_new: int):
        tokens, seconds, begin = [], [], time.perf_counter()
        x = self.start(path, ids)
        high_from = len(x) - 1
        while True:
            logits = self.forward(x, high_from, every_row=False)[-1]
            tokens.append(int(logits.argmax()))
            now = time.perf_counter()
            seconds.append(now - begin)
            begin = now
            if tokens[-1] == 2 or len(tokens) == max_new:
                share = self.chosen_tokens / self.chosen_rows / self.hd**2
                return {"tokens": tokens, "seconds": seconds, "selected": share}
            x = self.W["model.embed_tokens.weight"][tokens[-1:]]

    def score(self, path: str, ids: list[int], options: list[list[int]]):
        begin, losses = time.perf_counter(), []
        for option in options:
            x = self.start(path, ids)
            n = len(x)
            x = torch.cat([x, self.W["model.embed_tokens.weight"][option]])
            logits = self.forward(x, n - 1, every_row=True)[n - 1:-1]
            losses.append(float(F.cross_entropy(logits, torch.tensor(option))))
        return {"losses": losses, "seconds": [time.perf_counter() - begin]}


@torch.inference_mode()
def main() -> None:
    torch.set_num_threads(int(sys.argv[2]))
    model = Model(Path(sys.argv[1]))
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        if "options" in request:
            answer = model.score(request["image"], request["ids"], request["options"])
        elif "ids" in request:
            answer = model.generate(request["image"], request["ids"], request["max_new"])
        else:
            begin = time.perf_counter()
            model.preprocess(request["image"])
            answer = {"seconds": [time.perf_counter() - begin]}
        answer["rss"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
