"""An answer above zero to item 9: who is told at once, how it goes on, and how it ends."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.urls import reverse

from iop_portal.accounts.apart import keep_apart
from iop_portal.accounts.glass import break_glass
from iop_portal.audit.models import Entry
from iop_portal.consents.models import Category
from iop_portal.followups.acting import DoneElsewhere, NotAClinicianHere, hand_over, resolve_follow_up
from iop_portal.followups.escalation import escalate_overdue
from iop_portal.followups.models import FollowUp
from iop_portal.notices.models import Notice
from iop_portal.people.models import Apart, Enrolment, RoleHeld
from iop_portal.people.roles import Role
from tests.factories import NOON, ProgramFactory, admin, clinician, enrolled, held, on_care_team, permission_of
from tests.signing_in import sign_in
from tests.therapy.measured import GAD, PHQ, always_on_call, answer, points, sent
from therapy import alerts, asking, measures
from therapy.alerts import alert_version, alerts_administered_by, alerts_open_to, close_alert, may_close
from therapy.models import Alert, ClinicalPolicy, Disposition
from therapy.oncall import set_day

pytestmark = pytest.mark.django_db

WITHIN = timedelta(minutes=15)


@pytest.fixture
def harbor():
    return ProgramFactory(name="Harbor House")


@pytest.fixture
def office(harbor):
    return admin(harbor, preferred_name="Office")


@pytest.fixture
def amara(harbor):
    """Maya's primary counsellor."""
    return clinician(harbor, preferred_name="Amara")


@pytest.fixture
def lena(harbor):
    """On call day and night, on nobody's care team."""
    lena = clinician(harbor, preferred_name="Lena")
    always_on_call(harbor, lena)
    return lena


@pytest.fixture
def maya(harbor, amara, lena, office):
    maya = enrolled(harbor, preferred_name="Maya", surname="Torres", phone="+1 212 555 0142")
    on_care_team(amara, maya, part="primary")
    return maya


def raised(maya, value=1, now=NOON):
    return answer(maya, PHQ, {"9": value}, now=now).alerts.first()


def measured_and_sent(maya):
    return sent(maya, PHQ, {**points(PHQ, 4), "9": 0})


def owners():
    return sorted(FollowUp.objects.open().values_list("kind", "owner__preferred_name"))


def closed(alert, by, now=NOON, seen=None):
    seen = seen or alert_version(Alert.objects.get(pk=alert.pk))
    return close_alert(alert, done=["spoke", "screened"], words="She is safe tonight.", seen=seen, by=by, now=now)


# ── At once ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("value", [1, 2, 3])
def test_any_answer_above_zero_reaches_the_counsellor_and_who_is_on_call_before_anything_is_sent_in(maya, value):
    alert = raised(maya, value)

    assert alert.sheet.sent_at is None
    assert owners() == [("safety_answer", "Amara"), ("safety_answer_on_call", "Lena")]
    assert {each.due_at for each in FollowUp.objects.all()} == {NOON + WITHIN}
    told = Notice.objects.owed().order_by("to__preferred_name").values_list("kind", "to__preferred_name", "not_before")
    assert list(told) == [("follow_up_owed", "Amara", NOON), ("follow_up_owed", "Lena", NOON)]


@pytest.mark.parametrize("value", [0, None])
def test_not_at_all_and_not_to_say_ask_nobody(maya, value):
    assert raised(maya, value) is None
    assert owners() == []


def test_one_who_is_both_has_one_act(maya, amara, harbor):
    set_day(harbor, NOON.date(), None, None, by=amara, now=NOON)
    FollowUp.objects.all().delete()
    from_now = NOON + timedelta(days=1)
    harbor.duties.all().delete()
    always_on_call(harbor, amara)
    raised(maya, now=from_now)
    assert owners() == [("safety_answer", "Amara")]


def test_who_is_kept_apart_from_them_hears_nothing_of_it(maya, lena, office, harbor):
    keep_apart(maya, lena, asked_by=Apart.AskedBy.SAFETY, by=office, now=NOON)
    raised(maya)
    assert owners() == [("safety_answer", "Amara"), ("safety_answer_on_call", "Office")]
    with pytest.raises(NotAClinicianHere):
        hand_over(FollowUp.objects.get(owner=office), to=lena, by=office, now=NOON)

    for minutes in range(0, 120, 5):
        escalate_overdue(now=NOON + timedelta(minutes=minutes))
        assert not FollowUp.objects.filter(owner=lena).exists()


