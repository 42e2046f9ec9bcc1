#!/usr/bin/env python3
"""Measures poolgate against a yardstick and its peers, in one interleaved run, and reports ratios.

    benchmark.py [--binary PATH] [--rounds N] [--corpus NAME]... [--json FILE]

The yardstick Y is `examples/parse_all.rs`: walk, read and parse every source file with tree-sitter on one thread. In
each round each tool runs once on each corpus, in an order that rotates; a figure is the median over the rounds of the
ratio to Y in the same round, so that a slow moment of the machine hits both sides. Runs are cold (no result cache),
with a warm page cache. All tools get the same files: the non-test sources of packages from `tests/ecosystem.toml`.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ecosystem import CACHE, LANGUAGES, MANIFEST, REPOSITORY, Failure, Measured, fetch_one, load_manifest, measure

DEFAULT_CORPORA = ("apache-superset", "matrix-synapse", "@evershop/evershop", "flowise-components", "n8n-nodes-base")
PYTHON_PEERS = ("ruff==0.17.5", "semgrep==1.182.0")
NODE_PEERS = ("oxlint@1.94.0", "@ast-grep/cli@0.51.1")
RULES = REPOSITORY / "benches" / "peers"
YARDSTICK = "parse, 1 thread (Y)"
SUBJECT = "poolgate"
# What a search tool would look for: the union of the database words.
DATABASE_WORDS = (
    r"psycopg|asyncpg|aiopg|aiomysql|pymysql|sqlalchemy|sessionmaker|sqlmodel|peewee|django\.db|pymongo|neo4j|oracledb"
    r"|getconn|get_connection|createPool|getConnection|new Pool|new Client|pg-promise|mysql2|mariadb|knex|sequelize"
    r"|typeorm|mongodb|generic-pool|mssql|tedious|PrismaClient|\$transaction|\.transaction\(|\.connect\(|\.acquire\("
)
TEST_FOLDERS = frozenset({"test", "tests", "__tests__", "__mocks__", "testing", "spec", "specs", "fixtures", "e2e"})
TEST_FILE = re.compile(r"^(test_.*|.*_test|conftest)\.py$|\.(test|spec|stories|d)\.[cm]?[jt]sx?$")
MAX_BYTES = 1_000_000
MAX_MEAN_LINE = 500
SMALL_FILE = """import psycopg2


def name_of(key):
    connection = psycopg2.connect("dbname=shop")
    cursor = connection.cursor()
    cursor.execute("SELECT name FROM item WHERE id = %s", (key,))
    return cursor.fetchone()
