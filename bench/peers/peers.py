#!/usr/bin/env python3
"""Times dagan and what its users would run instead, in turn, and writes what came out.

   peers.py BUILD [--rounds 5] [--threads 2] [--venv FOLDER] [--only WORK... --out FOLDER] [--no-growth]

BUILD holds dagan, bench_step and bench_detect. The peers live in a virtual environment of their own, by default
~/.cache/dagan/peers, which is made (pip, some 6 GB) where it is missing. In each round every competitor runs once
(detection: STARTS times, of which the median counts), as a process of its own; a ratio compares two of the same round.
Written: docs/peers.md, bench/baselines/peers.csv and growth.csv, docs/pictures/growth_*.svg. Nothing else should run
meanwhile.
"""
import argparse
import csv
import datetime
import json
import os
import pathlib
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PACKAGES = ["torch", "numpy", "pillow", "onnx", "onnxruntime", "openvino", "matplotlib"]
MODULES = ["torch", "numpy", "PIL", "onnx", "onnxruntime", "openvino", "matplotlib"]
SHAPES = {"64 px, width 32": (64, 32, 16), "128 px, width 64": (128, 64, 4)}  # size, width, batch of a step
PICTURES, SIDE = 160, 1024
STARTS = 3  # of a detection, each round


def last_json(text):
    return json.loads(text.strip().splitlines()[-1])


def median_of_starts(run):
    """Of each quantity, several starts one after the other: a virtual machine may have to get back the memory that it gave away."""
    runs = [run() for _ in range(STARTS)]
    return {quantity: statistics.median(r[quantity] for r in runs) for quantity in runs[0]}


