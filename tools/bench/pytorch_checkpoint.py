"""Writes a checkpoint of two pytorch_model-*.bin files with random float16 tensors: FOLDER, bytes in all."""

import json
import sys

import torch

folder, total = sys.argv[1], int(sys.argv[2])
WIDTH = 4096
SHARDS = 2
tensors = total // (WIDTH * WIDTH * 2)
noise = torch.randint(-(2**15), 2**15, (WIDTH, WIDTH), dtype=torch.int16, generator=torch.Generator().manual_seed(0))
weight_map = {}
for shard in range(SHARDS):
    file = f"pytorch_model-{shard + 1:05}-of-{SHARDS:05}.bin"
    state = {}
    for i in range(shard, tensors, SHARDS):
        name = f"model.layers.{i}.self_attn.q_proj.weight"
        state[name] = torch.roll(noise, i).view(torch.float16)
        weight_map[name] = file
    torch.save(state, f"{folder}/{file}")
with open(f"{folder}/pytorch_model.bin.index.json", "w") as index:
    json.dump({"metadata": {}, "weight_map": weight_map}, index)
