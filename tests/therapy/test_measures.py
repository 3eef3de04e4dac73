from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from iop_portal.audit.models import Entry
from iop_portal.notices.models import Notice
from iop_portal.people.models import Enrolment
from tests.factories import NOON, ProgramFactory, TrackFactory, clinician, enrolled, on_care_team
from tests.therapy.measured import CRAVING, DAY, GAD, PHQ, always_on_call, answer, points, sent
from therapy import asking, measures, results
from therapy.asking import ask, ask_due, due_for, let_go
from therapy.instruments import Change, instruments
from therapy.measures import begin, give_answer, offers_to, send, trends_of
from therapy.models import Answer, Asking, InstrumentUse, Prescription, Sheet
from therapy.oncall import set_day
from therapy.using import UseDetails, change_use, use_version, used_by, uses_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def harbor():
    return ProgramFactory(name="Harbor House")


@pytest.fixture
def amara(harbor):
    amara = clinician(harbor, preferred_name="Amara")
    always_on_call(harbor, amara)
    return amara


@pytest.fixture
def maya(harbor, amara):
    maya = enrolled(harbor, preferred_name="Maya")
    on_care_team(amara, maya, part="primary")
    return maya


def nobody_on_call(program, now=NOON):
    set_day(program, now.date(), None, None, by=None, now=now)


def admitted_to(program, person):
    return Enrolment.objects.create(
        client=person, program=program, state="admitted", referred_on=NOON.date(), admitted_on=NOON.date()
    )


# ── Answering ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_each_answer_is_kept_at_once_and_can_be_changed_until_it_is_sent(maya):
    sheet = answer(maya, GAD, {"1": 3, "2": None})
    give_answer(sheet, GAD.item("1"), 0, by=maya, now=NOON)

    assert measures.answers_of(sheet) == {"1": 0, "2": None}
    assert measures.begin(maya, GAD, by=maya, now=NOON + DAY) == sheet


