"""Remove each scoping filter, one at a time, and see a test fail: `python tests/mutants.py [part of a path] [--list]`.

After `--` come the tests to ask, where it is not to be all of them.

A scoping filter is a call of a queryset method that takes for whom (`.visible_to(user)`, `.run_by(user)`…), which is
replaced by `.all()`; and each condition by itself: all of those inside such methods and the functions beside them that
find keys, and wherever else a row is held against the person who asks, or whom it is about.

The tests run once as they are, and it is noted which of them come to the functions that hold a filter. Then, for each
removal, those that come to its function run in a fork of this process whose function has the changed code: nothing
is loaded twice, and what the tests of a whole module cost decides which is asked first. Tests that open every page for
everybody are not asked: they take longer than all others, and a filter deserves a test of its own. One JSON object a
line says what became of each removal. The exit code is 1 if any went unnoticed.
"""

import ast
import gc
import importlib
import json
import os
import signal
import sys
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from types import CodeType, FunctionType, SimpleNamespace
from typing import TextIO

import pytest
from django.db import connection

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.architecture import modules  # noqa: E402

RULES = "iop_portal.people.seeing"
FOR_WHOM = {"user", "clinician", "person"}
THE_ONE = {*FOR_WHOM, "client", "reader", "by", "admin", "counsellor", "request.user"}
# The demo tells a story to whoever runs it.
OPEN_TO_ALL = "iop_portal.demo"
SIDE_BY_SIDE = 2
LONGEST = 600
NOT_ASKED = ("tests/abuse", "tests/demo", "tests/test_local_services.py")
QUICK = "not journey and not looks and not faults"
NOTE = "_note_that_a_test_came_here"


# ── What can be removed ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Function:
    """The outermost one around a filter. Its line is that of its first decorator, as the compiler counts."""

    module: str
    path: Path
    name: str
    line: int


@dataclass(frozen=True)
class Removal:
    """Replace one stretch of a file's bytes."""

    function: Function
    line: int
    start: int
    end: int
    instead: str
    was: str

    @property
    def place(self) -> str:
        return f"{self.function.path.relative_to(ROOT)}:{self.line}"

    def text(self) -> bytes:
        kept = self.function.path.read_bytes()
        return kept[: self.start] + self.instead.encode() + kept[self.end :]


def removals(root: Path) -> list[Removal]:
    scopes = scoping_methods(root)
    found = []
    for name, tree in modules(root):
        if name.startswith(OPEN_TO_ALL):
            continue
        path = root / Path(*name.split("."))
        package = path / "__init__.py"
        path = package if package.exists() else path.with_suffix(".py")
        source = path.read_bytes()
        for function, node in functions_of(tree):
            spans = {without_call(source, call) for call in calls_of(node, scopes)}
            is_rule = name == RULES or node.name in scopes
            spans |= set(conditions(source, node, lambda word, is_rule=is_rule: is_rule or names_the_one(word)))
            for start, end, instead in sorted(spans):
                line = source[:start].count(b"\n") + 1
                was = " ".join(source[start:end].decode().split())
                place = Function(name, path, function, first_line(node))
                found.append(Removal(place, line, start, end, instead, was))
    return found


def scoping_methods(root: Path) -> set[str]:
    """Methods of our querysets that take whom to show things to."""
    return {
        function.name
        for _, tree in modules(root)
        for owner in ast.walk(tree)
        if isinstance(owner, ast.ClassDef) and owner.name.endswith("QuerySet")
        for function in owner.body
        if isinstance(function, ast.FunctionDef) and FOR_WHOM & {argument.arg for argument in function.args.args}
    }


