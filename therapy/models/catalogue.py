"""Modalities: what there is to choose from."""

from __future__ import annotations

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.expressions import RawSQL
from django.db.models.functions import Lower
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from iop_portal.people.models import Program, User, plain_line
from iop_portal.people.roles import STAFF_ROLES

PROGRAMS_OF = """
SELECT program_id FROM people_roleheld WHERE user_id = %s AND role = ANY(%s)
UNION ALL
SELECT program_id FROM people_enrolment WHERE client_id = %s
"""


def programs_of(user: User) -> RawSQL:
    """Keys of the programs where one works, or is or was enrolled. A relative's program is not theirs.

    It stands in every question about what one may book. Put together by the ORM, the putting together alone took
    half as long as a whole bare page.
    """
    return RawSQL(PROGRAMS_OF, (user.pk, [role.value for role in STAFF_ROLES], user.pk))  # noqa: S611 (constant text)


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
# Where others hear what somebody says.
IN_COMPANY = frozenset({Format.GROUP, Format.MULTIFAMILY, Format.WORKSHOP})
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
