"""A log line says what happened, where in the code and how long it took. Never who, and never what they wrote."""

import io
import json
import logging

import pytest
from django.db import connection
from django.http import HttpResponse
from django.urls import path

from iop_portal import urls as portal
from iop_portal.celery import app
from iop_portal.logs import PlainFacts
from iop_portal.people.models import User
from tests.factories import UserFactory

CANARY = "canary"
ADDRESS = f"{CANARY}@portal.test"


def explode(request, token):
    note = request.POST["note"]
    raise ValueError(f"could not file {note} of {token}")


def collide(request, token):
    User.objects.create(email=ADDRESS, preferred_name=CANARY, surname=CANARY)


def wrapped(request, token):
    try:
        collide(request, token)
    except Exception as error:
        raise RuntimeError(request.POST["note"]) from error


def fine(request, token):
    return HttpResponse("ok")


handler500 = portal.handler500
urlpatterns = [
    *portal.urlpatterns,
    path("explode/<str:token>/", explode, name="explode"),
    path("collide/<str:token>/", collide, name="collide"),
    path("wrapped/<str:token>/", wrapped, name="wrapped"),
    path("fine/<str:token>/", fine, name="fine"),
]


@app.task(name="tests.fail_with_words")
def fail_with_words(note):
    raise ValueError(f"no room for {note}")


@pytest.fixture
def written():
    """What the production handler would have written, line by line."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(PlainFacts())
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.removeHandler(handler)
    root.setLevel(before)


@pytest.fixture
def member(client, settings):
    settings.ROOT_URLCONF = "tests.test_logs"
    client.raise_request_exception = False
    user = UserFactory(email=ADDRESS, preferred_name=CANARY)
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    return client


def ask(client, name):
    return client.post(
        f"/{name}/{CANARY}-token/?q={CANARY}",
        {"note": f"{CANARY} wrote this"},
        headers={"Referer": f"https://{CANARY}.example", "User-Agent": CANARY, "X-Note": CANARY},
    )


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["explode", "collide", "wrapped", "fine"])
def test_no_word_of_a_person_reaches_the_log(member, written, name, mailoutbox):
    answer = ask(member, name)

    assert answer.status_code == (200 if name == "fine" else 500)
    assert CANARY not in json.dumps(written())
    assert CANARY not in answer.content.decode()
    assert mailoutbox == []


@pytest.mark.django_db
def test_a_failure_can_still_be_found_by_type_and_place(member, written):
    ask(member, "wrapped")

    (line,) = [line for line in written() if line["logger"] == "django.request"]
    assert [error["type"] for error in line["error"]][:2] == ["builtins.RuntimeError", "django.db.utils.IntegrityError"]
    assert "tests/test_logs.py" in line["error"][0]["at"][-1]
    assert line["error"][0]["at"][-1].endswith(" wrapped")


@pytest.mark.django_db
def test_one_request_is_one_line_with_its_pattern_and_the_same_number_as_its_failures(member, written):
    ask(member, "explode")

    lines = written()
    (line,) = [line for line in lines if line["event"] == "request"]
    assert (line["level"], line["method"], line["view"], line["route"], line["status"]) == (
        *("error", "POST", "explode", "explode/<str:token>/", 500),
    )
    assert line["milliseconds"] >= 0
    (failure,) = [line for line in lines if "error" in line]
    assert failure["request"] == line["request"]


@pytest.mark.django_db
def test_an_address_that_leads_nowhere_and_a_made_up_method_are_not_repeated(member, written):
    member.get(f"/{CANARY}/nowhere/")
    member.generic(CANARY.upper(), "/nowhere/")

    assert CANARY not in json.dumps(written()).lower()
    assert [line.get("route") for line in written() if line["event"] == "request"] == [None, None]


def test_a_host_that_is_not_ours_is_not_repeated(client, written):
    client.get("/livez", headers={"Host": f"{CANARY}.example"})

    assert [line["logger"] for line in written() if line["level"] == "error"] == ["django.security.DisallowedHost"]
    assert CANARY not in json.dumps(written())


def test_a_task_that_fails_is_named_without_its_arguments(written):
    fail_with_words.apply(args=[f"{CANARY} wrote this"])

    (line,) = [line for line in written() if line["logger"] == "celery.app.trace" and "error" in line]
    assert line["task"] == "tests.fail_with_words"
    assert line["error"][0]["type"] == "builtins.ValueError"
    assert CANARY not in json.dumps(written())


@pytest.mark.parametrize("name", ["django.request", "kombu", "gunicorn.error", "some.library"])
def test_values_put_into_a_text_by_a_library_are_replaced_by_the_place(written, name):
    logging.getLogger(name).error("sent to " + ADDRESS)  # noqa: G003
    logging.getLogger(name).error("sent to %s", ADDRESS)

    place, constant = [line["event"] for line in written()]
    assert place.startswith("test_logs.test_values_put_into_a_text_by_a_library_are_replaced_by_the_place:")
    assert constant == "sent to %s"


@pytest.mark.django_db
def test_the_databases_own_words_are_not_logged(written):
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s", [CANARY])

    assert CANARY not in json.dumps(written())


def test_no_handler_but_ours_listens():
    for name in ("django", "django.request", "django.security", "celery", "gunicorn.error"):
        assert logging.getLogger(name).handlers == []
