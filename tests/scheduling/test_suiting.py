"""Who suits somebody: what the order promises, whoever the people are."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from scheduling.suiting import WEIGHTS, About, Candidate, Preferences, Wish, meets, met_by_nobody, ranked, wishes_of
from tests.factories import NOON
from therapy.models import Gender, PartOfDay

KEYS = st.frozensets(st.integers(1, 4), max_size=4)
LANGUAGES = st.frozensets(st.sampled_from(["en", "es", "ase"]))
METHODS = st.frozensets(st.sampled_from(["cbt", "art", "process"]))
TIMES = st.none() | st.integers(0, 3).map(lambda days: NOON + timedelta(days=days))
PREFERENCES = st.builds(
    Preferences,
    specialities=KEYS,
    language=st.sampled_from(["", "en", "es", "pl"]),
    methods=METHODS,
    gender=st.sampled_from(["", *Gender.values]),
    parts=st.frozensets(st.sampled_from(PartOfDay.values)),
    where=st.sampled_from(["", "room", "video"]),
)
CANDIDATES = st.lists(
    st.builds(
        Candidate,
        key=st.integers(1, 20),
        specialities=KEYS,
        languages=LANGUAGES,
        methods=METHODS,
        gender=st.sampled_from(["", *Gender.values]),
        fits_from=TIMES,
        free_from=TIMES,
        takes_new=st.booleans(),
    ),
    unique_by=lambda one: one.key,
    max_size=6,
)


def keys(found):
    return [one.candidate.key for one in found]


def fitting_more(candidate, wish):
    """The same person, with one wish more that is met."""
    value = wish.value
    match wish.about:
        case About.LANGUAGE:
            return replace(candidate, languages=candidate.languages | {value})
        case About.TIME:
            return replace(candidate, fits_from=candidate.fits_from or candidate.free_from or NOON)
        case About.GENDER:
            return replace(candidate, gender=value)
        case About.SPECIALITY:
            return replace(candidate, specialities=candidate.specialities | {int(value)})
        case About.METHOD:
            return replace(candidate, methods=candidate.methods | {value})


@given(PREFERENCES, CANDIDATES, st.data())
def test_one_thing_more_that_fits_never_puts_anybody_further_down(preferences, candidates, data):
    wishes = list(wishes_of(preferences))
    if not candidates or not wishes:
        return
    one, wish = data.draw(st.sampled_from(candidates)), data.draw(st.sampled_from(wishes))
    better = [fitting_more(each, wish) if each == one else each for each in candidates]
    before, after = keys(ranked(preferences, candidates)), keys(ranked(preferences, better))
    assert after.index(one.key) <= before.index(one.key)


@given(PREFERENCES, CANDIDATES, st.randoms())
def test_the_order_does_not_hang_on_how_people_are_listed(preferences, candidates, random):
    shuffled = random.sample(candidates, len(candidates))
    assert ranked(preferences, shuffled) == ranked(preferences, candidates)


@given(PREFERENCES, CANDIDATES)
def test_who_takes_nobody_new_stands_after_all_who_do(preferences, candidates):
    taking = [one.candidate.takes_new for one in ranked(preferences, candidates)]
    assert taking == sorted(taking, reverse=True)


@given(PREFERENCES, CANDIDATES)
def test_each_wish_is_met_or_missed_and_the_points_are_what_is_met(preferences, candidates):
    found = ranked(preferences, candidates)
    wishes = list(wishes_of(preferences))
    assert sorted(keys(found)) == sorted(one.key for one in candidates)
    for one in found:
        assert [*one.met, *one.missed] == [w for w in wishes if meets(one.candidate, w)] + [
            w for w in wishes if not meets(one.candidate, w)
        ]
        assert one.points == sum(WEIGHTS[wish.about] for wish in one.met)
    nobody = met_by_nobody(preferences, found)
    assert list(nobody) == [w for w in wishes if not any(meets(one, w) for one in candidates)]


def test_being_understood_comes_before_everything_of_which_there_is_one():
    wish = Preferences(specialities=frozenset({1}), language="es", gender="woman", where="video")
    speaks = Candidate(1, languages=frozenset({"es"}))
    woman = Candidate(2, gender="woman", specialities=frozenset({1}), free_from=NOON)
    free = Candidate(3, fits_from=NOON)
    found = ranked(wish, [free, woman, speaks])
    assert [(one.candidate.key, one.points) for one in found] == [(1, 40), (2, 32), (3, 20)]


def test_who_says_nothing_of_themselves_is_not_taken_for_what_is_wished_for():
    assert not meets(Candidate(1), Wish(About.GENDER, ""))


def test_among_equals_the_sooner_time_is_first_and_then_the_key():
    later, sooner, none = (
        Candidate(1, free_from=NOON + timedelta(days=1)),
        Candidate(3, free_from=NOON),
        Candidate(2),
    )
    assert keys(ranked(Preferences(), [none, later, sooner, replace(sooner, key=4)])) == [3, 4, 1, 2]
