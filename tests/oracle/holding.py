"""Measures what each function of the holding corpus holds while it waits for somebody else, by running it.

Prints a JSON list of {file, function, line, endLine, sinks, nested, unfinished, leaks, witness}; README.md says more.
"""

import asyncio
import gc
import json
import logging
import os
import subprocess
import sys
import threading
import traceback
import warnings

from harness.holding import CORPORA, POOL_TIMEOUTS, ROOT, Pools, place, watch
from harness.trace import Finder, fault_types
from run import CallerBlock, Run, do_nothing, drive, load_corpus, start_databases

RUN_SECONDS = 5
STARVED_SECONDS = 2  # longer than any pool's own time-out
PAIRS = 400  # runs with two faults, at most, of one function
VERBOSE = "--verbose" in sys.argv
NESTED = "--nested" in sys.argv  # the second half, which this program runs by itself: pools of one connection
RANK = ["free", "client", "transaction"]


class Measurement:
    """All runs of one function."""

    def __init__(self, watch, function, file, lines):
        self.watch, self.function, self.file, self.lines = watch, function, file, lines
        self.sinks, self.nested = {}, {}
        self.unfinished, self.leaks, self.visited = None, False, []

    async def run(self, inputs, types):
        """Every run with one fault at most; then with two, for a transaction that nobody ends."""
        runs = [Run(number, False, type_, ()) for type_ in types for number in range(len(inputs))]
        pairs = []
        for first in runs:
            await self.once(first, inputs[first.number])
            if self.nested:  # each further run would wait as long
                continue
            for second in first.variants(self.watch.count):
                await self.once(second, inputs[second.number])
                pairs += second.variants(self.watch.count)
        if not NESTED:
            for pair in pairs[:PAIRS]:
                if self.unfinished is not None:
                    break
                await self.once(pair, inputs[pair.number])

    async def once(self, run, arguments):
        """One run: drive, settle, note, clean up."""
        watch = self.watch
        watch.start(run.faults, run.fault_type)
        arguments = [do_nothing if argument == "$callback" else argument for argument in arguments]
        watch.task = task = asyncio.ensure_future(drive(self.function, arguments, CallerBlock(False)))
        watch.active = True
        error = await self.finish(task)
        if VERBOSE and error is not None and not watch.raised and not NESTED:
            print(f"{self.file} {self.function.__name__}: {error!r}", file=sys.stderr)
        watch.active = False
        await self.note(run)
        watch.kept.clear()
        watch.task = task = error = None
        try:
            await watch.pools.reset()
        except RuntimeError as error:
            raise RuntimeError(f"{self.file} {self.function.__name__}, {self.describe(run)}") from error

    async def finish(self, task):
        """Waits for the function and the tasks it leaves behind; gives what it raised."""
        await asyncio.wait({task}, timeout=STARVED_SECONDS if NESTED else RUN_SECONDS)
        if not task.done():
            self.watch.starved.append(self.watch.chain())
        elif not task.cancelled() and isinstance(task.exception(), POOL_TIMEOUTS):
            self.watch.starved.append(stack_of(task.exception()))
        others = asyncio.all_tasks() - {asyncio.current_task(), task}
        if others and task.done():
            await asyncio.wait(others, timeout=1)
        for thread in threading.enumerate():
            if thread.name.startswith("Thread-"):
                thread.join(timeout=1)
        for rest in asyncio.all_tasks() - {asyncio.current_task()}:
            rest.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return None if task.cancelled() else task.exception()

    async def note(self, run):
        """Adds what one run showed."""
        for kind, chain in self.watch.sinks:
            key = tuple(chain)
            if RANK.index(kind) >= RANK.index(self.sinks.get(key, ("free",))[0]):
                self.sinks[key] = (kind, self.sinks.get(key, (None, None))[1] or self.describe(run))
        for chain in self.watch.starved:
            self.nested.setdefault(tuple(chain), self.describe(run))
        if self.unfinished is None and await self.watch.pools.unfinished():
            self.unfinished, self.leaks = self.describe(run), self.watch.pools.out() + self.watch.pools.direct.out() > 0
            self.visited = sorted(self.watch.visited)

    def describe(self, run):
        """A run in words."""
        faults = [f"call at {file}:{line} raised" for file, line in self.watch.raised]
        return f"{' and '.join(faults) or 'no fault'}, input #{run.number + 1}"

    def verdict(self):
        """All of it, as it is printed."""
        first, last = self.lines
        sinks = [{"held": kind, **self.place(chain), "witness": witness} for chain, (kind, witness) in self.sinks.items()]
        return {
            "file": self.file,
            "function": self.function.__name__,
            "line": first,
            "endLine": last,
            "sinks": sinks,
            "nested": [{**self.place(chain), "witness": witness} for chain, witness in self.nested.items()],
            "unfinished": self.unfinished is not None,
            "leaks": self.leaks,
            "visited": self.visited,
            "witness": self.unfinished,
        }

    def place(self, chain):
        """The line in the function itself, and every line on the way."""
        first, last = self.lines
        own = [line for file, line in chain if file == self.file and first <= line <= last]
        return {"line": own[-1] if own else first, "chain": chain}


def stack_of(error):
    """The corpus' lines through which an exception came."""
    return [step for frame, line in traceback.walk_tb(error.__traceback__) for step in place(frame, line)]


async def measure():
    """The measurements of every function of the corpora."""
    from app import db
    from tools import db as tools

    await db.async_pool
    pools = [db.pool, tools.pool, tools.autocommit_pool]
    for pool in pools:
        pool.wait()
    watch.pools = Pools(os.environ["DATABASE_URL"], db, tools, watch)
    watch.looks = not NESTED
    gc.freeze()  # what is loaded by now need not be looked at again
    verdicts = []
    cases = ((corpus.name, case) for corpus in CORPORA for case in load_corpus(corpus))
    for corpus, (module, node, inputs) in cases:
        function = getattr(module, node.name)
        measurement = Measurement(watch, function, f"{corpus}/{module.__name__}.py", (node.lineno, node.end_lineno))
        await measurement.run(inputs, fault_types(module, node))
        verdicts.append(measurement.verdict())
        gc.collect()
    for pool in pools:
        pool.close()
    return verdicts


def prepare():
    """Puts the corpora and the probes where imports find them."""
    sys.path[:0] = [*map(str, CORPORA), str(ROOT / "probes" / "python")]
    os.environ.update(DJANGO_SETTINGS_MODULE="shop.settings", DJANGO_ALLOW_ASYNC_UNSAFE="true")
    sys.meta_path[:0] = [Finder(corpus, watch, ROOT) for corpus in CORPORA]
    import django

    django.setup()


def nested():
    """What the same program measures with pools of one connection: which function waits for itself."""
    command = [sys.executable, __file__, "--nested"]
    output = subprocess.run(command, env={**os.environ, "POOL_SIZE": "1"}, check=True, stdout=subprocess.PIPE).stdout
    return {(row["file"], row["function"]): row["nested"] for row in json.loads(output)}


def main():
    """Measures and prints."""
    gc.disable()
    logging.disable()
    threading.excepthook = lambda _: None
    warnings.simplefilter("ignore")
    if not NESTED:
        start_databases()
    prepare()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    verdicts = loop.run_until_complete(measure())
    if not NESTED:
        starving = nested()
        for verdict in verdicts:
            verdict["nested"] = starving[verdict["file"], verdict["function"]]
    json.dump(verdicts, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
