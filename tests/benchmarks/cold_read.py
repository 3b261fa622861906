"""Reading one picture in a new process: from the command to its exit, the median of ten runs, in turn with rapidocr.

    pip install -e ".[cpu,peers]"
    python tests/benchmarks/cold_read.py PICTURE [--rounds 10]

The exported networks are in the cache, because one run comes first. Peak memory is that of the largest run. The goal is two
seconds for `read`; the time depends on what else the machine does, which the spread shows.
"""

import argparse
import importlib.util
import os
import statistics
import subprocess
import sys
import time

GOAL_SECONDS = 2.0

RAPIDOCR = """
import sys
from {module} import RapidOCR
RapidOCR()(sys.argv[1])
"""


def commands(picture: str) -> dict[str, list[str]]:
    """Command line by name; of rapidocr, what is installed."""
    found = {"ppocr-lessons read": [sys.executable, "-m", "ppocr_lessons", "read", picture]}
    for module in ("rapidocr", "rapidocr_onnxruntime"):
        if importlib.util.find_spec(module) is not None:
            found[module] = [sys.executable, "-c", RAPIDOCR.format(module=module), picture]
    return found


def run(command) -> tuple[float, float, float]:
    """Run a command. Returns seconds from start to exit, seconds of processor time, and peak memory in MB."""
    start = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{' '.join(command)} failed with exit code {child.returncode}")
    seconds = time.perf_counter() - start
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("picture")
    parser.add_argument("--rounds", type=int, default=10)
    given = parser.parse_args()
    work = commands(given.picture)
    for command in work.values():
        run(command)
    taken = {name: [] for name in work}
    for _ in range(given.rounds):
        for name, command in work.items():
            taken[name].append(run(command))
    print(f"{'':24}{'median s':>9}{'least':>7}{'most':>7}{'processor s':>13}{'peak MB':>9}")
    for name, runs in taken.items():
        seconds, processor, memory = zip(*runs, strict=True)
        print(
            f"{name:24}{statistics.median(seconds):9.2f}{min(seconds):7.2f}{max(seconds):7.2f}"
            f"{statistics.median(processor):13.2f}{max(memory):9.0f}"
        )
    print(f"goal of ppocr-lessons read: {GOAL_SECONDS} s")


if __name__ == "__main__":
    main()
