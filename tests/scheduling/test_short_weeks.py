"""A week that holds less than what is prescribed: flagged by a rule, and owed by whoever takes it on."""

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse

from iop_portal.followups.acting import resolve_follow_up
from iop_portal.followups.models import FollowUp
from iop_portal.home.caseload import cases, rows_of
from iop_portal.notices.models import Notice
from scheduling.enrolling import discharge_from_care
from scheduling.short_weeks import HoursAreEnough, take_on_short_week
from tests.factories import NOON, admin
from tests.scheduling.booking_world import Clinic
from tests.signing_in import sign_in

pytestmark = pytest.mark.django_db

NEXT_WEEK = NOON + timedelta(days=7)


@pytest.fixture
def clinic():
    clinic = Clinic()
    clinic.prescribe(clinic.maya, hours=9, days=3)
    clinic.maya.enrolments.get().prescriptions.update(phase="core")
    return clinic


def take_on(clinic, *, by=None, now=NOON):
    take_on_short_week(clinic.maya.enrolments.get(), by=by or clinic.amara, now=now)


def flags(clinic, now=NOON):
    (row,) = rows_of(cases(clinic.amara, now=now), reader=clinic.amara, now=now)
    return [(flag.label, flag.tone) for flag in row.flags]


def owed():
    return [*FollowUp.objects.order_by("pk").values_list("kind", "owner__preferred_name", "acknowledged_by", "due_at")]


def test_who_takes_it_on_owes_it_and_is_not_told_so_by_mail(clinic):
    take_on(clinic)
    assert owed() == [("short_week", "Amara", clinic.amara.pk, NOON + timedelta(days=3))]
    assert [one.state for one in Notice.objects.filter(kind="follow_up_owed")] == ["withdrawn"]
    assert flags(clinic) == [("Below the planned hours", "you")]


def test_taken_on_twice_it_is_owed_once_whoever_asks(clinic):
    take_on(clinic)
    take_on(clinic, by=clinic.jonah)
    assert [owner for _kind, owner, _by, _due in owed()] == ["Amara"]


def test_what_came_of_it_ends_the_flag_for_this_week_and_not_for_the_next(clinic):
    take_on(clinic)
    resolve_follow_up(
        FollowUp.objects.get(), outcome="She has exams; two sessions next week.", by=clinic.amara, now=NOON
    )
    assert (flags(clinic), flags(clinic, NEXT_WEEK)) == ([], [("Below the planned hours", "you")])
    take_on(clinic, now=NEXT_WEEK)
    assert len(owed()) == 2


@pytest.mark.parametrize(
    "enough",
    [
        lambda enrolment: enrolment.prescriptions.update(phase="step_down"),
        lambda enrolment: enrolment.prescriptions.all().delete(),
        lambda enrolment: enrolment.client.enrolments.update(admitted_on=NOON.date()),
        lambda enrolment: enrolment.client.enrolments.update(
            state="discharged", discharged_on=NOON.date(), discharge_reason="completed"
        ),
    ],
)
def test_what_does_not_fall_short_is_not_taken_on(clinic, enough):
    enough(clinic.maya.enrolments.get())
    with pytest.raises(HoursAreEnough):
        take_on(clinic)
    assert owed() == []


def test_it_is_taken_on_where_it_stands(client, clinic):
    here = reverse("home:caseload") + "?show=admitted"
    sign_in(client, clinic.amara)
    with time_machine.travel(NOON, tick=False):
        (row,) = client.get(here).context["clients"]
        (flag,) = row.flags
        response = client.post(flag.take_on_url, {"here": here})
        told = client.get(response.url)
    assert response.url == here
    assert "It is with you." in told.content.decode()
    ((flag,),) = [row.flags for row in told.context["clients"]]
    assert (flag.take_on_url, flag.put_off_url) == ("", reverse("followups:snooze", args=[FollowUp.objects.get().pk]))
    assert clinic.maya.short_name in told.content.decode()


def test_a_week_that_was_filled_meanwhile_says_so(client, clinic):
    clinic.maya.enrolments.get().prescriptions.update(phase="continuing")
    sign_in(client, clinic.amara)
    enrolment = clinic.maya.enrolments.get()
    response = client.post(reverse("home:take_on_short_week", args=[enrolment.pk]), {"here": "//x.test"}, follow=True)
    assert "This week holds what is prescribed by now." in response.content.decode()
    assert (owed(), response.redirect_chain[-1][0]) == ([], reverse("home:caseload"))


def test_with_the_stay_it_is_settled(clinic):
    take_on(clinic)
    dana = admin(clinic.program)
    discharge_from_care(clinic.maya.enrolments.get(), reason="completed", by=dana, now=NOON)
    (settled,) = FollowUp.objects.all()
    assert (settled.resolved_by, settled.outcome) == (dana, "Nothing to do any more: their stay has ended.")
