"""Every bundled instrument against its published rule, and what a broken file is told."""

from itertools import pairwise

import pytest

from therapy.data_files import BrokenFile
from therapy.instruments import (
    FOLDER,
    Change,
    asked,
    change,
    check_files,
    instruments,
    read,
    score,
    unanswered,
)

PHQ, GAD, CRAVING, PTSD = (instruments()[code] for code in ("phq-9", "gad-7", "craving", "pc-ptsd-5"))


def spread(instrument, total):
    """Answers to every item that add up to so many points, the difficulty question left at none."""
    given = {}
    for item in instrument.items:
        if item.scored:
            given[item.code] = min(item.most, total)
            total -= given[item.code]
    assert total == 0
    return {**given, "10": 0} if instrument is PHQ else given


# ── Scores at every bound, as published ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("instrument", "total", "band"),
    [
        *(
            (PHQ, at, name)
            for name, ends in {
                "minimal": (0, 4),
                "mild": (5, 9),
                "moderate": (10, 14),
                "moderately severe": (15, 19),
                "severe": (20, 27),
            }.items()
            for at in ends
        ),
        *(
            (GAD, at, name)
            for name, ends in {"minimal": (0, 4), "mild": (5, 9), "moderate": (10, 14), "severe": (15, 21)}.items()
            for at in ends
        ),
        *(
            (CRAVING, at, name)
            for name, ends in {"none": (0, 0), "light": (1, 3), "strong": (4, 6), "very strong": (7, 10)}.items()
            for at in ends
        ),
        *((PTSD, at, name) for name, ends in {"below the mark": (0, 3), "at the mark": (4, 5)}.items() for at in ends),
    ],
)
def test_a_score_at_every_cut_off(instrument, total, band):
    given = spread(instrument, total)
    if instrument is PTSD:
        given["event"] = 1
    assert score(instrument, given) == total
    assert instrument.band(total).name == band


@pytest.mark.parametrize("instrument", [PHQ, GAD, CRAVING, PTSD], ids=lambda one: one.code)
def test_every_score_lies_in_one_band(instrument):
    starts = [band.start for band in instrument.bands]
    assert [instrument.last_of(band) for band in instrument.bands] == [*(at - 1 for at in starts[1:]), instrument.most]
    assert all(before < after for before, after in pairwise(starts))


@pytest.mark.parametrize("instrument", [PHQ, GAD, CRAVING], ids=lambda one: one.code)
def test_one_answer_not_given_leaves_no_score(instrument):
    whole = spread(instrument, 5)
    for item in instrument.items:
        if item.scored:
            assert score(instrument, {**whole, item.code: None}) is None
            assert score(instrument, {code: value for code, value in whole.items() if code != item.code}) is None


def test_the_difficulty_question_is_asked_after_any_problem_and_never_scored():
    none = {str(number): 0 for number in range(1, 10)}
    assert [item.code for item in asked(PHQ, none)] == [str(number) for number in range(1, 10)]
    assert unanswered(PHQ, none) == []
    some = {**none, "4": 1}
    assert [item.code for item in unanswered(PHQ, some)] == ["10"]
    for difficulty in (0, 1, 2, 3, None):
        assert score(PHQ, {**some, "10": difficulty}) == 1


def test_pc_ptsd_stops_at_no_and_scores_nothing_where_the_gate_is_not_answered():
    assert [item.code for item in asked(PTSD, {"event": 0})] == ["event"]
    assert score(PTSD, {"event": 0}) == 0
    assert score(PTSD, {"event": None}) is None
    yes = {"event": 1, **dict.fromkeys("12345", 1)}
    assert score(PTSD, yes) == 5
    assert score(PTSD, {**yes, "3": None}) is None


@pytest.mark.parametrize(
    ("instrument", "first", "last", "told"),
    [
        (PHQ, 17, 11, Change.BETTER),
        (PHQ, 17, 12, Change.SAME),
        (PHQ, 9, 14, Change.SAME),
        (PHQ, 9, 15, Change.WORSE),
        (GAD, 10, 6, Change.BETTER),
        (GAD, 10, 7, Change.SAME),
        (GAD, 10, 13, Change.SAME),
        (GAD, 10, 14, Change.WORSE),
        (PHQ, None, 9, Change.UNKNOWN),
        (PHQ, 9, None, Change.UNKNOWN),
        (CRAVING, 9, 1, Change.UNKNOWN),
        (PTSD, 5, 0, Change.UNKNOWN),
    ],
)
def test_reliable_change_at_its_bounds(instrument, first, last, told):
    assert change(instrument, first, last) == told


