"""The caseload as a file for a spreadsheet, and what is done about a flag where it stands."""

import csv
import io
from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from iop_portal.audit.models import Entry
from iop_portal.followups.models import FollowUp
from iop_portal.home.caseload_file import safe
from tests.factories import NOON
from tests.home.test_caseload import amara, caseload, client_of, names, owe, program
from tests.signing_in import sign_in

__all__ = ["amara", "program"]
pytestmark = pytest.mark.django_db


def lines_of(response):
    return [*csv.reader(io.StringIO(response.content.decode("utf-8-sig")))]


def test_the_file_holds_those_that_the_list_holds_and_the_notice(client, program, amara):
    for name in ("Ana", "Ben"):
        client_of(amara, program, name)
    client_of(amara, program, "Cleo", state="referred")
    sign_in(client, amara)

    titles, *people, notice = lines_of(client.get(reverse("home:caseload_file"), {"show": "admitted"}))

    assert [line[:5] for line in people] == [
        [name, "Harbor House", "care team", "admitted", ""] for name in ("Ana T.", "Ben T.")
    ]
    assert {len(line) for line in people} == {len(titles)}
    assert notice == ["42 CFR part 2 prohibits unauthorized use or disclosure of these records."]


def test_its_name_says_nothing_and_no_copy_of_it_is_kept(client, amara):
    with time_machine.travel(NOON, tick=False):
        response = sign_in(client, amara).get(reverse("home:caseload_file"))
    named = 'attachment; filename="list-2026-11-24.csv"'
    assert (response["Content-Disposition"], response["Content-Type"]) == (named, "text/csv; charset=utf-8")
    assert "no-store" in response["Cache-Control"]


def test_the_file_of_those_who_were_searched_for_is_sent_for(client, program, amara):
    for name in ("Ana", "Ben"):
        client_of(amara, program, name)
    _titles, *people, _notice = lines_of(sign_in(client, amara).post(reverse("home:caseload_file"), {"q": "an"}))
    assert [line[0] for line in people] == ["Ana T."]


def test_taking_it_out_leaves_a_line_with_its_length(client, program, amara):
    client_of(amara, program, "Ana")
    sign_in(client, amara).get(reverse("home:caseload_file"))
    entry = Entry.objects.get(verb="caseload.exported")
    assert (entry.actor, entry.client, entry.facts) == (amara, None, {"count": 1})


@pytest.mark.parametrize("many", [2, 30])
def test_it_takes_as_many_queries_for_many_as_for_few(client, program, amara, many, django_assert_num_queries):
    for number in range(many):
        client_of(amara, program, f"Person{number}")
    sign_in(client, amara).get(reverse("home:caseload_file"))
    with django_assert_num_queries(12):
        lines = lines_of(client.get(reverse("home:caseload_file")))
    assert len(lines) == many + 2


@pytest.mark.parametrize("word", ["=1+1", "+1", "-1", "@sum", "\t=1", "\r=1", "\n=1", " =1", "\uff1d1"])
def test_what_could_be_a_formula_is_words(word):
    assert safe(word) == f"'{word}"


def test_a_name_is_no_formula(client, program, amara):
    client_of(amara, program, "=1+1")
    (_titles, (name, *_rest), _notice) = lines_of(sign_in(client, amara).get(reverse("home:caseload_file")))
    assert name == "'=1+1 T."


@pytest.mark.parametrize("word", ["Maya T.", "7½", "", "2026-11-26 17:30", "O'Neil"])
def test_other_words_stay_as_they_are(word):
    assert safe(word) == word


def test_a_flag_is_taken_on_and_put_off_where_it_stands(client, program, amara):
    other = client_of(amara, program, "Ana")
    maya = client_of(amara, program, "Maya")
    owed = owe(maya, amara, now=timezone.now() - timedelta(minutes=1))
    here = reverse("home:caseload") + "?show=admitted"
    (flag,) = caseload(amara, now=timezone.now())[0].flags
    sign_in(client, amara)

    assert client.post(flag.take_on_url, {"here": here}).url == here
    assert FollowUp.objects.get(pk=owed.pk).acknowledged_by == amara
    assert client.post(flag.put_off_url, {"here": here, "later": "day"}).url == here

    rows = caseload(amara, now=timezone.now())
    ((flag,), none) = rows[1].flags, rows[0].flags
    assert (names(rows), none) == ([other.short_name, maya.short_name], ())
    assert (flag.tone, flag.take_on_url, flag.put_off_url) == ("quiet", "", "")
    assert "Put off until" in flag.why
    assert names(caseload(amara, now=timezone.now() + timedelta(days=2))) == [maya.short_name, other.short_name]


@pytest.mark.parametrize("here", ["https://elsewhere.test/", "//elsewhere.test/", "javascript:x", ""])
def test_nobody_is_led_out_of_the_portal(client, program, amara, here):
    owed = owe(client_of(amara, program, "Maya"), amara, now=NOON)
    response = sign_in(client, amara).post(reverse("followups:acknowledge", args=[owed.pk]), {"here": here})
    assert response.url == reverse("followups:mine")
