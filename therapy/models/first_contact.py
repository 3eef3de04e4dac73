"""What anybody may read about a program before they belong to it, and those who ask to be called."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from iop_portal.people.models import Program, User
from iop_portal.sealing import SealedTextField


class PublicPage(models.Model):
    """A program told in plain words to somebody who does not know it. Nobody finds it until it is published."""

    program = models.OneToOneField(Program, models.PROTECT, related_name="public_page")
    published = models.BooleanField(_("anybody may read it"), default=False)
    what = models.TextField(_("what it is"), blank=True)
    whom = models.TextField(_("whom it is for"), blank=True)
    week = models.TextField(_("what a week is like"), blank=True)
    cost = models.TextField(_("what it costs, and who pays"), blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_published_page_says_what_it_is", condition=Q(published=False) | (~Q(what="") & ~Q(whom=""))
            )
        ]

    def __str__(self) -> str:
        return f"Public page #{self.pk}"


class FirstContactQuerySet(models.QuerySet["FirstContact"]):
    def open(self) -> Self:
        return self.filter(answered_at=None)

    def run_by(self, user: User) -> Self:
        """Of the programs that an admin runs."""
        return self.filter(program__in=Program.objects.run_by(user))


class FirstContact(models.Model):
    """Somebody asks to be called about a first conversation. Who it is lies sealed, and is forgotten afterwards."""

    class When(models.TextChoices):
        ANY = "any", pgettext_lazy("call", "Any time")
        MORNING = "morning", pgettext_lazy("call", "In the morning")
        AFTERNOON = "afternoon", pgettext_lazy("call", "In the afternoon")
        EVENING = "evening", pgettext_lazy("call", "In the evening")

    class Outcome(models.TextChoices):
        INVITED = "invited", _("We spoke, and they are invited")
        ELSEWHERE = "elsewhere", _("We spoke, and something else helps more")
        NOT_NOW = "not_now", _("We spoke, and they do not want to go on now")
        NOT_REACHED = "not_reached", _("We could not reach them")

    program = models.ForeignKey(Program, models.PROTECT, related_name="first_contacts")
    made_at = models.DateTimeField()
    # Comes with the form: one that is sent twice asks once.
    once = models.UUIDField(unique=True)
    name = SealedTextField(blank=True)
    phone = SealedTextField(blank=True)
    mail = SealedTextField(blank=True)
    words = SealedTextField(blank=True)
    when = models.CharField(max_length=10, choices=When, default=When.ANY)
    may_leave_message = models.BooleanField(default=False)
    answered_at = models.DateTimeField(null=True)
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    outcome = models.CharField(max_length=12, choices=Outcome, blank=True, default="")
    forgotten_at = models.DateTimeField(null=True)

    objects = models.Manager.from_queryset(FirstContactQuerySet)()

    class Meta:
        ordering = ("made_at", "pk")
        constraints = [
            models.CheckConstraint(
                name="a_first_contact_can_be_answered",
                condition=Q(forgotten_at__isnull=False) | (~Q(name="") & (~Q(phone="") | ~Q(mail=""))),
            ),
            models.CheckConstraint(
                name="a_forgotten_contact_says_nothing",
                condition=Q(forgotten_at=None)
                | Q(name="", phone="", mail="", words="", answered_at__isnull=False, forgotten_at__isnull=False),
            ),
            models.CheckConstraint(
                name="an_answered_contact_has_an_outcome",
                condition=Q(answered_at=None, answered_by=None, outcome="")
                | Q(
                    answered_at__isnull=False,
                    answered_by__isnull=False,
                    outcome__in=["invited", "elsewhere", "not_now", "not_reached"],
                ),
            ),
            models.CheckConstraint(
                name="a_contact_is_called_at_a_known_time",
                condition=Q(when__in=["any", "morning", "afternoon", "evening"]),
            ),
        ]
        indexes = [models.Index(fields=["program"], condition=Q(answered_at=None), name="first_contacts_open")]

    def __str__(self) -> str:
        return f"First contact #{self.pk}"