def test_an_admin_kept_apart_from_them_is_not_the_one_whom_it_comes_to(maya, lena, office, harbor):
    other = admin(harbor, preferred_name="Other")
    keep_apart(maya, office, asked_by=Apart.AskedBy.CLIENT, by=other, now=NOON)
    harbor.duties.all().delete()
    always_on_call(harbor, lena)
    raised(maya)
    escalate_overdue(now=NOON + WITHIN)
    assert ("safety_answer", "Other") in owners()


def test_kept_apart_while_it_is_with_them_it_goes_on_at_once(maya, lena, office):
    alert = raised(maya)
    keep_apart(maya, lena, asked_by=Apart.AskedBy.SAFETY, by=office, now=NOON)
    assert not alerts_open_to(lena, NOON).exists()
    assert not FollowUp.objects.visible_to(lena).exists()
    escalate_overdue(now=NOON + timedelta(minutes=1))
    assert not FollowUp.objects.filter(owner=lena).exists()
    assert alert.closed_at is None


def test_with_nobody_on_call_an_admin_has_it_too(maya, amara, harbor):
    sheet = measures.begin(maya, PHQ, by=maya, now=NOON)
    set_day(harbor, NOON.date(), None, None, by=amara, now=NOON)
    measures.give_answer(sheet, PHQ.item("9"), 1, by=maya, now=NOON + timedelta(minutes=10))
    assert owners() == [("safety_answer", "Amara"), ("safety_answer_on_call", "Office")]


def test_without_a_care_team_who_is_on_call_has_it(maya, amara):
    amara.care_teams.update(until=NOON)
    raised(maya)
    assert owners() == [("safety_answer_on_call", "Lena")]


def test_the_family_is_never_told_whatever_was_permitted(maya, harbor):
    rosa = held(Role.FAMILY, harbor, preferred_name="Rosa")
    permission_of(maya, category=Category.EMERGENCY, recipient=rosa, recipient_name="Rosa Tester")
    Notice.objects.all().delete()
    raised(maya)
    escalate_overdue(now=NOON + 10 * WITHIN)
    assert not Notice.objects.filter(to=rosa).exists()


def test_saying_the_same_again_tells_nobody_again(maya):
    alert = raised(maya)
    for value in (1, 0, 1, 3):
        measures.give_answer(alert.sheet, PHQ.item("9"), value, by=maya, now=NOON)
    assert Alert.objects.count() == 1
    assert FollowUp.objects.count() == 2


def test_a_heavier_answer_stands_in_the_alert_that_is_open_and_a_lighter_one_does_not(client, maya, lena):
    alert = raised(maya, 1)
    for value, kept in ((3, 3), (2, 3), (0, 3)):
        measures.give_answer(alert.sheet, PHQ.item("9"), value, by=maya, now=NOON)
        assert Alert.objects.get().value == kept

    shown = page(client, lena, alert).content.decode()
    assert "Nearly every day" in shown
    assert "They have changed it since: <strong>Not at all</strong>" in shown


def test_what_was_answered_too_late_to_be_kept_is_heard_all_the_same(maya, amara, lena):
    left, sent = answer(maya, PHQ, {"1": 1}), answer(maya, GAD, {})
    later = NOON + timedelta(days=4)
    with pytest.raises(measures.LeftTooLong):
        measures.give_answer(left, PHQ.item("9"), 2, by=maya, now=later)
    assert [(each.sheet, each.value) for each in Alert.objects.all()] == [(left, 2)]
    assert owners() == [("safety_answer", "Amara"), ("safety_answer_on_call", "Lena")]
    assert (left.answers.count(), sent.answers.count()) == (1, 0)

    with pytest.raises(measures.LeftTooLong):
        measures.give_answer(left, PHQ.item("9"), 0, by=maya, now=later)
    assert Alert.objects.count() == 1


def test_who_was_discharged_in_the_middle_of_it_is_heard_by_who_is_on_call(maya, lena):
    sheet = answer(maya, PHQ, {"1": 1})
    Enrolment.objects.update(state="discharged", discharged_on=NOON.date(), discharge_reason="left")
    with pytest.raises(asking.NotAdmitted):
        measures.give_answer(sheet, PHQ.item("9"), 1, by=maya, now=NOON)
    assert owners() == [("safety_answer_on_call", "Lena")]
    assert list(alerts_open_to(lena, NOON)) == [Alert.objects.get()]


