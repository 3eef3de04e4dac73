"""What the house forbids, as functions from a tree of files (or from models) to sentences about what is wrong.

They take the tree as an argument, so that the tests can plant a fault in another one and see it found.
"""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from django.apps import apps
from django.db import models

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("iop_portal", "scheduling", "therapy", "relapse", "family", "alumni")
FORBIDDEN_NAMES = {"services", "utils", "helpers", "common", "misc"}
ABOVE_SUBJECTS = {"urls", "views", "forms", "tasks"}
# Where a request is met. Everything else is called with what it needs.
MEETS_REQUESTS = {"views", "middleware", "doors", "adapters", "context", "headers", "logs", "health"}
HTTP = ("django.http", "django.shortcuts", "django.contrib.messages")
# Celery's own hooks tell of processes, not of the portal's facts.
SIGNALS = re.compile(r"^(?!celery\.)(.+\.)?(signals|dispatch)(\..+)?$")
# Time enters with a request, a beat or a command; below, it is an argument.
TAKES_THE_TIME = {"views", "middleware", "adapters", "tasks", "commands", "context", "health"}
CLOCKS = {"now", "utcnow", "today", "localdate", "localtime"}
CHANGES_CARE = {
    "therapy.admitting.admit_into_care",
    "therapy.prescribing.prescribe",
    "therapy.prescribing.change_prescription",
    "iop_portal.accounts.enrolments.discharge",
}
WORDS_OF_TOOLS = {"uniq", "unique", "check", "ck", "fk", "constraint", "idx"}


# ── Modules ───────────────────────────────────────────────────────────────────────────────────────────────────


def modules(root: Path) -> Iterator[tuple[str, ast.Module]]:
    """Our own modules by dotted name, without migrations."""
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            name = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
            if "migrations" not in name.split("."):
                yield name, parsed(path.read_text())


@cache
def parsed(source: str) -> ast.Module:
    """Read by many gates, in the tree and in its copies, and changed by none."""
    return ast.parse(source)


def imports(tree: ast.AST) -> Iterator[str]:
    """Everything imported, as dotted names: `from a import b` gives both a and a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def broken_contracts(root: Path) -> list[str]:
    """What import-linter says of the contracts in pyproject.toml."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()", "--no-cache"]
    ran = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    broken = re.findall(r"^(.+) BROKEN", ran.stdout, re.MULTILINE)
    return broken if ran.returncode in (0, 1) and bool(broken) == bool(ran.returncode) else [ran.stdout + ran.stderr]


def forbidden_names(root: Path) -> list[str]:
    return [
        f"{name}: a module is named for its subject"
        for name, _ in modules(root)
        if FORBIDDEN_NAMES & set(name.split("."))
    ]


def strangers_at_the_top(root: Path) -> list[str]:
    allowed = {*PACKAGES, "tests"}
    return [
        f"{path.parent.name}: no other package stands at the top"
        for path in sorted(root.glob("*/__init__.py"))
        if path.parent.name not in allowed
    ]


def signals_used(root: Path) -> list[str]:
    return [
        f"{name} imports {imported}: what happens is called by name, not signalled"
        for name, tree in modules(root)
        for imported in imports(tree)
        if SIGNALS.match(imported)
    ]


def inline_imports(root: Path) -> list[str]:
    return [
        f"{name}:{node.lineno} imports inside a function"
        for name, tree in modules(root)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]


def subjects_that_look_up(root: Path) -> list[str]:
    """A subject module knows nothing of the views, forms and tasks that call it."""
    faults = []
    for name, tree in modules(root):
        parts = set(name.split("."))
        if parts & (ABOVE_SUBJECTS | MEETS_REQUESTS | {"settings"}):
            continue
        for imported in imports(tree):
            app, _, rest = imported.partition(".")
            if app in PACKAGES and ABOVE_SUBJECTS & set(rest.split(".")):
                faults.append(f"{name} imports {imported}: views, forms and tasks call subjects, never the reverse")
    return faults


def http_below_views(root: Path) -> list[str]:
    return [
        f"{name} imports {imported}: requests are met in views"
        for name, tree in modules(root)
        if not MEETS_REQUESTS & set(name.split("."))
        for imported in imports(tree)
        if imported.startswith(HTTP)
    ]


def clocks_read(root: Path) -> list[str]:
    """`now or timezone.now()` is fine where `now` is an argument."""
    faults = []
    for name, tree in modules(root):
        if TAKES_THE_TIME & set(name.split(".")):
            continue
        defaults = {id(value) for node in ast.walk(tree) if isinstance(node, ast.BoolOp) for value in node.values[1:]}
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in CLOCKS
                and ast.unparse(node.func.value) in ("timezone", "datetime", "date", "datetime.datetime")
                and not (node.args and node.func.attr.startswith("local"))
                and id(node) not in defaults
            ):
                faults.append(f"{name}:{node.lineno} reads the clock: time is an argument")
    return faults


