"""A program with a group, a workshop, time with a counsellor, and a client of the evening track. It is Tuesday noon."""

from datetime import timedelta

from iop_portal.people.models import Enrolment
from scheduling.models import Room
from tests.factories import (
    NOON,
    ModalityFactory,
    ProgramFactory,
    TrackFactory,
    clinician,
    enrolled,
    introduced,
    on_care_team,
    session_at,
    works,
)
from therapy.models import Format, Method, Prescription

TOMORROW = NOON + timedelta(days=1)


class Clinic:
    """Amara is Maya's primary counsellor, Jonah is not. Both give talks; Amara leads the group."""

    def __init__(self, **fields) -> None:
        self.program = ProgramFactory(**fields)
        self.room = Room.objects.create(program=self.program, name="Room 2", seats=8, directions="second floor")
        self.group = ModalityFactory(program=self.program, name="Skills group")
        self.workshop = ModalityFactory(program=self.program, name="Sleep and rest", format=Format.WORKSHOP)
        self.talk = ModalityFactory(
            program=self.program,
            name="One-to-one counselling",
            format=Format.INDIVIDUAL,
            method=Method.CBT,
            lengths=[25, 50, 80],
        )
        self.first_talk = ModalityFactory(
            program=self.program,
            name="First conversation",
            format=Format.INDIVIDUAL,
            method=Method.ASSESSMENT,
            lengths=[60],
            for_applicants=True,
        )
        self.amara = clinician(self.program, preferred_name="Amara", surname="Okafor")
        self.jonah = clinician(self.program, preferred_name="Jonah", surname="Weiss")
        introduced(self.amara, self.group, self.workshop, self.talk, self.first_talk)
        introduced(self.jonah, self.group, self.talk)
        self.maya = self.client("Maya")
        on_care_team(self.amara, self.maya, part="primary")

    def client(self, name: str, state: str = "admitted"):
        return enrolled(self.program, state, preferred_name=name)

    def session(self, begins=TOMORROW, *leaders, modality=None, **fields):
        return session_at(modality or self.group, begins, *(leaders or (self.amara,)), **fields)

    def hours(self, counsellor=None, **fields):
        """From 9 to 5 on every day of the week, wall clock of the program."""
        for weekday in range(7):
            works(counsellor or self.amara, self.program, weekday=weekday, **fields)

    def prescribe(self, client, hours=9, days=3):
        return Prescription.objects.create(
            enrolment=Enrolment.objects.get(client=client),
            track=TrackFactory(program=self.program),
            phase=Prescription.Phase.CORE,
            hours=hours,
            days=days,
            since=NOON.date(),
        )
