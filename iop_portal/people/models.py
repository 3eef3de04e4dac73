"""Who there is. Writes live above, in accounts; what one may see is decided in `seeing`."""

from __future__ import annotations

import zoneinfo
from datetime import datetime
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from iop_portal.people import seeing
from iop_portal.people.roles import HELD_ROLES, STAFF_ROLES, Role
from iop_portal.sealing import SealedTextField

UNPRINTABLE = r"[\u0000-\u001f\u007f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]"


def plain_line(value: str) -> None:
    """One printable line: no line breaks, no marks that turn the direction of the text around them."""
    if any(ord(char) < 32 or ord(char) == 127 or char in _HIDDEN for char in value):
        raise ValidationError(_("Use letters, signs and spaces only, on one line."), code="plain_line")


_HIDDEN = frozenset(
    map(chr, [*range(0x200B, 0x2010), *range(0x2028, 0x202F), *range(0x2060, 0x206A), 0xFEFF, 0x7F, 0x85])
)


def known_zone(value: str) -> None:
    if value not in zoneinfo.available_timezones():
        raise ValidationError(_("Choose a time zone from the list."), code="known_zone")


class Program(models.Model):
    """An intensive outpatient program. `sender` is the neutral name that mails carry: never what is treated."""

    name = models.CharField(_("name"), max_length=120, validators=[plain_line])
    sender = models.CharField(_("neutral sender name"), max_length=60, validators=[plain_line])
    zone = models.CharField(_("time zone"), max_length=60, validators=[known_zone], default="America/New_York")
    phone = models.CharField(_("phone"), max_length=40, validators=[plain_line])
    after_hours_phone = models.CharField(_("after-hours phone"), max_length=40, blank=True, validators=[plain_line])
    address = models.CharField(_("address"), max_length=200, blank=True, validators=[plain_line])
    quiet_from = models.TimeField(_("quiet from"), default="21:00")
    quiet_until = models.TimeField(_("quiet until"), default="08:00")

    objects = models.Manager.from_queryset(seeing.ProgramQuerySet)()

    class Meta:
        ordering = ("name", "pk")
        constraints = [
            models.UniqueConstraint(Lower("name"), name="program_names_differ"),
            models.CheckConstraint(name="quiet_hours_have_a_length", condition=~Q(quiet_from=F("quiet_until"))),
        ]

    def __str__(self) -> str:
        return self.name


def short_name(preferred_name: str, surname: str) -> str:
    return f"{preferred_name} {surname[0]}." if surname else preferred_name


class User(AbstractBaseUser):
    """Anybody who signs in: client, alum, family member, clinician or admin. Known by e-mail address."""

    class Theme(models.TextChoices):
        AUTO = "auto", _("Like my device")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    email = models.EmailField(_("e-mail address"))
    preferred_name = models.CharField(_("name we call you"), max_length=60, validators=[plain_line])
    surname = models.CharField(_("last name"), max_length=80, blank=True, validators=[plain_line])
    pronouns = models.CharField(_("pronouns"), max_length=40, blank=True, validators=[plain_line])
    zone = models.CharField(_("time zone"), max_length=60, validators=[known_zone], default="America/New_York")
    language = models.CharField(_("language"), max_length=12, default="en-us")
    theme = models.CharField(_("colours"), max_length=5, choices=Theme, default=Theme.AUTO)
    phone = SealedTextField(_("phone"), blank=True, validators=[plain_line])
    voicemail_ok = models.BooleanField(_("a voicemail may be left"), default=False)
    mail_ok = models.BooleanField(_("e-mail about appointments and news"), default=True)
    is_active = models.BooleanField(_("may sign in"), default=True)
    joined_at = models.DateTimeField(auto_now_add=True)
    # The last day on which an intern works here as a clinician. What is said of their supervision keeps it.
    intern_until = models.DateField(_("intern until"), null=True, blank=True, editable=False)

    objects = BaseUserManager.from_queryset(seeing.UserQuerySet)()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        ordering = ("preferred_name", "surname", "pk")
        constraints = [
            models.UniqueConstraint(fields=["email"], name="one_account_per_address"),
            models.CheckConstraint(name="theme_is_known", condition=Q(theme__in=["auto", "light", "dark"])),
            models.CheckConstraint(name="address_is_lower_case", condition=Q(email=Lower("email"))),
            models.CheckConstraint(
                name="names_are_plain_lines",
                condition=~Q(preferred_name__regex=UNPRINTABLE) & ~Q(surname__regex=UNPRINTABLE),
            ),
        ]

    def __str__(self) -> str:
        return self.short_name

    @property
    def short_name(self) -> str:
        """Maya T.: what staff see in lists. Groups and families see the preferred name alone."""
        return short_name(self.preferred_name, self.surname)

    @property
    def full_name(self) -> str:
        return f"{self.preferred_name} {self.surname}".strip()

    @cached_property
    def roles(self) -> frozenset[Role]:
        """What this person is: roles held, and client, applicant or alum by the state of their enrolments."""
        return seeing.roles_of(self)

    @property
    def is_staff_member(self) -> bool:
        return bool(self.roles & STAFF_ROLES)


