"""Answering on pages: one question after another, with help at once where it is needed."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from iop_portal.audit.models import Entry
from iop_portal.people.models import Enrolment
from iop_portal.people.roles import Role
from tests.factories import ProgramFactory, admin, clinician, enrolled, held, on_care_team
from tests.signing_in import sign_in
from tests.therapy.measured import CRAVING, GAD, PHQ, always_on_call, answer, points, sent
from therapy.asking import ask
from therapy.models import Answer, Asking, Duty, Sheet

pytestmark = pytest.mark.django_db


@pytest.fixture
def harbor():
    return ProgramFactory(name="Harbor House", phone="+1 212 555 0100", after_hours_phone="+1 212 555 0111")


@pytest.fixture
def amara(harbor):
    amara = clinician(harbor, preferred_name="Amara")
    always_on_call(harbor, amara)
    return amara


@pytest.fixture
def maya(harbor, amara, client):
    maya = enrolled(harbor, preferred_name="Maya")
    on_care_team(amara, maya, part="primary")
    sign_in(client, maya)
    return maya


def words(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def at(sheet, item):
    return reverse("therapy:question", args=[sheet.pk, item])


def test_a_whole_sheet_from_being_asked_to_seeing_what_came_of_it(client, maya):
    ask(maya.enrolments.get(), GAD, by=None, now=timezone.now())
    assert "A few questions about the last two weeks" in words(client.get("/"))
    where = client.post(reverse("therapy:begin_measure", args=["gad-7"])).url
    for number in range(1, 8):
        shown = words(client.get(where))
        assert f"Question {number} of 7" in shown
        assert "Over the last 2 weeks, how often have you been bothered" in shown
        where = client.post(where, {"answer": "2" if number < 4 else "1"}).url
    assert "Look at your answers" in words(client.get(where))
    result = client.get(client.post(where).url)

    assert "10 of 21 · moderate" in words(result)
    assert "It is not a diagnosis" in words(result)
    assert "No permission required to reproduce" in words(result)
    assert "A few questions about the last two weeks" not in words(client.get("/"))
    assert Asking.objects.get().end == "answered"


def test_one_can_stop_go_back_and_go_on(client, maya):
    sheet = answer(maya, GAD, {"1": 3, "2": 0}, now=timezone.now())
    assert client.post(reverse("therapy:begin_measure", args=["gad-7"])).url == at(sheet, "3")
    back = client.get(at(sheet, "2"))
    assert re.search(r'value="0"[^>]*checked', back.content.decode())
    assert client.post(at(sheet, "2"), {"answer": "no"}).url == at(sheet, "3")
    assert dict(sheet.answers.values_list("item", "value")) == {"1": 3, "2": None}


def test_no_choice_comes_back_with_a_sentence(client, maya):
    sheet = answer(maya, GAD, {}, now=timezone.now())
    refused = client.post(at(sheet, "1"), {"answers": "1"})
    assert refused.status_code == 400
    assert "Choose an answer, or “I prefer not to say”." in words(refused)
    for forged in ("7", "-1", "x", ""):
        assert client.post(at(sheet, "1"), {"answer": forged}).status_code == 400
    assert not Answer.objects.exists()


def test_help_comes_before_anything_else(client, maya):
    sheet = answer(maya, PHQ, {str(number): 0 for number in range(1, 9)}, now=timezone.now())
    where = client.post(at(sheet, "9"), {"answer": "1"}).url
    assert where == reverse("therapy:measure_help", args=[sheet.pk, "9"])
    shown = client.get(where).content.decode()
    for there in ("tel:988", "sms:988", "sms:741741", "tel:911", "555 0100", "555 0111", "Go on when you want"):
        assert there in shown
    assert at(sheet, "10") in shown
    assert sheet.alerts.count() == 1


def test_help_says_who_was_told_and_never_more_than_is_so(client, maya):
    there = "Those of us who are there for you have been told"
    nobody = "Nobody of us is on call at this hour, so please do not wait for us"
    sheet = answer(maya, PHQ, {"9": 2}, now=timezone.now())
    where = reverse("therapy:measure_help", args=[sheet.pk, "9"])
    shown = words(client.get(where))
    assert (there in shown, nobody in shown) == (True, False)

    unheard = words(client.get(reverse("therapy:measure_help", args=[sheet.pk, "1"])))
    assert (there in unheard, nobody in unheard) == (False, False)

    Duty.objects.all().delete()
    shown = words(client.get(where))
    assert (there in shown, nobody in shown) == (False, True)


def test_what_comes_too_late_leads_to_help_and_says_that_it_was_heard(client, maya):
    sheet = answer(maya, PHQ, {"1": 1}, now=timezone.now())
    Enrolment.objects.update(state="discharged", discharged_on=timezone.now().date(), discharge_reason="left")
    stopped = client.post(at(sheet, "9"), {"answer": "2"})
    assert stopped.status_code == 409
    assert "tel:988" in stopped.content.decode()
    assert "Those of us who are there for you have been told" in words(stopped)
    assert sheet.alerts.get().value == 2


def test_what_was_sent_in_is_not_answered_again(client, maya):
    sheet = sent(maya, GAD, points(GAD, 5), now=timezone.now())
    for response in (client.get(at(sheet, "1")), client.post(at(sheet, "1"), {"answer": "3"})):
        assert response.status_code == 409
        assert "You have sent this in already." in words(response)
    again = client.post(reverse("therapy:check_measure", args=[sheet.pk]), follow=True)
    assert "You have sent this in already." in words(again)
    assert Sheet.objects.get().score == 5


def test_who_has_left_reads_what_they_answered_and_is_told_why_no_more(client, maya):
    now = timezone.now()
    sent(maya, GAD, points(GAD, 5), now=now)
    begun = answer(maya, CRAVING, {}, now=now)
    Enrolment.objects.update(state="discharged", discharged_on=now.date(), discharge_reason="completed")

    stopped = client.post(at(begun, "1"), {"answer": "8"})
    assert stopped.status_code == 409
    assert "Nothing is asked here before somebody is admitted or after they have left." in words(stopped)
    assert client.post(reverse("therapy:begin_measure", args=["gad-7"])).status_code == 409
    assert "5 of 21" in words(client.get(reverse("therapy:measures")))


def test_with_nobody_on_call_it_says_when_and_who_answers_meanwhile(client, maya):
    Duty.objects.all().delete()
    page = client.get(reverse("therapy:measures"))
    assert "we ask this only while somebody of us is on call" in words(page)
    assert "tel:988" in page.content.decode()
    refused = client.post(reverse("therapy:begin_measure", args=["phq-9"]))
    assert refused.status_code == 409
    assert "tel:988" in refused.content.decode()
    assert client.post(reverse("therapy:begin_measure", args=["gad-7"])).status_code == 302


def test_paused_outside_staffed_hours_and_a_heavy_answer_is_still_kept(client, maya):
    sheet = answer(maya, PHQ, {"1": 1}, now=timezone.now() - timedelta(hours=1))
    Duty.objects.all().delete()
    assert client.get(at(sheet, "2")).status_code == 409
    assert client.post(at(sheet, "9"), {"answer": "3"}).url == reverse("therapy:measure_help", args=[sheet.pk, "9"])
    assert sheet.alerts.get().value == 3


def test_nobody_opens_somebody_else_s(client, maya, harbor):
    other = enrolled(harbor)
    sheet = answer(other, GAD, {"1": 1}, now=timezone.now())
    for response in (
        client.get(at(sheet, "1")),
        client.post(at(sheet, "1"), {"answer": "0"}),
        client.post(reverse("therapy:check_measure", args=[sheet.pk])),
        client.get(reverse("therapy:measure_help", args=[sheet.pk, "1"])),
        client.get(reverse("therapy:question", args=[10**9, "1"])),
        client.get(reverse("therapy:measure", args=["who-5"])),
    ):
        assert response.status_code == 404
    assert Answer.objects.get().value == 1


def test_somebody_reads_each_answer_they_ever_gave(client, maya):
    now = timezone.now()
    for number in range(6):
        worry = number % 4
        sent(maya, GAD, points(GAD, worry, **{"1": worry}), now=now - timedelta(days=7 * number))
    where = reverse("therapy:measure", args=["gad-7"])
    sign_in(client, maya)

    pages = [client.get(where, {"page": page}).context for page in (1, 2)]

    first = [context["rows"][0].chosen for context in pages]
    assert [len(context["page"]) for context in pages] == [4, 2]
    assert first == [
        ("Not at all", "Several days", "More than half the days", "Nearly every day"),
        ("Not at all", "Several days"),
    ]
    assert "What you answered" in words(client.get(where))


# ── For the care team ─────────────────────────────────────────────────────────────────────────────────────────


def test_the_care_team_reads_every_answer_and_the_client_finds_that_they_did(client, maya, amara):
    now = timezone.now()
    sent(maya, PHQ, points(PHQ, 16, **{"6": None}), now=now - timedelta(days=14))
    sent(maya, PHQ, points(PHQ, 16), now=now)
    sign_in(client, amara)
    shown = words(client.get(reverse("therapy:client_measure", args=[maya.pk, "phq-9"])))

    assert "16 of 27 · moderately severe" in shown
    assert "At or above the mark" in shown
    assert "Prefers not to say" in shown
    entry = Entry.objects.get(verb="measure.viewed")
    assert (entry.client, entry.actor, entry.facts) == (maya, amara, {"count": 2})
    assert "16 of 27" in words(client.get(reverse("home:client", args=[maya.pk])))


def test_nobody_else_reads_them(client, maya, harbor):
    sent(maya, GAD, points(GAD, 5), now=timezone.now())
    where = reverse("therapy:client_measure", args=[maya.pk, "gad-7"])
    for user, status in (
        (clinician(harbor), 404),
        (clinician(ProgramFactory()), 404),
        (admin(harbor), 403),
        (held(Role.FAMILY, harbor), 403),
        (enrolled(harbor), 403),
    ):
        sign_in(client, user)
        assert client.get(where).status_code == status


def test_a_clinician_asks_and_asking_again_says_so(client, maya, amara):
    sign_in(client, amara)
    where = reverse("therapy:ask_client", args=[maya.pk, "gad-7"])
    assert "Asked." in words(client.post(where, follow=True))
    assert "They have been asked today already." in words(client.post(where, follow=True))
    assert "does not use these questions" in words(
        client.post(reverse("therapy:ask_client", args=[maya.pk, "pc-ptsd-5"]), follow=True)
    )
    assert Asking.objects.get().by == amara


def test_a_clinician_sees_until_when_they_are_on_call(client, maya, amara):
    sign_in(client, amara)
    assert "You are on call for Harbor House until" in words(client.get(reverse("home:caseload")))


# ── The office ────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_office_sets_how_often_and_adds_a_pack(client, harbor, amara):
    sign_in(client, admin(harbor))
    page = client.get(reverse("office:change_measure", args=[harbor.pk, "pc-ptsd-5"]))
    seen = page.context["form"]["seen"].value()
    days = {"first_every_days": "30", "every_days": "60", "later_every_days": "90", "last_every_days": "120"}
    data = {"in_use": "on", **days, "flag_from": "3", "seen": seen}
    assert client.post(page.request["PATH_INFO"], data).status_code == 302
    assert "Start 30, Core 60, Step-down 90, Continuing care 120." in words(
        client.get(reverse("office:measures", args=[harbor.pk]))
    )
    stale = client.post(page.request["PATH_INFO"], {**data, "every_days": "30"})
    assert stale.status_code == 409
    assert client.post(page.request["PATH_INFO"], {**data, "flag_from": "9"}).status_code in (400, 409)


def test_the_office_keeps_the_roster(client, harbor):
    amara = clinician(harbor, preferred_name="Amara")
    sign_in(client, admin(harbor))
    assert "Nobody is ever on call, so PHQ-9 is not asked" in words(
        client.get(reverse("office:measures", args=[harbor.pk]))
    )
    data = {"clinician": amara.pk, "weekdays": ["0", "1"], "begins": "21:00", "ends": "07:00"}
    where = reverse("office:add_duty", args=[harbor.pk])
    assert client.post(where, data).status_code == 302
    assert client.post(where, data).status_code == 409
    assert client.post(where, {**data, "weekdays": []}).status_code == 400
    shown = words(client.get(reverse("office:on_call", args=[harbor.pk])))
    assert "Monday 9:00 pm – 12:00 am Amara Tester Take off" in shown
    day = {"day": (timezone.localdate() + timedelta(days=3)).isoformat(), "clinician": "", "begins": "", "ends": ""}
    assert client.post(reverse("office:set_duty_day", args=[harbor.pk]), day).status_code == 302
    assert (
        client.post(reverse("office:set_duty_day", args=[harbor.pk]), {**day, "clinician": amara.pk}).status_code == 400
    )
    duty = Duty.objects.filter(weekday=0).first()
    assert client.post(reverse("office:remove_duty", args=[duty.pk])).status_code == 302
    assert not Duty.objects.filter(pk=duty.pk).exists()


def test_what_was_asked_stands_first(client, maya):
    ask(maya.enrolments.get(), GAD, by=None, now=timezone.now())
    offers = client.get(reverse("therapy:measures")).context["offers"]
    assert [offer.asked for offer in offers] == [True, *(False for _ in offers[1:])]
    assert (offers[0].instrument, len(offers) > 1) == (GAD, True)
