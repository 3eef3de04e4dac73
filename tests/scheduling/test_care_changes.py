"""Another phase, other hours or days: the client is told once, and finds it on their first page until they look."""

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse

from iop_portal.audit.models import Entry
from iop_portal.home.for_you import suggestions_for
from iop_portal.notices.channels import Channel
from iop_portal.notices.delivery import deliver_owed
from iop_portal.notices.models import Notice
from iop_portal.people.models import Enrolment
from scheduling.enrolling import (
    admit_into_track,
    change_care,
    discharge_from_care,
    set_track_series,
    track_series_version,
)
from tests.factories import NOON, TrackFactory, enrolled
from tests.scheduling.series_world import Timetable
from tests.signing_in import sign_in
from therapy.care_changes import CHANGED, changes_unseen_by, see_changes
from therapy.models import Prescription
from therapy.prescribing import current_prescription, prescription_version

pytestmark = pytest.mark.django_db
CORE = {"phase": "core", "hours": 9, "days": 3}
LESS = {"phase": "step_down", "hours": 6, "days": 2}
LATER = NOON + timedelta(days=1)


@pytest.fixture
def clinic():
    return Timetable()


@pytest.fixture
def evening(clinic):
    return TrackFactory(program=clinic.program, name="Evening")


@pytest.fixture
def maya(clinic, evening):
    """In the core phase since today."""
    enrolment = Enrolment.objects.get(client=clinic.maya)
    change(clinic, enrolment, evening)
    return enrolment


def change(clinic, enrolment, track, now=NOON, **care):
    seen = prescription_version(current_prescription(enrolment))
    wanted = {**CORE, **care}
    return change_care(enrolment, seen=seen, track=track, reason="Your weeks hold.", by=clinic.amara, now=now, **wanted)


def told(kind=CHANGED):
    return sorted((each.to.preferred_name, each.channel) for each in Notice.objects.owed().filter(kind=kind))


def rows(person, now=LATER):
    return [(str(row.title), str(row.text), row.url) for row in suggestions_for(person, now=now) if "/care/" in row.url]


def deliver(channel):
    return deliver_owed(channel=channel, clock=lambda: LATER)


CARE = "/care/"


@pytest.mark.parametrize(
    ("care", "row"),
    [
        (LESS, ("You are in another phase now", "Step-down: 6 hours on 2 days a week", CARE)),
        ({"hours": 12}, ("What is planned for you has changed", "Core: 12 hours on 3 days a week", CARE)),
        ({"days": 4}, ("What is planned for you has changed", "Core: 9 hours on 4 days a week", CARE)),
    ],
)
def test_a_change_alone_is_told_by_mail_and_in_the_portal_and_stands_on_the_first_page(
    clinic, evening, maya, care, row
):
    assert (told(), rows(clinic.maya)) == ([], [])
    change(clinic, maya, evening, now=LATER, **care)
    assert told() == [("Maya", "mail"), ("Maya", "portal")]
    assert rows(clinic.maya) == [row]


def test_where_the_mail_about_sessions_goes_out_there_is_no_second_one(clinic, evening, maya):
    series = clinic.series()
    seen = track_series_version(evening)
    set_track_series(evening, {series: ("core",)}, seen=seen, by=clinic.dana, now=NOON)
    Notice.objects.all().delete()
    change(clinic, maya, evening, now=LATER, **LESS)
    assert (told("appointments_changed"), told()) == ([("Maya", "mail")], [("Maya", "portal")])
    assert len(rows(clinic.maya)) == 1


def test_the_same_again_and_the_first_of_all_tell_nothing(clinic, evening, maya):
    change(clinic, maya, evening, now=LATER)
    noor = clinic.client("Noor", "referred").enrolments.get()
    admit_into_track(noor, counsellor=clinic.amara, track=evening, **CORE, by=clinic.dana, now=NOON)
    assert (told(), rows(clinic.maya), rows(noor.client)) == ([], [], [])


def test_once_looked_at_it_is_told_no_more(client, clinic, evening, maya):
    change(clinic, maya, evening, now=LATER, **LESS)
    deliver(Channel.PORTAL)
    with time_machine.travel(LATER + timedelta(hours=1), tick=False):
        page = sign_in(client, clinic.maya)
        first = page.get(reverse("home:landing")).content.decode()
        assert (first.count("You are in another phase now"), "1 is new" in first) == (1, False)
        care = page.get(CARE).content.decode()
        assert "Your weeks hold." in care
        assert "You are in another phase now" not in page.get(reverse("home:landing")).content.decode()
        page.get(CARE)
    assert Notice.objects.unread().filter(to=clinic.maya).count() == 0
    assert Entry.objects.filter(verb="care.change_seen", client=clinic.maya, actor=clinic.maya).count() == 1
    assert deliver(Channel.MAIL) == 0
    assert Notice.objects.get(kind=CHANGED, channel="mail").state == "withdrawn"


def test_of_two_changes_only_the_last_is_told(clinic, evening, maya):
    change(clinic, maya, evening, now=LATER, **LESS)
    change(clinic, maya, evening, now=LATER, **LESS | {"hours": 3})
    assert rows(clinic.maya) == [("What is planned for you has changed", "Step-down: 3 hours on 2 days a week", CARE)]
    assert (deliver(Channel.PORTAL), deliver(Channel.MAIL)) == (1, 1)


def test_after_a_discharge_nothing_of_it_is_told(clinic, evening, maya):
    change(clinic, maya, evening, now=LATER, **LESS)
    discharge_from_care(maya, reason="completed", by=clinic.dana, now=LATER)
    assert (rows(clinic.maya), deliver(Channel.PORTAL)) == ([], 0)


def test_nobody_else_finds_it_or_makes_it_seen(client, clinic, evening, maya):
    change(clinic, maya, evening, now=LATER, **LESS)
    for person in (enrolled(clinic.program), enrolled(clinic.program, "discharged"), clinic.amara, clinic.dana):
        sign_in(client, person).get(CARE)
        see_changes(person, now=LATER)
        assert changes_unseen_by(person) == []
    assert [one.now.hours for one in changes_unseen_by(clinic.maya)] == [6]
    assert Prescription.objects.exclude(seen_at=None).count() == 0