"""


# --- corpora ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Corpus:
    name: str
    folder: Path
    files: int
    bytes: int
    lines: int
    python: bool


def left_out(path: Path) -> bool:
    """Tests, declarations and hidden files."""
    hidden = any(part.startswith(".") for part in path.parts)
    return hidden or bool(TEST_FOLDERS.intersection(path.parts[:-1])) or TEST_FILE.search(path.name) is not None


def sources(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """The files that every tool gets: source code of people, not tests, not declarations, not minified."""
    for path in sorted(folder.rglob("*")):
        if path.suffix not in LANGUAGES or not path.is_file() or left_out(path.relative_to(folder)):
            continue
        data = path.read_bytes()
        if len(data) <= MAX_BYTES and len(data) // (data.count(b"\n") + 1) <= MAX_MEAN_LINE:
            yield path.relative_to(folder), data


def prepare_corpus(name: str, cache: Path, work: Path) -> Corpus:
    """Copies the sources to `work`, outside of every repository, where no tool finds a reason to leave a file out."""
    package = next((package for package in load_manifest(MANIFEST) if package.name == name), None)
    if package is None:
        raise Failure(f"{name} is not in {MANIFEST.name}")
    fetch_one(package, cache)
    folder = work / package.slug
    files, size, lines, python = 0, 0, 0, 0
    for relative, data in sources(package.target(cache)):
        path = folder / "x1" / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        files += 1
        size += len(data)
        lines += data.count(b"\n")
        python += len(data) if path.suffix == ".py" else 0
    # semgrep would leave out some folders of its own choice.
    (folder / "x1" / ".semgrepignore").write_text("")
    return Corpus(name, folder / "x1", files, size, lines, python * 2 > size)


def enlarged(corpus: Corpus, times: int) -> Path:
    """A folder that holds the corpus `times` times, under different names."""
    folder = corpus.folder.parent / f"x{times}"
    if not folder.exists():
        for index in range(times):
            shutil.copytree(corpus.folder, folder / f"copy_{index}", ignore=shutil.ignore_patterns(".semgrepignore"))
        (folder / ".semgrepignore").write_text("")
    return folder


# --- tools -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tool:
    """`command` makes the argument list for a path; `statuses` are the exit codes of a run that did its work."""

    name: str
    command: Callable[[Path], list[str]]
    statuses: tuple[int, ...] = (0,)
    python: bool = True
    javascript: bool = True
    slow: bool = False

    def fits(self, corpus: Corpus) -> bool:
        return self.python if corpus.python else self.javascript


def build_yardstick(given: Path | None) -> Path:
    if given:
        return given.resolve()
    target = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
    build = ["cargo", "build", "--release", "--quiet", "--example", "parse_all"]
    done = subprocess.run(build, check=False, cwd=REPOSITORY)
    if done.returncode != 0:
        raise Failure("the yardstick does not build; --parse-all PATH takes one built elsewhere")
    return (REPOSITORY / target / "release" / "examples" / "parse_all").resolve()


def install_peers(cache: Path) -> Path:
    """Installs the peers at their pinned versions, once."""
    folder = cache / "bench" / "peers"
    stamp = folder / "installed.json"
    wish = [*PYTHON_PEERS, *NODE_PEERS]
    if stamp.exists() and json.loads(stamp.read_text()) == wish:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    venv.create(folder / "venv", with_pip=True)
    log = (folder / "install.log").open("w")
    try:
        pip = [str(folder / "venv" / "bin" / "pip"), "install", "--quiet", "--only-binary", ":all:", *PYTHON_PEERS]
        subprocess.run(pip, check=True, stdout=log, stderr=log)
        npm = ["npm", "install", "--silent", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix"]
        subprocess.run([*npm, str(folder / "npm"), *NODE_PEERS], check=True, stdout=log, stderr=log)
    except (subprocess.CalledProcessError, FileNotFoundError) as error:
        raise Failure(f"the peers cannot be installed ({error}); see {log.name}, or use --without-peers") from error
    stamp.write_text(json.dumps(wish))
    return folder


def own_tools(binary: Path, yardstick: Path) -> Iterator[Tool]:
    yield Tool(YARDSTICK, lambda path: [str(yardstick), "1", str(path)])
    yield Tool("parse, 2 threads", lambda path: [str(yardstick), "2", str(path)])
    if not binary.exists():
        print(f"benchmark: no {binary}, so poolgate is left out (cargo build --release)", file=sys.stderr)
        return
    check = [str(binary), "check", "--no-cache", "--fail-on", "never", "--format", "json"]
    yield Tool(SUBJECT, lambda path: [*check, str(path)])
    yield Tool("poolgate, 1 thread", lambda path: [*check, "--jobs", "1", str(path)])


def peer_tools(folder: Path) -> Iterator[Tool]:
    programs, modules = folder / "venv" / "bin", folder / "npm" / "node_modules"
    if ripgrep := shutil.which("rg"):
        search = [ripgrep, "--no-config", "--no-ignore", "--threads", "2", "--regexp", DATABASE_WORDS]
        yield Tool("ripgrep, database words", lambda path: [*search, str(path)], statuses=(0, 1))
    else:
        print("benchmark: no `rg` on the path, so ripgrep is left out (Debian's package ripgrep)", file=sys.stderr)
    ruff = [str(programs / "ruff"), "check", "--isolated", "--no-cache", "--no-respect-gitignore", "--quiet"]
    yield Tool("ruff, default rules", lambda path: [*ruff, str(path)], statuses=(0, 1), javascript=False)
    oxlint = [str(modules / ".bin" / "oxlint"), "--no-ignore", "--threads", "2"]
    yield Tool("oxlint, default rules", lambda path: [*oxlint, str(path)], statuses=(0, 1), python=False)
    # The package's own `ast-grep` is put in place by an install script; the program itself is one package deeper.
    ast_grep = next(iter(sorted(modules.glob("@ast-grep/cli-*/ast-grep"))), None)
    if ast_grep:
        scan = [str(ast_grep), "scan", "--config", str(RULES / "ast-grep" / "sgconfig.yml"), "--threads", "2"]
        ignores = ["--no-ignore", "hidden", "--no-ignore", "vcs", "--no-ignore", "parent"]
        yield Tool("ast-grep, 6 rules", lambda path: [*scan, *ignores, str(path)], statuses=(0, 1))
    semgrep = [str(programs / "semgrep"), "scan", "--config", str(RULES / "semgrep.yml"), "--metrics=off", "--jobs=2"]
    quiet = ["--disable-version-check", "--no-git-ignore", "--quiet"]
    yield Tool("semgrep, 6 rules", lambda path: [*semgrep, *quiet, str(path)], slow=True)


# --- measuring -------------------------------------------------------------------------------------------------------


def once(tool: Tool, path: Path, arguments: argparse.Namespace) -> Measured:
    folder = path if path.is_dir() else path.parent
    measured = measure(tool.command(path), folder, arguments.timeout, subprocess.DEVNULL, subprocess.DEVNULL)
    if measured.status not in tool.statuses:
        raise Failure(f"{tool.name}: exit status {measured.status} on {path.name}")
    return measured


@dataclass
class Series:
    """One tool on one corpus: what each round gave, as ratios to Y of that round."""

    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    peak_mib: list[float] = field(default_factory=list)
    subject_cpu: list[float] = field(default_factory=list)
    subject_wall: list[float] = field(default_factory=list)


def add_round(series: dict[str, Series], taken: dict[str, Measured]) -> None:
    base, subject = taken[YARDSTICK], taken.get(SUBJECT)
    for name, measured in taken.items():
        row = series.setdefault(name, Series())
        row.cpu.append(measured.cpu / base.cpu)
        row.wall.append(measured.seconds / base.seconds)
        row.peak_mib.append(measured.peak_mib)
        if subject:
            row.subject_cpu.append(subject.cpu / measured.cpu)
            row.subject_wall.append(subject.seconds / measured.seconds)


def compare(corpus: Corpus, tools: list[Tool], arguments: argparse.Namespace) -> dict[str, Series]:
    series: dict[str, Series] = {}
    fitting = [tool for tool in tools if tool.fits(corpus)]
    once(fitting[0], corpus.folder, arguments)
    for number in range(arguments.rounds):
        turn = number % len(fitting)
        taken = {}
        for tool in fitting[turn:] + fitting[:turn]:
            if not tool.slow or number < arguments.slow_rounds:
                taken[tool.name] = once(tool, corpus.folder, arguments)
        add_round(series, taken)
        print(f"benchmark: {corpus.name}, round {number + 1} of {arguments.rounds}", file=sys.stderr)
    return {tool.name: series[tool.name] for tool in fitting}


def growth(corpus: Corpus, tools: list[Tool], arguments: argparse.Namespace) -> dict[str, dict[str, float]]:
    """What four times the files cost, as a ratio to the same tool's cost of one time."""
    large = enlarged(corpus, 4)
    fitting = [tool for tool in tools if tool.fits(corpus) and not tool.slow]
    pairs: dict[str, list[tuple[Measured, Measured]]] = {tool.name: [] for tool in fitting}
    for _ in range(min(arguments.rounds, 3)):
        for tool in fitting:
            pairs[tool.name].append((once(tool, corpus.folder, arguments), once(tool, large, arguments)))
    shutil.rmtree(large)
    return {
        name: {
            "cpu": statistics.median(big.cpu / small.cpu for small, big in taken),
            "peak": statistics.median(big.peak_mib / small.peak_mib for small, big in taken),
            "peak_mib": statistics.median(big.peak_mib for _, big in taken),
        }
        for name, taken in pairs.items()
    }


