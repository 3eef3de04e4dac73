"""Roles: some are held, some follow from a person's enrolments."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    APPLICANT = "applicant", _("Applicant")
    CLIENT = "client", _("Client")
    ALUM = "alum", _("Alum")
    FAMILY = "family", _("Family member")
    CLINICIAN = "clinician", _("Clinician")
    ADMIN = "admin", _("Admin")


HELD_ROLES = (Role.FAMILY, Role.CLINICIAN, Role.ADMIN)
STAFF_ROLES = frozenset({Role.CLINICIAN, Role.ADMIN})
ENROLLED_ROLES = {"referred": Role.APPLICANT, "admitted": Role.CLIENT, "discharged": Role.ALUM}
EVERYBODY = frozenset(Role)