class RoleHeld(models.Model):
    """A role given by the program. What enrolments say (client, applicant, alum) is never stored here."""

    user = models.ForeignKey(User, models.CASCADE, related_name="roles_held")
    program = models.ForeignKey(Program, models.PROTECT, related_name="roles_held")
    role = models.CharField(max_length=12, choices=[(role.value, role.label) for role in HELD_ROLES])

    objects = models.Manager.from_queryset(seeing.RoleHeldQuerySet)()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "program", "role"], name="a_role_is_held_once"),
            models.CheckConstraint(
                name="only_held_roles_are_stored", condition=Q(role__in=[role.value for role in HELD_ROLES])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()} #{self.user_id}"


class Enrolment(models.Model):
    """An episode: one person in one program, from referral to discharge."""

    class State(models.TextChoices):
        REFERRED = "referred", pgettext_lazy("enrolment", "referred")
        ADMITTED = "admitted", pgettext_lazy("enrolment", "admitted")
        DISCHARGED = "discharged", pgettext_lazy("enrolment", "discharged")

    class Reason(models.TextChoices):
        """Why an enrolment ended. None of them is a verdict: whoever left may come back."""

        COMPLETED = "completed", pgettext_lazy("discharge", "Completed")
        TRANSFERRED = "transferred", pgettext_lazy("discharge", "Went on to other care")
        LEFT = "left", pgettext_lazy("discharge", "Chose to leave")
        ADMINISTRATIVE = "administrative", pgettext_lazy("discharge", "Ended by the program")
        INCARCERATED = "incarcerated", pgettext_lazy("discharge", "In custody")
        DECEASED = "deceased", pgettext_lazy("discharge", "Died")
        NOT_BEGUN = "not_begun", pgettext_lazy("discharge", "Was never admitted")

    LIVE = (State.REFERRED, State.ADMITTED)

    client = models.ForeignKey(User, models.PROTECT, related_name="enrolments")
    program = models.ForeignKey(Program, models.PROTECT, related_name="enrolments")
    state = models.CharField(max_length=12, choices=State, default=State.REFERRED)
    referred_on = models.DateField()
    admitted_on = models.DateField(null=True, blank=True)
    discharged_on = models.DateField(null=True, blank=True)
    discharge_reason = models.CharField(max_length=14, choices=Reason, blank=True, default="", db_default="")

    objects = models.Manager.from_queryset(seeing.EnrolmentQuerySet)()

    class Meta:
        ordering = ("-referred_on", "-pk")
        constraints = [
            models.UniqueConstraint(
                fields=["client", "program"],
                condition=Q(state__in=["referred", "admitted"]),
                name="one_live_enrolment_per_client_and_program",
            ),
            models.CheckConstraint(
                name="enrolment_state_and_dates_agree",
                condition=(
                    Q(state="referred", admitted_on=None, discharged_on=None)
                    | Q(state="admitted", admitted_on__isnull=False, discharged_on=None)
                    | Q(state="discharged", discharged_on__isnull=False)
                ),
            ),
            models.CheckConstraint(
                name="a_discharge_has_a_reason",
                condition=(Q(state="discharged") & ~Q(discharge_reason=""))
                | (~Q(state="discharged") & Q(discharge_reason="")),
            ),
            models.CheckConstraint(
                name="a_discharge_has_a_known_reason",
                condition=Q(
                    discharge_reason__in=[
                        *("", "completed", "transferred", "left", "administrative"),
                        *("incarcerated", "deceased", "not_begun"),
                    ]
                ),
            ),
            models.CheckConstraint(
                name="who_was_never_admitted_did_not_complete",
                condition=Q(discharged_on=None)
                | Q(admitted_on__isnull=False) & ~Q(discharge_reason="not_begun")
                | Q(admitted_on=None) & ~Q(discharge_reason="completed"),
            ),
            models.CheckConstraint(
                name="enrolment_dates_are_in_order",
                condition=(Q(admitted_on=None) | Q(admitted_on__gte=F("referred_on")))
                & (Q(discharged_on=None) | Q(discharged_on__gte=F("referred_on")))
                & (Q(discharged_on=None) | Q(admitted_on=None) | Q(discharged_on__gte=F("admitted_on"))),
            ),
        ]

    def __str__(self) -> str:
        return f"Enrolment #{self.pk}"

    @property
    def live(self) -> bool:
        return self.state in self.LIVE


