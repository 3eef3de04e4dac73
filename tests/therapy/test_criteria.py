"""What a client and their care team see as met, and the way somebody has gone through the phases."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from iop_portal.accounts.enrolments import discharge
from iop_portal.accounts.glass import break_glass
from iop_portal.audit.models import Entry
from tests.factories import NOON, ProgramFactory, TrackFactory, admin, clinician, enrolled, on_care_team
from therapy import criteria, prescribing
from therapy.criteria import say_criterion, standings, way_of
from therapy.models import CriterionSaid, Prescription
from therapy.phases import GuideDetails, change_guide, guide_version, guides_of, offer_standard_guide
from therapy.prescribing import prescribe

pytestmark = pytest.mark.django_db

SOON = NOON + timedelta(hours=1)


class Clinic:
    def __init__(self):
        self.program = ProgramFactory(zone="UTC")
        offer_standard_guide(self.program, by=None, now=NOON)
        self.track = TrackFactory(program=self.program)
        self.maya = enrolled(self.program, preferred_name="Maya")
        self.amara = clinician(self.program, preferred_name="Amara")
        on_care_team(self.amara, self.maya, part="primary")
        self.enrolment = self.maya.enrolments.get()
        self.plan("core")

    def plan(self, phase, *, hours=9, reason="We agreed.", days_on=0):
        return prescribe(
            self.enrolment, track=self.track, phase=phase, hours=hours, days=3, reason=reason, by=self.amara,
            now=NOON + timedelta(days=days_on),
        )  # fmt: skip

    def sentences(self, phase="core"):
        return guides_of(self.program)[phase].criteria

    def say(self, criterion, by, met=True, now=SOON):
        return say_criterion(self.enrolment, criterion, met=met, by=by, now=now)

    @property
    def standing(self):
        return standings([self.enrolment.pk])[self.enrolment.pk]

    def met(self):
        """Of each criterion, who sees it as met."""
        return [(each.client and each.client.by, each.team and each.team.by) for each in self.standing.criteria]


@pytest.fixture
def clinic():
    return Clinic()


# ── Saying it ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_client_finds_their_phase_what_it_is_for_and_what_comes_next(clinic):
    standing = clinic.standing
    assert (standing.guide.phase, standing.next_name) == ("core", "Step-down")
    assert tuple(each.criterion for each in standing.criteria) == clinic.sentences()
    assert clinic.met() == [(None, None)] * 5


def test_each_side_says_what_it_sees_and_both_read_who_and_when(clinic):
    first, second, *_rest = clinic.sentences()
    clinic.say(first, clinic.maya)
    clinic.say(first, clinic.amara)
    clinic.say(second, clinic.amara, now=SOON + timedelta(days=1))
    assert clinic.met()[:3] == [(clinic.maya, clinic.amara), (None, clinic.amara), (None, None)]
    assert [each.team and each.team.at for each in clinic.standing.criteria][:2] == [SOON, SOON + timedelta(days=1)]
    told = Entry.objects.filter(verb="criterion.met").order_by("pk").values_list("actor", "client", "facts__phase")
    maya, amara = clinic.maya.pk, clinic.amara.pk
    assert list(told) == [(maya, maya, "core"), (amara, maya, "core"), (amara, maya, "core")]


def test_what_is_taken_back_is_a_new_fact_and_the_first_stays(clinic):
    first = clinic.sentences()[0]
    clinic.say(first, clinic.maya)
    clinic.say(first, clinic.maya, met=False)
    assert clinic.met()[0] == (None, None)
    assert list(CriterionSaid.objects.order_by("pk").values_list("met", flat=True)) == [True, False]
    assert clinic.say(first, clinic.maya)
    assert clinic.met()[0] == (clinic.maya, None)


def test_the_same_again_says_nothing_new(clinic):
    first = clinic.sentences()[0]
    assert not clinic.say(first, clinic.maya, met=False)
    assert clinic.say(first, clinic.maya)
    assert not clinic.say(first, clinic.maya)
    other = clinician(clinic.program)
    on_care_team(other, clinic.maya)
    assert clinic.say(first, clinic.amara)
    assert not clinic.say(first, other)
    assert CriterionSaid.objects.count() == 2


def test_whoever_of_the_care_team_takes_it_back_takes_it_back_for_the_team(clinic):
    first, other = clinic.sentences()[0], clinician(clinic.program)
    on_care_team(other, clinic.maya)
    clinic.say(first, clinic.amara)
    clinic.say(first, other, met=False)
    assert clinic.met()[0] == (None, None)


def test_only_the_client_and_their_care_team_say_anything(clinic):
    first = clinic.sentences()[0]
    lena = clinician(clinic.program)
    on_care_team(lena, enrolled(clinic.program))
    for person in (lena, admin(clinic.program), enrolled(clinic.program)):
        with pytest.raises(criteria.NotYoursToSay):
            clinic.say(first, person)
    assert not CriterionSaid.objects.exists()


def test_only_what_belongs_to_their_phase_is_said(clinic):
    first = clinic.sentences()[0]
    elsewhere = ProgramFactory()
    offer_standard_guide(elsewhere, by=None, now=NOON)
    wanted = GuideDetails("Other words.", 9, 3, tuple(each.text for each in clinic.sentences()[1:]))
    guide = guides_of(clinic.program)["core"]
    change_guide(guide.row, wanted, seen=guide_version(guide), by=admin(clinic.program), now=NOON)
    for criterion in (first, clinic.sentences("step_down")[0], guides_of(elsewhere)["core"].criteria[0]):
        with pytest.raises(criteria.NotOfThisPhase):
            clinic.say(criterion, clinic.maya)


def test_who_has_left_says_nothing_any_more(clinic):
    first = clinic.sentences()[0]
    discharge(clinic.enrolment, reason="completed", by=admin(clinic.program), now=NOON)
    for person in (clinic.maya, clinic.amara):
        with pytest.raises(criteria.NotYoursToSay):
            clinic.say(first, person)
    assert standings([clinic.enrolment.pk]) == {}


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"side": "family"}, "not theirs to say"),
        ({"side": "clinician"}, "not theirs to say"),
        ({"side": "client", "by": "amara"}, "not theirs to say"),
        ({"side": "clinician", "by": "stranger"}, "not theirs to say"),
        ({"criterion": "step_down"}, "of another phase"),
        ({"prescription": "before"}, "of another phase"),
    ],
)
def test_the_database_refuses_it_too(clinic, changes, name):
    before = clinic.enrolment.prescriptions.get()
    now = clinic.plan("core", hours=12)
    row = {"prescription": now, "criterion": clinic.sentences()[0], "side": "client", "met": True, "by": clinic.maya}
    people = {"amara": clinic.amara, "stranger": clinician(clinic.program)}
    if who := changes.get("by"):
        row["by"] = people[who]
    row["side"] = changes.get("side", "client")
    if "criterion" in changes:
        row["criterion"] = clinic.sentences("step_down")[0]
    if "prescription" in changes:
        row["prescription"] = before
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        CriterionSaid.objects.create(**row, at=NOON)


def test_what_was_said_never_changes(clinic):
    clinic.say(clinic.sentences()[0], clinic.maya)
    with pytest.raises(Exception, match="only ever added"), transaction.atomic():
        CriterionSaid.objects.update(met=False)


@pytest.mark.parametrize(
    ("who", "reads"), [("maya", 1), ("amara", 1), ("lena", 0), ("glass", 0), ("dana", 0), ("ben", 0)]
)
def test_the_client_and_their_care_team_read_it(clinic, who, reads):

    clinic.say(clinic.sentences()[0], clinic.maya)
    lena, glass = clinician(clinic.program), clinician(clinic.program)
    on_care_team(lena, enrolled(clinic.program))
    break_glass(clinic.maya, reason="Nobody else was there.", by=glass, now=NOON)
    people = {"maya": clinic.maya, "amara": clinic.amara, "lena": lena, "glass": glass}
    people |= {"dana": admin(clinic.program), "ben": enrolled(clinic.program)}
    assert CriterionSaid.objects.visible_to(people[who]).count() == reads


# ── All of it ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_that_all_is_met_takes_both_sides_and_changes_nothing_by_itself(clinic):
    every = clinic.sentences()
    for criterion in every:
        clinic.say(criterion, clinic.maya)
    for criterion in every[1:]:
        clinic.say(criterion, clinic.amara)
    assert (clinic.standing.by_both, clinic.standing.all_met) == (4, False)
    clinic.say(every[0], clinic.amara)
    assert clinic.standing.all_met
    assert Prescription.objects.count() == 1


def test_a_program_without_a_guide_says_nothing():
    client = enrolled()
    enrolment = client.enrolments.get()
    track = TrackFactory(program=enrolment.program)
    prescribe(enrolment, track=track, phase="core", hours=9, days=3, by=None, now=NOON)
    assert standings([enrolment.pk]) == {}


def test_it_takes_the_same_queries_for_many_as_for_one(clinic, django_assert_num_queries):
    clinic.say(clinic.sentences()[0], clinic.maya)
    others = [enrolled(clinic.program).enrolments.get() for _ in range(4)]
    for each in others:
        prescribe(each, track=clinic.track, phase="core", hours=9, days=3, by=None, now=NOON)
    for keys in ([clinic.enrolment.pk], [clinic.enrolment.pk, *(each.pk for each in others)]):
        with django_assert_num_queries(4):
            assert standings(keys).keys() == set(keys)


# ── The way ───────────────────────────────────────────────────────────────────────────────────────────────────


def told(way):
    return [(stay.phase, str(stay.since), str(stay.until), stay.back, stay.first.reason) for stay in way]


def test_the_way_tells_each_phase_up_and_down_with_why(clinic):
    clinic.plan("core", hours=12, reason="More time for you.", days_on=7)
    clinic.plan("step_down", hours=6, reason="Your weeks hold.", days_on=14)
    clinic.plan("core", reason="It was early, and you said so.", days_on=20)
    way = way_of(list(clinic.enrolment.prescriptions.all()))
    assert told(way) == [
        ("core", "2026-12-14", "None", True, "It was early, and you said so."),
        ("step_down", "2026-12-08", "2026-12-14", False, "Your weeks hold."),
        ("core", "2026-11-24", "2026-12-08", False, "We agreed."),
    ]
    assert [one.hours for one in way[2].planned] == [12, 9]
    assert way_of([]) == []


def test_other_hours_keep_what_was_said_and_another_phase_begins_anew(clinic):
    first = clinic.sentences()[0]
    clinic.say(first, clinic.maya)
    clinic.plan("core", hours=12, days_on=1)
    assert clinic.met()[0] == (clinic.maya, None)
    clinic.plan("step_down", days_on=2)
    assert clinic.standing.next_name == "Continuing care"
    clinic.plan("core", days_on=3)
    assert clinic.met() == [(None, None)] * 5


def test_another_phase_needs_a_reason_and_other_hours_do_not(clinic):
    with pytest.raises(prescribing.PhaseNeedsReason):
        clinic.plan("step_down", reason="  ")
    assert clinic.plan("core", hours=12, reason="").reason == ""
    assert [each.phase for each in Prescription.objects.all()] == ["core", "core"]


def test_the_database_asks_for_a_reason_too(clinic):
    held = clinic.enrolment.prescriptions.get()
    Prescription.objects.filter(pk=held.pk).update(until=NOON.date())
    row = {"enrolment": clinic.enrolment, "track": clinic.track, "hours": 9, "days": 3, "since": NOON.date()}
    with pytest.raises(IntegrityError, match="without a reason"), transaction.atomic():
        Prescription.objects.create(**row, phase="step_down")
    Prescription.objects.create(**row, phase="core")


def test_the_reason_lies_sealed(clinic):

    clinic.plan("step_down", reason="Your weeks hold.", days_on=1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT reason FROM therapy_prescription WHERE phase = 'step_down'")
        assert "weeks" not in cursor.fetchone()[0]
