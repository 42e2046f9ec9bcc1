#!/usr/bin/env python3
"""Runs poolgate over the pinned real packages of `tests/ecosystem.toml`.

    ecosystem.py fetch                  download, verify and unpack every package
    ecosystem.py list                   what is there: files and lines per language
    ecosystem.py run BINARY             time, peak memory and findings per package
    ecosystem.py diff A B               findings that appear (+) and vanish (-); A and B are binaries or `run` folders
    ecosystem.py triage BINARY_OR_DIR   each finding with its steps and the source around them
    ecosystem.py pin pypi|npm NAME      an entry for the newest version, ready to paste

Packages come through the configured clients (pip, npm) by name, exact version and hash. No code of a package is run:
archives are opened here, file by file. Only the standard library is needed.
"""

from __future__ import annotations

import argparse
import base64
import fnmatch
import hashlib
import json
import os
import random
import re
import shutil
import stat
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

REPOSITORY = Path(__file__).resolve().parent.parent
MANIFEST = REPOSITORY / "tests" / "ecosystem.toml"
CACHE = REPOSITORY / ".ecosystem"

LANGUAGES = {
    ".py": "python", ".js": "javascript", ".jsx": "javascript", ".mjs": "javascript", ".cjs": "javascript",
    ".ts": "typescript", ".tsx": "typescript", ".mts": "typescript", ".cts": "typescript",
}  # fmt: skip
# Never unpacked: nothing that an analyzer reads.
SKIPPED_SUFFIXES = frozenset(
    """
    .map .png .jpg .jpeg .gif .ico .svg .webp .avif .bmp .woff .woff2 .ttf .eot .otf .pdf .mp3 .mp4 .webm .wav .ogg
    .zip .gz .tgz .bz2 .xz .zst .7z .jar .so .dll .dylib .exe .a .node .wasm .pyc .mo .po .pot .db .sqlite .parquet
    .pkl .bin .css .scss .less .snap .proto .ipynb .csv .tsv .xml .html .htm .svelte .md .mdx .rst .txt .j2 .mustache
    .handlebars .hbs .rs .c .h
    """.split()
)
KEPT_NAMES = frozenset({"requirements.txt"})
SKIPPED_FOLDERS = frozenset({"node_modules", "__pycache__", ".git", ".yarn"})
MAX_FILE = 2 * 2**20
MAX_TOTAL = 600 * 2**20
MAX_FILES = 60_000


class Failure(Exception):
    """Ends one package or the whole run with one clear line."""


# --- the manifest ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Package:
    name: str
    kind: str
    version: str
    digest: str
    language: str
    why: str
    form: str = "sdist"
    root: str = "."
    exclude: tuple[str, ...] = ()

    @property
    def slug(self) -> str:
        return f"{self.name.removeprefix('@').replace('/', '-')}-{self.version}"

    def folder(self, cache: Path) -> Path:
        return cache / "src" / self.slug

    def target(self, cache: Path) -> Path:
        """The folder handed to the analyzer."""
        return self.folder(cache) / self.root


def load_manifest(path: Path) -> list[Package]:
    with path.open("rb") as file:
        data = tomllib.load(file)
    return [package_from(entry) for entry in data["package"]]


def package_from(entry: dict[str, Any]) -> Package:
    known = {key: entry[key] for key in ("name", "kind", "version", "language", "why", "form", "root") if key in entry}
    digest = entry["sha256"] if entry["kind"] == "pypi" else entry["integrity"]
    return Package(**known, digest=digest, exclude=tuple(entry.get("exclude", ())))


def chosen(arguments: argparse.Namespace) -> list[Package]:
    packages = load_manifest(arguments.manifest)
    if not arguments.only:
        return packages
    selected = [package for package in packages if package.name in arguments.only]
    if missing := set(arguments.only) - {package.name for package in selected}:
        raise Failure(f"not in {arguments.manifest.name}: {', '.join(sorted(missing))}")
    return selected


# --- fetch -----------------------------------------------------------------------------------------------------------

