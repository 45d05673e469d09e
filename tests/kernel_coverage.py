#!/usr/bin/env python3
"""Line coverage of the GPU kernels' sources under the emulator.

  kernel_coverage.py BUILD   after the tests ran in a build with -DDAGAN_COVERAGE=ON

Prints a line a file and the lines that no test reached; exits with 1 below 95 % of all lines. The
last line counts that as one more test: 1 passed, or 1 failed.
"""
import collections
import json
import pathlib
import subprocess
import sys

REQUIRED = 0.95


def lines_of(data_file):
    """(source, line, how often) of one .gcda file, as gcov tells."""
    out = subprocess.run(["gcov", "--json-format", "--stdout", data_file.name],
                         cwd=data_file.parent, capture_output=True, check=True).stdout
    for text in out.splitlines():
        for file in json.loads(text)["files"]:
            for line in file["lines"]:
                yield file["file"], line["line_number"], line["count"]


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    root = pathlib.Path(__file__).resolve().parent.parent
    counts = collections.defaultdict(lambda: collections.defaultdict(int))
    for data_file in build.rglob("*.gcda"):
        for source, line, count in lines_of(data_file):
            path = pathlib.Path(source)
            path = (path if path.is_absolute() else build / path).resolve()
            # A template or an inlined function has its lines once for every copy.
            if path.suffix in (".cu", ".cuh") and path.is_relative_to(root / "kernels"):
                counts[str(path.relative_to(root))][line] += count
    reached = total = 0
    for source in sorted(counts):
        lines = counts[source]
        hit = sum(count > 0 for count in lines.values())
        reached, total = reached + hit, total + len(lines)
        missed = [str(line) for line in sorted(lines) if not lines[line]]
        print(f"{hit / len(lines):7.1%}  {hit:4} of {len(lines):4}  {source}"
              + (f"  not: {', '.join(missed)}" if missed else ""))
    if not total:
        sys.exit("no line was counted: ./dev asan comes first")
    print(f"{reached / total:7.1%}  {reached:4} of {total:4}  kernel sources; required: {REQUIRED:.0%}")
    enough = reached / total >= REQUIRED
    print("1 passed, 0 failed" if enough else "0 passed, 1 failed")
    sys.exit(not enough)


if __name__ == "__main__":
    main()
