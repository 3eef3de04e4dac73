"""What care is prescribed, what there is to choose from, and who gives it. When it happens is scheduling's."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from iop_portal.people.models import Apart, Enrolment, Program, RoleHeld, User, plain_line
from iop_portal.people.roles import STAFF_ROLES, Role


def programs_of(user: User) -> models.QuerySet[Program]:
    """Where one works, or is or was enrolled. A relative's program is not theirs."""
    works = RoleHeld.objects.filter(user=user, role__in=STAFF_ROLES).values("program")
    programs: models.QuerySet[Program] = Program.objects.filter(
        Q(pk__in=works) | Q(pk__in=Enrolment.objects.filter(client=user).values("program"))
    )
    return programs


class ClinicalPolicy(models.Model):
    """A program's defaults and limits. The figures vary by state and payer, so each is a setting (DOMAIN §1)."""

    program = models.OneToOneField(Program, models.PROTECT, related_name="policy")
    hours_per_week = models.PositiveSmallIntegerField(_("hours a week"), default=9)
    days_per_week = models.PositiveSmallIntegerField(_("days a week"), default=3)
    week_starts_on = models.PositiveSmallIntegerField(
        _("the program's week starts on"),
        default=0,
        choices=[
            (0, _("Monday")),
            (1, _("Tuesday")),
            (2, _("Wednesday")),
            (3, _("Thursday")),
            (4, _("Friday")),
            (5, _("Saturday")),
            (6, _("Sunday")),
        ],
    )
    notice_minutes = models.PositiveIntegerField(_("shortest notice, in minutes"), default=120)
    horizon_days = models.PositiveSmallIntegerField(_("how many days ahead one can book"), default=28)
    cancel_hours = models.PositiveSmallIntegerField(_("hours before, until which one can cancel"), default=24)
    buffer_minutes = models.PositiveSmallIntegerField(_("minutes between two sessions of a clinician"), default=10)
    grace_minutes = models.PositiveSmallIntegerField(_("minutes of grace for being late"), default=15)
    make_ups_per_week = models.PositiveSmallIntegerField(
        _("most sessions a week that make up for others"), default=2, db_default=2
    )
    offer_minutes = models.PositiveSmallIntegerField(
        _("minutes for which an offered place is kept"), default=120, db_default=120
    )

    class Meta:
        constraints = [
            models.CheckConstraint(name="a_week_has_1_to_40_hours_of_care", condition=Q(hours_per_week__range=(1, 40))),
            models.CheckConstraint(name="a_week_has_1_to_7_days_of_care", condition=Q(days_per_week__range=(1, 7))),
            models.CheckConstraint(name="a_week_starts_on_a_weekday", condition=Q(week_starts_on__range=(0, 6))),
            models.CheckConstraint(name="notice_is_two_weeks_at_most", condition=Q(notice_minutes__lte=20_160)),
            models.CheckConstraint(name="horizon_is_1_to_180_days", condition=Q(horizon_days__range=(1, 180))),
            models.CheckConstraint(name="cancel_window_is_a_week_at_most", condition=Q(cancel_hours__lte=168)),
            models.CheckConstraint(name="buffer_is_an_hour_at_most", condition=Q(buffer_minutes__lte=60)),
            models.CheckConstraint(name="grace_is_an_hour_at_most", condition=Q(grace_minutes__lte=60)),
            models.CheckConstraint(name="a_week_has_7_make_ups_at_most", condition=Q(make_ups_per_week__lte=7)),
            models.CheckConstraint(
                name="an_offer_stands_15_minutes_to_2_days", condition=Q(offer_minutes__range=(15, 2880))
            ),
            models.CheckConstraint(
                name="notice_ends_before_the_horizon", condition=Q(notice_minutes__lt=F("horizon_days") * 1440)
            ),
        ]

    def __str__(self) -> str:
        return f"Clinical policy #{self.pk}"

    @property
    def notice(self) -> timedelta:
        return timedelta(minutes=self.notice_minutes)

    @property
    def horizon(self) -> timedelta:
        return timedelta(days=self.horizon_days)

    @property
    def cancel_window(self) -> timedelta:
        return timedelta(hours=self.cancel_hours)

    @property
    def offer_stands(self) -> timedelta:
        return timedelta(minutes=self.offer_minutes)

    @property
    def buffer(self) -> timedelta:
        return timedelta(minutes=self.buffer_minutes)


