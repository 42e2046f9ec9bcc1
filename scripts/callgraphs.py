#!/usr/bin/env python3
"""Measures how the cost of following calls grows with generated call graphs.

    callgraphs.py BINARY [--rounds N]

Each graph is written at two sizes, 1x and 4x, with a transaction at its root and an HTTP request behind its last call.
The processor time of `poolgate check` is taken for both, interleaved, and the ratio of the medians is printed: 4 is
linear. Every run must find the request; a graph whose size is not in its depth (the diamond) is shown with its time only.
Only the standard library is needed.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

HEAD = """import requests
from django.db import transaction


def root():
    with transaction.atomic():
        step_0()


def sink():
    requests.post("https://api.example/")


"""


def function(name: str, callees: list[str]) -> str:
    body = "".join(f"    {callee}()\n" for callee in callees) or "    pass\n"
    return f"def {name}():\n{body}\n\n"


def chain(size: int) -> Iterator[str]:
    """Each function calls the next: as deep as it is long."""
    for index in range(size):
        yield function(f"step_{index}", [f"step_{index + 1}" if index + 1 < size else "sink"])


def fan(size: int) -> Iterator[str]:
    """One function calls all others, and only the last reaches the sink."""
    yield function("step_0", [f"leaf_{index}" for index in range(size)])
    for index in range(size):
        yield function(f"leaf_{index}", ["sink"] if index + 1 == size else [])


def cycle(size: int) -> Iterator[str]:
    """A ring with a chord back to its start at each place."""
    for index in range(size):
        callees = [f"step_{(index + 1) % size}", "step_0"]
        yield function(f"step_{index}", callees + (["sink"] if index + 1 == size else []))


def callers(size: int) -> Iterator[str]:
    """Many transactions around one chain of a hundred calls."""
    for index in range(size):
        yield f"def use_{index}():\n    with transaction.atomic():\n        step_0()\n\n\n"
    yield from chain(100)


def diamond(depth: int) -> Iterator[str]:
    """Two ways at each level: 2 to the power of the depth paths."""
    for level in range(depth):
        nexts = [f"left_{level + 1}", f"right_{level + 1}"] if level + 1 < depth else ["sink"]
        for side in ("left", "right"):
            yield function(f"{side}_{level}", nexts)
    yield function("step_0", ["left_0", "right_0"])


GRAPHS: list[tuple[str, Callable[[int], Iterator[str]], int, int]] = [
    ("chain", chain, 2_500, 10_000),
    ("fan", fan, 2_500, 10_000),
    ("cycle", cycle, 1_000, 4_000),
    ("callers", callers, 500, 2_000),
    ("diamond", diamond, 30, 30),
]


def seconds(binary: Path, folder: Path) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [str(binary), "check", "--select", "external-call-in-transaction", "--format", "json", str(folder)]
    run = subprocess.run(command, capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if run.returncode != 1 or b"external-call-in-transaction" not in run.stdout:
        sys.exit(f"{folder.name}: the request was not found: {run.stderr.decode(errors='replace').strip()}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        places = []
        for name, make, *sizes in GRAPHS:
            for size in dict.fromkeys(sizes):
                folder = Path(scratch) / f"{name}-{size}"
                folder.mkdir()
                (folder / "app.py").write_text(HEAD + "".join(make(size)))
                places.append((name, size, folder))
        times: dict[tuple[str, int], list[float]] = {}
        for _ in range(arguments.rounds):
            for name, size, folder in places:
                times.setdefault((name, size), []).append(seconds(arguments.binary.resolve(), folder))
    print(f"{'graph':<10}{'functions':>12}{'seconds':>10}{'4x / 1x':>10}")
    for name, _, small, large in GRAPHS:
        first, last = statistics.median(times[name, small]), statistics.median(times[name, large])
        ratio = f"{last / first:.1f}" if small != large else ""
        print(f"{name:<10}{large:>12}{last:>10.2f}{ratio:>10}")


if __name__ == "__main__":
    main()