# pip finds and downloads the archive itself, with its own configuration. `pip download` would run the package's build
# backend to learn its dependencies, so pip's finder and session are called without that step.
PIP_DOWNLOAD = """
import pathlib, sys
from pip._internal.commands import create_command
from pip._vendor.packaging.specifiers import SpecifierSet
name, version, form, target = sys.argv[1:]
command = create_command("download")
formats = {"sdist": ["--no-binary", ":all:"], "wheel": ["--only-binary", ":all:"]}
options, _ = command.parse_args(["--no-deps", *formats[form]])
session = command._build_session(options)
finder = command._build_package_finder(options=options, session=session, ignore_requires_python=True)
best = finder.find_best_candidate(name, SpecifierSet("==" + version) if version else None).best_candidate
if best is None:
    sys.exit(f"pip finds no {form} of {name} {version}")
response = session.get(best.link.url_without_fragment, headers={"Accept-Encoding": "identity"}, stream=True)
response.raise_for_status()
with open(pathlib.Path(target) / best.link.filename, "wb") as file:
    for chunk in response.iter_content(1 << 20):
        file.write(chunk)
print(best.version)
"""


def download(kind: str, name: str, version: str, form: str, folder: Path) -> tuple[Path, str]:
    """Puts the package's archive into the empty `folder`; returns it with its version."""
    if kind == "pypi":
        command = [sys.executable, "-c", PIP_DOWNLOAD, name, version, form, str(folder)]
    else:
        wanted = f"{name}@{version}" if version else name
        command = ["npm", "pack", wanted, "--ignore-scripts", "--loglevel=error", "--pack-destination", str(folder)]
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=900, cwd=folder)
    except FileNotFoundError as error:
        raise Failure(f"{command[0]} is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise Failure("the download took over 15 minutes") from error
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise Failure(lines[-1] if lines else f"{command[0]} failed")
    files = list(folder.iterdir())
    if len(files) != 1:
        raise Failure(f"expected one archive, got {len(files)}")
    if kind == "pypi":
        return files[0], done.stdout.split()[-1]
    return files[0], version or npm_version(files[0])


def npm_version(archive: Path) -> str:
    with tarfile.open(archive) as tar:
        member = tar.extractfile("package/package.json")
        if member is None:
            raise Failure("the tarball has no package.json")
        return json.load(member)["version"]


def digest_of(kind: str, archive: Path) -> str:
    data = archive.read_bytes()
    if kind == "pypi":
        return hashlib.sha256(data).hexdigest()
    return "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()


def members(archive: Path) -> Iterator[tuple[str, int, IO[bytes]]]:
    """The archive's regular files: name, size, content. Links, devices and folders are passed over."""
    if archive.suffix in (".whl", ".zip"):
        with zipfile.ZipFile(archive) as container:
            for info in container.infolist():
                mode = info.external_attr >> 16
                if not info.is_dir() and (mode == 0 or stat.S_IFMT(mode) in (0, stat.S_IFREG)):
                    with container.open(info) as content:
                        yield info.filename, info.file_size, content
        return
    with tarfile.open(archive) as container:
        for member in container:
            content = container.extractfile(member) if member.isreg() else None
            if content is not None:
                yield member.name, member.size, content


def safe_parts(name: str, strip: int) -> tuple[str, ...] | None:
    """The path inside the package, or None for a name that is not a plain relative path."""
    parts = PurePosixPath(name).parts
    if not parts or parts[0].startswith("/") or any(part == ".." or "\\" in part or "\0" in part for part in parts):
        return None
    return parts[strip:] or None


def wanted(parts: tuple[str, ...], size: int, exclude: tuple[str, ...]) -> bool:
    path = "/".join(parts)
    suffix = PurePosixPath(parts[-1]).suffix.lower()
    return (
        size <= MAX_FILE
        and not SKIPPED_FOLDERS.intersection(parts[:-1])
        and (suffix not in SKIPPED_SUFFIXES or parts[-1] in KEPT_NAMES)
        and not parts[-1].endswith((".min.js", ".bundle.js"))
        and not any(fnmatch.fnmatch(path, pattern) for pattern in exclude)
    )


def unpack(archive: Path, folder: Path, exclude: tuple[str, ...]) -> None:
    """Writes the archive's readable files below `folder`, without its leading component (wheels have none)."""
    strip = 0 if archive.suffix == ".whl" else 1
    total = 0
    for count, (name, size, content) in enumerate(members(archive)):
        parts = safe_parts(name, strip)
        if count > 4 * MAX_FILES:
            raise Failure("too many members")
        if parts is None or not wanted(parts, size, exclude):
            continue
        data = content.read(MAX_FILE + 1)
        total += len(data)
        if len(data) > MAX_FILE or total > MAX_TOTAL:
            raise Failure(f"{name}: larger than it says, or the package is over {MAX_TOTAL >> 20} MiB")
        path = folder.joinpath(*parts)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            raise Failure(f"{name}: a file and a folder of one name") from error


def fetch_one(package: Package, cache: Path) -> str:
    stamp = cache / "stamps" / f"{package.slug}.json"
    wish = {"digest": package.digest, "exclude": list(package.exclude), "unpacker": 1}
    if stamp.exists() and json.loads(stamp.read_text()) == wish and package.target(cache).is_dir():
        return "there"
    archives = cache / "archives" / package.slug
    kept = list(archives.iterdir()) if archives.is_dir() else []
    if len(kept) != 1 or digest_of(package.kind, kept[0]) != package.digest:
        shutil.rmtree(archives, ignore_errors=True)
        archives.mkdir(parents=True)
        archive, _ = download(package.kind, package.name, package.version, package.form, archives)
        if (found := digest_of(package.kind, archive)) != package.digest:
            shutil.rmtree(archives)
            raise Failure(f"hash differs: expected {package.digest}, got {found}")
        kept = [archive]
    folder = package.folder(cache)
    shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=cache) as temporary:
        unpack(kept[0], Path(temporary) / "package", package.exclude)
        folder.parent.mkdir(exist_ok=True)
        (Path(temporary) / "package").rename(folder)
    if not package.target(cache).is_dir():
        raise Failure(f"has no folder {package.root}")
    stamp.parent.mkdir(exist_ok=True)
    stamp.write_text(json.dumps(wish))
    return "fetched"


