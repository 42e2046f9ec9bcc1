"""Rewrites the corpus so that any call can be made to raise, and runs it with chosen faults."""

import ast
import contextlib
import functools
import importlib.machinery
import importlib.util
import inspect
import json
import sys
import types
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
CORPUS = HERE / "python"
NOT_REWRITTEN = {"app.db", "app.models", "tools.db"}  # they only construct pools and models

QUIET = {name for names in json.loads((HERE / "fault-model.json").read_text())["python"].values() for name in names}

# Dropping the last reference to one of these runs its cleanup at once, in production as here.
CLOSED_WHEN_DROPPED = (
    types.GeneratorType,
    types.AsyncGeneratorType,
    types.CoroutineType,
    contextlib._GeneratorContextManager,
    contextlib._AsyncGeneratorContextManager,
)


class InjectedFault(Exception):
    """What a call raises instead of being executed."""


def is_quiet(function):
    """Whether the fault model lists the called expression."""
    text = ast.unparse(function)
    names = {text, text.split(".")[0] + ".*"}
    if isinstance(function, ast.Attribute):
        names.add("." + function.attr)
    return not QUIET.isdisjoint(names)


class Rewriter(ast.NodeTransformer):
    """Turns `f(x)` into `__oracle_call__((file, line, column, quiet), f, x)`."""

    def __init__(self, file):
        self.file = file

    def visit_Call(self, node):
        """Every call but `super()`, which needs its own frame."""
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "super":
            return node
        site = ast.Constant((self.file, node.lineno, node.col_offset, is_quiet(node.func)))
        hook = ast.Name("__oracle_call__", ast.Load())
        call = ast.Call(hook, [site, node.func, *node.args], node.keywords)
        return ast.fix_missing_locations(ast.copy_location(call, node))


class Loader(importlib.machinery.SourceFileLoader):
    """Loads a corpus module in its rewritten form."""

    def __init__(self, name, path, finder):
        super().__init__(name, str(path))
        self.finder = finder

    def get_code(self, fullname):
        """The rewritten module, never from or to a bytecode cache."""
        file = str(Path(self.path).relative_to(self.finder.root))
        return compile(Rewriter(file).visit(ast.parse(self.get_data(self.path))), self.path, "exec", dont_inherit=True)

    def exec_module(self, module):
        """Runs the module with the hook in its globals."""
        module.__oracle_call__ = self.finder.tracer.call
        super().exec_module(module)


class Finder:
    """Finds the modules of a corpus; their calls go through a tracer."""

    def __init__(self, corpus, tracer, root=None):
        self.corpus, self.tracer = corpus, tracer
        self.root = root or corpus  # that files are named from

    def find_spec(self, name, path=None, target=None):
        """A spec for a module under the corpus folder."""
        file = self.corpus.joinpath(*name.split(".")).with_suffix(".py")
        if name in NOT_REWRITTEN or not file.is_file():
            return None
        return importlib.util.spec_from_file_location(name, file, loader=Loader(name, file, self))


def is_corpus(function):
    """Whether the callee is itself rewritten: then the calls in it raise, not the call to it."""
    function = inspect.unwrap(getattr(function, "__func__", function))
    if isinstance(function, type):
        return hasattr(sys.modules.get(function.__module__), "__oracle_call__")
    return "__oracle_call__" in getattr(function, "__globals__", {})


class FaultyAwaitable:
    """Stands for a call whose fault shows once it is awaited or entered."""

    def __init__(self, fault):
        self.fault = fault

    def __await__(self):
        raise self.fault
        yield

    async def __aenter__(self):
        raise self.fault

    async def __aexit__(self, *_):
        return None


async def fail(fault):
    """The same as a coroutine."""
    raise fault


class Tracer:
    """Counts the calls of one run, raises at the chosen ones and keeps every result alive until the run is measured."""

    def __init__(self):
        self.active = False
        self.results = {}  # what a site's call returned last: awaitables fail later than other calls
        self.observers = []
        self.start((), InjectedFault)

    def start(self, faults, fault_type):
        """Begins a run in which the given dynamic occurrences raise."""
        self.faults, self.fault_type = faults, fault_type
        self.count, self.raised, self.kept = 0, [], []

    def call(self, site, function, /, *args, **kwargs):
        """Stands in for every call of the corpus."""
        if not self.active:
            return function(*args, **kwargs)
        if self.may_raise(site, function):
            self.count += 1
            if self.count - 1 in self.faults:
                return self.strike(site)
        result = function(*args, **kwargs)
        for observe in self.observers:
            result = observe(function, result)
        self.results[site] = type(result)
        if not isinstance(result, CLOSED_WHEN_DROPPED):
            self.kept.append(result)
        return result

    @staticmethod
    def may_raise(site, function):
        """Whether the fault model lets this call raise."""
        releases = inspect.ismethod(function) and "." + function.__name__ in QUIET
        exception = isinstance(function, type) and issubclass(function, BaseException)
        return not (site[3] or releases or exception or is_corpus(function))

    def strike(self, site):
        """Raises now, or once the result is awaited."""
        file, line = site[:2]
        self.raised.append((file, line))
        fault = self.fault_type(f"injected at {file}:{line}")
        kind = self.results.get(site, object)
        if kind is types.CoroutineType:
            return fail(fault)
        if hasattr(kind, "__await__"):
            return FaultyAwaitable(fault)
        raise fault


@functools.cache
def fault_of(base):
    """A fault that a handler of `base` catches, whatever arguments the class wants."""
    namespace = {"__init__": lambda self, *_: None, "__str__": lambda self: "injected"}
    return types.new_class("Injected" + base.__name__, (base,), {}, lambda body: body.update(namespace))


def fault_types(module, node):
    """A plain fault, and one for each exception class that the function's handlers name."""
    types_ = [InjectedFault]
    for handler in ast.walk(node):
        if not isinstance(handler, ast.ExceptHandler) or handler.type is None:
            continue
        named = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        for expression in named:
            caught = eval(compile(ast.Expression(expression), module.__name__, "eval"), vars(module))
            if not issubclass(InjectedFault, caught):
                types_.append(fault_of(caught))
    return types_


tracer = Tracer()
