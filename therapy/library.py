"""The library: finding a text, what somebody marks for themselves, and what a program shows."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass, fields
from datetime import datetime

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from iop_portal.audit import trail
from iop_portal.people.models import Program, User
from iop_portal.refusals import Refused
from iop_portal.versions import save_edit, version_of
from iop_portal.writes import write
from therapy.models import LibraryText, TextMark, TextVersion
from therapy.texts import bundled

SEARCHED = ("title", "in_short", "helps", "words")
# Of what somebody types, so that no question gets out of hand.
MOST_TERMS = 6


class TitleTaken(Refused):
    message = _("There is a text of this title already.")
    constraint = "texts_of_a_program_have_titles_of_their_own"


class NotShown(Refused):
    message = _("This text is not shown at present.")
    status = 404


@dataclass(frozen=True)
class TextDetails:
    topic: str
    title: str
    in_short: str
    words: str
    helps: str = ""
    urgent: bool = False


@dataclass(frozen=True)
class Shelved:
    """A text, and what the reader marked of it."""

    text: LibraryText
    kept: bool
    read: bool


DETAILS = tuple(field.name for field in fields(TextDetails))


def details_of(text: LibraryText) -> TextDetails:
    return TextDetails(**{name: getattr(text, name) for name in DETAILS})


def text_version(text: LibraryText) -> str:
    return version_of(text, DETAILS)


# ── Reading ───────────────────────────────────────────────────────────────────────────────────────────────────


def shelf_of(reader: User, *, topic: str = "", words: str = "") -> list[Shelved]:
    """What they find, of one topic or about some words. What was searched for is kept nowhere."""
    found: QuerySet[LibraryText] = LibraryText.objects.visible_to(reader)
    if topic:
        found = found.filter(topic=topic)
    if terms := words.split()[:MOST_TERMS]:
        found = about(found, terms)
    return _marked(reader, list(found))


def kept_by(reader: User) -> QuerySet[LibraryText]:
    """What they keep for later, so far as it is still shown: the last they kept first."""
    found: QuerySet[LibraryText] = LibraryText.objects.visible_to(reader)
    return found.filter(marks__person=reader, marks__kept=True).order_by("-marks__pk")


def about(texts: QuerySet[LibraryText], terms: Collection[str]) -> QuerySet[LibraryText]:
    """With all of the terms, in whatever form English has of them, or as parts of words."""
    parts = Q()
    for term in terms:
        parts &= Q(*((f"{name}__icontains", term) for name in SEARCHED), _connector=Q.OR)
    vector = SearchVector(*SEARCHED, config="english")
    return texts.annotate(told=vector).filter(parts | Q(told=SearchQuery(" ".join(terms), config="english")))


def shelved(reader: User, text: LibraryText) -> Shelved:
    return _marked(reader, [text])[0]


def _marked(reader: User, texts: list[LibraryText]) -> list[Shelved]:
    marks = {mark.text_id: mark for mark in TextMark.objects.filter(person=reader)}
    none = TextMark()
    return [Shelved(text, marks.get(text.pk, none).kept, marks.get(text.pk, none).read) for text in texts]


# ── What somebody marks ───────────────────────────────────────────────────────────────────────────────────────


@write
def mark_text(
    text: LibraryText, *, kept: bool | None = None, read: bool | None = None, by: User, now: datetime
) -> None:
    """Keep it for later, mark it as read, or take that back; None leaves it. The trail does not say which text."""
    if not LibraryText.objects.visible_to(by).filter(pk=text.pk).exists():
        raise NotShown
    person = User.objects.lock_no_key(by.pk)
    mark = TextMark.objects.filter(person=person, text=text).first() or TextMark(person=person, text=text)
    mark.kept = mark.kept if kept is None else kept
    mark.read = mark.read if read is None else read
    if mark.kept or mark.read:
        mark.save()
    elif mark.pk:
        mark.delete()
    trail.record("library.marked", client=person, by=by, at=now)


# ── What a program shows ──────────────────────────────────────────────────────────────────────────────────────


@write
def add_text(program: Program, details: TextDetails, *, by: User, now: datetime) -> LibraryText:
    text = LibraryText.objects.create(program=program, **asdict(details))
    _keep_version(text, by, now)
    trail.record("text.added", text, by=by, at=now)
    return text


@write
def change_text(text: LibraryText, details: TextDetails, *, seen: str, by: User, now: datetime) -> LibraryText:
    """`seen` is the `text_version` that an admin had before them. What it said before stays as a version."""
    text, changed = save_edit(text, asdict(details), seen=seen)
    if changed:
        text.number += 1
        text.save(update_fields=["number"])
        _keep_version(text, by, now)
        trail.record("text.changed", text, by=by, at=now, facts={"fields": ", ".join(changed)})
    return text


@write
def set_text_in_use(text: LibraryText, in_use: bool, *, by: User, now: datetime) -> None:
    """Out of use nobody finds it any more; what was given of it stays readable."""
    if LibraryText.objects.filter(pk=text.pk, in_use=not in_use).update(in_use=in_use):
        trail.record("text.brought_back" if in_use else "text.retired", text, by=by, at=now)


@write
def offer_standard_texts(program: Program, *, by: User, now: datetime) -> list[LibraryText]:
    """Add the bundled ones that the program has not had yet. One that it took out of use stays out."""
    Program.objects.select_for_update(no_key=True).get(pk=program.pk)
    held = list(program.library.values_list("code", "title"))
    codes, titles = {code for code, _title in held}, {title.lower() for _code, title in held}
    made = LibraryText.objects.bulk_create(
        LibraryText(program=program, code=one.code, **{name: getattr(one, name) for name in DETAILS})
        for one in bundled().values()
        if one.code not in codes and one.title.lower() not in titles
    )
    TextVersion.objects.bulk_create(_version(text, by, now) for text in made)
    trail.record("text.standard_added", by=by, at=now, facts={"count": len(made)})
    return made


def _keep_version(text: LibraryText, by: User, now: datetime) -> None:
    _version(text, by, now).save()


def _version(text: LibraryText, by: User, now: datetime) -> TextVersion:
    said = {"title": text.title, "in_short": text.in_short, "words": text.words}
    return TextVersion(text=text, number=text.number, **said, at=now, by=by)