def test_what_is_sent_in_has_the_published_score_and_stays(maya):
    sheet = sent(maya, GAD, points(GAD, 11))

    assert (sheet.score, sheet.version, sheet.language, sheet.mode) == (11, "1", "en", "self")
    with pytest.raises(measures.SentAlready):
        give_answer(sheet, GAD.item("1"), 0, by=maya, now=NOON)
    with pytest.raises(measures.SentAlready):
        send(sheet, by=maya, now=NOON)
    for change in (
        lambda: Sheet.objects.update(score=3),
        lambda: Answer.objects.update(value=3),
        lambda: Answer.objects.all().delete(),
        lambda: Answer.objects.create(sheet=sheet, item="99", value=0, answered_at=NOON),
        lambda: Sheet.objects.filter(pk=sheet.pk).delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    assert Sheet.objects.get().score == 11


def test_prefers_not_to_say_leaves_no_score(maya):
    assert sent(maya, GAD, {**points(GAD, 9), "4": None}).score is None


def test_nothing_is_sent_while_a_question_is_open(maya):
    sheet = answer(maya, PHQ, {str(number): 1 for number in range(1, 10)} | {"9": 0})
    with pytest.raises(measures.NotWhole):
        send(sheet, by=maya, now=NOON)
    give_answer(sheet, PHQ.item("10"), None, by=maya, now=NOON)
    assert send(sheet, by=maya, now=NOON).score == 8


def test_what_no_longer_applies_is_not_kept(maya):
    sheet = answer(maya, PHQ, points(PHQ, 3))
    give_answer(sheet, PHQ.item("1"), 0, by=maya, now=NOON)
    assert send(sheet, by=maya, now=NOON).score == 0
    assert not sheet.answers.filter(item="10").exists()


def test_no_answer_that_there_is_not_and_to_no_question_that_is_not_asked(maya):
    sheet = begin(maya, PHQ, by=maya, now=NOON)
    with pytest.raises(measures.NoSuchAnswer):
        give_answer(sheet, PHQ.item("1"), 4, by=maya, now=NOON)
    with pytest.raises(measures.NotAsked):
        give_answer(sheet, PHQ.item("10"), 0, by=maya, now=NOON)
    assert not Answer.objects.exists()


def test_after_three_days_it_is_about_another_time(maya):
    sheet = answer(maya, GAD, {"1": 2})
    late = NOON + asking.KEPT_OPEN + timedelta(seconds=1)

    with pytest.raises(measures.LeftTooLong):
        give_answer(sheet, GAD.item("2"), 2, by=maya, now=late)
    assert begin(maya, GAD, by=maya, now=late) != sheet
    sheet.refresh_from_db()
    assert (sheet.left_at, measures.answers_of(sheet)) == (late, {"1": 2})


def test_after_discharge_nothing_is_answered_and_everything_stays(maya):
    done, begun = sent(maya, GAD, points(GAD, 4)), answer(maya, CRAVING, {"1": 2})
    Enrolment.objects.update(state="discharged", discharged_on=NOON.date(), discharge_reason="completed")

    with pytest.raises(asking.NotAdmitted):
        give_answer(begun, CRAVING.item("1"), 3, by=maya, now=NOON)
    with pytest.raises(asking.NotAdmitted):
        send(begun, by=maya, now=NOON)
    with pytest.raises(asking.NotAdmitted):
        begin(maya, GAD, by=maya, now=NOON)
    assert [each.sheet for each in results.course_of(maya, GAD, reader=maya, now=NOON).results] == [done]
    assert offers_to(maya, now=NOON) == []


def test_who_comes_back_begins_anew_whatever_lay_open_from_before(maya, harbor):
    before = answer(maya, GAD, {"1": 2})
    Enrolment.objects.update(state="discharged", discharged_on=NOON.date(), discharge_reason="left")
    again = admitted_to(harbor, maya)

    assert [offer.begun for offer in offers_to(maya, now=NOON) if offer.instrument == GAD] == [False]
    sheet = begin(maya, GAD, by=maya, now=NOON)
    assert (sheet != before, sheet.enrolment) == (True, again)
    give_answer(sheet, GAD.item("1"), 1, by=maya, now=NOON)


def test_of_two_programs_the_one_that_asked_says_whether_it_is_open(maya, harbor):
    river = ProgramFactory()
    admitted_to(river, maya)
    always_on_call(river, clinician(river))
    ask(maya.enrolments.get(program=harbor), PHQ, by=None, now=NOON)
    for program, is_open in ((river, True), (harbor, False)):
        nobody_on_call(program)
        assert [offer.open for offer in offers_to(maya, now=NOON) if offer.instrument == PHQ] == [is_open]
    with pytest.raises(measures.NobodyIsOnCall):
        begin(maya, PHQ, by=maya, now=NOON)


def test_what_the_program_does_not_use_cannot_be_begun(maya):
    with pytest.raises(asking.NotUsedHere):
        begin(maya, instruments()["pc-ptsd-5"], by=maya, now=NOON)


def test_a_sheet_is_of_nobody_else(maya, harbor):
    other = enrolled(harbor)
    with pytest.raises(IntegrityError, match="another person"), transaction.atomic():
        Sheet.objects.create(
            enrolment=other.enrolments.get(), person=maya, instrument="gad-7", version="1", language="en", begun_at=NOON
        )


# ── Staffed hours ─────────────────────────────────────────────────────────────────────────────────────────────


def test_with_nobody_on_call_only_what_cannot_alarm_is_open(maya, harbor):
    nobody_on_call(harbor)

    with pytest.raises(measures.NobodyIsOnCall):
        begin(maya, PHQ, by=maya, now=NOON)
    tomorrow = datetime(2026, 11, 25, 5, 0, tzinfo=UTC)
    told = [(offer.instrument.code, offer.open, offer.opens_at) for offer in offers_to(maya, now=NOON)]
    assert told == [("phq-9", False, tomorrow), ("gad-7", True, None), ("craving", True, None)]


def test_who_began_may_finish_for_half_an_hour_and_nothing_answered_is_lost(maya, harbor):
    sheet = answer(maya, PHQ, {"1": 1})
    nobody_on_call(harbor)

    assert measures.may_go_on(sheet, now=NOON + timedelta(minutes=29))
    late = NOON + timedelta(minutes=30)
    assert not measures.may_go_on(sheet, now=late)
    give_answer(sheet, PHQ.item("9"), 1, by=maya, now=late)
    assert measures.answers_of(sheet) == {"1": 1, "9": 1}
    assert sheet.alerts.count() == 1


# ── Asking ────────────────────────────────────────────────────────────────────────────────────────────────────


def asked_now():
    return sorted(Asking.objects.filter(ended_at=None).values_list("person", "instrument"))


def test_everybody_admitted_is_asked_on_the_first_day_and_told_neutrally(maya, harbor):
    enrolled(harbor, "referred")
    enrolled(harbor, "discharged")

    assert ask_due(now=NOON) == 3
    assert asked_now() == [(maya.pk, code) for code in ("craving", "gad-7", "phq-9")]
    assert Notice.objects.owed().filter(kind="questions_asked", to=maya).count() == 6
    assert set(Notice.objects.values_list("channel", flat=True)) == {"mail", "portal"}


def test_looking_twice_asks_once(maya):
    ask_due(now=NOON)
    assert ask_due(now=NOON + timedelta(minutes=5)) == 0
    assert ask_due(now=NOON + timedelta(hours=3)) == 0


def test_the_database_asks_nobody_twice_for_one_day(maya):
    ask(maya.enrolments.get(), GAD, by=None, now=NOON)
    with pytest.raises(asking.AskedToday):
        ask(maya.enrolments.get(), GAD, by=None, now=NOON)
    Asking.objects.update(ended_at=NOON, end="answered")
    fields = {"enrolment": maya.enrolments.get(), "person": maya, "instrument": "gad-7", "asked_at": NOON}
    with pytest.raises(IntegrityError, match="asked_once_when_it_is_due"), transaction.atomic():
        Asking.objects.create(**fields, due_on=NOON.date())


def test_the_next_time_comes_after_so_many_days_and_lets_the_last_one_go(maya):
    ask_due(now=NOON)
    assert (
        due_for(
            uses_of(maya.enrolments.get().program)["gad-7"], maya.enrolments.get().program, now=NOON + 13 * DAY
        ).count()
        == 0
    )
    ask_due(now=NOON + 13 * DAY)
    ask_due(now=NOON + 14 * DAY)

    gad = list(Asking.objects.filter(instrument="gad-7").order_by("due_on").values_list("end", "ended_at"))
    assert gad == [("passed", NOON + 14 * DAY), ("", None)]


def in_phase(person, phase):
    enrolment = person.enrolments.get()
    track = TrackFactory(program=enrolment.program)
    Prescription.objects.create(
        enrolment=enrolment, track=track, phase=phase, hours=4, days=2, since=NOON.date(), reason="We agreed."
    )


@pytest.mark.parametrize(
    ("phase", "days"), [("orientation", 7), ("core", 14), ("step_down", 28), ("continuing", 42), ("", 14)]
)
def test_people_are_asked_often_at_first_and_less_often_later(maya, harbor, phase, days):
    if phase:
        in_phase(maya, phase)
    ask_due(now=NOON)
    use = uses_of(harbor)["gad-7"]
    assert [due_for(use, harbor, now=NOON + at * DAY).count() for at in (days - 1, days)] == [0, 1]


def test_a_program_says_how_often_in_each_phase(maya, harbor, amara):
    use = uses_of(harbor)["gad-7"]
    change_use(harbor, "gad-7", UseDetails(True, 3, 5, 9, 30, 10), seen=use_version(use), by=amara, now=NOON)
    assert uses_of(harbor)["gad-7"].in_words == "Start 3, Core 5, Step-down 9, Continuing care 30"
    ask_due(now=NOON)
    for phase, days in (("orientation", 3), ("core", 5), ("step_down", 9), ("continuing", 30)):
        Prescription.objects.update(until=NOON.date())
        in_phase(maya, phase)
        use = uses_of(harbor)["gad-7"]
        assert [due_for(use, harbor, now=NOON + at * DAY).count() for at in (days - 1, days)] == [0, 1]


@pytest.mark.parametrize(
    ("instrument", "days"),
    [
        ("gad-7", [7, 14, 28, 42]),
        ("phq-9", [7, 14, 28, 42]),
        ("craving", [7, 7, 14, 21]),
        ("pc-ptsd-5", [84, 84, 168, 252]),
    ],
)
def test_where_nobody_changed_it_the_days_come_from_the_file(harbor, instrument, days):
    assert list(uses_of(harbor)[instrument].every.values()) == days


def test_answering_by_oneself_counts_as_asked(maya, harbor):
    sent(maya, GAD, points(GAD, 4))
    assert [due_for(uses_of(harbor)["gad-7"], harbor, now=NOON + days * DAY).count() for days in (1, 13, 14)] == [
        0,
        0,
        1,
    ]


def test_sending_it_in_takes_back_what_was_to_be_told(maya):
    ask(maya.enrolments.get(), GAD, by=None, now=NOON)
    sent(maya, GAD, points(GAD, 4))

    assert Asking.objects.get().end == "answered"
    assert not Notice.objects.owed().exists()


@pytest.mark.parametrize("why", ["discharged", "not used any more"])
def test_what_is_asked_of_nobody_any_more_is_taken_back(maya, harbor, amara, why):
    asked = ask(maya.enrolments.get(), GAD, by=None, now=NOON)
    if why == "discharged":
        Enrolment.objects.update(state="discharged", discharged_on=NOON.date(), discharge_reason="completed")
    else:
        use = uses_of(harbor)["gad-7"]
        change_use(harbor, "gad-7", UseDetails(False, 7, 14, 28, 42, 10), seen=use_version(use), by=amara, now=NOON)
    asked = Asking.objects.select_related("enrolment__program").get(pk=asked.pk)
    assert not asking.still_owed(asked)
    let_go(now=NOON)
    assert not Notice.objects.owed().exists()
    assert measures.asked_of(maya) == {}


def test_each_program_asks_for_itself_and_hears_nothing_of_the_other(maya, harbor, amara):
    river = ProgramFactory()
    here, there = maya.enrolments.get(), admitted_to(river, maya)
    ask_due(now=NOON)
    waiting = Asking.objects.filter(instrument=GAD.code, ended_at=None)
    assert set(waiting.values_list("enrolment", flat=True)) == {here.pk, there.pk}

    for left, points_ in ((1, 4), (0, 9)):
        sent(maya, GAD, points(GAD, points_))
        assert waiting.count() == left
    assert set(Sheet.objects.sent().values_list("enrolment", flat=True)) == {here.pk, there.pk}

    ask(there, PHQ, by=amara, now=NOON + DAY)
    ask(here, PHQ, by=amara, now=NOON + DAY)
    with pytest.raises(asking.AskedToday):
        ask(here, PHQ, by=amara, now=NOON + DAY)


def test_at_night_and_without_anybody_on_call_nothing_that_may_alarm_is_asked(maya, harbor):
    assert ask_due(now=datetime(2026, 11, 24, 4, 0, tzinfo=UTC)) == 0
    nobody_on_call(harbor)
    ask_due(now=NOON)
    assert asked_now() == [(maya.pk, "craving"), (maya.pk, "gad-7")]


def test_a_clinician_may_ask_and_it_is_in_the_trail(maya, amara):
    ask(maya.enrolments.get(), PHQ, by=amara, now=NOON)
    entry = Entry.objects.get(verb="measure.asked")
    assert (entry.client, entry.actor, entry.facts) == (maya, amara, {})


def test_asking_takes_the_same_queries_however_many_are_not_due(harbor, amara, django_assert_num_queries):
    for _ in range(2):
        enrolled(harbor)
    ask_due(now=NOON)
    later = NOON + timedelta(minutes=5)
    with django_assert_num_queries(16):
        ask_due(now=later)
    for _ in range(8):
        enrolled(harbor)
    ask_due(now=later)
    with django_assert_num_queries(16):
        ask_due(now=later)


# ── How a program uses them ───────────────────────────────────────────────────────────────────────────────────


def test_until_somebody_changes_it_what_the_file_says_holds(harbor, amara):
    assert list(used_by(harbor)) == ["phq-9", "gad-7", "craving"]
    use = uses_of(harbor)["pc-ptsd-5"]
    change_use(harbor, "pc-ptsd-5", UseDetails(True, 90, 90, 180, 180, 3), seen=use_version(use), by=amara, now=NOON)
    assert list(used_by(harbor)) == ["phq-9", "gad-7", "craving", "pc-ptsd-5"]
    assert [uses_of(harbor)["pc-ptsd-5"].marks(score) for score in (None, 2, 3)] == [False, False, True]


@pytest.mark.parametrize(
    ("details", "constraint"),
    [
        ({"every_days": 0}, "people_are_asked_every_1_to_365_days"),
        ({"later_every_days": 366}, "people_are_asked_every_1_to_365_days"),
        ({"first_every_days": 0}, "people_are_asked_every_1_to_365_days"),
        ({"last_every_days": 366}, "people_are_asked_every_1_to_365_days"),
        ({"flag_from": 0}, "a_mark_is_above_zero"),
    ],
)
def test_the_database_keeps_settings_within_bounds(harbor, details, constraint):
    whole = {
        "program": harbor,
        "instrument": "gad-7",
        "every_days": 14,
        "later_every_days": 28,
        "flag_from": 10,
    }  # what yesterday's code says
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        InstrumentUse.objects.create(**{**whole, **details})


# ── What came of it ───────────────────────────────────────────────────────────────────────────────────────────


def course(person, instrument, *scores):
    for week, total in enumerate(scores):
        given = points(instrument, total or 0)
        sent(person, instrument, given if total is not None else {**given, "1": None}, now=NOON + 7 * week * DAY)
    return results.course_of(person, instrument, reader=person, now=NOON + 99 * DAY)


@pytest.mark.parametrize(
    ("scores", "told"),
    [
        ((17,), Change.UNKNOWN),
        ((17, None), Change.UNKNOWN),
        ((17, 14, 11), Change.BETTER),
        ((17, 9, 12), Change.SAME),
        ((None, 5, 20, 11), Change.WORSE),
    ],
)
def test_change_is_from_the_first_score_of_the_stay_to_the_newest(maya, scores, told):
    assert course(maya, PHQ, *scores).change == told


def test_the_words_say_both_numbers_and_the_rule_its_source(maya):
    found = course(maya, PHQ, 17, 9)
    assert found.change_words == "Improved since the beginning: from 17 to 9."
    assert "6 or more" in found.rule
    assert course(maya, CRAVING, 9, 2).rule == ""


def test_trends_are_of_the_program_and_take_one_query(maya, harbor, django_assert_num_queries):
    course(maya, PHQ, 17, 9)
    sent(maya, GAD, points(GAD, 8))
    jo = enrolled(harbor)
    sent(jo, PHQ, points(PHQ, 3))
    with django_assert_num_queries(1):
        found = trends_of([maya.pk, jo.pk], now=NOON + 99 * DAY)
    told = {
        key: [(trend.instrument.code, trend.last, trend.words, trend.arrow) for trend in each.trends]
        for key, each in found.items()
    }
    assert told == {
        (maya.pk, harbor.pk): [("phq-9", 9, "better", "down"), ("gad-7", 8, "first one", "level")],
        (jo.pk, harbor.pk): [("phq-9", 3, "first one", "level")],
    }
    with django_assert_num_queries(0):
        assert trends_of([], now=NOON) == {}


def test_trends_tell_of_an_alert_that_is_open(maya, harbor):
    sheet = answer(maya, PHQ, {"9": 1})
    assert trends_of([maya.pk], now=NOON)[maya.pk, harbor.pk].alert_id == sheet.alerts.get().pk


def test_a_colleague_of_another_team_sees_nothing_and_an_open_sheet_is_ones_own(maya, harbor, amara):
    lena = clinician(harbor)
    done, begun = sent(maya, GAD, points(GAD, 4)), answer(maya, CRAVING, {"1": 2})

    assert set(Sheet.objects.visible_to(maya, NOON)) == {done, begun}
    assert set(Sheet.objects.visible_to(amara, NOON)) == {done}
    assert not Sheet.objects.visible_to(lena, NOON).exists()


def test_who_looks_after_somebody_here_sees_nothing_of_another_program(maya, harbor, amara):
    away = ProgramFactory()
    ben = clinician(away)
    elsewhere = Enrolment.objects.create(
        client=maya, program=away, state="admitted", referred_on=NOON.date(), admitted_on=NOON.date()
    )
    elsewhere.care_team.create(clinician=ben, since=NOON)
    here = sent(maya, GAD, points(GAD, 4))
    assert here.enrolment.program in (harbor, away)
    other = elsewhere if here.enrolment != elsewhere else maya.enrolments.get(program=harbor)
    there = Sheet.objects.create(
        enrolment=other,
        person=maya,
        instrument="gad-7",
        version="1",
        language="en",
        begun_at=NOON,
        sent_at=NOON,
        score=9,
    )

    seen = {user: list(Sheet.objects.visible_to(user, NOON)) for user in (amara, ben)}
    mine = {sheet.enrolment.program: sheet for sheet in (here, there)}
    assert seen == {amara: [mine[harbor]], ben: [mine[away]]}
    for reader, program in ((amara, harbor), (ben, away)):
        assert [each.sheet for each in results.course_of(maya, GAD, reader=reader, now=NOON).results] == [mine[program]]
    assert set(trends_of([maya.pk], now=NOON)) == {(maya.pk, harbor.pk), (maya.pk, away.pk)}
