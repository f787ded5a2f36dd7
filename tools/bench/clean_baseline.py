"""The usual cleaning script: load all, probe each image, fix extension and tag, dump all. Prints its peak memory in kB."""

import json
import os
import resource
import sys

TAG = "<image>"
EXTENSIONS = ["png", "jpg", "jpeg", "gif", "webp"]


def find(root, name):
    if os.path.exists(os.path.join(root, name)):
        return name
    stem = os.path.splitext(name)[0]
    for extension in EXTENSIONS:
        other = f"{stem}.{extension}"
        if os.path.exists(os.path.join(root, other)):
            return other
    return None


def main(annotations, images, out):
    with open(annotations, encoding="utf-8") as file:
        samples = json.load(file)
    kept = []
    for sample in samples:
        first = sample["conversations"][0]
        if "image" in sample:
            found = find(images, sample["image"])
            if found is None:
                continue
            sample["image"] = found
            first["value"] = f"{TAG}\n{first['value'].replace(TAG, '').strip()}"
        else:
            first["value"] = f"{TAG}\n{first['value']}"
        kept.append(sample)
    with open(out, "w", encoding="utf-8") as file:
        json.dump(kept, file, indent=2)
    print(json.dumps({"kept": len(kept), "peakKilobytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}))


main(*sys.argv[1:])
