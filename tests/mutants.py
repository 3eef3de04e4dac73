"""Remove each scoping filter, one at a time, and see a test fail: `python tests/mutants.py [part of a path] [--list]`.

A scoping filter is a call of a queryset method that takes a `user` (`.visible_to(user)`, `.run_by(user)`…), which
is replaced by `.all()`; and, inside those methods and the functions beside them that find keys, each condition by
itself. One JSON object a line says what became of each removal. The exit code is 1 if any went unnoticed.
"""

import ast
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from iop_portal.local_services import local_services  # noqa: E402
from tests.architecture import modules  # noqa: E402

RULES = "iop_portal.people.seeing"
# Quick ones first: the first failure ends the run. The app's own tests are asked too.
TESTS = ["tests/people", "tests/{app}", "tests/test_access.py", "tests/abuse"]
SIDE_BY_SIDE = 2
LONGEST = 240


@dataclass(frozen=True)
class Removal:
    """Replace one stretch of a file's bytes."""

    path: str
    line: int
    start: int
    end: int
    instead: str
    was: str


def removals(root: Path) -> list[Removal]:
    scopes = scoping_methods(root)
    found = []
    for name, tree in modules(root):
        path = root / Path(*name.split("."))
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        source = path.read_bytes()
        spans = {span for node in calls_of(tree, scopes) for span in [without_call(source, node)]}
        spans |= {span for function in rules_in(tree, name, scopes) for span in conditions(source, function)}
        for start, end, instead in sorted(spans):
            line = source[:start].count(b"\n") + 1
            was = " ".join(source[start:end].decode().split())
            found.append(Removal(str(path.relative_to(root)), line, start, end, instead, was))
    return found


def scoping_methods(root: Path) -> set[str]:
    """Methods of our querysets that take whom to show things to."""
    return {
        function.name
        for _, tree in modules(root)
        for owner in ast.walk(tree)
        if isinstance(owner, ast.ClassDef) and owner.name.endswith("QuerySet")
        for function in owner.body
        if isinstance(function, ast.FunctionDef) and "user" in {argument.arg for argument in function.args.args}
    }


def calls_of(tree: ast.Module, scopes: set[str]) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in scopes:
            yield node


def without_call(source: bytes, node: ast.Call) -> tuple[int, int, str]:
    return offset(source, node.func.value, end=True), offset(source, node, end=True), ".all()"


def rules_in(tree: ast.Module, name: str, scopes: set[str]) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and (node.name in scopes or name == RULES):
            yield node


def conditions(source: bytes, function: ast.FunctionDef) -> Iterator[tuple[int, int, str]]:
    """Each keyword of each filter, and each branch of an `or`, which shuts somebody out who should be let in."""
    branches = [node for node in ast.walk(function) if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr)]
    whole = [node.right for node in branches if isinstance(node.right, ast.Call) and len(node.right.keywords) == 1]
    for node in ast.walk(function):
        if node in whole:
            continue
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("filter", "Q", "exclude"):
            for keyword in node.keywords:
                start, end = offset(source, keyword), offset(source, keyword, end=True)
                after = source[end : end + 2]
                yield start, end + (1 if after.startswith(b",") else 0), ""
        if node in branches and "Q(" in ast.unparse(node):
            yield offset(source, node.left, end=True), offset(source, node, end=True), ""


def offset(source: bytes, node: ast.AST, *, end: bool = False) -> int:
    line, column = (node.end_lineno, node.end_col_offset) if end else (node.lineno, node.col_offset)
    return sum(map(len, source.splitlines(keepends=True)[: line - 1])) + column


def compiles(removal: Removal, text: bytes) -> bool:
    try:
        compile(text, removal.path, "exec")
    except SyntaxError:
        return False
    return True


def copy_of(root: Path, into: Path) -> Path:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        if (root / name).is_file():
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, into / name)
    return into


def judge(removal: Removal | None, tree: Path, database: str) -> dict[str, object]:
    """Run the tests on a copy without the filter (None: with everything in place)."""
    kept = None
    if removal is not None:
        path = tree / removal.path
        kept = path.read_bytes()
        text = kept[: removal.start] + removal.instead.encode() + kept[removal.end :]
        if not compiles(removal, text):
            raise SystemExit(f"{removal.path}:{removal.line} {removal.was}: cannot be removed like this")
        path.write_bytes(text)
    try:
        command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "-p", "no:cacheprovider", "--reuse-db"]
        app = Path(removal.path).parent.name if removal else "people"
        tests = dict.fromkeys(test for test in (test.format(app=app) for test in TESTS) if (tree / test).exists())
        ran = subprocess.run(
            [*command, *tests],
            cwd=tree,
            capture_output=True,
            text=True,
            check=False,
            timeout=LONGEST,
            env={**os.environ, "DATABASE_URL": database},
        )
    finally:
        if kept is not None:
            path.write_bytes(kept)
    seen = [line for line in ran.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    facts = {} if removal is None else {"path": removal.path, "line": removal.line, "removed": removal.was}
    # 1 is a test that failed, 2 a module that could not be imported; anything else says nothing about the filter.
    if ran.returncode not in (0, 1, 2):
        raise SystemExit(ran.stdout + ran.stderr)
    return {**facts, "noticed": ran.returncode != 0, "by": seen[0].split(" - ")[0].partition(" ")[2] if seen else None}


def main(arguments: list[str]) -> int:
    wanted = [argument for argument in arguments if not argument.startswith("-")]
    chosen = [one for one in removals(ROOT) if not wanted or any(part in one.path for part in wanted)]
    if "--list" in arguments:
        for one in chosen:
            print(f"{one.path}:{one.line}\t{one.was}\t{one.instead}")
        return 0
    survivors = 0
    with local_services() as services, tempfile.TemporaryDirectory() as folder:
        os.environ.update(services.environment)
        trees: Queue[tuple[Path, str]] = Queue()
        for number in range(SIDE_BY_SIDE):
            tree = copy_of(ROOT, Path(folder) / f"tree{number}")
            trees.put((tree, services.database_url.replace("/portal?", f"/mutant{number}?")))

        def one(removal: Removal | None) -> dict[str, object]:
            tree, database = trees.get()
            try:
                return judge(removal, tree, database)
            finally:
                trees.put((tree, database))

        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            if any(told["noticed"] for told in pool.map(one, [None] * SIDE_BY_SIDE)):
                print("With every filter in place the tests fail already.", file=sys.stderr)
                return 2
            for told in pool.map(one, chosen):
                print(json.dumps(told), flush=True)
                survivors += not told["noticed"]
    print(json.dumps({"removed": len(chosen), "unnoticed": survivors}))
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