class Bench:
    """What it takes to run the competitors; each function returns {quantity: value}."""

    def __init__(self, options):
        self.build, self.threads = options.build, options.threads
        self.python = options.venv / "bin" / "python"
        self.temporary = tempfile.TemporaryDirectory(prefix="dagan-peers-")
        self.folder = pathlib.Path(self.temporary.name)
        os.environ["TMPDIR"] = self.temporary.name  # of the peers too
        if not self.python.exists():
            subprocess.run([sys.executable, "-m", "venv", options.venv], check=True)
        if subprocess.run([self.python, "-c", f"import {', '.join(MODULES)}"], stderr=subprocess.DEVNULL).returncode:
            subprocess.run([self.python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)

    def ours(self, program, *words):
        done = subprocess.run([self.build / program, "--json", *map(str, words)], check=True, capture_output=True,
                              text=True,
                              env=os.environ | {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "1000"})
        return last_json(done.stdout)

    def peer(self, script, *words):
        done = subprocess.run([self.python, HERE / script, *map(str, words)], check=True, capture_output=True, text=True)
        return last_json(done.stdout)

    def pictures(self):
        """The set that detection is timed on: grey PNG files of a smooth texture with a camera's noise, and a model of that kind."""
        code = ("import sys, numpy; from PIL import Image; r = numpy.random.default_rng(0)\n"
                f"for i in range({PICTURES}):\n"
                "  a = numpy.asarray(Image.fromarray(r.integers(60, 200, (32, 32)).astype('uint8'))"
                f".resize(({SIDE}, {SIDE}), Image.BICUBIC), float) + r.normal(0, 2, ({SIDE}, {SIDE}))\n"
                "  Image.fromarray(a.clip(0, 255).astype('uint8')).save(f'{sys.argv[1]}/{i:03}.png')\n")
        good = self.folder / "set" / "train" / "good"
        good.mkdir(parents=True)
        subprocess.run([self.python, "-c", code, good], check=True)
        for size, width, _ in SHAPES.values():
            subprocess.run([self.build / "dagan", "train", "--quiet", "--data", self.folder / "set", "--out",
                            self.model(size), "--steps", "2", "--set", f"data.size={size}", "--set",
                            f"model.width={width}"], check=True, stdout=subprocess.DEVNULL)

    def model(self, size):
        return self.folder / f"model{size}"

    def first_line(self, command, wanted):
        """Seconds from the start of a process to the first line that holds `wanted`, and to its end; its last words."""
        start = time.perf_counter()
        with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            first = next((time.perf_counter() - start for line in process.stdout if wanted in line), None)
            _, errors = process.communicate()
            seconds = time.perf_counter() - start
        if process.returncode or first is None:
            sys.exit(f"{' '.join(map(str, command))}: {errors or 'printed no verdict'}")
        return first, seconds, errors

    def detect(self, what, size):
        command = [self.build / "dagan", "detect", self.model(size), what, "--format", "csv", "--threads", self.threads]

        def run():
            first, seconds, _ = self.first_line(command, ".png")
            return {"first_s": first, "images_per_s": PICTURES / seconds}
        return median_of_starts(run)

    def detect_torch(self, what, size, width, batch):
        command = [self.python, HERE / "detect_torch.py", what, "--size", size, "--width", width, "--batch", batch,
                   "--threads", self.threads]

        def run():
            first, _, errors = self.first_line(command, ".png")
            return {"first_s": first, "images_per_s": last_json(errors)["images_per_s"]}
        return median_of_starts(run)


def works(bench):
    """[(work, quantity, more is better, {competitor: function})]; the first competitor is ours."""
    result = []
    threads = ["--threads", bench.threads]
    for name, (size, width, batch) in SHAPES.items():
        shape = ["--size", size, "--width", width]
        step = {"dagan": lambda s=shape, b=batch: bench.ours("bench_step", *s, *threads, "--batch", b, "--steps", 5)}
        for variant, words in {"torch": [], "torch channels-last": ["--channels-last"], "torch.compile": ["--compile"]}.items():
            step[variant] = lambda s=shape, b=batch, w=words: bench.peer("step_torch.py", *s, *threads, "--batch", b,
                                                                           "--repeats", 5, *w)
        result.append((f"training step, {name}, batch {batch}", [("step_s", "s", False), ("rss_mb", "MB", False)], step))
        forward = {"dagan": lambda s=shape: bench.ours("bench_detect", *s, *threads)}
        for engine in ("torch", "torch channels-last", "torchscript", "torch.compile", "onnxruntime", "openvino"):
            forward[engine] = lambda s=shape, e=engine: bench.peer("forward.py", *s, *threads, "--engine", e)
        result.append((f"forward pass, {name}, 1 image", [("forward_ms", "ms", False)], forward))
        halves = {"dagan": lambda s=shape: bench.ours("bench_detect", *s, *threads, "--precision", "bf16"),
                  "openvino": lambda s=shape: bench.peer("forward.py", *s, *threads, "--engine", "openvino bf16")}
        result.append((f"forward pass in bf16, {name}, 1 image", [("forward_ms", "ms", False)], halves))
    good = bench.folder / "set" / "train" / "good"  # Bench.pictures makes it
    for name, (size, width, _) in SHAPES.items():
        one = {"dagan": lambda s=size: bench.detect(good / "000.png", s),
               "torch": lambda s=size, w=width: bench.detect_torch(good / "000.png", s, w, 1)}
        result.append((f"first verdict, {name}", [("first_s", "s", False)], one))
        folder = {"dagan": lambda s=size: bench.detect(good, s)}
        for batch in (1, 16):
            folder[f"torch, batch {batch}"] = lambda s=size, w=width, b=batch: bench.detect_torch(good, s, w, b)
        result.append((f"folder of {PICTURES} grey PNG, {SIDE}x{SIDE}, {name}", [("images_per_s", "images/s", True)], folder))
    return result


def run_rounds(jobs, rounds):
    """{(work, competitor): [what each round measured]}"""
    measured = {}
    for index in range(rounds):
        for work, _, competitors in jobs:
            for name, run in competitors.items():
                print(f"round {index + 1} of {rounds}: {work}: {name}", file=sys.stderr)
                measured.setdefault((work, name), []).append(run())
    return measured


def rows_of(jobs, measured):
    """A row for each work, quantity and competitor; ratio: how many times better ours is than it, by round."""
    rows = []
    for work, quantities, competitors in jobs:
        for key, unit, more in quantities:
            ours = [r[key] for r in measured[work, "dagan"]]
            for name in competitors:
                values = [r[key] for r in measured[work, name]]
                ratios = [a / b if more else b / a for a, b in zip(ours, values)]
                rows.append({"work": work, "quantity": key, "unit": unit, "competitor": name,
                             "median": statistics.median(values), "least": min(values), "most": max(values),
                             "ratio": statistics.median(ratios), "ratio_least": min(ratios), "ratio_most": max(ratios)})
    return rows


def table(rows):
    """The best rival of each work, and ours beside it."""
    lines = ["| work | dagan | best other | | times better, median (range) |", "| --- | --- | --- | --- | --- |"]
    seen = dict.fromkeys((r["work"], r["quantity"]) for r in rows)
    for work, key in seen:
        of_work = [r for r in rows if (r["work"], r["quantity"]) == (work, key)]
        ours, best = of_work[0], min(of_work[1:], key=lambda r: r["ratio"])
        lines.append(f"| {work}{', memory' if key == 'rss_mb' else ''} | {ours['median']:.4g} {ours['unit']} | "
                     f"{best['median']:.4g} {best['unit']} | {best['competitor']} | {best['ratio']:.2f} "
                     f"({best['ratio_least']:.2f}..{best['ratio_most']:.2f}) |")
    return "\n".join(lines)


def processor():
    info = pathlib.Path("/proc/cpuinfo")
    text = info.read_text() if info.exists() else ""
    name = re.search(r"model name\s*: (.*)", text)
    wide = next((w for w in ("avx512_bf16", "avx512f", "avx2") if re.search(rf"\b{w}\b", text)), "no AVX2")
    return f"{name[1] if name else platform.machine()} ({wide}, {os.cpu_count()} cores)"


def write_csv(file, rows):
    file.parent.mkdir(parents=True, exist_ok=True)
    with open(file, "w", newline="") as out:
        writer = csv.DictWriter(out, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()})


