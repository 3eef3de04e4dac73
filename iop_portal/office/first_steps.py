"""What a new program lacks before anybody can come to it, in the order in which an office sees to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from iop_portal.people.models import Enrolment, Program, RoleHeld
from iop_portal.people.roles import Role
from scheduling.models import Room, Series, WeeklyHours
from therapy.models import Agreement, Clinician, Credential, Duty, Modality, Track

WHERE = {
    "ways": (_("Say what you offer"), _("The ways that can help. A standard list is there to begin with."), "ways"),
    "staff": (_("Bring clinicians in"), _("Invite them, or give a colleague the role."), "staff"),
    "introduced": (
        _("Introduce a clinician"),
        _("With a valid credential and what they lead, so that clients find and book them."),
        "clinicians",
    ),
    "tracks": (_("Add a track"), _("Such as evenings. Everybody who is admitted is on one."), "tracks"),
    "rooms": (_("Add a room"), _("Where people meet. By video alone none is needed."), "rooms"),
    "times": (
        _("Make times that can be booked"),
        _("Add a weekly series. For talks one to one, clinicians set their own times under “My hours”."),
        "series_list",
    ),
    "agreements": (_("Write what clients sign"), _("A text to begin with stands in each of them."), "agreements"),
    "duties": (_("Say who is on call"), _("Until somebody is, PHQ-9 is not asked."), "on_call"),
    "clients": (_("Invite the first client"), _("They come in by a link that works once."), "clients"),
}


@dataclass(frozen=True)
class Step:
    title: str | Promise
    text: str | Promise
    url: str
    done: bool


def first_steps(program: Program, *, today: date) -> list[Step]:
    """All of them while one is left to do; none after that. One query."""
    here = {"program": OuterRef("pk")}
    clinicians = RoleHeld.objects.filter(**here, role=Role.CLINICIAN)
    valid = Credential.objects.filter(clinician=OuterRef("pk")).valid_on(today)
    led = Modality.objects.filter(program=OuterRef("user__roles_held__program"), given_by=OuterRef("pk"))
    introduced = Clinician.objects.filter(
        Exists(valid), Exists(led), user__roles_held__program=OuterRef("pk"), user__roles_held__role=Role.CLINICIAN
    )
    series, hours = Series.objects.filter(**here), WeeklyHours.objects.filter(**here)
    times = Exists(series) | Exists(hours)
    done = (
        Program.objects.filter(pk=program.pk)
        .annotate(
            did_ways=Exists(Modality.objects.filter(**here, in_use=True)),
            did_staff=Exists(clinicians),
            did_introduced=Exists(introduced),
            did_tracks=Exists(Track.objects.filter(**here, in_use=True)),
            # Whoever made times without a room meets by video.
            did_rooms=Exists(Room.objects.filter(**here)) | times,
            did_times=times,
            did_agreements=Exists(Agreement.objects.filter(**here)),
            did_duties=Exists(Duty.objects.filter(**here)),
            did_clients=Exists(Enrolment.objects.filter(**here)),
        )
        .values(*(f"did_{key}" for key in WHERE))
        .get()
    )
    if all(done.values()):
        return []
    return [
        Step(title, text, reverse(f"office:{view}", args=[program.pk]), done[f"did_{key}"])
        for key, (title, text, view) in WHERE.items()
    ]
