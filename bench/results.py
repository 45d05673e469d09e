#!/usr/bin/env python3
"""Trains and evaluates the default recipe on image sets, and writes docs/results.md.

   bench/results.py FOLDER... [--seeds 3] [--work results] [--out docs/results.md] [-- train options]

A folder is a set in MVTec's layout. A run that already lies in the work folder is not trained again. Beside our
figures stands what a PCA reaches (needs python3-numpy and python3-pil). Test labels are used here, for the report, only.
"""
import argparse
import json
import pathlib
import platform
import statistics
import subprocess
import sys
import time

import numpy
from PIL import Image

COMPONENTS, SIDE, BLOCK = 32, 64, 8


def pictures(folder):
    """All pictures below a folder as grey (N, SIDE*SIDE) in [0,1], box-filtered."""
    files = sorted(f for f in folder.rglob("*") if f.is_file())
    rows = [numpy.asarray(Image.open(f).convert("L").resize((SIDE, SIDE), Image.BOX), float) for f in files]
    return numpy.stack(rows).reshape(len(rows), -1) / 255


def auroc(good, bad):
    """The share of pairs in the right order, ties counting half."""
    good, bad = numpy.asarray(good)[:, None], numpy.asarray(bad)[None, :]
    return float(((bad > good) + 0.5 * (bad == good)).mean())


def pca(folder):
    """Image AUROC of the PCA's squared error: its mean, and the largest mean over an 8x8 block."""
    train = pictures(folder / "train" / "good")
    mean = train.mean(0)
    axes = numpy.linalg.svd(train - mean, full_matrices=False)[2][:COMPONENTS]

    def scores(test):
        error = ((test - mean) - (test - mean) @ axes.T @ axes) ** 2
        blocks = error.reshape(-1, SIDE // BLOCK, BLOCK, SIDE // BLOCK, BLOCK).mean((2, 4))
        return error.mean(1), blocks.reshape(len(test), -1).max(1)

    kinds = [k for k in (folder / "test").iterdir() if k.is_dir()]
    good = scores(numpy.concatenate([pictures(k) for k in kinds if k.name == "good"]))
    bad = scores(numpy.concatenate([pictures(k) for k in kinds if k.name != "good"]))
    return [auroc(g, b) for g, b in zip(good, bad)]


def train_and_evaluate(binary, folder, run, seed, extra):
    """The object that `dagan eval --format json` prints, with the training's seconds."""
    record = run / "result.json"
    if record.exists():
        return json.loads(record.read_text())
    start = time.monotonic()
    subprocess.run([binary, "train", "--data", folder, "--out", run, "--seed", str(seed), "--force", *extra],
                   check=True)
    seconds = time.monotonic() - start
    done = subprocess.run([binary, "eval", run, "--format", "json"], check=True, stdout=subprocess.PIPE)
    result = json.loads(done.stdout) | {"train_seconds": seconds}
    record.write_text(json.dumps(result, indent=1))
    return result


def spread(results, key, digits=3):
    """Mean and range over seeds."""
    values = [r[key] for r in results if r[key] is not None]
    if not values:
        return "-"
    low, high = min(values), max(values)
    return f"{statistics.mean(values):.{digits}f} ({low:.{digits}f}..{high:.{digits}f})"


def processor():
    try:
        lines = open("/proc/cpuinfo").read().splitlines()
        return next(l.split(":", 1)[1].strip() for l in lines if l.startswith("model name"))
    except (OSError, StopIteration):
        return platform.machine()


def table(rows):
    head = ["set", "image AUROC", "pixel AUROC", "AUPRO", "false rejects", "escapes", "PCA mean", "PCA block", "train, s"]
    lines = [head, ["---"] * len(head)]
    for name, results, baseline in rows:
        lines.append([name, spread(results, "image_auroc"), spread(results, "pixel_auroc"), spread(results, "aupro"),
                      spread(results, "false_reject_rate", 2), spread(results, "escape_rate", 2),
                      *(f"{b:.3f}" for b in baseline), spread(results, "train_seconds", 0)])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main():
    own, extra = sys.argv[1:], []
    if "--" in own:
        cut = own.index("--")
        own, extra = own[:cut], own[cut + 1:]
    root = pathlib.Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("results"))
    parser.add_argument("--binary", type=pathlib.Path, default=root / "build" / "dagan")
    parser.add_argument("--out", type=pathlib.Path, default=root / "docs" / "results.md")
    options = parser.parse_args(own)
    options.work.mkdir(parents=True, exist_ok=True)
    rows = []
    for folder in options.folders:
        results = [train_and_evaluate(options.binary, folder, options.work / f"{folder.name}-{seed}", seed, extra)
                   for seed in range(options.seeds)]
        rows.append((folder.name, results, pca(folder)))
    what = "the default recipe" + (f" with `{' '.join(extra)}`" if extra else "")
    old = options.out.read_text() if options.out.exists() else ""
    other_sections = old[old.index("\n## "):] if "\n## " in old else ""
    options.out.write_text(f"""# Results

Written by `bench/results.py`: {what}, {options.seeds} seeds a set: mean (smallest..largest) on {processor()}.

{table(rows)}

- False rejects and escapes are those of the deployable threshold, which is set from held-back good images alone for a
  budget of 5 % false rejects. Where they are above it, the test's good images differ
  from the training's, or so few were held back that chance explains it.
- PCA: {COMPONENTS} components of grey {SIDE} px pictures, fitted on all good training images; its squared error as the
  mean over the picture and as the largest mean over an {BLOCK}x{BLOCK} block.
- Where PCA is ahead, so small or so regular a set needs no network: say so before you deploy one.
- Training times are those of this run, with whatever else the machine did.
- The score's form was chosen while looking at the test labels of three public sets (wood, fabric, bottle); other sets
  had no part in it. A seed changes weights, order, damage and which images are held back.
""" + other_sections)
    print(options.out)


if __name__ == "__main__":
    main()
