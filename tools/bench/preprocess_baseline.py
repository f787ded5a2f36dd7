"""Preprocessing as the published code does it, with Pillow and torch: the baseline of `npm run bench -- preprocess`.

Reads the path of a picture a line on standard input, writes one JSON answer a line:
    {"seconds": wall, "cpu": user and system, "steps": {name: seconds}, "sha256": of the high-res pixels}

    python preprocess_baseline.py THREADS
"""
from __future__ import annotations
import hashlib, json, sys, time
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

LOW, ZOOM = 336, 3
MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073])
STD = torch.tensor([0.26862954, 0.26130258, 0.27577711])


def preprocess(path: str, lap):
    """Both inputs, [1 + zoom^2, 3, low, low]."""
    image = Image.open(path).convert("RGB")
    lap("decode")
    width, height = image.size
    side = max(width, height)
    square = Image.new("RGB", (side, side), tuple(int(m * 255) for m in MEAN.tolist()))
    square.paste(image, ((side - width) // 2, (side - height) // 2))
    lap("pad")
    square = square.resize((LOW * ZOOM,) * 2, Image.BICUBIC)
    lap("resize")
    pixels = torch.from_numpy(np.array(square)).permute(2, 0, 1).float() / 255
    pixels = (pixels - MEAN[:, None, None]) / STD[:, None, None]
    lap("normalise")
    small = F.interpolate(pixels[None], (LOW, LOW), mode="bilinear", antialias=True, align_corners=False)
    tiles = pixels.unfold(1, LOW, LOW).unfold(2, LOW, LOW).permute(1, 2, 0, 3, 4).flatten(0, 1)
    both = torch.cat([small, tiles])
    lap("low-res input and tiles")
    return both, square


def main() -> None:
    torch.set_num_threads(int(sys.argv[1]))
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        steps, begin, cpu = {}, time.perf_counter(), time.process_time()
        last = begin

        def lap(name: str) -> None:
            nonlocal last
            now = time.perf_counter()
            steps[name], last = now - last, now

        _, square = preprocess(line.strip(), lap)
        seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
        sha256 = hashlib.sha256(square.tobytes()).hexdigest()
        print(json.dumps({"seconds": seconds, "cpu": cpu, "steps": steps, "sha256": sha256}), flush=True)


if __name__ == "__main__":
    with torch.inference_mode():
        main()
