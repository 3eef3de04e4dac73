"""Rows for tests. Passwords are hashed cheaply (see conftest); everything else goes in as production would have it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory
from psycopg2.extras import DateTimeTZRange

from iop_portal.consents.consenting import Wish, fingerprint, sign_consent, wording
from iop_portal.consents.models import Category, Consent, Purpose
from iop_portal.notices.models import TextOptIn
from iop_portal.people.models import CareTeam, Enrolment, Program, RoleHeld, User
from iop_portal.people.roles import Role
from scheduling.booking import new_reference
from scheduling.models import Booking, Facilitation, Room, Series, Session, WeeklyHours
from scheduling.series import Pattern, add_series
from therapy.models import Clinician, Credential, Format, Method, Modality, Need, PartOfDay, Track

NOON = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)
IN_A_YEAR = NOON.date() + timedelta(days=365)


class ProgramFactory(DjangoModelFactory):
    class Meta:
        model = Program

    name = factory.Sequence(lambda n: f"Harbor House {n}")
    sender = "Portal"
    phone = "+1 555 0100"

    class Params:
        # At whatever hour the test runs.
        awake = factory.Trait(
            zone="UTC",
            quiet_from=factory.LazyFunction(lambda: (timezone.now() + timedelta(hours=11)).time()),
            quiet_until=factory.LazyFunction(lambda: (timezone.now() + timedelta(hours=12)).time()),
        )


class UserFactory(DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person{n}@portal.test")
    preferred_name = factory.Sequence(lambda n: f"Person {n}")
    surname = "Tester"
    password = factory.django.Password("portal-demo")


class RoomFactory(DjangoModelFactory):
    class Meta:
        model = Room

    program = factory.SubFactory(ProgramFactory)
    name = factory.Sequence(lambda n: f"Corner room {n}")  # "Room 2" is taken in more than one little world
    seats = 10


class TrackFactory(DjangoModelFactory):
    class Meta:
        model = Track

    program = factory.SubFactory(ProgramFactory)
    name = factory.Sequence(lambda n: f"Evening {n}")
    part_of_day = PartOfDay.EVENING


class ModalityFactory(DjangoModelFactory):
    """A group, unless it is said otherwise."""

    class Meta:
        model = Modality

    program = factory.SubFactory(ProgramFactory)
    name = factory.Sequence(lambda n: f"Skills group {n}")
    in_short = "Practise ways through strong feelings."
    format = Format.GROUP
    method = Method.SKILLS
    needs = [Need.BEHAVIOURAL]
    lengths = [90]
    clinical_cap = factory.LazyAttribute(lambda made: 1 if made.format == Format.INDIVIDUAL else 8)
    what_happens = "You practise in pairs."
    whom_it_helps = "People whose feelings rise fast."
    first_time = "You may simply watch."
    who_leads = "A counsellor"


def introduced(clinician: User, *gives: Modality, expires_on=IN_A_YEAR) -> Clinician:
    """A clinician as clients find them: with a title, one credential and the modalities they give."""
    profile = Clinician.objects.create(user=clinician, title="Counsellor", about="I listen first.")
    Credential.objects.create(clinician=profile, kind=Credential.Kind.LCSW, state="NY", expires_on=expires_on)
    profile.gives.set(gives)
    return profile


def session_at(modality: Modality, begins: datetime, *leaders: User, minutes: int = 90, **fields) -> Session:
    """A listed session by video, unless it is said otherwise."""
    during = DateTimeTZRange(begins, begins + timedelta(minutes=minutes), "[)")
    made = Session.objects.create(
        **{"program": modality.program, "modality": modality, "during": during, "video": True, "capacity": 8, **fields}
    )
    for leader in leaders:
        Facilitation.objects.create(session=made, clinician=leader, during=during, live=made.live)
    return made


def works(clinician: User, program: Program, *, weekday: int, begins: str = "09:00", ends: str = "17:00", **fields):
    """Weekly hours by video, unless it is said otherwise."""
    return WeeklyHours.objects.create(
        clinician=clinician, program=program, weekday=weekday, begins=begins, ends=ends, **fields
    )


def held(role: Role, program: Program | None = None, **fields) -> User:
    user = UserFactory(**fields)
    RoleHeld.objects.create(user=user, program=program or ProgramFactory(), role=role)
    return user


def clinician(program: Program | None = None, **fields) -> User:
    return held(Role.CLINICIAN, program, **fields)


def admin(program: Program | None = None, **fields) -> User:
    return held(Role.ADMIN, program, **fields)


def enrolled(program: Program | None = None, state: str = "admitted", **fields) -> User:
    user = UserFactory(**fields)
    on = NOON.date() - timedelta(days=35)
    Enrolment.objects.create(
        client=user,
        program=program or ProgramFactory(),
        state=state,
        referred_on=on,
        admitted_on=None if state == "referred" else on,
        discharged_on=on + timedelta(days=28) if state == "discharged" else None,
        discharge_reason="completed" if state == "discharged" else "",
    )
    return user


def on_care_team(clinician: User, client: User, part: str = "member") -> CareTeam:
    return CareTeam.objects.create(
        enrolment=client.enrolments.get(), clinician=clinician, part=part, since=NOON - timedelta(days=30)
    )


def wish_of(client: User, **wishes) -> Wish:
    return Wish(
        **{
            "program": client.enrolments.first().program,
            "category": Category.ATTENDANCE,
            "recipient_name": "Rosa Lind",
            "purpose": Purpose.PATIENT_REQUEST,
            "expires_on": NOON.date() + timedelta(days=30),
            **wishes,
        }
    )


def permission_of(client: User, now: datetime = NOON, **wishes) -> Consent:
    """A consent signed as the page would have it signed."""
    wish = wish_of(client, **wishes)
    return sign_consent(
        wish,
        signature=client.full_name,
        read=fingerprint(wording(wish, client=client)),
        client=client,
        by=client,
        now=now,
    )


def texted(person: User, phone: str = "+12125550100", at: datetime = NOON) -> TextOptIn:
    """Signed for text messages, with a phone shown to be theirs."""
    return TextOptIn.objects.create(
        person=person,
        phone=phone,
        text="I ask for text messages.",
        text_version="1",
        language="en-us",
        signed_name=person.full_name,
        signed_at=at,
        confirmed_at=at,
    )


def seated(person: User, session: Session, **fields) -> Booking:
    """A booking as the database would take it from anybody."""
    return Booking.objects.create(
        session=session,
        person=person,
        during=session.during,
        reference=new_reference(),
        booked_at=NOON - timedelta(days=1),
        **fields,
    )


def weekly(modality: Modality, leader: User, *, by: User, now: datetime, **changes) -> Series:
    """A closed series by video at this time of day, from next week on."""
    pattern = Pattern(
        weekdays=(now.weekday(),),
        at=now.time().replace(second=0, microsecond=0),
        zone="UTC",
        minutes=30,
        room=None,
        video=True,
        leaders=(leader,),
        capacity=8,
        minimum=2,
        listed=False,
        begins_on=now.date() + timedelta(days=1),
    )
    return add_series(modality, replace(pattern, **changes), by=by, now=now)