GROWTH = {"size": [32, 64, 96, 128, 192], "width": [8, 16, 32, 64], "batch": [1, 4, 16, 64], "threads": [1, 2, 4, 8]}


def growth(bench):
    """Seconds of a step while one extent grows: [{extent, value, competitor, step_s}]"""
    rows = []
    for extent, values in GROWTH.items():
        for value in values:
            shape = {"size": 64, "width": 16, "batch": 16, "threads": bench.threads} | {extent: value}
            if shape["threads"] > (os.cpu_count() or 1):
                continue
            words = [w for name, number in shape.items() for w in (f"--{name}", number)]
            print(f"growth: {shape}", file=sys.stderr)
            torch = [bench.peer("step_torch.py", *words, "--repeats", 3, *w)["step_s"] for w in ([], ["--channels-last"])]
            rows.append({"extent": extent, "value": value, "competitor": "torch", "step_s": min(torch)})
            rows.append({"extent": extent, "value": value, "competitor": "dagan",
                         "step_s": bench.ours("bench_step", *words, "--steps", 3)["step_s"]})
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=lambda p: pathlib.Path(p).resolve())
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--venv", type=pathlib.Path, default=pathlib.Path.home() / ".cache/dagan/peers")
    parser.add_argument("--only", nargs="+", default=[""], help="works whose names start so")
    parser.add_argument("--no-growth", action="store_true")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT, help="where docs/ and bench/baselines/ are written")
    options = parser.parse_args()
    bench = Bench(options)
    jobs = [job for job in works(bench) if job[0].startswith(tuple(options.only))]
    if not jobs:
        parser.error(f"--only {' '.join(options.only)}: no work starts so; there are {', '.join(w[0] for w in works(bench))}")
    if options.only != [""] and options.out == ROOT:
        parser.error("--only needs --out FOLDER: a part must not take the place of the whole")
    if any("PNG" in job[0] or "verdict" in job[0] for job in jobs):
        bench.pictures()
    rows = rows_of(jobs, run_rounds(jobs, options.rounds))
    baselines = options.out / "bench" / "baselines"
    write_csv(baselines / "peers.csv", rows)
    if not options.no_growth:
        write_csv(baselines / "growth.csv", growth(bench))
        subprocess.run([bench.python, HERE / "plot_growth.py", baselines / "growth.csv", options.out / "docs" / "pictures"],
                       check=True)
    versions = subprocess.run([bench.python, "-c", "import torch, onnxruntime, openvino; print(f'PyTorch {torch.__version__}, "
                               "ONNX Runtime {onnxruntime.__version__}, OpenVINO {openvino.__version__}')"],
                              check=True, capture_output=True, text=True).stdout.strip()
    report = options.out / "docs" / "peers.md"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(f"""# Against PyTorch, ONNX Runtime and OpenVINO

Written by `./dev bench peers` on {datetime.date.today()}: {processor()}, {options.threads} threads, f32 unless it says bf16; {versions}.
{options.rounds} rounds; in each, every competitor ran once (detection: {STARTS} times, of which the median counts), as a process of its own. A ratio compares two of one round; the best other is
the one that comes closest. All competitors: `bench/baselines/peers.csv`.

{table(rows)}

- A training step is forward and backward of both players and both updates. PyTorch: NCHW, channels-last and `torch.compile`. Ours
  averages the weights too.
- A forward pass is the generator and the squared residual's map. Memory is the peak of the process.
- First verdict: from the start of the process to the line about one PNG of {SIDE}x{SIDE}. The rate of a folder is ours with the start, PyTorch's
  without (`bench/peers/detect_torch.py`).

## How cost grows
One training step, seconds, while one extent grows; the others are 64 px, width 16, batch 16, {options.threads} threads
(`bench/baselines/growth.csv`). PyTorch: the faster of two layouts.

""" + "\n".join(f"![{extent}](pictures/growth_{extent}.svg)" for extent in GROWTH) + "\n")
    print(report)


main()
