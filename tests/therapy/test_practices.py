"""Quiet minutes: the bundled practices, being led through one with scripts off, and a log that is its owner's alone."""

from datetime import timedelta
from html import unescape

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.html import strip_tags

from iop_portal.accounts import sessions
from iop_portal.audit.models import Entry
from tests.factories import NOON, admin, clinician, enrolled, held
from tests.signing_in import sign_in
from tests.therapy.plan_world import Clinic
from therapy import sittings
from therapy.data_files import BrokenFile
from therapy.models import Pin, Sitting
from therapy.practices import FOLDER, MOST_MINUTES, check_files, practices, read

PAUSE, WAVE = practices()["pause"], practices()["wave"]
HELPED, STOPPED = Sitting.How.HELPED, Sitting.How.STOPPED
GOOD = (FOLDER / "pause.toml").read_text()
LOG = reverse("therapy:practice_log")


def step(practice, minutes, number):
    return reverse("therapy:mindful_step", args=[practice.code, minutes, number])


def end(practice, minutes):
    return reverse("therapy:mindful_end", args=[practice.code, minutes])


def words(response):
    return " ".join(unescape(strip_tags(response.content.decode())).split())


# ── The files ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_ten_are_bundled_in_the_order_of_their_places():
    assert list(practices()) == [
        *("pause", "breath", "body", "wave", "senses", "walk", "kindness", "eating", "sounds", "thoughts")
    ]


@pytest.mark.parametrize("practice", practices().values(), ids=list(practices()))
def test_the_steps_take_the_whole_time_at_each_length(practice):
    for minutes in practice.minutes:
        steps = practice.timed(minutes)
        assert sum(each.seconds for each in steps) == minutes * 60
        assert [each.since for each in steps] == [
            sum(before.seconds for before in steps[:at]) for at in range(len(steps))
        ]
        assert practice.minutes_until(minutes, len(steps)) == minutes
        assert practice.minutes_until(minutes, 0) == 0
    assert max(practice.minutes) <= MOST_MINUTES


@pytest.mark.parametrize("practice", practices().values(), ids=list(practices()))
def test_each_is_easy_to_read(practice):
    told = f"{practice.does} {practice.caution} {' '.join(each.words for each in practice.steps)}"
    longest = max(len(sentence.split()) for sentence in told.replace("?", ".").replace(":", ".").split("."))
    assert longest <= 26, longest


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ('code = "pause"', 'code = "Pause 3"', "its code is one word in small letters."),
        ('title = "Three-minute pause"', 'title = ""', "it has an empty title."),
        ('title = "Three-minute pause"', f'title = "{"x" * 41}"', "its title has up to 40 letters, and what it does"),
        ("minutes = [3, 5]", "minutes = [5, 3]", "minutes rise, each once."),
        ("minutes = [3, 5]", "minutes = [3, 60]", "minutes are from 1 to 20."),
        ("minutes = [3, 5]", 'minutes = "3"', "it has minutes of the wrong type."),
        ("minutes = [3, 5]", "minutes = [3]\nmusic = true", "it has music, which means nothing."),
        ("share = 2", "share = 0", "a share is 1 or more."),
        ("share = 2", "share = 90", "each step needs 10 seconds at least."),
        ("share = 2", "", "step 1 lacks share."),
        ("[[steps]]", "[[stages]]", "it has no steps."),
        ("code =", "code", "it is not TOML"),
    ],
)
def test_a_file_that_says_something_impossible_is_told(before, after, told):
    broken = GOOD.replace(before, after) if before == "[[steps]]" else GOOD.replace(before, after, 1)
    with pytest.raises(BrokenFile) as refused:
        read(broken)
    assert any(fault.startswith(told) for fault in refused.value.faults), refused.value.faults


def test_a_check_names_the_file(tmp_path):
    (tmp_path / "other.toml").write_text(GOOD)
    (tmp_path / "worse.toml").write_text("code")
    assert [error.msg.partition(":")[0] for error in check_files(folder=tmp_path)] == ["other.toml", "worse.toml"]
    assert check_files() == []


# ── The log and the top ───────────────────────────────────────────────────────────────────────────────────────


pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def tuesday():
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def clinic():
    return Clinic()


@pytest.fixture
def maya(client, clinic):
    return sign_in(client, clinic.maya)


def kept(clinic, practice=PAUSE, *, minutes=3, how=HELPED, shared=False, by=None, now=NOON):
    return sittings.keep_sitting(practice, minutes=minutes, how=how, shared=shared, by=by or clinic.maya, now=now)


def test_a_second_tap_within_a_minute_says_the_same_one_anew(clinic):
    kept(clinic)
    kept(clinic, how=STOPPED, now=NOON + timedelta(seconds=59))
    kept(clinic, now=NOON + timedelta(minutes=2))
    assert [(one.how, one.at) for one in Sitting.objects.all()] == [
        ("helped", NOON + timedelta(minutes=2)),
        ("stopped", NOON),
    ]
    assert Entry.objects.filter(verb="sitting.kept").count() == 2


