"""Requests that no page sends: other methods, foreign keys in a form, and fields that a form does not have."""

import json
from collections import Counter
from datetime import timedelta

import pytest
from django import forms
from django.apps import apps
from django.db import connection
from django.urls import get_resolver
from django.utils import timezone

from tests.asking import PASSING, address
from tests.test_access import BY_NAME, PAGES

# Known only at the moment, or counted on by the database.
FLEETING = {"at", "since", "until", "password", "token_hash", "request_id", "secret", "last_login", "expires_on"}
SEALED = "gAAAA"
# Spare codes: asking for them is what is noted.
SHOWN_ONCE = {"mfa_view_recovery_codes", "mfa_download_recovery_codes"}
# Where what fits each field is taken; elsewhere it takes a story, or a mail, to get that far.
TAKE_WHAT_FITS = {
    "home:withdraw",
    "home:tell",
    "account_confirm_email",
    "accounts:settings",
    "mfa_deactivate_totp",
    "mfa_remove_webauthn",
    "followups:acknowledge",
    "office:open_program",
    "office:change_program",
    "office:add_room",
    "office:change_room",
    "office:take_room_out_of_use",
    "office:give_role",
    "office:end_role",
    "office:invite",
    "office:discharge",
    "office:join_care_team",
    "office:review_glass",
    "office:send_message_again",
    "office:let_message_go",
    "office:invite_client",
    "office:withdraw_invitation",
    "office:send_invitation_again",
}
FORMS = [page for page in PAGES if "POST" in page.methods]
BY_ANYBODY_WHO_MAY = ["anonymous", "client", "team", "admin"]


def where(page, doorstep):
    patterns, samples = get_resolver().url_patterns, doorstep.world.samples
    after = address(BY_NAME[page.after], patterns, samples) if page.after else None
    return address(page, patterns, samples), after


def one_who_may(page):
    return next((name for name in BY_ANYBODY_WHO_MAY[::-1] if page.outcome(name, "POST") == "in"), None)


@pytest.mark.parametrize("persona", BY_ANYBODY_WHO_MAY)
def test_a_head_shows_and_changes_nothing(db, doorstep, persona):
    """What GET may show and note as shown, HEAD may; a denial is denied whatever the method."""
    faults = []
    for page in PAGES:
        path, after = where(page, doorstep)
        with doorstep.ask(persona, "HEAD", path, after=after) as response:
            if response.status_code >= 500:
                faults.append(f"{page.name}: {response.status_code}")
            if response.content:
                faults.append(f"{page.name}: HEAD has a body")
            if page.name not in SHOWN_ONCE:
                shown = doorstep.faults_of_denial(persona, response)
                allowed = page.outcome(persona, "GET") == "in"
                faults += [f"{page.name}: {fault}" for fault in shown if fault.startswith("changes") or not allowed]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("method", ["OPTIONS", "PUT", "PATCH", "DELETE", "TRACE"])
def test_no_other_method_shows_or_changes_anything(db, doorstep, method):
    """Not even to somebody to whom the page is open."""
    faults = []
    for page in PAGES:
        path, after = where(page, doorstep)
        persona = next((name for name in BY_ANYBODY_WHO_MAY[::-1] if page.outcome(name, "GET") == "in"), "client")
        with doorstep.ask(persona, method, path, after=after) as response:
            if response.status_code >= 500:
                faults.append(f"{page.name}: {response.status_code}")
            faults += [f"{page.name}: {fault}" for fault in doorstep.faults_of_denial(persona, response)]
    assert not faults, "\n".join(faults)


# ── Keys of somebody else's ───────────────────────────────────────────────────────────────────────────────────


def forms_of(response):
    """The forms of the page, as the view gave them to its template."""
    contexts = response.context or []
    found = {id(value): value for context in contexts for layer in context for value in _values(layer)}
    return [value for value in found.values() if isinstance(value, forms.BaseForm)]


def _values(layer):
    return list(layer.values()) if isinstance(layer, dict) else []


@pytest.mark.parametrize("page", [page for page in FORMS if one_who_may(page)], ids=lambda page: page.name)
def test_no_form_offers_what_is_of_another_program(db, doorstep, page):
    world = doorstep.world
    away = {world.elsewhere.pk, world.other_admin.pk}
    persona = one_who_may(page)
    path, after = where(page, doorstep)
    with doorstep.ask(persona, "POST", path, after=after) as response:
        for form in forms_of(response):
            for name, field in form.fields.items():
                if isinstance(field, forms.ModelChoiceField):
                    offered = field.queryset
                    if offered.model._meta.label == "people.User":
                        assert not offered.filter(pk__in=away).exists(), name
                    elif offered.model._meta.label == "people.Program":
                        assert not offered.filter(name="Zq-away House").exists(), name
                    elif offered.model._meta.label == "consents.Consent":
                        assert not offered.exclude(client=world.client).exists(), name