def command_fetch(arguments: argparse.Namespace) -> int:
    arguments.cache.mkdir(parents=True, exist_ok=True)
    failed = 0
    for package in chosen(arguments):
        try:
            state = fetch_one(package, arguments.cache)
        except (Failure, OSError, tarfile.TarError, zipfile.BadZipFile) as error:
            failed += 1
            state = f"FAILED: {error}"
        print(f"{package.slug:<48} {state}", flush=True)
    return 1 if failed else 0


def command_pin(arguments: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory() as folder:
        archive, version = download(arguments.kind, arguments.name, arguments.version, arguments.form, Path(folder))
        digest = digest_of(arguments.kind, archive)
    print("[[package]]")
    print(f'name = "{arguments.name}"\nkind = "{arguments.kind}"\nversion = "{version}"')
    if arguments.kind == "pypi" and arguments.form != "sdist":
        print(f'form = "{arguments.form}"')
    print(f'{"sha256" if arguments.kind == "pypi" else "integrity"} = "{digest}"')
    print('language = ""\nwhy = ""\n')
    return 0


# --- list ------------------------------------------------------------------------------------------------------------


def source_files(folder: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(folder.rglob("*")):
        if path.suffix in LANGUAGES and path.is_file():
            yield path, LANGUAGES[path.suffix]


@dataclass
class Size:
    files: Counter[str] = field(default_factory=Counter)
    lines: Counter[str] = field(default_factory=Counter)
    bytes: int = 0


def size_of(folder: Path) -> Size:
    size = Size()
    for path, language in source_files(folder):
        data = path.read_bytes()
        size.files[language] += 1
        size.lines[language] += data.count(b"\n")
        size.bytes += len(data)
    return size


def command_list(arguments: argparse.Namespace) -> int:
    columns = ("python", "javascript", "typescript")
    print("| package | " + " | ".join(f"{column} files / lines" for column in columns) + " | MB | why |")
    print("|---|" + "---|" * (len(columns) + 2))
    for package in chosen(arguments):
        size = size_of(package.target(arguments.cache))
        cells = [f"{size.files[column]} / {size.lines[column]}" if size.files[column] else "" for column in columns]
        print(f"| {package.name} {package.version} | {' | '.join(cells)} | {size.bytes / 1e6:.1f} | {package.why} |")
    return 0


# --- run -------------------------------------------------------------------------------------------------------------


@dataclass
class Outcome:
    """What one run on one package gave. `report` holds paths relative to the package."""

    report: dict[str, Any]
    seconds: float = 0.0
    cpu: float = 0.0
    peak_mib: float = 0.0

    @property
    def findings(self) -> list[dict[str, Any]]:
        return self.report["findings"]


# A process counts in its peak the memory of whoever started it, so a small process of its own starts the command.
# Arguments: the descriptor for the result, the time limit, the command.
LAUNCHER = """
import os, signal, sys, time
out, limit, command = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]
late = []
def stop(*_):
    late.append(True)
    os.killpg(pid, signal.SIGKILL)
begun = time.perf_counter()
pid = os.posix_spawnp(command[0], command, os.environ, setpgroup=0)
signal.signal(signal.SIGALRM, stop)
signal.setitimer(signal.ITIMER_REAL, limit)
_, status, usage = os.wait4(pid, 0)
seconds = time.perf_counter() - begun
code = "late" if late else os.waitstatus_to_exitcode(status)
os.write(out, f"{seconds} {usage.ru_utime + usage.ru_stime} {usage.ru_maxrss / 1024} {code}".encode())
"""


@dataclass(frozen=True)
class Measured:
    seconds: float
    cpu: float
    peak_mib: float
    status: int


def measure(command: list[str], cwd: Path, timeout: float, output: Any, errors: Any) -> Measured:
    """Runs `command` to its end: wall time, CPU time and peak memory, those of its children included."""
    reader, writer = os.pipe()
    launcher = [sys.executable, "-I", "-S", "-c", LAUNCHER, str(writer), str(timeout), *command]
    try:
        streams = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": errors}
        done = subprocess.run(launcher, check=False, cwd=cwd, pass_fds=(writer,), **streams)
    finally:
        os.close(writer)
    with os.fdopen(reader) as pipe:
        words = pipe.read().split()
    if done.returncode != 0 or len(words) != 4:
        raise Failure(f"cannot run {command[0]}")
    if words[3] == "late":
        raise Failure(f"took over {timeout:g} s")
    return Measured(float(words[0]), float(words[1]), float(words[2]), int(words[3]))


def analyze(binary: Path, package: Package, arguments: argparse.Namespace) -> Outcome:
    target = package.target(arguments.cache)
    if not target.is_dir():
        raise Failure("not fetched: run `ecosystem.py fetch` first")
    command = [str(binary), "check", "--format", "json", "--fail-on", "never", *arguments.option, str(target)]
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        measured = measure(command, target, arguments.timeout, output, errors)
        output.seek(0)
        errors.seek(0)
        if measured.status != 0:
            said = errors.read().decode(errors="replace").strip().splitlines()
            raise Failure(f"exit status {measured.status}: {said[-1] if said else 'nothing on standard error'}")
        try:
            report = json.load(output)
        except ValueError as error:
            raise Failure(f"the report is no JSON: {error}") from error
    return Outcome(normalized(report, target), measured.seconds, measured.cpu, measured.peak_mib)


def normalized(report: dict[str, Any], target: Path) -> dict[str, Any]:
    """The report's findings and notices, sorted, with paths relative to the package."""
    findings = []
    for finding in report.get("findings", []):
        steps = [{**step, "path": relative(step.get("path"), target)} for step in finding.get("steps") or []]
        findings.append({**finding, "path": relative(finding.get("path"), target), "steps": steps})
    notices = [{**notice, "path": relative(notice.get("path"), target)} for notice in report.get("notices") or []]
    findings.sort(key=identity)
    notices.sort(key=lambda notice: json.dumps(notice, sort_keys=True))
    return {"version": 1, "findings": findings, "notices": notices}


def relative(path: str | None, target: Path) -> str:
    if not path:
        return ""
    for base in (target, REPOSITORY, Path.cwd()):
        candidate = Path(os.path.normpath(base / path))
        if candidate.exists() and candidate.is_relative_to(target):
            return candidate.relative_to(target).as_posix()
    return path


def identity(finding: dict[str, Any]) -> tuple[Any, ...]:
    place = (finding.get("path", ""), finding.get("line", 0), finding.get("column", 0))
    return (*place, finding.get("rule", ""), finding.get("level", ""), finding.get("message", ""))


def stored_name(package: Package) -> str:
    return f"{package.slug}.json"


def store(outcome: Outcome, package: Package, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / stored_name(package)).write_text(json.dumps(outcome.report, indent=1, sort_keys=True) + "\n")


def outcome_from(source: Path, package: Package, arguments: argparse.Namespace) -> Outcome:
    """From a binary by running it, from a folder by reading what `run` stored there."""
    if not source.is_dir():
        return analyze(source.resolve(), package, arguments)
    path = source / stored_name(package)
    if not path.exists():
        raise Failure(f"{source} has no {path.name}")
    return Outcome(json.loads(path.read_text()))


def command_run(arguments: argparse.Namespace) -> int:
    out = arguments.out or arguments.cache / "runs" / "latest"
    total, failed, rules = 0, 0, Counter[str]()
    print(f"{'package':<48} {'wall s':>7} {'cpu s':>7} {'MiB':>6} {'findings':>8} {'notices':>7}")
    for package in chosen(arguments):
        try:
            outcome = analyze(arguments.binary.resolve(), package, arguments)
        except (Failure, OSError) as error:
            failed += 1
            (out / stored_name(package)).unlink(missing_ok=True)
            print(f"{package.slug:<48} FAILED: {error}", flush=True)
            continue
        store(outcome, package, out)
        total += len(outcome.findings)
        rules.update(finding.get("rule", "?") for finding in outcome.findings)
        measured = f"{outcome.seconds:7.2f} {outcome.cpu:7.2f} {outcome.peak_mib:6.0f}"
        notices = len(outcome.report["notices"])
        print(f"{package.slug:<48} {measured} {len(outcome.findings):8d} {notices:7d}", flush=True)
    for rule, count in sorted(rules.items()):
        print(f"  {rule:<46} {count:6d}")
    print(f"{total} findings, {failed} packages failed; stored in {os.path.relpath(out)}")
    return 1 if failed else 0


# --- diff ------------------------------------------------------------------------------------------------------------


def headline(finding: dict[str, Any]) -> str:
    place = f"{finding['path']}:{finding.get('line', 0)}:{finding.get('column', 0)}"
    return f"{place} {finding.get('level', '?')} {finding.get('rule', '?')}: {finding.get('message', '')}"


def command_diff(arguments: argparse.Namespace) -> int:
    appeared, vanished, failed = 0, 0, 0
    for package in chosen(arguments):
        try:
            before = outcome_from(arguments.before, package, arguments)
            after = outcome_from(arguments.after, package, arguments)
        except (Failure, OSError) as error:
            failed += 1
            print(f"{package.slug}\n  FAILED: {error}")
            continue
        old = Counter(map(headline, before.findings))
        new = Counter(map(headline, after.findings))
        signed = [(line, "+") for line in (new - old).elements()] + [(line, "-") for line in (old - new).elements()]
        changes = sorted(signed)
        appeared += sum(sign == "+" for _, sign in changes)
        vanished += sum(sign == "-" for _, sign in changes)
        if changes:
            print(package.slug)
            for line, sign in changes:
                print(f"  {sign} {line}")
    print(f"{appeared} appear, {vanished} vanish, {failed} packages failed")
    return 1 if failed else 0


# --- triage ----------------------------------------------------------------------------------------------------------


def excerpt(target: Path, path: str, line: int, around: int) -> Iterator[str]:
    try:
        lines = (target / path).read_text(errors="replace").splitlines()
    except OSError as error:
        yield f"      ({error.strerror})"
        return
    first = max(1, line - around)
    for number in range(first, min(len(lines), line + around) + 1):
        text = lines[number - 1]
        yield f"    {'>' if number == line else ' '} {number:6d}  {text[:200]}"


def show(finding: dict[str, Any], package: Package, arguments: argparse.Namespace) -> None:
    target = package.target(arguments.cache)
    around = arguments.context
    print(f"\n{'=' * 110}\n{package.slug}  {headline(finding)}")
    places = [(finding["path"], finding.get("line", 0), "the finding")]
    for index, step in enumerate(finding.get("steps") or [], 1):
        print(f"  step {index}: {step['path']}:{step.get('line', 0)}:{step.get('column', 0)} {step.get('message', '')}")
        places.append((step["path"], step.get("line", 0), f"step {index}"))
    shown: list[tuple[str, int]] = []
    for path, line, label in places:
        if any(path == other and abs(line - there) <= around // 2 for other, there in shown):
            continue
        shown.append((path, line))
        print(f"  -- {label}: {path}:{line}")
        print("\n".join(excerpt(target, path, line, around)))


def command_triage(arguments: argparse.Namespace) -> int:
    found, failed = [], 0
    for package in chosen(arguments):
        try:
            outcome = outcome_from(arguments.source, package, arguments)
        except (Failure, OSError) as error:
            failed += 1
            print(f"{package.slug}: FAILED: {error}")
            continue
        found += [(package, finding) for finding in outcome.findings if selected(finding, arguments)]
    total = len(found)
    if arguments.sample is not None and arguments.sample < total:
        keep = sorted(random.Random(arguments.seed).sample(range(total), arguments.sample))
        found = [found[index] for index in keep]
    for package, finding in found:
        show(finding, package, arguments)
    print(f"\n{len(found)} of {total} findings shown, {failed} packages failed")
    return 1 if failed else 0


def selected(finding: dict[str, Any], arguments: argparse.Namespace) -> bool:
    rule_fits = not arguments.rule or finding.get("rule") in arguments.rule
    return rule_fits and (not arguments.path or re.search(arguments.path, finding["path"]) is not None)


# --- the command line ------------------------------------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    top.add_argument("--cache", type=Path, default=CACHE, help="default: .ecosystem in the repository")
    top.add_argument("--manifest", type=Path, default=MANIFEST, help="default: tests/ecosystem.toml")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, function: Any, text: str, runs: bool = False) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(function=function)
        sub.add_argument("--only", action="append", metavar="NAME", help="this package only; repeatable")
        if runs:
            sub.add_argument("--timeout", type=float, default=600, metavar="SECONDS", help="per package; default 600")
            sub.add_argument("--option", action="append", default=["--no-cache"], metavar="OPTION",
                             help="one more option for `check`, as --option=--select=leak; repeatable")  # fmt: skip
        return sub

    command("fetch", command_fetch, "download, verify and unpack")
    command("list", command_list, "sizes, as a Markdown table")
    run = command("run", command_run, "run a build on every package", runs=True)
    run.add_argument("binary", type=Path)
    run.add_argument("--out", type=Path, help="where the findings go; default: runs/latest in the cache")
    diff = command("diff", command_diff, "compare the findings of two builds", runs=True)
    diff.add_argument("before", type=Path, help="a binary, or a folder that `run --out` wrote")
    diff.add_argument("after", type=Path)
    triage = command("triage", command_triage, "findings with their source", runs=True)
    triage.add_argument("source", type=Path, help="a binary, or a folder that `run --out` wrote")
    triage.add_argument("--rule", action="append", help="this rule only; repeatable")
    triage.add_argument("--path", help="only paths in which this regular expression is found")
    triage.add_argument("--context", type=int, default=10, help="lines around each place; default 10")
    triage.add_argument("--sample", type=int, metavar="N", help="N findings drawn at random")
    triage.add_argument("--seed", type=int, default=1, help="of the draw; default 1")
    pin = command("pin", command_pin, "print an entry for the manifest")
    pin.add_argument("kind", choices=("pypi", "npm"))
    pin.add_argument("name")
    pin.add_argument("--version", default="")
    pin.add_argument("--form", choices=("sdist", "wheel"), default="sdist")
    return top


def main() -> int:
    arguments = parser().parse_args()
    for name in ("cache", "manifest"):
        setattr(arguments, name, getattr(arguments, name).resolve())
    try:
        return arguments.function(arguments)
    except Failure as error:
        print(f"ecosystem: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        return 0


if __name__ == "__main__":
    sys.exit(main())