class PartOfDay(models.TextChoices):
    MORNING = "morning", _("Morning, before noon")
    AFTERNOON = "afternoon", _("Afternoon, noon to 5 pm")
    EVENING = "evening", _("Evening, from 5 pm")


class TrackQuerySet(models.QuerySet["Track"]):
    def run_by(self, user: User) -> Self:
        """Tracks of the programs that an admin configures."""
        return self.filter(program__in=Program.objects.run_by(user))


class Track(models.Model):
    """A way through the program that fits a kind of life: mornings, days, evenings."""

    program = models.ForeignKey(Program, models.PROTECT, related_name="tracks")
    name = models.CharField(_("name"), max_length=60, validators=[plain_line])
    part_of_day = models.CharField(_("part of day"), max_length=10, choices=PartOfDay)
    about = models.TextField(_("for whom it is"), blank=True)
    in_use = models.BooleanField(_("in use"), default=True)

    objects = models.Manager.from_queryset(TrackQuerySet)()

    class Meta:
        ordering = ("name", "pk")
        constraints = [
            models.UniqueConstraint("program", Lower("name"), name="tracks_of_a_program_have_names_of_their_own"),
            models.CheckConstraint(name="a_track_has_a_part_of_day", condition=Q(part_of_day__in=PartOfDay.values)),
        ]

    def __str__(self) -> str:
        return self.name


class PrescriptionQuerySet(models.QuerySet["Prescription"]):
    def current(self) -> Self:
        return self.filter(until=None)


class Prescription(models.Model):
    """What is prescribed to an enrolment from a day on. A change is a new row; the one before it ends."""

    class Phase(models.TextChoices):
        ORIENTATION = "orientation", pgettext_lazy("phase", "Start")
        CORE = "core", pgettext_lazy("phase", "Core")
        STEP_DOWN = "step_down", pgettext_lazy("phase", "Step-down")
        CONTINUING = "continuing", pgettext_lazy("phase", "Continuing care")

    enrolment = models.ForeignKey(Enrolment, models.PROTECT, related_name="prescriptions")
    track = models.ForeignKey(Track, models.PROTECT, related_name="+")
    phase = models.CharField(max_length=12, choices=Phase)
    hours = models.PositiveSmallIntegerField(_("hours a week"))
    days = models.PositiveSmallIntegerField(_("days a week"))
    since = models.DateField()
    until = models.DateField(null=True, blank=True)
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    objects = models.Manager.from_queryset(PrescriptionQuerySet)()

    class Meta:
        ordering = ("-since", "-pk")
        constraints = [
            models.UniqueConstraint(
                fields=["enrolment"], condition=Q(until=None), name="one_prescription_holds_for_an_enrolment"
            ),
            models.CheckConstraint(
                name="a_prescription_ends_after_it_begins", condition=Q(until=None) | Q(until__gte=F("since"))
            ),
            models.CheckConstraint(name="0_to_40_hours_are_prescribed", condition=Q(hours__lte=40)),
            models.CheckConstraint(name="0_to_7_days_are_prescribed", condition=Q(days__lte=7)),
            models.CheckConstraint(
                name="a_prescription_has_a_phase",
                condition=Q(phase__in=["orientation", "core", "step_down", "continuing"]),
            ),
        ]

    def __str__(self) -> str:
        return f"Prescription #{self.pk}"

    @property
    def amount(self) -> str:
        """9 hours on 3 days a week"""
        return gettext("%(hours)s on %(days)s a week") % {
            "hours": ngettext("%(count)d hour", "%(count)d hours", self.hours) % {"count": self.hours},
            "days": ngettext("%(count)d day", "%(count)d days", self.days) % {"count": self.days},
        }


class Format(models.TextChoices):
    """Who is in the room."""

    INDIVIDUAL = "individual", _("One to one")
    GROUP = "group", _("Group")
    FAMILY = "family", _("Family")
    MULTIFAMILY = "multifamily", _("Several families")
    WORKSHOP = "workshop", _("Workshop")


