"""Texts to read: the bundled ones, finding one without a trace of what was looked for, and marks that are one's own."""

import logging

import pytest
import time_machine
from django.db import DatabaseError, IntegrityError, transaction
from django.urls import reverse
from django.utils.html import strip_tags

from iop_portal.audit.models import Entry
from iop_portal.versions import ChangedMeanwhile
from tests.factories import NOON, ProgramFactory, admin, clinician, enrolled, held
from tests.signing_in import sign_in
from tests.therapy.plan_world import Clinic
from therapy import library
from therapy.data_files import BrokenFile
from therapy.models import LibraryText, TextMark, TextVersion, Topic
from therapy.texts import FOLDER, bundled, check_files, read

pytestmark = pytest.mark.django_db

LIBRARY = reverse("therapy:library")
GOOD = (FOLDER / "sleep.toml").read_text()


@pytest.fixture(autouse=True)
def tuesday():
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def clinic():
    clinic = Clinic()
    clinic.dana = admin(clinic.program)
    return clinic


@pytest.fixture
def maya(client, clinic):
    library.offer_standard_texts(clinic.program, by=clinic.dana, now=NOON)
    return sign_in(client, clinic.maya)


def words(response):
    return " ".join(strip_tags(response.content.decode()).split())


def details(**fields):
    return library.TextDetails(
        **{"topic": "here", "title": "Parking", "in_short": "Where.", "words": "Behind.", **fields}
    )


def written(clinic, **fields):
    return library.add_text(clinic.program, details(**fields), by=clinic.dana, now=NOON)


def titles(shelf):
    return [one.text.title for one in shelf]


# ── The files ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_fifteen_are_bundled_and_each_topic_has_some():
    assert len(bundled()) == 15
    assert {one.topic for one in bundled().values()} == set(Topic)
    assert [one.code for one in bundled().values() if one.urgent] == ["lapse", "call"]


@pytest.mark.parametrize("text", bundled().values(), ids=list(bundled()))
def test_each_is_in_plain_sentences_and_paragraphs_without_doses_or_numbers_of_strangers(text):
    sentences = text.words.replace("?", ".").replace(":", ".").replace(";", ".").split(".")
    assert max(len(sentence.split()) for sentence in sentences) <= 32
    assert all(len(paragraph.split()) <= 90 for paragraph in text.words.split("\n\n"))
    # The numbers that the house itself gives out, and no others.
    assert {word for word in text.words.replace(",", " ").replace(".", " ").split() if word.isdigit()} <= {"911", "988"}
    assert " mg" not in text.words
    assert not {"addict", "abuse", "dirty", "non-compliant"} & set(text.words.lower().split())


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ('topic = "body"', 'topic = "moon"', "its topic is one of"),
        ('title = "Sleep in the first months"', f'title = "{"x" * 81}"', "its title, its sentence or what"),
        ("urgent = false", 'urgent = "no"', "it has urgent of the wrong type."),
        ("urgent = false", "", "it lacks urgent."),
        ('code = "sleep"', 'code = "Sleep 1"', "its code is one word in small letters."),
        ("Many people sleep badly", "word " * 300, "it has from 150 to 400 words."),
    ],
)
def test_a_file_that_says_something_impossible_is_told(before, after, told):
    with pytest.raises(BrokenFile) as refused:
        read(GOOD.replace(before, after, 1))
    assert any(fault.startswith(told) for fault in refused.value.faults), refused.value.faults


def test_a_check_names_the_file(tmp_path):
    (tmp_path / "other.toml").write_text(GOOD)
    assert [error.msg for error in check_files(folder=tmp_path)] == ["other.toml: it should be called sleep.toml."]
    assert check_files() == []


# ── What a program shows ──────────────────────────────────────────────────────────────────────────────────────