def functions_of(node: ast.AST, inside: str = "") -> Iterator[tuple[str, ast.FunctionDef]]:
    """The outermost functions and methods, by their full names."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef):
            yield inside + child.name, child
        else:
            yield from functions_of(child, f"{inside}{child.name}." if isinstance(child, ast.ClassDef) else inside)


def first_line(node: ast.FunctionDef) -> int:
    return min(one.lineno for one in [node, *node.decorator_list])


def calls_of(tree: ast.AST, scopes: set[str]) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in scopes:
            yield node


def without_call(source: bytes, node: ast.Call) -> tuple[int, int, str]:
    return offset(source, node.func.value, end=True), offset(source, node, end=True), ".all()"


def names_the_one(word: ast.keyword) -> bool:
    """Whether a condition holds a row against somebody, not against a rule."""
    return ast.unparse(word.value) in THE_ONE


def conditions(
    source: bytes, function: ast.FunctionDef, counts: Callable[[ast.keyword], bool]
) -> Iterator[tuple[int, int, str]]:
    """Each keyword of each filter, and each branch of an `or`, which shuts somebody out who should be let in."""
    branches = [node for node in ast.walk(function) if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr)]
    whole = [node.right for node in branches if isinstance(node.right, ast.Call) and len(node.right.keywords) == 1]
    for node in ast.walk(function):
        if node in whole:
            continue
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("filter", "Q", "exclude"):
            for keyword in filter(counts, node.keywords):
                start, end = offset(source, keyword), offset(source, keyword, end=True)
                after = source[end : end + 2]
                yield start, end + (1 if after.startswith(b",") else 0), ""
        if node in branches and "Q(" in ast.unparse(node) and any(map(counts, words_of(node.right))):
            yield offset(source, node.left, end=True), offset(source, node, end=True), ""


def words_of(node: ast.AST) -> list[ast.keyword]:
    return [word for word in ast.walk(node) if isinstance(word, ast.keyword)]


def offset(source: bytes, node: ast.AST, *, end: bool = False) -> int:
    line, column = (node.end_lineno, node.end_col_offset) if end else (node.lineno, node.col_offset)
    return sum(map(len, source.splitlines(keepends=True)[: line - 1])) + column


# ── Changing what runs ────────────────────────────────────────────────────────────────────────────────────────


def loaded(wanted: list[Function]) -> list[list[FunctionType]]:
    """The functions themselves, whatever decorates them."""
    for function in wanted:
        importlib.import_module(function.module)
    found = defaultdict(list)
    for thing in gc.get_objects():
        if isinstance(thing, FunctionType):
            code = thing.__code__
            found[code.co_filename, code.co_qualname, code.co_firstlineno].append(thing)
    return [found[str(function.path), function.name, function.line] for function in wanted]


def code_of(function: Function, module: CodeType) -> CodeType:
    """The code of one function in that of its module."""
    waiting = [module]
    while waiting:
        code = waiting.pop()
        if (code.co_qualname, code.co_firstlineno) == (function.name, function.line):
            return code
        waiting += [inner for inner in code.co_consts if isinstance(inner, CodeType)]
    raise LookupError(f"{function.module}.{function.name} is not what it was when it was loaded")


def noting(function: Function, number: int) -> CodeType:
    """The function's code, with a call that notes its number before all else."""
    tree = ast.parse(function.path.read_bytes())
    node = next(node for name, node in functions_of(tree) if (name, first_line(node)) == (function.name, function.line))
    call = ast.Expr(ast.Call(ast.Name(NOTE, ast.Load()), [ast.Constant(number)], []))
    node.body.insert(0, ast.copy_location(call, node.body[0]))
    return code_of(function, compile(ast.fix_missing_locations(tree), function.path, "exec"))


# ── Asking the tests ──────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Asked:
    """One test: the functions it came to, by number, the seconds it took, and whether it failed."""

    number: int
    called: frozenset[int]
    seconds: float
    failed: bool


