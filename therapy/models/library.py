"""Short texts to read: what a program offers, what each said before, and what somebody marked for themselves."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from iop_portal.audit.models import AppendOnly
from iop_portal.people.models import Program, User, plain_line
from therapy.models.catalogue import programs_of

# How fast somebody reads who is tired.
WORDS_A_MINUTE = 150


class Topic(models.TextChoices):
    URGES = "urges", _("Urges and lapses")
    BODY = "body", _("Body and sleep")
    FEELINGS = "feelings", _("Feelings")
    PEOPLE = "people", _("People around you")
    EVERYDAY = "everyday", _("Everyday life")
    HERE = "here", _("Being here")


class LibraryTextQuerySet(models.QuerySet["LibraryText"]):
    def visible_to(self, user: User) -> Self:
        """What the programs one belongs to show at present."""
        return self.filter(program__in=programs_of(user), in_use=True)

    def run_by(self, user: User) -> Self:
        return self.filter(program__in=Program.objects.run_by(user))


class LibraryText(models.Model):
    """One text as it reads now. `code` names the bundled one that it began as; a program's own has none."""

    program = models.ForeignKey(Program, models.PROTECT, related_name="library")
    code = models.CharField(max_length=20, blank=True)
    topic = models.CharField(_("topic"), max_length=8, choices=Topic)
    title = models.CharField(_("title"), max_length=80, validators=[plain_line])
    in_short = models.CharField(_("in one sentence"), max_length=160, validators=[plain_line])
    helps = models.CharField(_("what it helps with"), max_length=120, blank=True, validators=[plain_line])
    words = models.TextField(_("the text"))
    urgent = models.BooleanField(_("whom to call stands above it"), default=False)
    number = models.PositiveSmallIntegerField(_("version"), default=1)
    in_use = models.BooleanField(_("in use"), default=True)

    objects = models.Manager.from_queryset(LibraryTextQuerySet)()

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint("program", Lower("title"), name="texts_of_a_program_have_titles_of_their_own"),
            models.UniqueConstraint(
                fields=["program", "code"], condition=~Q(code=""), name="a_program_has_a_bundled_text_once"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def minutes(self) -> int:
        return max(1, round(len(self.words.split()) / WORDS_A_MINUTE))


class TextVersion(AppendOnly):
    """What a text said from `at` until the next version."""

    text = models.ForeignKey(LibraryText, models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=80)
    in_short = models.CharField(max_length=160)
    words = models.TextField()
    at = models.DateTimeField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")

    class Meta(AppendOnly.Meta):
        ordering = ("-number",)
        constraints = [models.UniqueConstraint(fields=["text", "number"], name="versions_of_a_text_have_numbers")]

    def __str__(self) -> str:
        return f"Version #{self.pk}"


class TextMark(models.Model):
    """That somebody keeps a text for later, or has read it. Theirs alone: nobody else finds it on any page."""

    person = models.ForeignKey(User, models.CASCADE, related_name="text_marks")
    text = models.ForeignKey(LibraryText, models.CASCADE, related_name="marks")
    kept = models.BooleanField(pgettext_lazy("text", "kept for later"), default=False)
    read = models.BooleanField(pgettext_lazy("text", "read"), default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "text"], name="a_text_is_marked_once_by_somebody"),
            models.CheckConstraint(name="a_mark_says_something", condition=Q(kept=True) | Q(read=True)),
        ]

    def __str__(self) -> str:
        return f"Mark #{self.pk}"
