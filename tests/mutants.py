#!/usr/bin/env python3
"""Deletes one barrier or one wait of a GPU kernel at a time: do the tests notice?

  mutants.py BUILD [--sample N] [--seed S] [--file SUBSTRING]

BUILD is a folder of Ninja in which dagan_gpu_tests is built. A mutant lies in a folder of its own
that comes first on the include path; what includes it is compiled again and linked with everything
else from BUILD, so neither the checkout nor BUILD changes. A mutant is killed when the GPU tests
fail, crash or do not end. A sample is chosen by the seed; without --sample every mutant is tried.
The last line counts the killed as passed and the survivors as failed; exits with 1 if there are
any, or if nothing was killed.
"""
import argparse
import concurrent.futures
import os
import pathlib
import random
import re
import shlex
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = "dagan_gpu_tests"
LIMIT_S = 1800  # far more than they take
SYNCHRONISATION = re.compile(
    r"__syncthreads\(\);|__syncwarp\([^;]*\);|gpu::wait_copies<[^;]*>\(\);")


def mutants():
    """(file, offset, length) of every statement that can go."""
    for file in sorted((ROOT / "kernels").rglob("*.cu*")):
        if file.is_relative_to(ROOT / "kernels/device") and file.suffix == ".cu":
            continue  # the CUDA runtime, which no emulator executes
        code = re.sub(r"//[^\n]*", lambda m: " " * len(m[0]), file.read_text())
        for match in SYNCHRONISATION.finditer(code):
            yield file, match.start(), match.end() - match.start()


class Build:
    """How the tests of a folder of Ninja are compiled and linked, and what includes what."""

    def __init__(self, folder):
        self.folder = folder
        commands = self.ninja("commands", PROGRAM).splitlines()
        self.link = commands[-1]
        self.compile = {}  # object: command
        for command in commands[:-1]:
            if found := re.search(r" -o (CMakeFiles/\S+\.o) ", command):
                self.compile[found[1]] = command
        self.includes = {}  # object: files
        for part in self.ninja("deps").split("\n\n"):
            name, *files = part.split("\n")
            files = {(folder / file.strip()).resolve() for file in files}
            self.includes[name.split(":")[0]] = files

    def ninja(self, tool, *arguments):
        return subprocess.run(["ninja", "-C", self.folder, "-t", tool, *arguments], check=True,
                              capture_output=True, text=True).stdout.split("directory\n", 1)[-1]

    def run(self, command):
        return subprocess.run(command, shell=True, cwd=self.folder, capture_output=True).returncode

    def program(self, file, code, folder):
        """The tests with this code in the place of the file's; None if it does not compile."""
        mutant = folder / file.relative_to(ROOT)
        mutant.parent.mkdir(parents=True)
        mutant.write_text(code)
        link = self.link
        changed = [name for name in self.compile if file in self.includes.get(name, ())]
        if not changed:
            sys.exit(f"{PROGRAM} in {self.folder} includes no {file}: build it first")
        for i, name in enumerate(changed):
            built = folder / f"{i}.o"
            command = self.compile[name].replace(name, shlex.quote(str(built)))
            if self.run(command.replace(" -I", f" -I{shlex.quote(str(folder))} -I", 1)):
                return None
            link = link.replace(f" {name} ", f" {built} ")
        program = folder / PROGRAM
        if self.run(link.replace(f" -o {PROGRAM} ", f" -o {program} ")):
            sys.exit(f"a mutant of {file} does not link")
        return program


def notice(program):
    """Whether the tests notice."""
    environment = os.environ | {"OMP_NUM_THREADS": "1"}  # as many mutants run at once
    for selection in ("-tc=*race*", "-tce=*race*"):  # what nearly always notices comes first
        try:
            tests = subprocess.run([program, "--abort-after=1", selection], capture_output=True,
                                   timeout=LIMIT_S, env=environment)
            if tests.returncode:
                return True
        except subprocess.TimeoutExpired:
            return True
    return False


def verdict_on(build, mutant):
    file, at, length = mutant
    code = file.read_text()
    with tempfile.TemporaryDirectory() as folder:
        program = build.program(file, code[:at] + "(void)0;" + code[at + length:],
                                pathlib.Path(folder))
        verdict = "does not compile"
        if program:
            verdict = "killed" if notice(program) else "SURVIVED"
    line = code.count("\n", 0, at) + 1
    print(f"{verdict:16}  {file.relative_to(ROOT)}:{line}  {code[at:at + length]}", flush=True)
    return verdict


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--file", default="", help="only files whose path has this in it")
    options = parser.parse_args()
    build = Build(options.build.resolve())
    chosen = [m for m in mutants() if options.file in str(m[0].relative_to(ROOT))]
    if options.sample:
        chosen = random.Random(options.seed).sample(chosen, min(options.sample, len(chosen)))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        fails_anyway = pool.submit(notice, build.folder / PROGRAM)
        verdicts = list(pool.map(lambda mutant: verdict_on(build, mutant), chosen))
        if fails_anyway.result():
            sys.exit(f"the GPU tests fail without a mutant: run {build.folder / PROGRAM}")
    killed, survived = verdicts.count("killed"), verdicts.count("SURVIVED")
    print(f"{killed} of {killed + survived} mutants killed")
    print(f"{killed} passed, {survived} failed")
    sys.exit(survived > 0 or killed == 0)


if __name__ == "__main__":
    main()