def test_bundled_texts_are_added_once_and_a_hidden_one_stays_hidden(clinic):
    made = library.offer_standard_texts(clinic.program, by=clinic.dana, now=NOON)
    library.set_text_in_use(made[0], False, by=clinic.dana, now=NOON)
    assert library.offer_standard_texts(clinic.program, by=clinic.dana, now=NOON) == []
    assert len(made) == 15
    assert len(library.shelf_of(clinic.maya)) == 14
    assert TextVersion.objects.count() == 15


def test_what_a_text_said_before_stays(clinic):
    text, seen = written(clinic), library.text_version(LibraryText.objects.get())
    library.change_text(text, details(words="In front."), seen=seen, by=clinic.dana, now=NOON)
    assert list(text.versions.values_list("number", "words")) == [(2, "In front."), (1, "Behind.")]
    with pytest.raises(ChangedMeanwhile):
        library.change_text(text, details(words="Under."), seen=seen, by=clinic.dana, now=NOON)
    for change in (lambda: TextVersion.objects.update(words="x"), lambda: TextVersion.objects.all().delete()):
        with pytest.raises(DatabaseError, match="only ever added"), transaction.atomic():
            change()


def test_titles_are_a_programs_own(clinic):
    written(clinic)
    with pytest.raises(library.TitleTaken):
        written(clinic, title="PARKING")


def test_who_may_read_it(clinic):
    text = written(clinic)
    readers = (clinic.maya, clinic.amara, clinic.dana, enrolled(clinic.program))
    strangers = (clinician(), enrolled(ProgramFactory()), held("family", clinic.program))
    assert [LibraryText.objects.visible_to(person).count() for person in readers] == [1] * 4
    assert [LibraryText.objects.visible_to(person).count() for person in strangers] == [0] * 3
    library.set_text_in_use(text, False, by=clinic.dana, now=NOON)
    assert [LibraryText.objects.visible_to(person).count() for person in readers] == [0] * 4


# ── Finding, and marking ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("sleeps naps", ["Sleep in the first months"]),
        ("NALOXONE", ["A lapse is information", "When to call somebody at once"]),
        ("naloxon", ["A lapse is information", "When to call somebody at once"]),
        ("payday money", ["Money"]),
        ("100% o'clock ' & | !", []),
        ("crocodile", []),
    ],
)
def test_a_text_is_found_by_its_words_in_any_form(maya, clinic, typed, found):
    assert titles(library.shelf_of(clinic.maya, words=typed)) == found


def test_what_somebody_looks_for_stands_in_no_address_log_or_trail(maya, clinic, caplog):
    before = Entry.objects.count()
    with caplog.at_level(logging.DEBUG):
        page = maya.post(LIBRARY, {"words": "naloxone"})
    assert "2 texts found" in words(page)
    assert 'method="post"' in page.content.decode().partition('role="search"')[0].rpartition("<form")[2]
    assert "naloxone" not in caplog.text.lower()
    assert Entry.objects.count() == before
    assert "naloxone" not in words(maya.get(LIBRARY)).lower()


@pytest.mark.parametrize("typed", [{}, {"words": ""}, {"words": "   "}])
def test_who_looks_for_nothing_is_shown_everything(maya, clinic, typed):
    page = maya.post(LIBRARY, typed)
    assert (page.status_code, len(page.context["texts"])) == (200, 15)
    assert "There is a problem" not in words(page)


def test_marks_are_ones_own_and_go_when_they_say_nothing(maya, clinic):
    text = LibraryText.objects.get(code="sleep")
    library.mark_text(text, kept=True, by=clinic.maya, now=NOON)
    library.mark_text(text, read=True, by=clinic.maya, now=NOON)
    assert (library.shelved(clinic.maya, text).kept, library.shelved(clinic.maya, text).read) == (True, True)
    other = enrolled(clinic.program)
    assert (library.shelved(other, text).kept, library.shelved(other, text).read) == (False, False)
    library.mark_text(text, kept=False, read=False, by=clinic.maya, now=NOON)
    assert not TextMark.objects.exists()
    assert set(Entry.objects.filter(verb="library.marked").values_list("object_id")) == {(None,)}
    with pytest.raises(IntegrityError, match="a_mark_says_something"), transaction.atomic():
        TextMark.objects.create(person=clinic.maya, text=text)