class Method(models.TextChoices):
    """How it works: an axis of its own, apart from the format."""

    CBT = "cbt", _("Cognitive behavioural (CBT)")
    DBT = "dbt", _("Dialectical behavioural skills (DBT)")
    PSYCHODYNAMIC = "psychodynamic", _("Psychodynamic")
    MOTIVATIONAL = "motivational", _("Motivational interviewing")
    MINDFULNESS = "mindfulness", _("Mindfulness")
    ART = "art", _("Art and expression")
    PROCESS = "process", _("Talking and listening")
    SKILLS = "skills", _("Skills and practice")
    EDUCATION = "education", _("Learning")
    MEDICATION = "medication", _("Medication visit")
    PEER = "peer", _("Peer support")
    ASSESSMENT = "assessment", _("Assessment")


class Need(models.TextChoices):
    EMOTIONAL = "emotional", _("Feelings")
    PSYCHOLOGICAL = "psychological", _("Thoughts")
    BEHAVIOURAL = "behavioural", _("Habits and actions")


LENGTHS = range(10, 241, 5)
FAMILIES = frozenset({Format.FAMILY, Format.MULTIFAMILY})


class ModalityQuerySet(models.QuerySet["Modality"]):
    def visible_to(self, user: User) -> Self:
        """What the programs one belongs to offer at present. Retired ones are for the office alone."""
        return self.filter(program__in=programs_of(user), in_use=True)

    def run_by(self, user: User) -> Self:
        """Modalities of the programs that an admin configures, retired ones too."""
        return self.filter(program__in=Program.objects.run_by(user))