def test_a_log_is_its_owners_alone_until_a_line_is_shared(clinic):
    one = kept(clinic)
    others = (clinician(clinic.program), clinician(), admin(clinic.program), enrolled(clinic.program))
    strangers = (*others, held("family", clinic.program))
    for shared, seen in ((False, 0), (True, 1), (False, 0)):
        sittings.share_sitting(one, shared, by=clinic.maya, now=NOON)
        assert Sitting.objects.visible_to(clinic.maya).count() == 1
        assert Sitting.objects.visible_to(clinic.amara).count() == seen
        assert len(sittings.read_shared(clinic.maya, by=clinic.amara, now=NOON)) == seen
        assert [Sitting.objects.visible_to(person).count() for person in strangers] == [0] * 5
    assert Entry.objects.filter(verb="sitting.read", client=clinic.maya, actor=clinic.amara).count() == 1


def test_nobody_else_shares_or_removes_a_line(clinic):
    one = kept(clinic, shared=True)
    for person in (clinic.amara, enrolled(clinic.program)):
        with pytest.raises(sittings.NotTheirs):
            sittings.share_sitting(one, False, by=person, now=NOON)
        with pytest.raises(sittings.NotTheirs):
            sittings.remove_sitting(one, by=person, now=NOON)
    sittings.remove_sitting(one, by=clinic.maya, now=NOON)
    assert not Sitting.objects.exists()


def test_the_database_keeps_whose_line_it_is_and_how_long_one_can_be(clinic):
    kept(clinic)
    with pytest.raises(IntegrityError, match="stays what it was"), transaction.atomic():
        Sitting.objects.update(person=clinic.amara)
    with pytest.raises(IntegrityError, match="up_to_20_minutes"), transaction.atomic():
        Sitting.objects.update(minutes=21)


def test_three_are_at_the_top_and_a_fourth_waits_for_a_place(clinic):
    codes = list(practices())
    for code in (*codes[:3], codes[0]):
        sittings.pin(practices()[code], by=clinic.maya, now=NOON)
    with pytest.raises(sittings.TopIsFull):
        sittings.pin(practices()[codes[3]], by=clinic.maya, now=NOON)
    sittings.unpin(practices()[codes[1]], by=clinic.maya, now=NOON)
    sittings.pin(practices()[codes[3]], by=clinic.maya, now=NOON)
    assert [each.code for each in sittings.pinned_by(clinic.maya)] == [codes[0], codes[3], codes[2]]
    with pytest.raises(IntegrityError, match="few_practices_are_at_the_top"), transaction.atomic():
        Pin.objects.create(person=clinic.maya, practice="walk", place=4)
    with pytest.raises(IntegrityError, match="holds_one_practice"), transaction.atomic():
        Pin.objects.create(person=clinic.maya, practice="walk", place=1)


def test_minutes_are_told_in_words_and_no_days_in_a_row(clinic):
    assert (sittings.lately(clinic.maya, now=NOON).count, sittings.lately(clinic.maya, now=NOON).minutes) == (0, 0)
    kept(clinic, now=NOON - timedelta(days=29), minutes=20)
    kept(clinic, now=NOON - timedelta(days=2), minutes=1)
    assert sittings.lately(clinic.maya, now=NOON).in_words == (
        "1 practice in the last four weeks, about 1 minute together."
    )
    kept(clinic, minutes=5)
    assert sittings.lately(clinic.maya, now=NOON).in_words == (
        "2 practices in the last four weeks, about 6 minutes together."
    )


# ── The pages ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_each_step_is_a_page_that_leads_to_the_next_and_moves_on_only_when_asked(maya):
    first = maya.get(step(PAUSE, 3, 1))
    assert "Refresh" not in first.headers
    assert f'href="{step(PAUSE, 3, 2)}"' in first.content.decode()
    assert "Step 1 of 5, about 25 seconds" in words(first)
    assert f'href="{end(PAUSE, 3)}"' in maya.get(step(PAUSE, 3, 5)).content.decode()
    for wrong in (step(PAUSE, 3, 6), step(PAUSE, 3, 0), step(PAUSE, 4, 1), end(PAUSE, 4)):
        assert maya.get(wrong).status_code == 404
    assert maya.get(reverse("therapy:mindful", args=["nothing"])).status_code == 404


def test_pages_turn_by_themselves_for_who_wished_it_and_say_so(maya):
    turning = maya.get(step(PAUSE, 3, 1) + "?turn=on")
    seconds = PAUSE.timed(3)[0].seconds
    assert turning.headers["Refresh"] == f"{seconds}; url={step(PAUSE, 3, 2)}?turn=on&turned=1"
    assert "This page turns by itself after about 25 seconds. Stay on this page" in words(turning)
    last = maya.get(step(PAUSE, 3, 5) + "?turn=on&turned=1")
    assert last.headers["Refresh"].startswith(f"{PAUSE.timed(3)[-1].seconds}; url={end(PAUSE, 3)}")


