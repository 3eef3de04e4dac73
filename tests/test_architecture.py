"""The shape of the house holds, and each gate that says so goes red on a planted fault of its kind."""

import shutil
import tomllib

import pytest
from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.test.utils import isolate_apps

from tests import architecture as house

GATES = [
    house.forbidden_names,
    house.strangers_at_the_top,
    house.signals_used,
    house.inline_imports,
    house.subjects_that_look_up,
    house.http_below_views,
    house.clocks_read,
    house.tasks_called_past_the_outbox,
    house.care_changed_past_the_calendar,
    house.models_looked_up_above,
    house.broken_contracts,
]


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.__name__)
def test_the_tree_keeps(gate):
    faults = gate(house.ROOT)
    assert not faults, "\n".join(faults)


@pytest.fixture
def copy(tmp_path):
    """A copy of the tree, to plant faults in."""
    for package in house.PACKAGES:
        shutil.copytree(house.ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(house.ROOT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("gate", "path", "text", "said"),
    [
        (house.broken_contracts, "therapy/tracks.py", "import family", "Imports point down the house"),
        (house.broken_contracts, "iop_portal/people/seen.py", "import iop_portal.audit.trail", "down the house"),
        (house.broken_contracts, "iop_portal/home/day.py", "import iop_portal.office", "down the house"),
        (house.broken_contracts, "relapse/forms.py", "import relapse.views", "Inside an app"),
        (house.broken_contracts, "relapse/models.py", "import relapse.tasks", "Inside an app"),
        (house.broken_contracts, "relapse/plans.py", "import relapse.checkins", "side by side"),
        (house.forbidden_names, "therapy/utils.py", "", "named for its subject"),
        (house.forbidden_names, "iop_portal/people/services/__init__.py", "", "named for its subject"),
        (house.strangers_at_the_top, "billing/__init__.py", "", "at the top"),
        (house.signals_used, "therapy/echo.py", "from django.db.models import signals", "not signalled"),
        (house.signals_used, "therapy/echo.py", "from django.dispatch import receiver", "not signalled"),
        (house.signals_used, "therapy/echo.py", "from allauth.account.signals import user_logged_in", "not signalled"),
        (house.inline_imports, "therapy/late.py", "def f():\n    import json\n", "inside a function"),
        (
            house.care_changed_past_the_calendar,
            "iop_portal/office/views/clients.py",
            "from therapy.prescribing import prescribe",
            "scheduling.enrolling does it",
        ),
        (house.subjects_that_look_up, "therapy/tracks.py", "from scheduling.forms import Book", "never the reverse"),
        (house.http_below_views, "therapy/tracks.py", "from django.shortcuts import redirect", "met in views"),
        (house.http_below_views, "therapy/tracks.py", "from django.contrib import messages", "met in views"),
        (house.clocks_read, "therapy/tracks.py", "def due(): return timezone.now()", "time is an argument"),
        (house.clocks_read, "therapy/tracks.py", "def due(): return date.today()", "time is an argument"),
        (house.clocks_read, "therapy/tracks.py", "def due(): return timezone.localdate()", "time is an argument"),
        (house.tasks_called_past_the_outbox, "therapy/tracks.py", "send.delay(1)", "outbox"),
        (house.models_looked_up_above, "therapy/tracks.py", 'apps.get_model("family", "Tie")', "stands above"),
        (house.models_looked_up_above, "therapy/tracks.py", 'apps.get_model("family.Tie")', "stands above"),
    ],
)
def test_a_planted_fault_is_seen(copy, gate, path, text, said):
    (copy / "relapse/views.py").write_text("")
    (copy / "relapse/tasks.py").write_text("")
    (copy / "relapse/checkins.py").write_text("import relapse.plans")
    planted = copy / path
    planted.parent.mkdir(parents=True, exist_ok=True)
    if not (planted.parent / "__init__.py").exists():
        (planted.parent / "__init__.py").touch()
    planted.write_text(text)

    assert [fault for fault in gate(copy) if said in fault]


def test_the_time_may_default(copy):
    (copy / "therapy/tracks.py").write_text("def due(now=None):\n    return now or timezone.now()\n")
    assert house.clocks_read(copy) == []


def test_every_app_keeps_the_order_inside():
    contracts = tomllib.loads((house.ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (inside,) = [contract for contract in contracts if "containers" in contract]
    installed = [app for app in settings.INSTALLED_APPS if app.startswith(house.PACKAGES)]
    assert sorted(inside["containers"]) == sorted(installed)


def test_every_app_has_its_place_in_the_house():
    installed = [app for app in settings.INSTALLED_APPS if app.startswith(house.PACKAGES)]
    assert [app for app in installed if house.height(app) is None] == []


# ── Models ────────────────────────────────────────────────────────────────────────────────────────────────────

MODEL_GATES = [house.upward_relations, house.unpaired_times, house.constraints_without_a_sentence]


@pytest.mark.parametrize("gate", MODEL_GATES, ids=lambda gate: gate.__name__)
def test_the_models_keep(gate):
    assert house.own_models()
    faults = gate(house.own_models())
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    "relation",
    [
        lambda: models.ForeignKey("family.Tie", models.CASCADE),
        lambda: models.OneToOneField("scheduling.Room", models.CASCADE),
        lambda: models.ManyToManyField("scheduling.Room"),
        lambda: models.ManyToManyField("people.User", through="scheduling.Seat"),
    ],
    ids=["foreign key", "one to one", "many to many", "through"],
)
@isolate_apps("iop_portal.people", "therapy")
def test_an_upward_relation_is_seen(relation):
    class Track(models.Model):
        upward = relation()

        class Meta:
            app_label = "therapy"

    assert [fault for fault in house.upward_relations([Track]) if "points up" in fault]


@isolate_apps("therapy")
def test_a_relation_to_anything_is_seen():
    class Remark(models.Model):
        kind = models.ForeignKey(ContentType, models.CASCADE)
        key = models.BigIntegerField()
        about = GenericForeignKey("kind", "key")

        class Meta:
            app_label = "therapy"

    assert house.upward_relations([Remark]) == ["therapy.Remark.about may point anywhere: name the model"]


@isolate_apps("therapy")
def test_a_downward_relation_is_fine():
    class Track(models.Model):
        lead = models.ForeignKey("people.User", models.PROTECT, related_name="+")
        before = models.ForeignKey("self", models.PROTECT, related_name="+")

        class Meta:
            app_label = "therapy"

    assert house.upward_relations([Track]) == []


@isolate_apps("therapy")
def test_a_time_without_its_actor_is_seen():
    class Note(models.Model):
        signed_at = models.DateTimeField(null=True)
        signed_by = models.ForeignKey("people.User", models.PROTECT, null=True, related_name="+")

        class Meta:
            app_label = "therapy"

    assert house.unpaired_times([Note]) == ["therapy.Note: no constraint keeps signed_at and signed_by together"]


@isolate_apps("therapy")
def test_a_constraint_named_by_a_tool_is_seen():
    class Note(models.Model):
        number = models.IntegerField()

        class Meta:
            app_label = "therapy"
            constraints = [models.UniqueConstraint(fields=["number"], name="therapy_note_number_uniq")]

    assert len(house.constraints_without_a_sentence([Note])) == 1