def test_a_heavier_answer_to_what_was_sent_in_is_heard(maya, amara):
    sheet = measured_and_sent(maya)
    with pytest.raises(measures.SentAlready):
        measures.give_answer(sheet, PHQ.item("9"), 0, by=maya, now=NOON)
    assert not Alert.objects.exists()
    with pytest.raises(measures.SentAlready):
        measures.give_answer(sheet, PHQ.item("9"), 3, by=maya, now=NOON)
    assert Alert.objects.get().value == 3
    assert sheet.answers.get(item="9").value == 0


def test_a_heavier_answer_after_somebody_acted_is_a_new_one(maya, amara):
    alert = raised(maya, 1)
    closed(alert, amara)
    measures.give_answer(alert.sheet, PHQ.item("9"), 1, by=maya, now=NOON)
    assert owners() == []
    measures.give_answer(alert.sheet, PHQ.item("9"), 2, by=maya, now=NOON)
    assert len(owners()) == 2
    with pytest.raises(IntegrityError, match="one_open_alert_for_an_answer"), transaction.atomic():
        Alert.objects.create(sheet=alert.sheet, item="9", value=3, raised_at=NOON)


# ── Until somebody acts ───────────────────────────────────────────────────────────────────────────────────────


def test_it_goes_on_after_the_minutes_of_the_program_until_it_is_written_down(maya, harbor, amara, lena):
    ClinicalPolicy.objects.create(program=harbor, alert_minutes=5)
    alert = raised(maya)

    assert escalate_overdue(now=NOON + timedelta(minutes=4)) == 0
    escalate_overdue(now=NOON + timedelta(minutes=5))
    assert ("safety_answer", "Office") in owners()
    escalate_overdue(now=NOON + timedelta(minutes=10))
    assert ("safety_answer", "Amara") in owners()
    closed(alert, amara, now=NOON + timedelta(minutes=11))
    assert owners() == []
    assert escalate_overdue(now=NOON + timedelta(hours=5)) == 0


def test_it_is_closed_in_writing_and_by_nothing_else(maya, amara):
    alert = raised(maya)
    follow_up = FollowUp.objects.get(kind="safety_answer")

    with pytest.raises(DoneElsewhere):
        resolve_follow_up(follow_up, outcome="Fine", by=amara, now=NOON)
    for done, words in (([], "Spoke"), (["spoke"], "  "), (["nothing"], "Spoke")):
        with pytest.raises(alerts.NothingWritten):
            close_alert(alert, done=done, words=words, seen="1", by=amara, now=NOON)
    with pytest.raises(DatabaseError, match="nobody has written"), transaction.atomic():
        Alert.objects.update(closed_at=NOON)
    with pytest.raises(IntegrityError, match="a_disposition_says_what_was_done"), transaction.atomic():
        Disposition.objects.create(alert=alert, done=["slept"], words="x", by=amara, at=NOON)
    assert Alert.objects.open().get() == alert


def test_what_was_done_is_sealed_and_stays(maya, amara):
    written = closed(raised(maya), amara)

    with transaction.atomic(), pytest.raises(DatabaseError):
        Disposition.objects.update(done=["seen"])
    assert (written.done_in_words, written.words) == (
        ["Spoke with them", "C-SSRS screener"],
        "She is safe tonight.",
    )
    assert "safe" not in FollowUp.objects.filter(kind="safety_answer").get().outcome


def test_the_second_to_write_is_told_and_loses_nothing(maya, amara, lena):
    alert = raised(maya)
    closed(alert, lena)
    with pytest.raises(alerts.SeenToAlready):
        closed(alert, amara)
    assert Disposition.objects.get().by == lena


# ── Who sees it ───────────────────────────────────────────────────────────────────────────────────────────────


def test_who_sees_the_answer(maya, harbor, amara, lena, office):
    alert = raised(maya)
    colleague, away = clinician(harbor), clinician(ProgramFactory())

    seen = {user: list(alerts_open_to(user, NOON)) for user in (amara, lena, colleague, away, office, maya)}
    assert seen == {amara: [alert], lena: [alert], colleague: [], away: [], office: [], maya: []}
    assert list(alerts_administered_by(office)) == []
    escalate_overdue(now=NOON + WITHIN)
    assert list(alerts_administered_by(office)) == [alert]
    assert list(alerts_open_to(office, NOON)) == []


def test_who_wrote_what_was_done_reads_it_still(maya, lena):
    alert = raised(maya)
    closed(alert, lena)
    assert list(alerts_open_to(lena, NOON)) == [alert]


