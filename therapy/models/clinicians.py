"""Who gives the care, and by which credentials."""

from __future__ import annotations

from datetime import date
from typing import Self

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.expressions import RawSQL
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from iop_portal.people.models import Program, RoleHeld, User, plain_line
from iop_portal.people.roles import Role
from iop_portal.people.seeing import still_works
from therapy.models.catalogue import Modality, programs_of


class Language(models.TextChoices):
    """Spoken with clients. ISO 639-1, and 639-3 where that has no code."""

    ENGLISH = "en", _("English")
    SIGN = "ase", _("American Sign Language")
    AMHARIC = "am", _("Amharic")
    ARABIC = "ar", _("Arabic")
    BENGALI = "bn", _("Bengali")
    CHINESE = "zh", _("Chinese")
    FRENCH = "fr", _("French")
    GERMAN = "de", _("German")
    HAITIAN = "ht", _("Haitian Creole")
    HEBREW = "he", _("Hebrew")
    HINDI = "hi", _("Hindi")
    ITALIAN = "it", _("Italian")
    JAPANESE = "ja", _("Japanese")
    KOREAN = "ko", _("Korean")
    NAVAJO = "nv", _("Navajo")
    PERSIAN = "fa", _("Persian")
    POLISH = "pl", _("Polish")
    PORTUGUESE = "pt", _("Portuguese")
    PUNJABI = "pa", _("Punjabi")
    RUSSIAN = "ru", _("Russian")
    SOMALI = "so", _("Somali")
    SPANISH = "es", _("Spanish")
    TAGALOG = "tl", _("Tagalog")
    UKRAINIAN = "uk", _("Ukrainian")
    URDU = "ur", _("Urdu")
    VIETNAMESE = "vi", _("Vietnamese")


class Gender(models.TextChoices):
    """Said by clinicians of themselves, or not: some people find it easier to speak with one or the other."""

    WOMAN = "woman", _("A woman")
    MAN = "man", _("A man")
    NONBINARY = "nonbinary", _("A non-binary person")


class SpecialityQuerySet(models.QuerySet["Speciality"]):
    def visible_to(self, user: User) -> Self:
        """What clinicians of the programs one belongs to may know well, at present."""
        return self.filter(program__in=programs_of(user), in_use=True)

    def run_by(self, user: User) -> Self:
        return self.filter(program__in=Program.objects.run_by(user))


class Speciality(models.Model):
    """Something that people come with, in their own words, and that some clinicians know well."""

    program = models.ForeignKey(Program, models.PROTECT, related_name="specialities")
    name = models.CharField(_("name"), max_length=60, validators=[plain_line])
    in_use = models.BooleanField(_("in use"), default=True)

    objects = models.Manager.from_queryset(SpecialityQuerySet)()

    class Meta:
        ordering = ("name", "pk")
        verbose_name_plural = "specialities"
        constraints = [
            models.UniqueConstraint("program", Lower("name"), name="specialities_of_a_program_have_names_of_their_own")
        ]

    def __str__(self) -> str:
        return self.name


class ClinicianQuerySet(models.QuerySet["Clinician"]):
    def working_in(self, programs: models.QuerySet[Program] | RawSQL) -> Self:
        held = RoleHeld.objects.filter(user=OuterRef("user"), role=Role.CLINICIAN, program__in=programs)
        return self.filter(Exists(held), user__is_active=True)

    def visible_to(self, user: User) -> Self:
        """Who works in the programs one belongs to, those apart from whom one is kept left out."""
        return self.working_in(programs_of(user)).free_to_meet(user).filter(still_works("user__"))

    def run_by(self, user: User) -> Self:
        """Clinicians of the programs that an admin configures."""
        return self.working_in(Program.objects.run_by(user))

    def free_to_meet(self, person: User) -> Self:
        """Without those who are kept apart from somebody."""
        return self.filter(user__in=User.objects.free_to_meet(person))

    def qualified_on(self, day: date) -> Self:
        """With a credential that is valid on that day."""
        return self.filter(Exists(Credential.objects.filter(clinician=OuterRef("pk")).valid_on(day)))


class Clinician(models.Model):
    """What a clinician is to clients: a title, a few words, the modalities they give."""

    user = models.OneToOneField(User, models.PROTECT, related_name="clinician")
    title = models.CharField(_("title"), max_length=80, validators=[plain_line])
    about = models.TextField(_("in their own words"), blank=True)
    gives = models.ManyToManyField(Modality, related_name="given_by", blank=True)
    specialities = models.ManyToManyField(Speciality, related_name="known_by", blank=True)
    languages = ArrayField(
        models.CharField(max_length=3, choices=Language),
        verbose_name=_("languages"),
        default=list,
        db_default=[],
        blank=True,
    )
    # Theirs to say, and nobody else's.
    gender = models.CharField(
        _("who they are to clients who ask"), max_length=9, choices=Gender, blank=True, default="", db_default=""
    )
    # Of an intern: who co-signs their notes, and the last day of it.
    supervisor = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="interns", verbose_name=_("supervisor")
    )
    intern_until = models.DateField(_("intern until"), null=True, blank=True)

    objects = models.Manager.from_queryset(ClinicianQuerySet)()

    class Meta:
        ordering = ("user__preferred_name", "user__surname", "pk")
        constraints = [
            models.CheckConstraint(
                name="an_intern_has_a_supervisor_and_a_last_day",
                condition=Q(supervisor=None, intern_until=None)
                | Q(supervisor__isnull=False, intern_until__isnull=False) & ~Q(supervisor=F("user")),
            ),
            models.CheckConstraint(
                name="a_clinician_speaks_known_languages", condition=Q(languages__contained_by=Language.values)
            ),
            models.CheckConstraint(
                name="a_clinician_says_who_they_are_or_nothing", condition=Q(gender__in=["", *Gender.values])
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="the_last_day_of_an_intern_is_the_persons",
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func="""
                    UPDATE people_user u SET intern_until = NEW.intern_until
                    WHERE u.id = NEW.user_id AND u.intern_until IS DISTINCT FROM NEW.intern_until;
                    RETURN NULL;
                """,
            )
        ]

    def __str__(self) -> str:
        return f"Clinician #{self.pk}"

    @property
    def languages_in_words(self) -> str:
        """English, Spanish"""
        return ", ".join(str(Language(code).label) for code in self.languages)


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
