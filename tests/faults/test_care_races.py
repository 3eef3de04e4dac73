"""Two at once on one plan, one answer, one alert: one does it, the other reads why not, nothing is done twice.

Real connections, each in a thread of its own. Each story prints one JSON line with the worst time anybody waited.
"""

from functools import partial

import pytest

from iop_portal.followups.acting import acknowledge_follow_up
from iop_portal.followups.models import FollowUp
from iop_portal.notices.models import Notice
from tests.factories import NOON, admin, clinician, on_care_team
from tests.faults.racing import ROUNDS, at_once
from tests.therapy.measured import CRAVING, PHQ, always_on_call, answer, points
from tests.therapy.plan_world import SOON, Clinic
from therapy import measures
from therapy.alerts import SeenToAlready, alert_version, close_alert
from therapy.asking import ask
from therapy.models import Alert, Asking, CarePlan, Disposition, PlanSignature, Sheet
from therapy.plan_drafting import NothingToSign, SignedAlready, sign_plan

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]
ITEM = PHQ.item("9")


@pytest.fixture
def clinic():
    clinic = Clinic()
    clinic.lena = clinician(clinic.program, preferred_name="Lena")
    on_care_team(clinic.lena, clinic.maya)
    admin(clinic.program)
    always_on_call(clinic.program, clinic.lena)
    return clinic


def signing(clinic, person):
    read = clinic.plan.draft.plan.fingerprint
    return partial(sign_plan, clinic.enrolment, name=person.full_name, read=read, by=person, now=SOON)


def test_of_two_of_the_team_who_sign_one_version_one_does(rounds, clinic):
    def prepare(number):
        # Every other time the client has signed before, so that it holds with the first of them.
        clinic.write(words=f"My sister, {number}.")
        if number % 2:
            clinic.sign(clinic.maya)
        elif number:
            # What the last round left signed by one side alone holds no more.
            assert clinic.plan.draft.signatures == ()
        return [signing(clinic, clinic.amara), signing(clinic, clinic.lena)]

    rounds("two clinicians, one plan", prepare, winners=1, losers={SignedAlready, NothingToSign})
    assert PlanSignature.objects.filter(side="clinician").count() == ROUNDS
    assert CarePlan.objects.signed().count() == ROUNDS // 2


def test_both_sides_who_sign_at_once_agree_on_it(rounds, clinic):
    def prepare(number):
        clinic.write(words=f"My sister, {number}.")
        return [signing(clinic, clinic.maya), signing(clinic, clinic.amara)]

    rounds("both sides, one plan", prepare, winners=2, losers=set())
    assert CarePlan.objects.signed().count() == ROUNDS
    assert not FollowUp.objects.open().exists()


def test_one_who_signs_from_two_tabs_signs_once(rounds, clinic):
    def prepare(number):
        clinic.write(words=f"My sister, {number}.")
        return [signing(clinic, clinic.maya)] * 2

    rounds("one plan, two tabs", prepare, winners=1, losers={SignedAlready})
    assert PlanSignature.objects.count() == ROUNDS


def raised(clinic):
    Sheet.objects.open().update(left_at=NOON)
    return answer(clinic.maya, PHQ, {"9": 1}).alerts.get()


def closing(alert, by):
    seen = alert_version(alert)
    return partial(close_alert, alert, done=["spoke"], words=f"By {by}.", seen=seen, by=by, now=SOON)


def test_of_two_who_write_what_was_done_one_does(rounds, clinic):
    def prepare(_number):
        alert = raised(clinic)
        return [closing(alert, clinic.amara), closing(alert, clinic.lena)]

    rounds("two who close one alert", prepare, winners=1, losers={SeenToAlready})
    assert Disposition.objects.count() == ROUNDS
    assert not FollowUp.objects.open().exists()


def test_of_two_who_say_that_they_are_at_it_one_has_it(clinic):
    for _round in range(ROUNDS):
        alert = raised(clinic)
        owed = FollowUp.objects.open().get(kind="safety_answer", about_id=alert.pk)
        at_once([partial(acknowledge_follow_up, owed, by=one, now=SOON) for one in (clinic.amara, clinic.lena)])
        owed.refresh_from_db()
        assert owed.owner == owed.acknowledged_by
        closing(alert, owed.owner)()


def test_a_heavier_answer_while_the_lighter_one_is_seen_to_waits_for_somebody(clinic):
    """It stands in the alert that is open still, and is read first; or it raises another one."""
    for _round in range(ROUNDS):
        alert = raised(clinic)
        heavier = partial(measures.give_answer, alert.sheet, ITEM, 3, by=clinic.maya, now=SOON)
        at_once([heavier, closing(alert, clinic.amara)])
        waiting = Alert.objects.open().get(sheet=alert.sheet)
        assert waiting.value == 3
        assert FollowUp.objects.open().filter(about_id=waiting.pk).count() == 2
        closing(waiting, clinic.amara)()


def test_the_answer_that_alarms_sent_twice_alarms_once(clinic):
    for _round in range(ROUNDS):
        Notice.objects.all().delete()
        Sheet.objects.open().update(left_at=NOON)
        sheet = measures.begin(clinic.maya, PHQ, by=clinic.maya, now=NOON)
        done = at_once([partial(measures.give_answer, sheet, ITEM, 2, by=clinic.maya, now=NOON)] * 3)
        assert [type(held) for held, _took in done] == [Sheet] * 3
        alert = Alert.objects.get(sheet=sheet)
        assert FollowUp.objects.filter(about_id=alert.pk).count() == Notice.objects.count() == 2


def test_what_is_sent_in_twice_is_sent_in_once(rounds, clinic):
    def prepare(_number):
        Asking.objects.all().delete()
        ask(clinic.enrolment, CRAVING, by=clinic.amara, now=NOON)
        sheet = answer(clinic.maya, CRAVING, points(CRAVING, 5))
        return [partial(measures.send, sheet, by=clinic.maya, now=SOON)] * 2

    rounds("one sheet, sent twice", prepare, winners=1, losers={measures.SentAlready})
    assert set(Asking.objects.values_list("end", flat=True)) == {"answered"}
    assert Sheet.objects.sent().count() == ROUNDS


def test_the_last_answer_given_while_it_is_sent_in_is_in_it_or_is_refused(clinic):
    for _round in range(ROUNDS):
        sheet = answer(clinic.maya, CRAVING, points(CRAVING, 5))
        last = CRAVING.items[0]
        (given, _), (whole, _) = at_once(
            [
                partial(measures.give_answer, sheet, last, 0, by=clinic.maya, now=SOON),
                partial(measures.send, sheet, by=clinic.maya, now=SOON),
            ]
        )
        kept = measures.answers_of(sheet)[last.code]
        assert isinstance(whole, Sheet)
        assert (kept == 0) == isinstance(given, Sheet)