# ── Fields that a form does not have ──────────────────────────────────────────────────────────────────────────


def filled_in(form):
    """Something that fits each field."""
    return {
        form.add_prefix(name): str(form.get_initial_for_field(field, name) or fitting(name, field))
        for name, field in form.fields.items()
    }


def fitting(name, field):
    today = timezone.now().date()
    match field:
        case forms.ModelChoiceField():
            return str(next(iter(field.queryset.values_list("pk", flat=True)), ""))
        case forms.ChoiceField():
            return str(next((key for key, _ in _flat(field.choices) if key), ""))
        case forms.EmailField():
            return "someone@portal.test"
        case forms.IntegerField():
            return str(field.min_value or 1)
        case forms.TimeField():
            return "08:00" if name.endswith("until") else "21:00"
        case forms.DateField():
            return (today + timedelta(days=20)).isoformat()
        case forms.BooleanField():
            return "on"
    if "phone" in name:
        return "+1 555 0199"
    return "Words that are long enough to be a reason"[: field.max_length or 100]


def _flat(choices):
    for key, label in choices:
        yield from label if isinstance(label, list | tuple) else [(key, label)]


def everything_else(doorstep, own):
    """Every column of every model, with values that would do harm."""
    world = doorstep.world
    harm = {"id": world.other_client.pk, "pk": world.other_client.pk, "is_superuser": "on", "is_staff": "on"}
    columns = [column for model in apps.get_models() for column in model._meta.concrete_fields]
    # Of one name, somebody else's key does more harm than a number, which may happen to be one of one's own.
    for column in sorted(columns, key=lambda column: column.is_relation):
        for key in (column.name, column.attname):
            harm[key] = _harm(column, world)
    return {key: value for key, value in harm.items() if key not in own}


def _harm(column, world):
    if column.is_relation:
        return world.other_client.pk if column.related_model._meta.label == "people.User" else 1
    if column.choices:
        return [key for key, _ in column.flatchoices][-1]
    return {"BooleanField": "on", "DateTimeField": "2030-01-01 00:00", "DateField": "2030-01-01"}.get(
        column.get_internal_type(), "7"
    )


def count_from_a_million():
    """Keys are given out again after a rollback, so that both tries get the same."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval(oid::regclass, 1000000) FROM pg_class WHERE relkind = 'S'")


def rows_now():
    tables = sorted(set(connection.introspection.table_names()) - PASSING)
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(f"SELECT '{t}', row_to_json(x)::text FROM \"{t}\" x" for t in tables))
        return Counter((table, _lasting(row)) for table, row in cursor.fetchall())


def _lasting(row):
    kept = {
        key: value
        for key, value in json.loads(row).items()
        if key not in FLEETING
        and not str(value).startswith(SEALED)
        and not key.endswith(("_at", "_key", "_since"))
        and key != "not_before"
    }
    return json.dumps(kept, sort_keys=True)


def rows_before(doorstep):
    if not hasattr(doorstep, "rows"):
        doorstep.rows = rows_now()
    return doorstep.rows


@pytest.mark.parametrize("page", [page for page in FORMS if one_who_may(page)], ids=lambda page: page.name)
def test_fields_that_a_form_does_not_have_change_nothing(db, doorstep, page):
    persona = one_who_may(page)
    path, after = where(page, doorstep)
    with doorstep.ask(persona, "POST", path, after=after) as response:
        own = {key: value for form in forms_of(response) for key, value in filled_in(form).items()}
    count_from_a_million()
    with doorstep.ask(persona, "POST", path, own, after=after) as response:
        plain, plainly = rows_now(), response.status_code
    if page.name in TAKE_WHAT_FITS:
        assert plain != rows_before(doorstep), "nothing was changed by what fits the form, so this shows nothing"
    count_from_a_million()
    with doorstep.ask(persona, "POST", path, own | everything_else(doorstep, own), after=after) as response:
        laden, ladenly = rows_now(), response.status_code
    assert (ladenly, laden - plain, plain - laden) == (plainly, Counter(), Counter())