# ── Words and licences ────────────────────────────────────────────────────────────────────────────────────────


def test_the_published_wording_and_credit_stand_as_they_are():
    credit = (
        "Developed by Drs. Robert L. Spitzer, Janet B.W. Williams, Kurt Kroenke and colleagues, with an educational "
        "grant from Pfizer Inc. No permission required to reproduce, translate, display or distribute."
    )
    assert (PHQ.credit, GAD.credit) == (credit, credit)
    assert PHQ.item("9").text == "Thoughts that you would be better off dead or of hurting yourself in some way"
    assert [option.text for option in PHQ.item("1").options] == [option.text for option in GAD.item("1").options]
    assert [(option.value, option.text) for option in PHQ.item("1").options] == [
        (0, "Not at all"),
        (1, "Several days"),
        (2, "More than half the days"),
        (3, "Nearly every day"),
    ]
    assert [item.code for item in PHQ.items if item.alert_from is not None] == ["9"]


def test_which_every_program_has_and_which_it_may_add():
    assert [(code, one.bundled) for code, one in instruments().items()] == [
        ("phq-9", True),
        ("gad-7", True),
        ("craving", True),
        ("pc-ptsd-5", False),
    ]


# ── Broken files ──────────────────────────────────────────────────────────────────────────────────────────────

GOOD = (FOLDER / "phq-9.v1.toml").read_text()


def broken(old, new):
    assert old in GOOD
    with pytest.raises(BrokenFile) as told:
        read(GOOD.replace(old, new, 1))
    return told.value.faults


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('code = "phq-9"', 'code = "PHQ 9"', "its code needs small letters, digits and hyphens."),
        ('version = "1"', 'version = "first"', "its version is a number."),
        ('recall = "the last two weeks"\n', "", "it lacks recall."),
        ('recall = "the last two weeks"', 'recall = ""', "it has an empty recall."),
        ("every_days = 14", 'every_days = "often"', "it has every_days of the wrong type."),
        ("every_days = 14", "every_days = 0", "every_days is from 1 to 365."),
        ("flag_from = 10", "flag_from = 28", "flag_from is from 1 to 27."),
        (
            "reliable_change = 6",
            "reliable_change = 0",
            "reliable_change is from 1 to 27, and says where it comes from.",
        ),
        ('higher_is = "worse"', 'higher_is = "bad"', "higher_is has to be worse or better."),
        ('code = "2"\n', 'code = "1"\n', "item 1 is there twice."),
        ('scale = "often"', 'scale = "seldom"', "item 1 has the scale seldom, which there is not."),
        ("alert_from = 1", "alert_from = 4", "item 9 alerts from an answer that there is not."),
        ("alert_from = 1", "alarm_from = 1", "item 9 has alarm_from, which means nothing."),
        ('only_if_any = ["1"', 'only_if_any = ["11"', "item 10 depends on 11, which does not come before it."),
        ("from = 5", "from = 0", "its bands have to begin at 0 and rise up to 27 at most."),
        ("from = 20", "from = 28", "its bands have to begin at 0 and rise up to 27 at most."),
        ("value = 3, ", "value = 2, ", "scale often needs values from 0 up, each once."),
        ("value = 3, ", 'value = "3", ', "scale often needs options, each with a value and a text."),
    ],
)
def test_a_broken_file_is_told_what_is_wrong(old, new, fault):
    assert fault in broken(old, new)


def test_what_is_not_toml_or_empty_says_so():
    with pytest.raises(BrokenFile, match="not TOML"):
        read("items = [")
    with pytest.raises(BrokenFile, match="no items"):
        read("")


def test_the_check_at_start_names_the_file(tmp_path):
    (tmp_path / "phq-9.v1.toml").write_text(GOOD.replace("alert_from = 1", "alert_from = 9"))
    (tmp_path / "other.toml").write_text(GOOD)

    assert [(error.id, error.msg) for error in check_files(folder=tmp_path)] == [
        ("therapy.E001", "other.toml: it should be called phq-9.v1.toml."),
        ("therapy.E001", "phq-9.v1.toml: item 9 alerts from an answer that there is not."),
    ]
    assert check_files() == []