def test_a_page_that_turned_by_itself_does_not_keep_somebody_signed_in(maya, clinic):
    def time_left(now):
        return sessions.time_left(maya.session, clinic.maya, now=now)

    maya.get(step(PAUSE, 3, 1))
    whole = time_left(NOON)
    later = NOON + timedelta(minutes=10)
    with time_machine.travel(later, tick=False):
        maya.get(step(PAUSE, 3, 2) + "?turn=on&turned=1")
        assert time_left(later) == whole - timedelta(minutes=10)
        maya.get(step(PAUSE, 3, 3) + "?turn=on")
        assert time_left(later) == whole


def test_one_tap_keeps_a_line_and_leaving_keeps_none(maya, clinic):
    maya.get(end(PAUSE, 3))
    assert not Sitting.objects.exists()
    unsaid = maya.post(end(PAUSE, 3))
    assert (unsaid.status_code, unsaid.context["form"].errors["how"]) == (400, ["Say how it was, or keep nothing"])
    said = maya.post(end(PAUSE, 3), {"how": "helped"}, follow=True)
    assert "Three-minute pause It helped Tuesday 24 November, 12:00 pm · about 3 minutes Only you read this" in words(
        said
    )
    one = Sitting.objects.get()
    assert (one.person, one.minutes, one.shared) == (clinic.maya, 3, False)


def test_who_stops_early_keeps_the_minutes_that_it_was(maya):
    assert f'href="{end(WAVE, 15)}?after=3"' in maya.get(step(WAVE, 15, 4)).content.decode()
    assert 'name="after" value="3"' in maya.get(end(WAVE, 15) + "?after=3").content.decode()
    maya.post(end(WAVE, 15), {"how": "stopped", "after": "3"})
    assert Sitting.objects.get().minutes == WAVE.minutes_until(15, 3) == 6


def test_a_line_is_shared_not_shared_and_removed_from_the_log(maya, clinic):
    one = kept(clinic)
    share, remove = (reverse(f"therapy:{name}_sitting", args=[one.pk]) for name in ("share", "remove"))
    assert "Shared with your care team" in words(maya.post(share, {"share_it": "1"}, follow=True))
    assert "Only you read this" in words(maya.post(share, follow=True))
    assert "Remove this line?" in words(maya.get(remove))
    assert "Nothing is kept yet." in words(maya.post(remove, follow=True))


def test_the_care_team_reads_what_is_shared_where_they_give_something_to_practise(client, clinic):
    kept(clinic, WAVE, minutes=15, how=STOPPED, shared=True)
    kept(clinic, PAUSE, shared=False)
    amara = sign_in(client, clinic.amara)
    page = words(amara.get(reverse("therapy:give_homework", args=[clinic.enrolment.pk])))
    _given, shared = page.split("Quiet minutes that they share")
    assert shared.startswith(" Watching an urge I stopped early Tuesday 24 November · about 15 minutes")
    assert "Three-minute pause" not in shared


def test_what_is_at_the_top_is_found_at_the_top_and_among_things_to_practise(maya, clinic):
    pin = reverse("therapy:pin", args=["wave"])
    assert "Take it away from the top" in words(maya.post(pin, follow=True))
    assert "At the top, for you Watching an urge" in words(maya.get(reverse("therapy:mindfulness")))
    assert "Quiet minutes Watching an urge" in words(maya.get(reverse("therapy:practice")))
    assert "Keep it at the top" in words(maya.post(pin, {"away": "1"}, follow=True))
    for code in ("pause", "breath", "body"):
        maya.post(reverse("therapy:pin", args=[code]))
    assert "Three are at the top already" in words(maya.post(pin, follow=True))


def test_my_choices_say_how_much_of_the_log_is_shared(maya, clinic):
    kept(clinic, WAVE, shared=True)
    kept(clinic)
    assert "My log of quiet minutes Your care team reads 1 of 2." in words(maya.get(reverse("home:choices")))


def test_a_clinician_looks_and_keeps_nothing(client, clinic):
    amara = sign_in(client, clinic.amara)
    assert amara.get(step(PAUSE, 3, 1)).status_code == 200
    assert "Keep it at the top" not in words(amara.get(reverse("therapy:mindful", args=["pause"])))
    amara.post(end(PAUSE, 3), {"how": "helped"})
    assert not Sitting.objects.exists()


@pytest.mark.parametrize("number", [1, 6])
def test_the_log_takes_as_many_queries_for_many_as_for_one(maya, clinic, number, django_assert_num_queries):
    for at in range(number):
        kept(clinic, now=NOON - timedelta(hours=at))
    maya.get(LOG)
    with django_assert_num_queries(6):
        maya.get(LOG)


def test_each_line_that_somebody_kept_is_found(client):
    maya = enrolled()
    for number in range(sittings.SHOWN + 1):
        Sitting.objects.create(person=maya, practice="pause", how="helped", minutes=3, at=NOON + timedelta(days=number))
    sign_in(client, maya)
    assert [len(client.get(LOG, {"page": page}).context["log"]) for page in (1, 2)] == [sittings.SHOWN, 1]