class CareTeam(models.Model):
    """A clinician's place on the care team of an enrolment. A place that ended is kept, with its dates."""

    class Part(models.TextChoices):
        PRIMARY = "primary", _("primary counsellor")
        MEMBER = "member", _("care team")

    enrolment = models.ForeignKey(Enrolment, models.PROTECT, related_name="care_team")
    clinician = models.ForeignKey(User, models.PROTECT, related_name="care_teams")
    part = models.CharField(max_length=8, choices=Part, default=Part.MEMBER)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-part", "since", "pk")
        constraints = [
            models.UniqueConstraint(
                fields=["enrolment", "clinician"],
                condition=Q(until=None),
                name="one_live_place_on_a_care_team",
            ),
            models.UniqueConstraint(
                fields=["enrolment"],
                condition=Q(until=None, part="primary"),
                name="one_live_primary_counsellor",
            ),
            models.CheckConstraint(
                name="care_team_dates_are_in_order", condition=Q(until=None) | Q(until__gte=F("since"))
            ),
        ]

    def __str__(self) -> str:
        return f"Care team #{self.pk}"


class BrokenGlass(models.Model):
    """A clinician opened a record outside their care teams, for a reason and for four hours at most."""

    class Finding(models.TextChoices):
        JUSTIFIED = "justified", _("It was needed")
        UNJUSTIFIED = "unjustified", _("It was not needed")

    clinician = models.ForeignKey(User, models.PROTECT, related_name="glass_broken")
    client = models.ForeignKey(User, models.PROTECT, related_name="glass_broken_for")
    program = models.ForeignKey(Program, models.PROTECT, related_name="+")
    reason = models.TextField(_("reason"))
    since = models.DateTimeField()
    until = models.DateTimeField()
    reviewed_at = models.DateTimeField(null=True, blank=True)
    reviewed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    finding = models.CharField(max_length=12, choices=Finding, blank=True)
    review_note = models.TextField(_("note"), blank=True)

    objects = models.Manager.from_queryset(seeing.BrokenGlassQuerySet)()

    class Meta:
        ordering = ("-since", "-pk")
        constraints = [
            models.CheckConstraint(
                name="glass_is_broken_for_four_hours_at_most",
                condition=Q(until__gt=F("since"))
                & Q(until__lte=F("since") + models.Value("4 hours", models.DurationField())),
            ),
            models.CheckConstraint(
                name="a_review_is_whole",
                condition=Q(reviewed_at=None, reviewed_by=None, finding="")
                | Q(reviewed_at__isnull=False, reviewed_by__isnull=False) & Q(finding__in=["justified", "unjustified"]),
            ),
            models.CheckConstraint(
                name="nobody_reviews_their_own_broken_glass",
                condition=Q(reviewed_by=None) | ~Q(reviewed_by=F("clinician")),
            ),
        ]

    def __str__(self) -> str:
        return f"Broken glass #{self.pk}"

    def open_at(self, now: datetime) -> bool:
        return self.since <= now < self.until


class Apart(models.Model):
    """Two people who never meet here. Kept with the lower key first, so that a pair has one row."""

    class AskedBy(models.TextChoices):
        CLIENT = "client", _("asked for by a client")
        STAFF = "staff", _("decided by staff")
        SAFETY = "safety", _("for safety")

    one = models.ForeignKey(User, models.PROTECT, related_name="+")
    other = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_by = models.CharField(max_length=8, choices=AskedBy)
    set_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)

    objects = models.Manager.from_queryset(seeing.ApartQuerySet)()

    class Meta:
        constraints = [
            models.CheckConstraint(name="apart_pairs_are_ordered", condition=Q(one__lt=F("other"))),
            models.UniqueConstraint(fields=["one", "other"], condition=Q(until=None), name="a_pair_is_kept_apart_once"),
            models.CheckConstraint(name="apart_dates_are_in_order", condition=Q(until=None) | Q(until__gte=F("since"))),
        ]

    def __str__(self) -> str:
        return f"Apart #{self.pk}"
