"""What scoring a folder takes in PyTorch: decode (Pillow), resize, forward pass, residual, a line an image.

  python detect_torch.py FOLDER --size 64 --width 32 --batch 16 --threads 2

Prints FILE,SCORE for every picture, as soon as it is known, and at the end one JSON object on standard
error: images_per_s without what starting took, rss_mb.
"""
import argparse
import json
import pathlib
import resource
import sys
import time

import numpy
import torch
from PIL import Image

from player_torch import Player


def load(file, size, channels):
    picture = Image.open(file).convert("L" if channels == 1 else "RGB").resize((size, size), Image.BILINEAR)
    return numpy.asarray(picture, numpy.float32).reshape(size, size, channels).transpose(2, 0, 1) / 127.5 - 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=pathlib.Path)
    for name, default in (("size", 64), ("width", 32), ("batch", 1), ("threads", 1), ("levels", 5), ("channels", 1)):
        parser.add_argument("--" + name, type=int, default=default)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    generator = Player(args.channels, args.width, args.levels, True).eval()
    files = sorted(f for f in args.folder.rglob("*.png")) if args.folder.is_dir() else [args.folder]
    start = time.perf_counter()
    with torch.inference_mode():
        for i in range(0, len(files), args.batch):
            some = files[i:i + args.batch]
            x = torch.from_numpy(numpy.stack([load(f, args.size, args.channels) for f in some]))
            scores = ((x - generator(x)) ** 2).mean((1, 2, 3)).tolist()
            print("\n".join(f"{f},{s}" for f, s in zip(some, scores)), flush=True)
    seconds = time.perf_counter() - start
    print(json.dumps(dict(images=len(files), images_per_s=round(len(files) / seconds, 2),
                          rss_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)), file=sys.stderr)


main()
