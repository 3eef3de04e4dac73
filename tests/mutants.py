"""Remove each scoping filter, one at a time, and see a test fail: `python tests/mutants.py [part of a path] [--list]`.

A scoping filter is a call of a queryset method that takes a `user` (`.visible_to(user)`, `.run_by(user)`…), which
is replaced by `.all()`; and, inside those methods and the functions beside them that find keys, each condition by
itself. One JSON object a line says what became of each removal. The exit code is 1 if any went unnoticed.
"""

import ast
import json
import os
import re
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
SIDE_BY_SIDE = 2
LONGEST = 1200


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


def tests_of(removal: Removal, tree: Path) -> list[list[str]]:
    """Arguments for one run of the tests after another: what is likely to notice first, then all that could."""
    parts = [part for part in Path(removal.path).parts if part != "iop_portal"]
    rows = rows_of(tree / removal.path, tree) if "views" in removal.path else []
    likely = [["tests/test_access.py", "-k", " or ".join(f"{name}-" for name in rows)]] if rows else [["tests/people"]]
    own = f"tests/{parts[0]}"
    return [*likely, *([[own]] if (tree / own).is_dir() else []), ["tests/test_access.py", "tests/abuse"], ["tests"]]


def rows_of(view: Path, tree: Path) -> list[str]:
    """The names of the URLs whose views stand in a module."""
    urls = view.parents[0 if view.stem == "views" else 1] / "urls.py"
    space = re.findall(r'app_name = "(\w+)"', urls.read_text()) if urls.exists() else []
    named = re.findall(rf'\b{view.stem}\.\w+, name="(\w+)"', urls.read_text()) if space else []
    return [f"{space[0]}:{name}" for name in named]


def judge(removal: Removal, tree: Path, database: str) -> dict[str, object]:
    """Take the filter out of a copy, and run tests until one fails."""
    path = tree / removal.path
    kept = path.read_bytes()
    text = kept[: removal.start] + removal.instead.encode() + kept[removal.end :]
    if not compiles(removal, text):
        raise SystemExit(f"{removal.path}:{removal.line} {removal.was}: cannot be removed like this")
    path.write_bytes(text)
    try:
        by = next(filter(None, (first_failure(tests, tree, database) for tests in tests_of(removal, tree))), None)
    finally:
        path.write_bytes(kept)
    return {"path": removal.path, "line": removal.line, "removed": removal.was, "noticed": by is not None, "by": by}


def first_failure(tests: list[str], tree: Path, database: str) -> str | None:
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "-p", "no:cacheprovider", "--reuse-db"]
    ran = subprocess.run(
        [*command, "-m", "not journey and not looks and not faults", *tests],
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST,
        env={**os.environ, "DATABASE_URL": database},
    )
    # 1 is a test that failed, 2 a module that could not be imported, 5 that there was nothing to run.
    if ran.returncode not in (0, 1, 2, 5):
        raise SystemExit(ran.stdout + ran.stderr)
    seen = [line.split(" - ")[0] for line in ran.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return (seen or [ran.stdout[-300:]])[0] if ran.returncode in (1, 2) else None


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

        def one(removal: Removal) -> dict[str, object]:
            tree, database = trees.get()
            try:
                return judge(removal, tree, database)
            finally:
                trees.put((tree, database))

        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            tree, database = trees.queue[0]
            if failed := first_failure(["tests/people", "tests/test_access.py"], tree, database):
                print(f"With every filter in place a test fails already: {failed}", file=sys.stderr)
                return 2
            for told in pool.map(one, chosen):
                print(json.dumps(told), flush=True)
                survivors += not told["noticed"]
    print(json.dumps({"removed": len(chosen), "unnoticed": survivors}))
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
