from dataclasses import asdict

import pytest

from iop_portal.audit.models import Entry
from iop_portal.versions import ChangedMeanwhile
from tests.factories import NOON, ProgramFactory, admin
from therapy import policies
from therapy.models import ClinicalPolicy
from therapy.policies import PolicyDetails, change_policy, policy_version
from therapy.prescribing import policy_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def program():
    return ProgramFactory()


@pytest.fixture
def ada(program):
    return admin(program)


def change(program, ada, seen=None, **changes):
    seen = policy_version(policy_of(program)) if seen is None else seen
    return change_policy(program, PolicyDetails(**changes), seen=seen, by=ada, now=NOON)


def test_defaults_hold_until_somebody_changes_them(program, ada):
    assert asdict(PolicyDetails()) == {name: getattr(policy_of(program), name) for name in policies.DETAILS}
    change(program, ada)
    assert not ClinicalPolicy.objects.exists()
    assert not Entry.objects.exists()


def test_a_change_holds_and_the_trail_tells_it(program, ada):
    change(program, ada, cancel_hours=48, grace_minutes=10)
    policy = policy_of(program)
    assert (policy.cancel_hours, policy.grace_minutes, policy.hours_per_week) == (48, 10, 9)
    assert Entry.objects.get().facts == {"cancel_hours": 48, "grace_minutes": 10}
    change(program, ada, cancel_hours=48, grace_minutes=5)
    assert ClinicalPolicy.objects.get().grace_minutes == 5


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"hours_per_week": 0}, policies.HoursOutOfRange),
        ({"hours_per_week": 41}, policies.HoursOutOfRange),
        ({"days_per_week": 0}, policies.DaysOutOfRange),
        ({"days_per_week": 8}, policies.DaysOutOfRange),
        ({"week_starts_on": 7}, policies.UnknownWeekday),
        ({"notice_minutes": 20_161}, policies.NoticeTooLong),
        ({"notice_minutes": 1440, "horizon_days": 1}, policies.NothingCouldBeBooked),
        ({"horizon_days": 0, "notice_minutes": 0}, policies.HorizonOutOfRange),
        ({"horizon_days": 181}, policies.HorizonOutOfRange),
        ({"cancel_hours": 169}, policies.CancelWindowTooLong),
        ({"buffer_minutes": 61}, policies.BufferTooLong),
        ({"grace_minutes": 61}, policies.GraceTooLong),
        ({"make_ups_per_week": 8}, policies.TooManyMakeUps),
        ({"offer_minutes": 14}, policies.OddOffer),
        ({"offer_minutes": 2881}, policies.OddOffer),
        ({"clients_per_counsellor": 0}, policies.OddRatio),
        ({"clients_per_counsellor": 101}, policies.OddRatio),
    ],
)
def test_what_makes_no_sense_is_refused_and_leaves_no_trace(program, ada, changes, refusal):
    with pytest.raises(refusal):
        change(program, ada, **changes)
    assert not ClinicalPolicy.objects.exists()
    assert not Entry.objects.exists()


def test_a_stale_change_is_refused_even_where_the_defaults_held(program, ada):
    seen = policy_version(policy_of(program))
    change(program, ada, seen=seen, horizon_days=14)
    with pytest.raises(ChangedMeanwhile):
        change(program, ada, seen=seen, horizon_days=60)
    assert policy_of(program).horizon_days == 14