def test_nobody_marks_what_they_may_not_read(clinic):
    text = written(clinic)
    with pytest.raises(library.NotShown):
        library.mark_text(text, kept=True, by=enrolled(ProgramFactory()), now=NOON)


# ── The pages ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_client_reads_by_topic_keeps_and_marks(maya, clinic):
    text = LibraryText.objects.get(code="sleep")
    assert titles(maya.get(LIBRARY, {"topic": "body"}).context["texts"]) == [
        "Sleep in the first months",
        "Medication for recovery",
    ]
    address = reverse("therapy:library_text", args=[text.pk])
    assert "Keep it for later" in words(maya.get(address))
    mark = reverse("therapy:mark_text", args=[text.pk])
    assert "Keep it no longer" in words(maya.post(mark, {"keep_it": "1"}, follow=True))
    assert "Mark as not read" in words(maya.post(mark, {"mark_read": "1"}, follow=True))
    page = maya.get(LIBRARY)
    assert titles(page.context["kept"]) == ["Sleep in the first months"]
    assert "Sleep in the first months" not in titles(page.context["texts"])


def test_whom_to_call_stands_above_what_may_not_wait(maya):
    for code, stands in (("lapse", True), ("money", False)):
        page = words(maya.get(reverse("therapy:library_text", args=[LibraryText.objects.get(code=code).pk])))
        assert ("Somebody is there now" in page) == stands


def test_words_of_a_text_are_never_markup(maya, clinic):
    text = written(clinic, words="<script>alert(1)</script>\n\nSecond.")
    page = maya.get(reverse("therapy:library_text", args=[text.pk])).content.decode()
    assert "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>" in page
    assert "<p>Second.</p>" in page


def test_the_office_adds_looks_first_changes_and_hides(client, clinic):
    dana = sign_in(client, clinic.dana)
    sent = {"topic": "here", "title": "Parking", "in_short": "Where.", "words": "Behind.\n\nFree."}
    add = reverse("office:add_text", args=[clinic.program.pk])
    assert "This is how clients read it" in words(dana.post(add, {**sent, "look": "1"}))
    assert not LibraryText.objects.exists()
    dana.post(add, sent)
    again = dana.post(add, sent)
    assert (again.status_code, list(again.context["form"].errors)) == (409, ["title"])
    text = LibraryText.objects.get()
    change = reverse("office:change_text", args=[text.pk])
    seen = dana.get(change).context["form"]["seen"].value()
    assert dana.post(change, {**sent, "words": "In front.", "seen": seen}).status_code == 302
    stale = dana.post(change, {**sent, "words": "Under.", "seen": seen})
    assert (stale.status_code, "In front." in words(stale)) == (409, True)
    assert "Version 1, Tuesday 24 November" in words(dana.get(change))
    dana.post(reverse("office:set_text_in_use", args=[text.pk]))
    assert not LibraryText.objects.get().in_use
    dana.post(reverse("office:set_text_in_use", args=[text.pk]), {"back": "1"})
    assert LibraryText.objects.get().in_use
    dana.post(reverse("office:offer_standard_texts", args=[clinic.program.pk]))
    assert "What a craving is, and how it passes" in words(dana.get(reverse("office:texts", args=[clinic.program.pk])))


@pytest.mark.parametrize("number", [1, 6])
def test_the_library_takes_as_many_queries_for_many_as_for_one(client, clinic, number, django_assert_num_queries):
    for at in range(number):
        library.mark_text(written(clinic, title=f"Text {at}"), kept=at % 2 == 0, read=True, by=clinic.maya, now=NOON)
    maya = sign_in(client, clinic.maya)
    maya.get(LIBRARY)
    with django_assert_num_queries(5):
        maya.get(LIBRARY)