def care_changed_past_the_calendar(root: Path) -> list[str]:
    """Views that prescribe, admit or discharge by themselves would leave people booked where nobody expects them."""
    return [
        f"{name} calls {imported}: scheduling.enrolling does it with what is booked"
        for name, tree in modules(root)
        if "views" in name.split(".")
        for imported in imports(tree)
        if imported in CHANGES_CARE
    ]


def tasks_called_past_the_outbox(root: Path) -> list[str]:
    return [
        f"{name}:{node.lineno} calls .{node.func.attr}(): owe it in the outbox"
        for name, tree in modules(root)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("delay", "apply_async", "send_task")
    ]


def models_looked_up_above(root: Path) -> list[str]:
    """`apps.get_model("scheduling", …)` below scheduling would be an upward import in disguise."""
    faults = []
    for name, tree in modules(root):
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
                continue
            label = node.args[0].value if isinstance(node.args[0], ast.Constant) else None
            if node.func.attr == "get_model" and isinstance(label, str):
                mine, theirs = height(name), height_of_label(label.partition(".")[0])
                if mine is not None and theirs is not None and theirs > mine:
                    faults.append(f"{name} looks {label} up, which stands above it")
    return faults


# ── Models ────────────────────────────────────────────────────────────────────────────────────────────────────


def layers(root: Path = ROOT) -> list[set[str]]:
    """The layers contract, lowest first."""
    contracts = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    house = next(contract for contract in contracts if contract["type"] == "layers" and "containers" not in contract)
    return [set(re.findall(r"[\w.]+", layer)) for layer in reversed(house["layers"])]


def height(module: str) -> int | None:
    """How far up the house a module stands; None outside of it."""
    for rank, layer in enumerate(layers()):
        if any(module == name or module.startswith(f"{name}.") for name in layer):
            return rank
    return None


def height_of_label(label: str) -> int | None:
    return height(apps.get_app_config(label).name) if label in apps.app_configs else None


def own_models() -> list[type[models.Model]]:
    everything = apps.get_models(include_auto_created=True)
    return [model for model in everything if height_of_label(model._meta.app_label) is not None]


def targets(field: models.Field) -> Iterator[str]:
    """Labels of the apps that a relation leads to, `through` tables included."""
    for model in (field.remote_field.model, getattr(field.remote_field, "through", None)):
        if isinstance(model, str):
            yield model.partition(".")[0]
        elif model is not None:
            yield model._meta.app_label


def upward_relations(all_models: list[type[models.Model]]) -> list[str]:
    """Foreign keys, one-to-ones and many-to-manys point down the house, or stay at home."""
    faults = []
    for model in all_models:
        own = model._meta.app_label
        for field in model._meta.get_fields():
            if not field.is_relation or (field.auto_created and not field.concrete):
                continue
            if field.related_model is None:
                faults.append(f"{model._meta.label}.{field.name} may point anywhere: name the model")
                continue
            for target in targets(field):
                theirs, mine = height_of_label(target), height_of_label(own)
                if target != own and theirs is not None and theirs >= mine:
                    faults.append(f"{model._meta.label}.{field.name} points up, to {target}")
    return faults


def names_in(condition: models.Q) -> set[str]:
    found = set()
    for child in condition.children:
        found |= names_in(child) if isinstance(child, models.Q) else {child[0].partition("__")[0]}
    return found


def unpaired_times(all_models: list[type[models.Model]]) -> list[str]:
    """Where something may have happened, when and by whom are known together: one constraint names both."""
    faults = []
    for model in all_models:
        fields = {field.name: field for field in model._meta.get_fields() if field.concrete}
        checks = [names_in(c.condition) for c in model._meta.constraints if isinstance(c, models.CheckConstraint)]
        for name, field in fields.items():
            pair = {name, name.removesuffix("_at") + "_by"}
            if name.endswith("_at") and field.null and pair <= set(fields) and not any(pair <= c for c in checks):
                faults.append(f"{model._meta.label}: no constraint keeps {' and '.join(sorted(pair))} together")
    return faults


def constraints_without_a_sentence(all_models: list[type[models.Model]]) -> list[str]:
    return [
        f"{model._meta.label}: {constraint.name} does not read as the rule it keeps"
        for model in all_models
        for constraint in model._meta.constraints
        if len(constraint.name.split("_")) < 3 or WORDS_OF_TOOLS & set(constraint.name.split("_"))
    ]