def write_small(work: Path) -> Path:
    folder = work / "small"
    folder.mkdir()
    (folder / "small.py").write_text(SMALL_FILE)
    (folder / "small.ts").write_text("export const answer: number = 42;\n")
    return folder


def start_up(tools: list[Tool], folder: Path, arguments: argparse.Namespace) -> dict[str, float]:
    """Milliseconds on one small file, the median of 2 N + 1 runs."""
    taken: dict[str, list[float]] = {tool.name: [] for tool in tools}
    for number in range(2 * arguments.rounds + 1):
        for tool in tools:
            if not tool.slow or number < 3:
                path = folder / ("small.py" if tool.python else "small.ts")
                taken[tool.name].append(once(tool, path, arguments).seconds * 1000)
    return {name: statistics.median(values) for name, values in taken.items()}


def usable(tools: list[Tool], folder: Path, arguments: argparse.Namespace) -> list[Tool]:
    """The tools that work here; the others are named and left out."""
    working = []
    for tool in tools:
        try:
            once(tool, folder, arguments)
            working.append(tool)
        except Failure as failure:
            print(f"benchmark: left out: {failure}", file=sys.stderr)
    return working


# --- the report ------------------------------------------------------------------------------------------------------


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|---" + "|---:" * (len(head) - 1) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def ratio(values: list[float]) -> str:
    return f"{statistics.median(values):.3g}" if values else "-"


def corpus_table(corpus: Corpus, series: dict[str, Series]) -> str:
    size = f"{corpus.files} files, {corpus.bytes / 1e6:.1f} MB, {corpus.lines // 1000} k lines"
    head = ("tool", "CPU / Y", "wall / Y", "peak MiB", "poolgate CPU / its", "poolgate wall / its")
    rows = [
        (name, ratio(row.cpu), ratio(row.wall), f"{statistics.median(row.peak_mib):.0f}",
         ratio(row.subject_cpu), ratio(row.subject_wall))
        for name, row in series.items()
    ]  # fmt: skip
    return f"### {corpus.name} ({size})\n\n{table(head, rows)}"


