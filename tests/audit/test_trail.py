"""The trail: every verb has its sentence, every line its origin, and no line holds personal data."""

import ast
import re
import uuid
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction
from django.http import HttpResponse
from django.test import RequestFactory

from iop_portal.audit import trail, verbs
from iop_portal.audit.middleware import RememberAddress
from iop_portal.audit.models import Entry
from iop_portal.logs import RequestLog
from tests.factories import NOON, ProgramFactory, UserFactory

PACKAGES = ("iop_portal", "scheduling", "therapy", "relapse", "family", "alumni")
# What a fact may be made of: words and numbers out of the code, never out of somebody's life.
SAFE_NAMES = {
    "count",
    "shown",
    "kind",
    "category",
    "part",
    "state",
    "asked_by",
    "fields",
    "time",
    "attempts",
    "finding",
    "role",
    "hours",
    "glass",
    "review_owed",
    "late",
    "weekday",
    "stretches",
    "phase",
    "days",
    "tells_more",
    "section",
    "version",
    "booked",
    "cancelled",
    "kept",
    "made",
    "assigned",
    "released",
    "channel",
    "how",
    "late_by",
    "added",
}


def calls_of_record(root):
    """Every `trail.record(…)` or `record(…)` in the source, with where it stands."""
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in ("trail.record", "record"):
                    yield f"{path.relative_to(root)}:{node.lineno}", node


def verbs_of(node):
    """The verbs that a call may record; None where they cannot be read off the source."""
    first = node.args[0]
    if isinstance(first, ast.Constant):
        return [first.value]
    if isinstance(first, ast.IfExp) and all(isinstance(part, ast.Constant) for part in (first.body, first.orelse)):
        return [first.body.value, first.orelse.value]
    return None


def faults_in_verbs(root, known):
    faults = []
    for place, node in calls_of_record(root):
        for verb in verbs_of(node) or ():
            if verb not in known:
                faults.append(f"{place} records {verb}, which has no sentence")
    return faults


def test_every_recorded_verb_has_a_sentence():
    root = Path(settings.BASE_DIR)
    assert len(list(calls_of_record(root))) > 20
    assert faults_in_verbs(root, verbs.sentences) == []


def test_a_verb_without_a_sentence_is_found(tmp_path):
    (tmp_path / "iop_portal").mkdir()
    (tmp_path / "iop_portal" / "plain.py").write_text('trail.record("plan.eaten", by=x)\n')
    assert faults_in_verbs(tmp_path, verbs.sentences) == [
        "iop_portal/plain.py:1 records plan.eaten, which has no sentence"
    ]


def test_every_sentence_reads_on_from_a_name():
    for verb, sentence in verbs.sentences.items():
        subject, _, act = verb.partition(".")
        assert subject, verb
        assert act, verb
        assert str(sentence)[0].islower(), verb
        assert not str(sentence).endswith("."), verb


def test_only_the_client_is_spoken_to_as_you():
    told = [verbs.told_to_others(verb) for verb in verbs.sentences]
    assert [sentence for sentence in told if re.search(r"\byou", sentence)] == []
    assert verbs.told_to_others("client.opened") == "opened a client’s record"
    assert str(verbs.sentences["client.opened"]) == "opened your record"


def test_no_two_verbs_read_alike_in_a_list():
    told = [verbs.told_to_others(verb) for verb in verbs.sentences]
    assert len(set(told)) == len(told)


def test_an_unknown_verb_is_refused(db):
    with pytest.raises(KeyError):
        trail.record("plan.eaten")
    assert not Entry.objects.exists()


def test_a_verb_is_registered_once():
    with pytest.raises(ValueError, match=r"trail\.read"):
        verbs.register({"trail.read": "read something else"})


def test_a_line_says_who_did_what_to_whose_when(db):
    amara, maya, program = UserFactory(), UserFactory(), ProgramFactory()
    entry = trail.record("client.opened", program, client=maya, by=amara, at=NOON, facts={"count": 2})
    entry.refresh_from_db()
    assert (entry.verb, entry.actor, entry.client, entry.at) == ("client.opened", amara, maya, NOON)
    assert (entry.object_type, entry.object_id, entry.facts) == ("people.program", program.pk, {"count": 2})


def test_a_line_goes_with_the_write_that_it_tells_of(db):
    @transaction.atomic
    def fail_after_recording():
        trail.record("client.opened")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_recording()
    assert not Entry.objects.exists()


def recorded_during(request):
    def view(request):
        trail.record("client.opened")
        trail.record("trail.read")
        return HttpResponse()

    RequestLog(RememberAddress(view))(request)
    return list(Entry.objects.order_by("pk"))


def test_lines_of_one_request_share_its_address_and_its_number(db):
    first, second = recorded_during(RequestFactory().get("/", REMOTE_ADDR="203.0.113.7"))
    assert first.address == second.address == "203.0.113.7"
    assert first.request_id == second.request_id
    assert isinstance(first.request_id, uuid.UUID)
    other, _ = recorded_during(RequestFactory().get("/", REMOTE_ADDR="203.0.113.7"))[2:]
    assert other.request_id != first.request_id


def test_an_address_that_a_caller_made_up_is_not_believed(db):
    forged = RequestFactory().get("/", REMOTE_ADDR="203.0.113.7", HTTP_X_FORWARDED_FOR="198.51.100.1")
    assert {entry.address for entry in recorded_during(forged)} == {"203.0.113.7"}


def test_outside_a_request_there_is_no_address(db):
    recorded_during(RequestFactory().get("/", REMOTE_ADDR="203.0.113.7"))
    entry = trail.record("client.opened")
    assert (entry.address, entry.request_id) == (None, None)


def facts_of(node):
    return next((keyword.value for keyword in node.keywords if keyword.arg == "facts"), None)


def unknown_facts(root):
    return [
        f"{place} writes {key.value} into the facts: is that nothing personal? Then name it in SAFE_NAMES"
        for place, node in calls_of_record(root)
        if isinstance(facts := facts_of(node), ast.Dict)
        for key in facts.keys
        if key.value not in SAFE_NAMES
    ]


def test_facts_hold_nothing_personal():
    """Facts have names that are known to stand for states, kinds and counts."""
    assert unknown_facts(Path(settings.BASE_DIR)) == []


def test_a_fact_that_nobody_looked_at_is_found(tmp_path):
    (tmp_path / "iop_portal").mkdir()
    (tmp_path / "iop_portal" / "plain.py").write_text('trail.record("plan.eaten", facts={"email": x.email})\n')
    assert len(unknown_facts(tmp_path)) == 1