class Trials:
    """A pytest plugin: the tests are collected as ever, and run as said at the top."""

    def __init__(self, chosen: list[Removal], out: TextIO) -> None:
        self.chosen, self.out = chosen, out
        self.functions = list(dict.fromkeys(removal.function for removal in chosen))
        self.called: set[int] = set()
        self.failed: list[str] = []
        self.unnoticed = self.failing = 0

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        global trials
        trials = self
        self.session = session
        self.things = loaded(self.functions)
        for number, (function, things) in enumerate(zip(self.functions, self.things, strict=True)):
            for thing in things:
                thing.__globals__[NOTE] = self.called.add
                thing.__code__ = noting(function, number)
        begun = time.monotonic()
        with ProcessPoolExecutor(SIDE_BY_SIDE, get_context("fork"), alone_in_a_database) as pool:
            asked = [one for part in pool.map(ask_as_it_is, self.parts()) for one in part]
            failing = [session.items[one.number].nodeid for one in asked if one.failed]
            self.tell(tests=len(asked), failing_already=failing, seconds=round(time.monotonic() - begun))
            lists = [self.likely_first(removal, asked) for removal in self.chosen]
            for removal, tests, by in zip(self.chosen, lists, pool.map(ask_without, self.chosen, lists), strict=True):
                noticed = by is not None
                self.unnoticed += not noticed
                self.tell(place=removal.place, removed=removal.was, tests=len(tests), noticed=noticed, by=by)
        self.failing = len(failing)
        self.tell(removed=len(self.chosen), unnoticed=self.unnoticed, seconds=round(time.monotonic() - begun))
        return True

    def tell(self, **what: object) -> None:
        print(json.dumps(what), file=self.out, flush=True)

    def parts(self) -> list[list[int]]:
        """The numbers of the tests, module by module, the longest first."""
        of_module = defaultdict(list)
        for number, item in enumerate(self.session.items):
            of_module[item.path].append(number)
        return sorted(of_module.values(), key=len, reverse=True)

    def likely_first(self, removal: Removal, asked: list[Asked]) -> list[int]:
        """The tests that come to the function: its own room's, then the others, cheap modules before dear ones.

        Those that fail anyhow say nothing.
        """
        function = self.functions.index(removal.function)
        of_module = defaultdict(list)
        for one in asked:
            if function in one.called and not one.failed:
                of_module[self.session.items[one.number].path].append(one)
        room = ROOT / "tests" / removal.function.module.removeprefix("iop_portal.").split(".")[0]

        def likely(path: Path) -> tuple[bool, float]:
            return not path.is_relative_to(room), sum(one.seconds for one in of_module[path])

        return [one.number for path in sorted(of_module, key=likely) for one in of_module[path]]

    # In a worker

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid)

    def run(self, numbers: list[int]) -> Iterator[int]:
        """Run these, and leave only what is made once for all tests."""
        items = [self.session.items[number] for number in numbers]
        none = SimpleNamespace(listchain=lambda: [self.session])
        for number, item, following in zip(numbers, items, [*items, none][1:], strict=True):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            yield number

    def remove(self, removal: Removal) -> None:
        code = code_of(removal.function, compile(removal.text(), removal.function.path, "exec"))
        for thing in self.things[self.functions.index(removal.function)]:
            thing.__code__ = code


trials: Trials


def alone_in_a_database() -> None:
    """Each worker makes its own, by the first test that wants one, before it forks."""
    connection.settings_dict["TEST"]["NAME"] = f"mutants_{os.getpid()}"
    session = trials.session
    session.config.pluginmanager.unregister(name="terminalreporter")
    wants_one = (number for number, item in enumerate(session.items) if item.get_closest_marker("django_db"))
    deque(trials.run(list(islice(wants_one, 1))), maxlen=0)
    trials.failed.clear()


def ask_as_it_is(numbers: list[int]) -> list[Asked]:
    told = []
    begun = time.monotonic()
    trials.called.clear()
    for number in trials.run(numbers):
        ended = time.monotonic()
        told.append(Asked(number, frozenset(trials.called), ended - begun, bool(trials.failed)))
        begun = ended
        trials.called.clear()
        trials.failed.clear()
    return told


def ask_without(removal: Removal, numbers: list[int]) -> str | None:
    """Which test fails first in a fork that does without the filter."""
    connection.close()
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        status = 1
        try:
            signal.alarm(LONGEST)
            trials.remove(removal)
            os.write(writing, next((trials.failed[0] for _ in trials.run(numbers) if trials.failed), "").encode())
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        by = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return by or (f"ended with {status}" if status else None)


def main(arguments: list[str]) -> int:
    divide = arguments.index("--") if "--" in arguments else len(arguments)
    wanted = [argument for argument in arguments[:divide] if not argument.startswith("-")]
    tests = arguments[divide + 1 :] or [str(ROOT / "tests"), *(f"--ignore={ROOT / path}" for path in NOT_ASKED)]
    chosen = [one for part in wanted or [""] for one in removals(ROOT) if part in one.place]
    if "--list" in arguments:
        for one in chosen:
            print(f"{one.place}\t{one.was}\t{one.instead}")
        return 0
    # pytest keeps what is written to the terminal.
    with os.fdopen(os.dup(1), "w") as out:
        plugin = Trials(chosen, out)
        options = ["-q", "-p", "no:cacheprovider", "--reuse-db", "-m", QUICK, *tests]
        ended = pytest.main(["--rootdir", str(ROOT), "-c", str(ROOT / "pyproject.toml"), *options], [plugin])
    return int(ended) or int(bool(plugin.unnoticed or plugin.failing))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
