#!/usr/bin/env python3
"""Deletes one barrier or one wait of a GPU kernel at a time: do the tests notice?

  mutants.py BUILD [--sample N] [--seed S] [--file SUBSTRING]

Works on a copy of the sources in BUILD, so that the checkout stays as it is. A mutant is killed when
the GPU tests fail, crash or do not end. A sample is chosen by the seed; without --sample every
mutant is tried. The last line counts the killed as passed and the survivors as failed; exits with 1
if there are any, or if nothing was killed.
"""
import argparse
import pathlib
import random
import re
import subprocess
import sys
import time

SYNCHRONISATION = re.compile(
    r"__syncthreads\(\);|__syncwarp\([^;]*\);|gpu::wait_copies<[^;]*>\(\);")
FOLDERS = ("cmake", "core", "kernels", "layers", "optim", "dagan", "tests")


def mutants(source):
    """(file, offset, length) of every statement that can go."""
    for file in sorted((source / "kernels").rglob("*.cu*")):
        if file.is_relative_to(source / "kernels/device") and file.suffix == ".cu":
            continue  # the CUDA runtime, which no emulator executes
        code = re.sub(r"//[^\n]*", lambda m: " " * len(m[0]), file.read_text())
        for match in SYNCHRONISATION.finditer(code):
            yield file, match.start(), match.end() - match.start()


def copy_sources(root, source):
    """What is the same already keeps its time, so that a second run builds little; a mutant that an
    earlier run left behind is newer than its object when it is undone, and is built again."""
    wanted = {source / "CMakeLists.txt": root / "CMakeLists.txt"}
    for folder in FOLDERS:
        for file in (root / folder).rglob("*"):
            if file.is_file():
                wanted[source / file.relative_to(root)] = file
    for old in list(source.rglob("*")):
        if old.is_file() and old not in wanted:
            old.unlink()
    for to, file in wanted.items():
        data = file.read_bytes()
        if not to.exists() or to.read_bytes() != data:
            to.parent.mkdir(parents=True, exist_ok=True)
            to.write_bytes(data)


def build_and_test(build, limit):
    """Whether the tests notice."""
    if subprocess.run(["ninja", "-C", build, "dagan_gpu_tests"], capture_output=True).returncode:
        return None  # it does not even compile: no mutant
    for selection in ("-tc=*race*", "-tce=*race*"):  # what nearly always notices comes first
        try:
            tests = subprocess.run([build / "dagan_gpu_tests", "--abort-after=1", selection],
                                   capture_output=True, timeout=limit)
            if tests.returncode:
                return True
        except subprocess.TimeoutExpired:
            return True
    return False


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--file", default="", help="only files whose path has this in it")
    options = parser.parse_args()
    root = pathlib.Path(__file__).resolve().parent.parent
    options.build.mkdir(parents=True, exist_ok=True)
    source, build = options.build.resolve() / "source", options.build.resolve() / "build"
    copy_sources(root, source)
    subprocess.run(["cmake", "-S", source, "-B", build, "-G", "Ninja", "-DDAGAN_CUDA=OFF",
                    "-DDAGAN_BENCH=OFF", "-DDAGAN_EXAMPLES=OFF"], check=True, capture_output=True)
    begun = time.monotonic()
    if build_and_test(build, 3600) is not False:
        sys.exit("the GPU tests fail without a mutant: build and run dagan_gpu_tests")
    limit = 10 * (time.monotonic() - begun) + 60

    chosen = [m for m in mutants(source) if options.file in str(m[0].relative_to(source))]
    if options.sample:
        chosen = random.Random(options.seed).sample(chosen, min(options.sample, len(chosen)))
    survived = killed = 0
    for file, at, length in chosen:
        code = file.read_text()
        line = code.count("\n", 0, at) + 1
        file.write_text(code[:at] + "(void)0;" + code[at + length:])
        noticed = build_and_test(build, limit)
        file.write_text(code)
        killed += noticed is True
        survived += noticed is False
        verdict = {True: "killed", False: "SURVIVED", None: "does not compile"}[noticed]
        print(f"{verdict:16}  {file.relative_to(source)}:{line}  {code[at:at + length]}", flush=True)
    print(f"{killed} of {killed + survived} mutants killed")
    print(f"{killed} passed, {survived} failed")
    sys.exit(survived > 0 or killed == 0)


if __name__ == "__main__":
    main()
