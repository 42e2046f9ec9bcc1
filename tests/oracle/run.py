"""Measures which functions of the Python corpus leak a connection, by running them with faults injected.

Prints a JSON list of {file, function, line, endLine, leaks, witness}; README.md describes the fault model.
"""

import ast
import asyncio
import atexit
import gc
import importlib
import inspect
import json
import logging
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import warnings
from dataclasses import dataclass, replace

from harness.trace import CORPUS, HERE, Finder, InjectedFault, fault_types, tracer

MAX_FAULTS = 2  # the second one strikes in a handler or a finally
RUN_SECONDS = 5
VERBOSE = "--verbose" in sys.argv  # tells on standard error what runs without a fault raised


def start_databases():
    """A throw-away PostgreSQL and an SQLite file; the corpus finds them through the environment."""
    folder = tempfile.mkdtemp(prefix="oracle-")
    atexit.register(stop_databases, folder)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    subprocess.run([HERE / "postgres.sh", "start", folder], check=True)
    os.environ["DATABASE_URL"] = f"postgresql://postgres@/postgres?host={folder}"
    os.environ["ASYNC_URL"] = f"postgresql+asyncpg://postgres@/postgres?host={folder}"
    os.environ["SQLITE_URL"] = f"sqlite:///{folder}/oracle.db"
    import psycopg

    schema = (HERE / "schema.sql").read_text()
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        connection.execute(schema)
    with sqlite3.connect(f"{folder}/oracle.db") as connection:
        connection.executescript(schema)


def stop_databases(folder):
    """Stops the server, whatever happened, and removes its files."""
    subprocess.run([HERE / "postgres.sh", "stop", folder], check=False)
    subprocess.run(["rm", "-rf", folder], check=False)


def load_corpus(corpus):
    """Yields (module, definition, inputs) of every public function and context manager class."""
    inputs = json.loads((corpus / "cases.json").read_text())
    for file in sorted(corpus.glob("*.py")):
        module = importlib.import_module(file.stem)
        listed = inputs.pop(file.stem, {})
        for node in ast.parse(file.read_text()).body:
            if is_case(node):
                yield module, node, listed.pop(node.name, [[]])
        if listed:
            sys.exit(f"cases.json names what {file.name} does not define: {', '.join(listed)}")
    if inputs:
        sys.exit(f"cases.json names files that do not exist: {', '.join(inputs)}")


def is_case(node):
    """Public functions, and classes that are context managers."""
    if isinstance(node, ast.ClassDef):
        return any(getattr(member, "name", "") in ("__enter__", "__aenter__") for member in node.body)
    return isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and not node.name.startswith("_")


class CallerBlock:
    """What the caller does with something that it entered or iterates: it may raise, too."""

    def __init__(self, raises):
        self.raises = raises

    def run(self):
        """The block."""
        if self.raises:
            raise InjectedFault("injected in the caller's block")


async def drive(function, arguments, block):
    """Calls the function as its kind wants, and returns what it returned."""
    result = function(*arguments)
    if inspect.isawaitable(result):
        return await result
    if isinstance(function, type) or is_scope(function, result):
        return await enter(result, block)
    if inspect.isgenerator(result):
        return exhaust(result, block)
    if inspect.isasyncgen(result):
        return await exhaust_async(result, block)
    return result


def is_scope(function, result):
    """Whether a decorator made the function give scopes."""
    return hasattr(function, "__wrapped__") and (hasattr(result, "__exit__") or hasattr(result, "__aexit__"))


async def enter(manager, block):
    """`with manager:`, or its asynchronous form."""
    if hasattr(manager, "__aenter__"):
        async with manager:
            block.run()
    else:
        with manager:
            block.run()


def exhaust(generator, block):
    """Iterates; a fault of the loop's body is thrown in, as a dependency's caller does."""
    for _ in generator:
        try:
            block.run()
        except InjectedFault as fault:
            generator.throw(fault)


