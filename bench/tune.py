#!/usr/bin/env python3
"""Chooses the CPU's version of the convolution by pass and shape, and writes kernels/conv2d/choice_table.h.

  tune.py PROGRAM [--rounds 5] [--seconds 0.05] [--threads 1] [--out kernels/conv2d/choice_table.h]

Times every version on the layers of four models, in turn. For each pass it then takes the two numbers
of output pixels, powers of two, from which on F(2x2,2x2) and F(4x4,2x2) cost the least time in all,
each layer weighing the same. On standard error: how much longer the choice takes than the best version
of every layer. Build again to use the table; tests hold for any.
"""
import argparse
import itertools
import json
import math
import pathlib
import platform
import re
import statistics
import subprocess
import sys

VERSIONS = ("implicit_gemm", "winograd_2x2", "winograd_4x4")
PASSES = ("conv2d", "conv2d_input_grad", "conv2d_filter_grad")
PACKED = ("conv2d_packed", "conv2d_packed input_grad")  # weights that change no more
MODELS = ((64, 32, 16), (128, 64, 4), (64, 32, 1), (128, 64, 1))  # size, width, batch
PIXELS = [2**i for i in range(4, 14)]  # thresholds to choose from
# The rules of kernels/conv2d/choice.h that are not tuned and matter here: all tiles are full.
CHANNELS, SIDE = 16, 4
PROBLEM = re.compile(r"(conv2d\w*(?: input_grad)?)(?: norm slope \S+)? 4x4/2 pad 1 \((\d+),(\d+),(\d+),(\d+)\)->(\d+)")


def measure(options):
    """{(pass, N, H, W, C, K): {version: seconds}}, the median of the rounds."""
    times = {}
    for _, (size, width, batch), version in itertools.product(range(options.rounds), MODELS, VERSIONS):
        words = [options.program, "--threads", str(options.threads), "bench", "--op", "conv2d",
                 "--impl", version, "--size", str(size), "--width", str(width), "--batch",
                 str(batch), "--seconds", str(options.seconds), "-o", "json", "--quiet"]
        report = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
        for row in report["results"]:
            name, *shape = PROBLEM.match(row["problem"]).groups()
            times.setdefault((name, *map(int, shape)), {}).setdefault(version, []).append(row["seconds"])
    return {problem: {version: statistics.median(seconds) for version, seconds in by.items()}
            for problem, by in times.items()}


def choice(shape, pixels_2x2, pixels_4x4):
    n, h, w, c, k = shape
    pixels = n * (h // 2) * (w // 2)
    if min(c, k) < CHANNELS or min(h, w) // 2 < SIDE or pixels < pixels_2x2:
        return "implicit_gemm"
    return "winograd_2x2" if pixels < pixels_4x4 else "winograd_4x4"


def cost(problems, pixels_2x2, pixels_4x4):
    """Geometric mean of the chosen version's time over the best one's."""
    return math.exp(statistics.mean(
        math.log(times[choice(shape, pixels_2x2, pixels_4x4)] / min(times.values()))
        for shape, times in problems.items()))


def processor():
    info = pathlib.Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.*)", info.read_text()) if info.exists() else None
    return found[1] if found else platform.machine()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.05, help="for each problem and version")
    parser.add_argument("--threads", type=int, default=1)
    root = pathlib.Path(__file__).resolve().parent.parent
    parser.add_argument("--out", type=pathlib.Path, default=root / "kernels/conv2d/choice_table.h")
    options = parser.parse_args()
    times = measure(options)

    def rows(passes):
        return "".join(row(name) for name in passes)

    def row(name):
        problems = {shape: by for (at, *rest), by in times.items() if at == name
                    for shape in [tuple(rest)]}
        best = min(((a, b) for a in PIXELS for b in PIXELS if a <= b),
                   key=lambda limits: cost(problems, *limits))
        print(f"{name}: {best}, {100 * (cost(problems, *best) - 1):.1f} % above the best of each layer",
              file=sys.stderr)
        return f"    {{{best[0]}, {best[1]}}},  // {name}\n"

    options.out.write_text(
        f"// Written by bench/tune.py on {processor()}.\n#pragma once\n#include <cstdint>\n\n"
        "namespace dagan::cpu {\n\n"
        "// Output pixels from which on F(2x2,2x2) pays, and F(4x4,2x2).\n"
        "struct WinogradPixels {\n  std::int64_t from_2x2, from_4x4;\n};\n\n"
        "constexpr WinogradPixels kWinogradPixels[] = {\n" + rows(PASSES) + "};\n"
        "constexpr WinogradPixels kPackedWinogradPixels[] = {\n" + rows(PACKED) + "};\n\n"
        "}  // namespace dagan::cpu\n")


main()
