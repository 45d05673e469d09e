"""Draws growth.csv: one SVG file for each extent that grows."""
import csv
import pathlib
import sys

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.hashsalt": "dagan", "svg.fonttype": "none"})  # the same file from the same numbers
import matplotlib.pyplot as plt  # noqa: E402, after the backend is chosen

LABELS = {"size": "pixels of a side", "width": "channels of the first level", "batch": "images of a step",
          "threads": "threads"}


def main():
    rows = list(csv.DictReader(open(sys.argv[1])))
    folder = pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    for extent, label in LABELS.items():
        figure, axes = plt.subplots(figsize=(4.5, 3))
        for name, marker in (("torch", "o"), ("dagan", "s")):
            points = [(int(r["value"]), float(r["step_s"])) for r in rows if (r["extent"], r["competitor"]) == (extent, name)]
            axes.plot(*zip(*points), marker=marker, label={"torch": "PyTorch"}.get(name, name))
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.set_xticks([p[0] for p in points], [str(p[0]) for p in points])
        axes.set(xlabel=label, ylabel="s a step")
        axes.grid(True, which="both", alpha=0.3)
        axes.legend()
        figure.tight_layout()
        figure.savefig(folder / f"growth_{extent}.svg", metadata={"Date": None})


main()
