"""Notes about Maya's last sessions: two that she reads, with something added to one, and one that Amara has to sign."""

from __future__ import annotations

from datetime import datetime, timedelta

from iop_portal.people.models import Program, User
from scheduling.models import Attendance, Booking
from scheduling.models.attendance import newest_state
from scheduling.noting import begin_note_of
from therapy.counselling import write_counselling_note
from therapy.notes import amend_note, save_note, sign_note

TEXTS = (
    "Maya practised saying no in pairs, first quietly, then twice as loud. She laughed. She wants to try it with her "
    "sister before Sunday. Next time: what to say when somebody asks twice.",
    "Spoke about evenings after work, which are the hardest. The walk along the river helps on three days of five. We "
    "agreed on one phone call before seven. She chose her cousin for it.",
)


def tell_notes(program: Program, *, now: datetime) -> None:
    maya, amara = (User.objects.get(email=f"{name}@portal.test") for name in ("maya", "amara"))
    told = (
        Booking.objects.live()
        .annotate(said=newest_state())
        .filter(
            person=maya, session__program=program, session__facilitations__clinician=amara, during__endswith__lt=now
        )
    )
    places = told.filter(said__in=Attendance.CAME).select_related("person", "session__program")
    last, *before = places.select_related("session__modality").order_by("-during")[:3]
    for place, text in zip(before, TEXTS, strict=False):
        at = place.ends_at + timedelta(minutes=20)
        note = sign_note(begin_note_of(place, by=amara, now=at), text=text, by=amara, now=at)
        later = at + timedelta(days=1)
        if place == before[0] and later < now:
            amend_note(note, text="Maya told me later that it was Tuesday she meant.", by=amara, now=later)
    begun = begin_note_of(last, by=amara, now=last.ends_at + timedelta(minutes=10))
    save_note(begun, text="Came straight from work, tired. ", by=amara, now=last.ends_at + timedelta(minutes=12))
    write_counselling_note(
        maya, program, text="The river again: ask what it was for her as a child.", by=amara, now=now
    )
