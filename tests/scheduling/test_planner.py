"""The planner by itself: against every possible week, tried one by one."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import combinations, pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduling.planner import A_DEAR_DAY, plan_week
from scheduling.solving import OutOfTime
from scheduling.wanted_week import (
    COST_OF_A_MINUTE_TOO_MANY,
    COST_OF_A_MISSING_DAY,
    COST_OF_A_MISSING_MINUTE,
    NEEDS,
    WORTH_OF_STAYING,
    Question,
    Rule,
    Share,
    overlap,
    waiting_of,
)
from tests.scheduling.weeks import BY_ITSELF, WEIGHTS, full_week, slot

PATIENT = 60
HOUR = timedelta(hours=1)


def asked(*candidates, booked=(), minutes=180, days=2, **fields):
    return Question(tuple(candidates), tuple(booked), minutes, days, **fields)


def keys(plan):
    return [one.key for one in plan.chosen]


# ── An oracle that is slow and obvious ────────────────────────────────────────────────────────────────────────


def possible(question, chosen, must):
    """Whether somebody could come to all of these, and every rule in `must` is kept."""
    every = [*question.booked, *chosen]
    for one, other in combinations(every, 2):
        if {one, other} <= set(question.booked):
            continue
        if overlap(one, other, question.travel) or (one.way, one.day) == (other.way, other.day):
            return False
    days = {one.day for one in every}
    for on in days & {one.day for one in chosen}:
        if sum(one.minutes for one in every if one.day == on) > max(
            question.longest_day, sum(one.minutes for one in question.booked if one.day == on)
        ):
            return False
        held = waiting_of(one for one in question.booked if one.day == on)
        if Rule.GAPS in must and waiting_of(one for one in every if one.day == on) > max(question.longest_wait, held):
            return False
    for name, share in question.shares.items():
        had, now = (sum(one.share == name for one in some) for some in (question.booked, every))
        if now > max(share.most, had) or (Rule.MIX in must and now < share.wanted):
            return False
    travelled, had = (len({one.day for one in some if one.travels}) for some in (every, question.booked))
    return (
        not any(one.against & must for one in chosen)
        and (Rule.TRAVEL not in must or travelled <= max(question.most_travel_days, had))
        and (Rule.HOURS not in must or sum(one.minutes for one in every) >= question.wanted_minutes)
        and (Rule.DAYS not in must or len({one.day for one in every if one.minutes}) >= question.wanted_days)
    )


def cost(question, chosen):
    """What a week costs: the same sum, told plainly. What is booked already is not charged for."""
    every, weight = [*question.booked, *chosen], question.weights
    minutes, had = (sum(one.minutes for one in some) for some in (every, question.booked))
    found = COST_OF_A_MISSING_MINUTE * max(0, question.wanted_minutes - minutes)
    found += COST_OF_A_MINUTE_TOO_MANY * max(0, minutes - max(had, question.wanted_minutes))
    found += COST_OF_A_MISSING_DAY * max(0, question.wanted_days - len({one.day for one in every if one.minutes}))
    for name, share in question.shares.items():
        had, now = (sum(one.share == name for one in some) for some in (question.booked, every))
        found += weight[Rule.MIX] * (max(0, share.wanted - now) + max(0, now - max(had, share.wanted)))
    for way, wanted in question.ways.items():
        found += weight[Rule.MIX] * max(0, wanted - sum(one.way == way for one in every))
    travelled, before = (len({one.day for one in some if one.travels}) for some in (every, question.booked))
    found += weight[Rule.TRAVEL] * (travelled - before)
    new_days = {one.day for one in question.candidates}
    found += weight[Rule.GAPS] * waiting_of(one for one in every if one.day in new_days)
    for one in chosen:
        found += sum(weight[rule] for rule in one.against)
        found -= WORTH_OF_STAYING if one.key in question.stay else 0
    return found


def best(question, must):
    """The least cost of any possible week, or None where there is none."""
    every = (some for size in range(len(question.candidates) + 1) for some in combinations(question.candidates, size))
    return min((cost(question, some) for some in every if possible(question, some, must)), default=None)


@st.composite
def slots(draw, key):
    return slot(
        key,
        day=draw(st.integers(0, 2)),
        at=draw(st.integers(16, 22)) / 2,
        minutes=draw(st.sampled_from([30, 50, 60, 90])),
        way=draw(st.sampled_from(["skills", "art", "talk", "walk"])),
        share=draw(st.sampled_from(["group", "one"])),
        travels=draw(st.booleans()),
        against=draw(st.sets(st.sampled_from(BY_ITSELF), max_size=2)),
        counts=draw(st.integers(0, 9)) > 0,
    )


@st.composite
def questions(draw):
    booked = []
    for number in range(draw(st.integers(0, 2))):
        one = draw(slots(f"b{number}"))
        if not any(overlap(one, other, timedelta(0)) for other in booked):
            booked.append(one)
    question = asked(
        *(draw(slots(f"c{number}")) for number in range(draw(st.integers(0, 8)))),
        booked=booked,
        minutes=draw(st.sampled_from([0, 90, 180, 300])),
        days=draw(st.integers(0, 3)),
        shares={"one": Share(draw(st.integers(0, 1)), 1), "group": Share(draw(st.integers(0, 3)), 5)},
        ways={"skills": draw(st.integers(0, 3)), "art": draw(st.integers(0, 2))},
        weights=WEIGHTS,
        must=frozenset(draw(st.sets(st.sampled_from([*BY_ITSELF, Rule.TRAVEL, Rule.GAPS, Rule.MIX]), max_size=3))),
        most_travel_days=draw(st.integers(0, 2)),
        longest_wait=draw(st.sampled_from([0, 30, 60])),
        longest_day=draw(st.sampled_from([120, 300])),
        travel=timedelta(minutes=draw(st.sampled_from([0, 30]))),
        stay=frozenset({"c0"} if draw(st.booleans()) else ()),
    )
    return question


SLOW = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@SLOW
@given(questions())
def test_no_week_that_is_possible_costs_less(question):
    whole = question.must | NEEDS
    plan = plan_week(question, seconds=PATIENT)
    assert plan.proven
    least = best(question, whole)
    if least is None:
        least = best(question, question.must - NEEDS - {Rule.MIX})
        assert plan.clash
    else:
        assert plan.clash == ()
        assert possible(question, plan.chosen, whole)
    assert cost(question, plan.chosen) == least


@SLOW
@given(questions())
def test_without_any_one_of_the_rules_that_clash_the_others_can_be_kept(question):
    clash = frozenset(plan_week(question, seconds=PATIENT).clash)
    if clash:
        assert best(question, clash) is None
        for rule in clash:
            assert best(question, clash - {rule}) is not None


@SLOW
@given(questions(), st.randoms())
def test_the_same_question_has_the_same_answer_in_whatever_order_it_is_asked(question, random):
    mixed = list(question.candidates)
    random.shuffle(mixed)
    first, again = (
        plan_week(replace(question, candidates=tuple(one)), seconds=PATIENT)
        for one in (mixed, sorted(mixed, key=lambda slot: slot.key))
    )
    assert first == again == plan_week(question, seconds=PATIENT)


# ── A week of many candidates ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("seed", range(4))
def test_among_two_hundred_sessions_the_best_week_is_proven(seed):
    plan = plan_week(full_week(200, seed=seed), seconds=PATIENT)
    assert plan.proven
    assert plan.minutes >= 540
    assert plan.days >= 3
    assert not any(overlap(one, other, timedelta(minutes=30)) for one, other in pairwise(plan.chosen))


def test_nine_hours_on_evenings_alone_are_explained():
    """Five evenings of an hour and a half, and mornings that would do."""
    evenings = [slot(f"e{day}", day=day) for day in range(5)]
    mornings = [slot(f"m{day}", day=day, at=9, way="morning", against={Rule.PARTS}) for day in range(5)]
    plan = plan_week(
        asked(
            *evenings,
            *mornings,
            minutes=540,
            days=3,
            weights=WEIGHTS,
            must={Rule.PARTS, Rule.TRAVEL},
            most_travel_days=7,
        ),
        seconds=PATIENT,
    )
    assert plan.clash == (Rule.PARTS, Rule.HOURS)
    assert keys(plan) == ["e0", "e1", "e2", "e3", "e4"]
    assert [(way.rule, way.minutes) for way in plan.ways_out] == [(Rule.PARTS, 540)]


def test_where_nothing_more_is_open_no_wish_is_to_blame():
    plan = plan_week(asked(slot(), minutes=540, days=1, must={Rule.PARTS}), seconds=PATIENT)
    assert (plan.clash, plan.ways_out, keys(plan)) == ((Rule.HOURS,), (), ["a"])


def test_what_is_kept_is_in_it_whatever_it_breaks_and_of_two_that_overlap_the_first_is():
    one, other = slot("one", against={Rule.PARTS}), slot("other", at=18)
    plan = plan_week(asked(one, other, minutes=90, days=1, must={Rule.PARTS}, kept={"one", "other"}), seconds=PATIENT)
    assert keys(plan) == ["one"]
    assert plan.clash == ()


def test_what_was_suggested_before_stays_where_nothing_is_much_better():
    monday, tuesday, good = slot("mon", way="a"), slot("tue", day=1, way="b"), slot("wed", day=2, way="c")
    for stay in ("mon", "tue", "wed"):
        plan = plan_week(asked(monday, tuesday, good, minutes=90, days=1, stay={stay}), seconds=PATIENT)
        assert keys(plan) == [stay]
    slightly = replace(monday, against=frozenset({Rule.PEOPLE}))
    much = replace(monday, against=frozenset({Rule.COMMITMENTS}))
    for worse, chosen in ((slightly, True), (much, False)):
        plan = plan_week(asked(worse, tuesday, minutes=90, days=1, weights=WEIGHTS, stay={"mon"}), seconds=PATIENT)
        assert (keys(plan) == ["mon"]) == chosen


def test_between_a_room_and_home_there_is_time_for_the_way():
    here, home = slot("here", minutes=60), slot("home", at=18.5, minutes=60, way="b", travels=False)
    for travel, both in ((0, True), (30, False)):
        plan = plan_week(asked(here, home, minutes=120, days=1, travel=timedelta(minutes=travel)), seconds=PATIENT)
        assert (len(plan.chosen) == 2) == both


def test_no_day_is_longer_than_a_day_may_be():
    whole_day = [slot(f"at {at}", at=at, way=f"at {at}") for at in (9, 11, 13, 15)]
    for longest, fit in ((300, 3), (360, 4)):
        plan = plan_week(asked(*whole_day, minutes=360, days=1, longest_day=longest), seconds=PATIENT)
        assert len(plan.chosen) == fit


def test_waiting_costs_by_the_minute():
    """An hour of it costs as much as a session that begins at the wrong time of day."""
    booked = slot("booked", at=13)
    for wait, chosen in ((55, "later"), (65, "other")):
        later = slot("later", at=14.5 + wait / 60, way="b")
        other = slot("other", day=1, way="b", travels=False, against={Rule.PARTS})
        plan = plan_week(
            asked(later, other, booked=[booked], days=1, weights=WEIGHTS, travel=timedelta(0)), seconds=PATIENT
        )
        assert keys(plan) == [chosen]


def test_more_of_one_kind_than_is_wished_for_costs_too():
    talks = [slot(f"talk {day}", day=day, way="talk", share="talk") for day in (1, 2)]
    groups = [slot(f"group {day}", day=day, against={Rule.PARTS}) for day in (3, 4)]
    shares = {"talk": Share(1, 2)}
    plan = plan_week(asked(*talks, *groups, minutes=180, days=2, shares=shares, weights=WEIGHTS), seconds=PATIENT)
    assert sorted(one.share for one in plan.chosen) == ["group", "talk"]


def test_over_midnight_nobody_is_in_two_places():
    late, early = slot("late", at=23.5), slot("early", day=1, at=0.5, way="b")
    assert len(plan_week(asked(late, early, minutes=180, days=2), seconds=PATIENT).chosen) == 1


def test_of_two_sessions_alike_the_one_is_chosen_that_leaves_time_for_the_morning_after():
    late, early = slot("late", at=23.5), slot("early", day=1, at=0.5, way="b")
    dearer = slot("dearer", at=21, against={Rule.PEOPLE})
    plan = plan_week(asked(late, dearer, early, minutes=180, days=2, weights=WEIGHTS), seconds=PATIENT)
    assert keys(plan) == ["dearer", "early"]


def test_a_day_on_which_one_booked_closer_than_the_way_takes_still_has_room():
    booked = [slot("room", way="a"), slot("home", at=19, way="b", travels=False)]
    question = asked(slot("more", at=9, way="c"), booked=booked, minutes=270, days=1, travel=HOUR)
    plan = plan_week(question, seconds=PATIENT)
    assert keys(plan) == ["more"]


def test_a_day_begun_in_a_room_and_ended_at_home_is_a_day_of_travel():
    there, here = slot("room", way="a"), slot("home", at=20, way="b", travels=False)
    plan = plan_week(
        asked(there, here, days=1, weights=WEIGHTS, must=frozenset({Rule.TRAVEL}), most_travel_days=0), seconds=PATIENT
    )
    assert plan.clash == (Rule.TRAVEL, Rule.HOURS)


def test_a_day_that_begins_dear_is_chosen_for_what_was_suggested_before_on_it():
    dear = slot("dear", way="a", against={Rule.PARTS})
    suggested = slot("suggested", at=19, way="b")
    other = slot("other", day=1, at=9, minutes=180, against={Rule.WEEKDAYS})
    weights = {Rule.PARTS: A_DEAR_DAY + 10, Rule.WEEKDAYS: A_DEAR_DAY - 50}
    question = asked(dear, suggested, other, days=1, weights=weights, stay=frozenset({"suggested"}))
    plan = plan_week(question, seconds=PATIENT)
    assert (keys(plan), plan.cost) == (["dear", "suggested"], A_DEAR_DAY + 10 - WORTH_OF_STAYING)


def test_without_time_it_says_so():
    with pytest.raises(OutOfTime):
        plan_week(full_week(200), seconds=0)


def test_what_the_care_plan_has_a_week_is_chosen_before_what_it_has_not():
    art = [slot(f"art {day}", day=day, way="art") for day in range(3)]
    skills = [slot(f"skills {day}", day=day, way="skills", against={Rule.PEOPLE}) for day in range(3)]
    for ways, chosen in (({}, {"art": 2}), ({"skills": 1}, {"art": 1, "skills": 1}), ({"skills": 2}, {"skills": 2})):
        plan = plan_week(asked(*art, *skills, ways=ways, weights=WEIGHTS), seconds=PATIENT)
        assert Counter(one.way for one in plan.chosen) == chosen


def test_what_is_booked_counts_toward_the_mix_and_more_of_it_costs_nothing():
    booked = slot("booked", way="skills")
    more = [slot(f"skills {day}", day=day, way="skills") for day in (1, 2)]
    other = slot("art", day=1, way="art", against={Rule.PEOPLE})
    plan = plan_week(
        asked(*more, other, booked=[booked], ways={"skills": 1}, minutes=180, days=2, weights=WEIGHTS), seconds=PATIENT
    )
    assert [one.way for one in plan.chosen] == ["skills"]


def test_a_mix_that_cannot_be_had_breaks_no_firm_wish_and_blames_none():
    one, other = slot("one", way="art"), slot("other", day=1, way="skills", against={Rule.PARTS})
    question = asked(one, other, minutes=90, days=1, ways={"skills": 1}, weights=WEIGHTS, must={Rule.PARTS})
    plan = plan_week(question, seconds=PATIENT)
    assert (keys(plan), plan.clash) == (["one"], ())