def test_who_wrote_what_was_done_reads_it_while_they_work_there(maya, lena, harbor):
    closed(raised(maya), lena)
    RoleHeld.objects.filter(user=lena).delete()
    RoleHeld.objects.create(user=lena, program=harbor, role=Role.ADMIN)
    RoleHeld.objects.create(user=lena, program=ProgramFactory(), role=Role.CLINICIAN)
    assert not alerts_open_to(lena, NOON).exists()


@pytest.mark.parametrize("change", [{"closed_at": None}, {"value": 1}, {"item": "8"}])
def test_what_was_closed_stays_closed_and_nothing_is_taken_away(maya, amara, change):
    alert = raised(maya, 2)
    closed(alert, amara)
    with pytest.raises(IntegrityError, match="an_alert_stays"), transaction.atomic():
        Alert.objects.update(**change)
    with pytest.raises(IntegrityError, match="an_alert_stays"), transaction.atomic():
        Alert.objects.filter(pk=alert.pk)._raw_delete(using="default")


def test_an_open_alert_gets_no_lighter_and_is_not_deleted(maya):
    alert = raised(maya, 2)
    with pytest.raises(IntegrityError, match="an_alert_stays"), transaction.atomic():
        Alert.objects.update(value=1)
    with pytest.raises(IntegrityError, match="an_alert_stays"), transaction.atomic():
        Alert.objects.filter(pk=alert.pk)._raw_delete(using="default")


def test_an_emergency_access_reads_and_does_not_close(maya, harbor, amara):
    alert = raised(maya)
    daniel = clinician(harbor)
    break_glass(maya, reason="She called the front desk", by=daniel, now=NOON)

    assert list(alerts_open_to(daniel, NOON)) == [alert]
    with pytest.raises(alerts.NotYoursToClose):
        closed(alert, daniel)


def test_who_was_on_call_reads_it_no_more_once_it_went_on(maya, lena, amara):
    raised(maya)
    FollowUp.objects.filter(kind="safety_answer").update(owner=amara)
    escalate_overdue(now=NOON + WITHIN)
    assert not FollowUp.objects.filter(owner=lena).exists()
    assert not alerts_open_to(lena, NOON).exists()


@pytest.mark.parametrize("what", ["kind", "about_id", "owner", "on_duty", "resolved_at", "works_elsewhere"])
def test_an_answer_is_read_and_closed_on_duty_by_who_owes_just_that_there(maya, lena, office, what):
    alert = raised(maya)
    owed = FollowUp.objects.filter(owner=lena)
    assert (list(alerts_open_to(lena, NOON)), may_close(alert, lena, NOON)) == ([alert], True)
    if what == "works_elsewhere":
        lena.roles_held.update(program=ProgramFactory())
    else:
        otherwise = {"kind": "plan_to_sign", "about_id": 0, "owner": office, "on_duty": False, "resolved_at": NOON}
        over = {"resolved_by": lena, "outcome": "x"} if what == "resolved_at" else {}
        owed.update(**{what: otherwise[what]}, **over)
    assert (list(alerts_open_to(lena, NOON)), may_close(alert, lena, NOON)) == ([], False)


@pytest.mark.parametrize("what", ["kind", "about_id", "owner", "resolved_at", "works_elsewhere"])
def test_the_office_finds_what_came_to_it_there(maya, office, amara, what):
    alert = raised(maya)
    owed = FollowUp.objects.filter(owner=amara)
    owed.update(owner=office)
    assert list(alerts_administered_by(office)) == [alert]
    if what == "works_elsewhere":
        office.roles_held.update(program=ProgramFactory())
    else:
        otherwise = {"kind": "plan_to_sign", "about_id": 0, "owner": amara, "resolved_at": NOON}
        over = {"resolved_by": office, "outcome": "x"} if what == "resolved_at" else {}
        FollowUp.objects.filter(owner=office).update(**{what: otherwise[what]}, **over)
    assert list(alerts_administered_by(office)) == []


def test_who_looks_after_somebody_else_or_elsewhere_closes_nothing(maya, harbor):
    alert, elsewhere = raised(maya), ProgramFactory()
    his, hers_elsewhere = clinician(harbor), clinician(elsewhere)
    on_care_team(his, enrolled(harbor))
    day = NOON.date() - timedelta(days=9)
    held = maya.enrolments.create(program=elsewhere, state="admitted", referred_on=day, admitted_on=day)
    held.care_team.create(clinician=hers_elsewhere, part="primary", since=NOON)
    for other in (his, hers_elsewhere):
        with pytest.raises(alerts.NotYoursToClose):
            closed(alert, other)