class Modality(models.Model):
    """One kind of session that a program offers, told in plain words."""

    program = models.ForeignKey(Program, models.PROTECT, related_name="modalities")
    name = models.CharField(_("name"), max_length=80, validators=[plain_line])
    in_short = models.CharField(_("in one sentence"), max_length=120, db_default="", validators=[plain_line])
    format = models.CharField(_("format"), max_length=12, choices=Format)
    method = models.CharField(_("method"), max_length=14, choices=Method)
    needs = ArrayField(models.CharField(max_length=14, choices=Need), verbose_name=_("what it helps with"))
    lengths = ArrayField(
        models.PositiveSmallIntegerField(validators=[MinValueValidator(10), MaxValueValidator(240)]),
        verbose_name=_("lengths offered, in minutes"),
    )
    counts = models.BooleanField(_("its minutes count toward the hours"), default=True)
    clinical_cap = models.PositiveSmallIntegerField(_("most people, clinically"))
    what_happens = models.TextField(_("what happens in it"))
    whom_it_helps = models.TextField(_("whom it helps"))
    first_time = models.TextField(_("what to expect the first time"))
    who_leads = models.CharField(_("who leads it"), max_length=200, validators=[plain_line])
    # An applicant, not admitted yet, books nothing else.
    for_applicants = models.BooleanField(_("open to people who are not admitted yet"), default=False)
    in_use = models.BooleanField(_("in use"), default=True)

    objects = models.Manager.from_queryset(ModalityQuerySet)()

    class Meta:
        ordering = ("name", "pk")
        verbose_name_plural = "modalities"
        constraints = [
            models.UniqueConstraint("program", Lower("name"), name="modalities_of_a_program_have_names_of_their_own"),
            models.CheckConstraint(name="a_modality_has_a_format", condition=Q(format__in=Format.values)),
            models.CheckConstraint(name="a_modality_has_a_method", condition=Q(method__in=Method.values)),
            models.CheckConstraint(name="a_modality_helps_with_something", condition=Q(needs__len__gte=1)),
            models.CheckConstraint(
                name="a_modality_helps_with_known_needs", condition=Q(needs__contained_by=Need.values)
            ),
            models.CheckConstraint(name="a_modality_offers_a_length", condition=Q(lengths__len__gte=1)),
            models.CheckConstraint(
                name="lengths_go_from_10_minutes_to_4_hours", condition=Q(lengths__contained_by=list(LENGTHS))
            ),
            models.CheckConstraint(name="a_clinical_cap_is_100_at_most", condition=Q(clinical_cap__lte=100)),
            models.CheckConstraint(
                name="one_to_one_means_one",
                condition=(Q(format="individual", clinical_cap=1)) | (~Q(format="individual") & Q(clinical_cap__gte=1)),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def drawing(self) -> str:
        """The small picture beside its name: of the method, unless it is for families."""
        return "families" if self.format in FAMILIES else self.method

    @property
    def lengths_in_words(self) -> str:
        """25, 50 or 80 minutes"""
        *others, last = [str(length) for length in self.lengths]
        if not others:
            return gettext("%(length)s minutes") % {"length": last}
        return gettext("%(lengths)s or %(last)s minutes") % {"lengths": ", ".join(others), "last": last}


class ClinicianQuerySet(models.QuerySet["Clinician"]):
    def working_in(self, programs: models.QuerySet[Program]) -> Self:
        held = RoleHeld.objects.filter(user=OuterRef("user"), role=Role.CLINICIAN, program__in=programs.values("pk"))
        return self.filter(Exists(held), user__is_active=True)

    def visible_to(self, user: User) -> Self:
        """Who works in the programs one belongs to, those apart from whom one is kept left out."""
        return self.working_in(programs_of(user)).free_to_meet(user)

    def run_by(self, user: User) -> Self:
        """Clinicians of the programs that an admin configures."""
        return self.working_in(Program.objects.run_by(user))

    def free_to_meet(self, person: User) -> Self:
        """Without those who are kept apart from somebody."""
        apart = Apart.objects.live()
        return self.exclude(user__in=apart.filter(one=person).values("other")).exclude(
            user__in=apart.filter(other=person).values("one")
        )

    def qualified_on(self, day: date) -> Self:
        """With a credential that is valid on that day."""
        return self.filter(Exists(Credential.objects.filter(clinician=OuterRef("pk")).valid_on(day)))


class Clinician(models.Model):
    """What a clinician is to clients: a title, a few words, the modalities they give."""

    user = models.OneToOneField(User, models.PROTECT, related_name="clinician")
    title = models.CharField(_("title"), max_length=80, validators=[plain_line])
    about = models.TextField(_("in their own words"), blank=True)
    gives = models.ManyToManyField(Modality, related_name="given_by", blank=True)

    objects = models.Manager.from_queryset(ClinicianQuerySet)()

    class Meta:
        ordering = ("user__preferred_name", "user__surname", "pk")

    def __str__(self) -> str:
        return f"Clinician #{self.pk}"


class CredentialQuerySet(models.QuerySet["Credential"]):
    def valid_on(self, day: date) -> Self:
        return self.filter(expires_on__gte=day)

    def run_by(self, user: User) -> Self:
        """Credentials of the clinicians whom an admin administers."""
        return self.filter(clinician__in=Clinician.objects.run_by(user))


class Credential(models.Model):
    """A licence or certificate. A clinician all of whose credentials have expired takes no new sessions."""

    class Kind(models.TextChoices):
        LCSW = "LCSW", _("Licensed clinical social worker")
        LPC = "LPC", _("Licensed professional counselor")
        LMHC = "LMHC", _("Licensed mental health counselor")
        LMFT = "LMFT", _("Licensed marriage and family therapist")
        PSYCHOLOGIST = "PSY", _("Psychologist")
        PHYSICIAN = "MD", _("Physician")
        PMHNP = "PMHNP", _("Psychiatric nurse practitioner")
        RN = "RN", _("Registered nurse")
        CADC = "CADC", _("Certified alcohol and drug counselor")
        ATR = "ATR", _("Registered art therapist")
        PEER = "CPRS", _("Certified peer recovery specialist")

    clinician = models.ForeignKey(Clinician, models.CASCADE, related_name="credentials")
    kind = models.CharField(_("kind"), max_length=6, choices=Kind)
    state = models.CharField(_("state"), max_length=2, validators=[plain_line])
    expires_on = models.DateField(_("valid until"))

    objects = models.Manager.from_queryset(CredentialQuerySet)()

    class Meta:
        ordering = ("expires_on", "pk")
        constraints = [
            models.UniqueConstraint(fields=["clinician", "kind", "state"], name="a_credential_is_held_once"),
            models.CheckConstraint(name="a_credential_is_of_a_state", condition=Q(state__regex=r"^[A-Z]{2}$")),
            models.CheckConstraint(
                name="a_credential_is_of_a_known_kind",
                condition=Q(
                    kind__in=[
                        "LCSW",
                        "LPC",
                        "LMHC",
                        "LMFT",
                        "PSY",
                        "MD",
                        "PMHNP",
                        "RN",
                        "CADC",
                        "ATR",
                        "CPRS",
                    ]
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"Credential #{self.pk}"

    def valid_on(self, day: date) -> bool:
        return day <= self.expires_on