async def exhaust_async(generator, block):
    """The same for an asynchronous generator."""
    async for _ in generator:
        try:
            block.run()
        except InjectedFault as fault:
            await generator.athrow(fault)


@dataclass(frozen=True)
class Run:
    """Which input, whether the caller's block raises, and which dynamic occurrences of calls raise what."""

    number: int
    raises: bool
    fault_type: type
    faults: tuple

    def variants(self, count):
        """The runs with one fault more, after the last one, where this run made `count` calls."""
        if len(self.faults) == MAX_FAULTS:
            return []
        first = max(self.faults, default=-1) + 1
        return [replace(self, faults=(*self.faults, occurrence)) for occurrence in range(first, count)]


class Runner:
    """Searches the runs of one function for one that leaks."""

    def __init__(self, resources, function, file):
        self.resources, self.function, self.file = resources, function, file

    async def witness(self, inputs, types):
        """The first leaking run, described: the fewer faults the earlier."""
        runs = [
            Run(number, raises, type_, ())
            for type_ in types
            for raises in self.blocks()
            for number in range(len(inputs))
        ]
        while runs:
            variants = []
            for run in runs:
                if await self.leaks(run, inputs[run.number]):
                    return self.describe(run)
                variants += run.variants(tracer.count)
            runs = variants
        return None

    def blocks(self):
        """Whether a caller's block is run both ways."""
        function = inspect.unwrap(self.function)
        generator = inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function)
        return [False, True] if generator or isinstance(function, type) else [False]

    async def leaks(self, run, arguments):
        """One run: drive, settle, measure, clean up."""
        tracer.start(run.faults, run.fault_type)
        tracer.active = True
        arguments = [do_nothing if argument == "$callback" else argument for argument in arguments]
        try:
            result = await asyncio.wait_for(drive(self.function, arguments, CallerBlock(run.raises)), RUN_SECONDS)
        except TimeoutError as error:
            if not tracer.raised:
                raise
            result = error
        except Exception as error:  # kept, with its frames, until measured
            result = error
            if VERBOSE and not tracer.raised:
                print(f"{self.file} {self.function.__name__}: {error!r}", file=sys.stderr)
        await self.resources.settle(RUN_SECONDS)
        tracer.active = False
        await self.resources.hand_back(result)
        leaked = self.resources.out() > 0
        tracer.kept.clear()
        del result
        await self.resources.reset()
        return leaked

    def describe(self, run):
        """The witness in words."""
        places = [f"line {line}" if file == self.file else f"{file}:{line}" for file, line in tracer.raised]
        faults = [f"call at {place} raised" for place in places]
        if run.raises:
            faults.append("the caller's block raised")
        return f"{' and '.join(faults) or 'no fault'}, input #{run.number + 1}"


def do_nothing(*_):
    """A harmless callback."""


async def measure():
    """The verdict on every function of the corpus."""
    from app import db
    from harness.resources import Resources

    await db.async_pool
    db.pool.wait()
    resources = Resources(db, tracer)
    gc.freeze()  # what is loaded by now need not be looked at again
    verdicts = []
    for module, node, inputs in load_corpus(CORPUS):
        file = f"{module.__name__}.py"
        runner = Runner(resources, getattr(module, node.name), file)
        witness = await runner.witness(inputs, fault_types(module, node))
        verdicts.append(
            {
                "file": f"python/{file}",
                "function": node.name,
                "line": node.lineno,
                "endLine": node.end_lineno,
                "leaks": witness is not None,
                "witness": witness,
            }
        )
        gc.collect()
    db.pool.close()
    return verdicts


def main():
    """Measures and prints."""
    gc.disable()
    logging.disable()
    warnings.simplefilter("ignore")
    start_databases()
    sys.path.insert(0, str(CORPUS))
    sys.meta_path.insert(0, Finder(CORPUS, tracer))
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    verdicts = loop.run_until_complete(measure())
    json.dump(verdicts, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