def growth_table(corpus: Corpus, grown: dict[str, dict[str, float]]) -> str:
    rows = [(name, f"{row['cpu']:.2f}", f"{row['peak']:.2f}", f"{row['peak_mib']:.0f}") for name, row in grown.items()]
    head = ("tool", "CPU x4 / x1", "peak x4 / x1", "peak MiB at x4")
    return f"### Growth: {corpus.name}, four times the files\n\n{table(head, rows)}"


def machine(load: float) -> str:
    return f"{os.cpu_count()} cores, load {load:.1f} before and {os.getloadavg()[0]:.1f} after"


def as_json(corpora: dict[Corpus, dict[str, Series]], grown: dict[str, object], started: dict[str, float]) -> dict:
    def row(series: Series) -> dict[str, object]:
        medians = {key: statistics.median(values) for key, values in vars(series).items() if values}
        return {**medians, "rounds": {"cpu": series.cpu, "wall": series.wall}}

    return {
        "peers": [*PYTHON_PEERS, *NODE_PEERS],
        "corpora": {
            corpus.name: {
                "files": corpus.files, "bytes": corpus.bytes, "lines": corpus.lines,
                "tools": {name: row(series) for name, series in rows.items()},
            }
            for corpus, rows in corpora.items()
        },
        "growth": grown,
        "start_up_ms": started,
    }  # fmt: skip


def run(arguments: argparse.Namespace, work: Path) -> None:
    load = os.getloadavg()[0]
    cache = arguments.cache.resolve()
    corpora = [prepare_corpus(name, cache, work) for name in arguments.corpus or DEFAULT_CORPORA]
    tools = list(own_tools(arguments.binary.resolve(), build_yardstick(arguments.parse_all)))
    if not arguments.without_peers:
        tools += peer_tools(install_peers(cache))
    # What may reach out to a network is told not to.
    os.environ.update(SEMGREP_SEND_METRICS="off", SEMGREP_ENABLE_VERSION_CHECK="0")
    small = write_small(work)
    tools = usable(tools, small, arguments)
    if all(tool.name != YARDSTICK for tool in tools):
        raise Failure("the yardstick does not run")
    started = start_up(tools, small, arguments)
    results = {corpus: compare(corpus, tools, arguments) for corpus in corpora}
    first = {corpus.python: corpus for corpus in reversed(corpora)}
    grown = {} if arguments.without_growth else {c: growth(c, tools, arguments) for c in first.values()}
    print_report(results, grown, started, f"{arguments.rounds} rounds; {machine(load)}")
    if arguments.json:
        data = as_json(results, {corpus.name: row for corpus, row in grown.items()}, started)
        arguments.json.write_text(json.dumps(data, indent=1) + "\n")


def print_report(
    results: dict[Corpus, dict[str, Series]],
    grown: dict[Corpus, dict[str, dict[str, float]]],
    started: dict[str, float],
    circumstances: str,
) -> None:
    print(f"Medians over {circumstances}. A peak of 8 to 9 MiB is the least that can be measured.\n")
    for corpus, series in results.items():
        print(corpus_table(corpus, series))
    for corpus, row in grown.items():
        print(growth_table(corpus, row))
    rows = [(name, f"{milliseconds:.1f}") for name, milliseconds in started.items()]
    print(f"### Start-up: one small file\n\n{table(('tool', 'milliseconds'), rows)}")


def main() -> int:
    top = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    top.add_argument("--binary", type=Path, default=REPOSITORY / "target" / "release" / "poolgate")
    top.add_argument("--parse-all", type=Path, metavar="PATH", help="a yardstick built elsewhere")
    top.add_argument("--corpus", action="append", metavar="NAME", help=f"default: {', '.join(DEFAULT_CORPORA)}")
    top.add_argument("--rounds", type=int, default=5)
    top.add_argument("--slow-rounds", type=int, default=3, metavar="N", help="rounds with semgrep; default 3")
    top.add_argument("--timeout", type=float, default=600, metavar="SECONDS", help="of one run; default 600")
    top.add_argument("--without-peers", action="store_true")
    top.add_argument("--without-growth", action="store_true")
    top.add_argument("--json", type=Path, metavar="FILE")
    top.add_argument("--cache", type=Path, default=CACHE)
    try:
        with tempfile.TemporaryDirectory(prefix="poolgate-benchmark-") as work:
            run(top.parse_args(), Path(work))
    except Failure as error:
        print(f"benchmark: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