def test_with_whom_it_is_says_that_of_this_answer_alone(maya, harbor, amara, lena):
    alert, ben = raised(maya), enrolled(harbor)
    daniel = clinician(harbor)
    on_care_team(daniel, ben, part="primary")
    other = raised(ben)
    assert (alerts.owners_of(alert), alerts.owners_of(other)) == ([amara, lena], [daniel, lena])
    assert alerts.follow_up_of(alert, lena).about_id == alert.pk
    assert alerts.follow_up_of(alert, daniel) is None
    closed(alert, amara)
    assert (alerts.owners_of(alert), alerts.owners_of(other)) == ([], [daniel, lena])
    line = Entry.objects.get(verb="alert.closed")
    assert (line.client, line.actor, line.object_id) == (maya, amara, alert.pk)


# ── Its pages ─────────────────────────────────────────────────────────────────────────────────────────────────


def page(client, user, alert, data=None):
    sign_in(client, user)
    where = reverse("therapy:alert", args=[alert.pk])
    return client.post(where, data) if data is not None else client.get(where)


def test_who_is_on_call_finds_the_phone_the_answer_and_the_place_to_write(client, maya, lena):
    alert = raised(maya, 2)
    shown = page(client, lena, alert).content.decode()

    assert "+1 212 555 0142" in shown
    assert "More than half the days" in shown
    assert "You have this because you are on call" in shown
    entry = Entry.objects.filter(verb="alert.viewed").get()
    assert (entry.client, entry.actor, entry.facts) == (maya, lena, {})

    answered = page(client, lena, alert, {"done": ["spoke"], "words": "We agreed on tomorrow.", "seen": "2"})
    assert answered.status_code == 302
    assert Disposition.objects.get().words == "We agreed on tomorrow."


def test_nothing_written_comes_back_with_what_was_typed(client, maya, amara):
    alert = raised(maya)
    refused = page(client, amara, alert, {"words": "We spoke at length."})
    assert refused.status_code == 400
    assert "We spoke at length." in refused.content.decode()
    assert not Disposition.objects.exists()


def test_who_wrote_about_a_lighter_answer_reads_the_heavier_one_and_keeps_their_words(client, maya, lena):
    alert = raised(maya, 1)
    measures.give_answer(alert.sheet, PHQ.item("9"), 3, by=maya, now=NOON)
    written = {"done": ["spoke"], "words": "We agreed on tomorrow.", "seen": "1"}
    refused = page(client, lena, alert, written)
    shown = refused.content.decode()
    assert refused.status_code == 409
    assert [words in shown for words in ("Nearly every day", "it weighs more", "We agreed on tomorrow.")] == [True] * 3
    assert not Disposition.objects.exists()
    assert page(client, lena, alert, written | {"seen": "3"}).status_code == 302


def test_an_admin_reads_no_answer_and_gives_it_to_a_clinician(client, maya, office, harbor, amara):
    alert = raised(maya)
    assert page(client, office, alert).status_code == 404
    escalate_overdue(now=NOON + WITHIN)
    shown = page(client, office, alert).content.decode()
    assert "Maya Torres" in shown
    for told in ("Several days", "better off dead", "PHQ-9", "What was done"):
        assert told not in shown

    ben = clinician(harbor, preferred_name="Ben")
    given = page(client, office, alert, {"to": ben.pk, "done": ["spoke"], "words": "Not mine to write"})
    assert given.status_code == 302
    assert not Disposition.objects.exists()
    assert ("safety_answer", "Ben") in owners()
    assert page(client, office, alert).status_code == 404
    assert page(client, ben, alert).status_code == 200


def test_the_desk_says_so_and_that_nobody_is_on_call(client, maya, office, harbor, amara):
    raised(maya)
    escalate_overdue(now=NOON + WITHIN)
    harbor.duties.exclude(pk=harbor.duties.first().pk).delete()
    harbor.duties.update(begins=0, ends=1, weekday=(NOON.weekday() + 3) % 7)
    sign_in(client, office)
    shown = client.get(reverse("office:desk")).content.decode()
    assert "1 answer that cannot wait" in shown


def test_a_discharged_client_s_alert_still_comes_to_somebody(maya, office, amara):
    alert = raised(maya)
    Enrolment.objects.update(state="discharged", discharged_on=NOON.date(), discharge_reason="completed")
    escalate_overdue(now=NOON + timedelta(minutes=1))
    assert ("safety_answer", "Office") in owners()
    assert list(alerts_administered_by(office)) == [alert]
