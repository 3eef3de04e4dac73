"""A believable program, told as of now: two programs in two time zones, and the personas' last weeks.

What the personas did goes through the same functions as in life, with `now=`. The others are made in bulk, under
the same constraints. Everything is one transaction: a story is told whole or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.db.models import F
from django.db.models.functions import Least

from iop_portal.accounts.apart import keep_apart
from iop_portal.accounts.care_teams import join_care_team
from iop_portal.accounts.enrolments import admit, discharge
from iop_portal.accounts.glass import break_glass, review_glass
from iop_portal.accounts.invitations import (
    NewPerson,
    accept_invitation,
    invite,
    withdraw_invitation,
    words,
)
from iop_portal.accounts.models import Invitation
from iop_portal.accounts.programs import ProgramDetails, open_program
from iop_portal.accounts.roles import give_role
from iop_portal.consents.consenting import (
    Wish,
    fingerprint,
    record_disclosure,
    revoke_consent,
    sign_consent,
    wording,
)
from iop_portal.consents.models import Category, Consent, Purpose
from iop_portal.demo import (
    agreements,
    attendance,
    calls,
    care,
    cast,
    conversations,
    courses,
    first_contact,
    guidance,
    lines,
    measures,
    noting,
    plans,
    reaching,
    sessions,
    work,
)
from iop_portal.demo.background import add_clients, add_staff
from iop_portal.demo.devices import give_device
from iop_portal.demo.own_life import tell_own_life
from iop_portal.followups.acting import acknowledge_follow_up, resolve_follow_up, snooze_follow_up
from iop_portal.followups.dead_letters import watch_dead_letters
from iop_portal.followups.models import FollowUp
from iop_portal.followups.owing import owe_follow_up
from iop_portal.notices.models import Notice
from iop_portal.people.models import Apart, BrokenGlass, CareTeam, Enrolment, Program, User
from iop_portal.people.roles import Role
from iop_portal.writes import write
from scheduling.rooms import RoomDetails, add_room, take_room_out_of_use

# Any number will do, as long as nothing else waits for it.
STORY_LOCK = 7_301_988
OFFICE = "office@portal.test"
MISSPELT = "ines.cole@portal.tset"


@dataclass(frozen=True)
class Past:
    """Times before now, by the clock on the wall where a program is."""

    now: datetime
    zone: str

    def ago(self, days: int, at: time = time(10)) -> datetime:
        """The wall time so many days back. It has always passed, since a day back is the least."""
        here = self.now.astimezone(ZoneInfo(self.zone))
        return datetime.combine(here.date() - timedelta(days=days), at, ZoneInfo(self.zone))


@write
def tell_story(*, now: datetime) -> bool:
    """Tell it, unless it has been told: whether it was now. Two that tell at once tell it once."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [STORY_LOCK])
    if User.objects.filter(email=OFFICE).exists():
        return False
    _riverbend(Past(now, "America/New_York"))
    _juniper(Past(now, "America/Denver"))
    _born_sent(now)
    return True


def _admin(email: str, preferred_name: str, surname: str, *, zone: str) -> User:
    """Who opens a program has nobody to be invited by."""
    user: User = User.objects.create(
        email=email,
        preferred_name=preferred_name,
        surname=surname,
        pronouns="she/her",
        zone=zone,
        password=make_password(cast.PASSWORD),
    )
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    give_device(user)
    return user


# ── Riverbend ─────────────────────────────────────────────────────────────────────────────────────────────────


def _riverbend(past: Past) -> None:
    dana = _admin(OFFICE, "Dana", "Whitfield", zone=past.zone)
    program = open_program(
        ProgramDetails(
            name="Riverbend",
            sender="Riverbend",
            zone=past.zone,
            phone="(212) 555-0142",
            after_hours_phone="(212) 555-0143",
            address="48 Canal Street, second floor",
        ),
        by=dana,
        now=past.ago(400),
    )
    _rooms(program, dana, past.ago(399))
    amara = _join(program, "Amara", "Osei", "amara", Role.CLINICIAN, by=dana, at=past.ago(390))
    lena = _join(program, "Lena", "Fischer", "lena", Role.CLINICIAN, by=dana, at=past.ago(380))
    staff = add_staff(program, cast.RIVERBEND_CLINICIANS, ago=past.ago)
    give_role(staff["grace.holloway"], role=Role.ADMIN, program=program, by=dana, now=past.ago(360))
    staff |= {"amara": amara, "lena": lena}
    clients = add_clients(program, cast.RIVERBEND_CLIENTS, staff, ago=past.ago)

    _sam(program, dana, staff["tom.beckett"], past)
    _maya_and_theo(program, dana, amara, staff["grace.holloway"], past)
    care.tell_care(program, care.RIVERBEND, by=dana, ago=past.ago)
    plans.tell_plans(program, amara, ago=past.ago)
    plans.tell_other_plans(program, ago=past.ago)
    plans.tell_practice(program, dana, amara, ago=past.ago, now=past.now)
    _open_matters(dana, staff, clients, past)
    _calls(program, dana, past)
    reaching.sign_up_for_texts(program, ago=past.ago)
    sessions.tell_sessions(program, sessions.RIVERBEND, sessions.RIVERBEND_HOURS, by=dana, ago=past.ago, now=past.now)
    courses.tell_courses(program, by=dana, ago=past.ago)
    lines.tell_lines(program, ago=past.ago, now=past.now)
    attendance.tell_attendance(program, now=past.now)
    courses.tell_sams_sessions(program, ago=past.ago)
    work.tell_work(program, by=dana, ago=past.ago)
    calls.tell_calls(program, amara, ago=past.ago, now=past.now)
    agreements.tell_agreements(program, by=dana, ago=past.ago)
    noting.tell_notes(program, now=past.now)
    first_contact.tell_first_contacts(program, by=dana, ago=past.ago)
    guidance.tell_guidance(program, ago=past.ago)
    conversations.tell_conversations(program, ago=past.ago, now=past.now)
    measures.tell_roster(program, staff, by=dana, now=past.ago(300))
    measures.tell_measures(program, ago=past.ago, now=past.now)
    _invitations(program, dana, staff["priya.nair"], past)


def _rooms(program: Program, dana: User, at: datetime) -> None:
    for details in (
        RoomDetails("Room 1", 6, "First door on the left.", step_free=True),
        RoomDetails("Room 2", 12, "End of the corridor, past the kitchen.", step_free=True),
        RoomDetails("Room 3", 4, "Up the short stairs beside Room 2."),
        RoomDetails("Garden room", 16, "Through the back door, across the yard.", step_free=True),
    ):
        add_room(program, details, by=dana, now=at)
    annex = add_room(program, RoomDetails("Annex", 8, "Across the street, number 51."), by=dana, now=at)
    take_room_out_of_use(annex, by=dana, now=at + timedelta(days=200))


def _join(
    program: Program,
    preferred_name: str,
    surname: str,
    slug: str,
    role: Role,
    *,
    by: User,
    at: datetime,
    enrol_as: str = "",
    counsellor: User | None = None,
    pronouns: str = "she/her",
) -> User:
    """Somebody is invited, reads the mail the next morning and accepts."""
    invitation = invite(
        email=f"{slug}@portal.test",
        preferred_name=preferred_name,
        surname=surname,
        program=program,
        role=role,
        enrol_as=enrol_as,
        counsellor=counsellor,
        by=by,
        now=at,
    )
    words(invitation, None)
    invitation.refresh_from_db()
    person = NewPerson(
        preferred_name=preferred_name,
        surname=surname,
        pronouns=pronouns,
        zone=program.zone,
        password=cast.PASSWORD,
    )
    user = accept_invitation(str(invitation.token_hash), person=person, now=at + timedelta(hours=21))
    if role == Role.CLINICIAN:
        give_device(user)
    return user


def _sam(program: Program, dana: User, tom: User, past: Past) -> None:
    """Sixteen weeks, and graduated four months ago."""
    sam = _join(
        program,
        "Sam",
        "Nguyen",
        "sam",
        Role.CLIENT,
        by=dana,
        at=past.ago(240),
        enrol_as=Enrolment.State.REFERRED,
        counsellor=tom,
        pronouns="he/him",
    )
    enrolment = Enrolment.objects.get(client=sam)
    admit(enrolment, by=dana, now=past.ago(234, time(9)))
    conversations.tell_the_end(sam, tom, program, ago=past.ago)
    plans.tell_sams_plan(enrolment, tom, ago=past.ago)
    courses.begin_sams_course(enrolment, ago=past.ago)
    discharge(enrolment, reason=Enrolment.Reason.COMPLETED, by=tom, now=past.ago(122, time(15)))


def _maya_and_theo(program: Program, dana: User, amara: User, grace: User, past: Past) -> None:
    maya = _join(
        program,
        "Maya",
        "Torres",
        "maya",
        Role.CLIENT,
        by=dana,
        at=past.ago(37),
        enrol_as=Enrolment.State.REFERRED,
        counsellor=amara,
    )
    enrolment = Enrolment.objects.get(client=maya)
    admit(enrolment, by=dana, now=past.ago(31, time(9)))
    join_care_team(enrolment, clinician=grace, part=CareTeam.Part.MEMBER, by=amara, now=past.ago(30))
    rosa = _join(program, "Rosa", "Torres", "rosa", Role.FAMILY, by=amara, at=past.ago(21))
    _permissions(program, maya, rosa, amara, past)
    tell_own_life(maya, ago=past.ago, now=past.now)

    theo = _join(
        program,
        "Theo",
        "Reed",
        "theo",
        Role.CLIENT,
        by=dana,
        at=past.ago(6),
        enrol_as=Enrolment.State.REFERRED,
        counsellor=amara,
        pronouns="he/him",
    )
    admit(Enrolment.objects.get(client=theo), by=dana, now=past.ago(3, time(9)))


def _permissions(program: Program, maya: User, rosa: User, amara: User, past: Past) -> None:
    """Maya lets her sister know of family sessions. What she let her manager know, she has withdrawn."""
    work = Wish(
        program=program,
        category=Category.ATTENDANCE,
        recipient_name="Kim Albright",
        recipient_relation="my manager",
        purpose=Purpose.WORK_OR_SCHOOL,
        expires_on=past.ago(27).date() + timedelta(days=180),
    )
    permission = _sign(work, maya, past.ago(27, time(18)))
    record_disclosure(
        permission, what="By letter: that Maya came on every day she had booked.", by=amara, now=past.ago(25, time(11))
    )
    revoke_consent(permission, by=maya, now=past.ago(9, time(20)))
    family = Wish(
        program=program,
        category=Category.FAMILY_SESSIONS,
        recipient_name="Rosa Torres",
        recipient_relation="my sister",
        recipient_address=rosa.email,
        recipient=rosa,
        purpose=Purpose.CARE,
        expires_on=past.ago(19).date() + timedelta(days=300),
    )
    _sign(family, maya, past.ago(19, time(19)))


def _sign(wish: Wish, client: User, at: datetime) -> Consent:
    read = fingerprint(wording(wish, client=client))
    return sign_consent(wish, signature=client.full_name, read=read, client=client, by=client, now=at)


def _open_matters(dana: User, staff: dict[str, User], clients: dict[str, User], past: Past) -> None:
    """What an office has on its desk: an emergency access seen to, one to review, two people kept apart."""
    daniel, priya = staff["daniel.reyes"], staff["priya.nair"]
    seen_to = break_glass(
        clients["nadia.rahman"],
        reason="Nadia called the front desk in distress while Priya was away.",
        by=daniel,
        now=past.ago(16, time(16)),
    )
    review_glass(
        seen_to,
        by=dana,
        finding=BrokenGlass.Finding.JUSTIFIED,
        note="Daniel was covering for Priya, and she agrees.",
        now=past.ago(15),
    )
    break_glass(
        clients["hannah.weiss"],
        reason="Hannah’s mother called about her safety, and Priya could not be reached.",
        by=daniel,
        now=past.now - timedelta(hours=20),
    )
    keep_apart(
        clients["chris.delgado"],
        clients["andre.baptiste"],
        asked_by=Apart.AskedBy.CLIENT,
        by=priya,
        now=past.ago(44),
    )


def _calls(program: Program, dana: User, past: Past) -> None:
    """What counsellors owe: one call made, one due tomorrow, one soon, one put off."""
    welcome = _owe("demo_welcome", "theo", program, by=dana, now=past.ago(5, time(8)))
    acknowledge_follow_up(welcome, by=welcome.owner, now=past.ago(5, time(12)))
    resolve_follow_up(
        welcome, outcome="We spoke. He would like mornings, and starts this week.", by=welcome.owner, now=past.ago(4)
    )
    _owe("demo_call_back", "maya", program, by=dana, now=past.now - timedelta(hours=3))
    _owe("demo_call_back", "ana.kowalski", program, by=dana, now=past.now - timedelta(hours=21))
    later = _owe("demo_call_back", "jo.bennett", program, by=dana, now=past.now - timedelta(hours=6))
    snooze_follow_up(later, until=past.now + timedelta(hours=18), by=later.owner, now=past.now - timedelta(hours=2))


def _owe(kind: str, slug: str, program: Program, *, by: User, now: datetime) -> FollowUp:
    place = CareTeam.objects.select_related("enrolment__client", "clinician").get(
        enrolment__client__email=f"{slug}@portal.test", part=CareTeam.Part.PRIMARY, until=None
    )
    enrolment = place.enrolment
    return owe_follow_up(
        kind, about=enrolment, program=program, owner=place.clinician, client=enrolment.client, by=by, now=now
    )


def _invitations(program: Program, dana: User, priya: User, past: Past) -> None:
    for email, name, surname, role, at in (
        ("noor.aziz@portal.test", "Noor", "Aziz", Role.CLIENT, past.ago(2)),
        ("gwen.parker@portal.test", "Gwen", "Parker", Role.CLINICIAN, past.ago(1)),
        ("leo.brandt@portal.test", "Leo", "Brandt", Role.CLIENT, past.ago(19)),
        (MISSPELT, "Ines", "Cole", Role.CLIENT, past.ago(3)),
    ):
        client = role == Role.CLIENT
        invite(
            email=email,
            preferred_name=name,
            surname=surname,
            program=program,
            role=role,
            enrol_as=Enrolment.State.REFERRED if client else "",
            counsellor=priya if client else None,
            by=dana,
            now=at,
        )
    taken_back = invite(
        email="paul.meyer@portal.test",
        preferred_name="Paul",
        surname="Meyer",
        program=program,
        role=Role.ADMIN,
        by=dana,
        now=past.ago(12),
    )
    withdraw_invitation(taken_back, by=dana, now=past.ago(11))


# ── Juniper ───────────────────────────────────────────────────────────────────────────────────────────────────


def _juniper(past: Past) -> None:
    """A second program, far enough west for another time of day. It has an admin of its own: Dana does not run it."""
    helen = _admin("helen.marsh@portal.test", "Helen", "Marsh", zone=past.zone)
    program = open_program(
        ProgramDetails(
            name="Juniper",
            sender="Juniper",
            zone=past.zone,
            phone="(303) 555-0117",
            address="1200 Larch Avenue",
            quiet_from=time(20, 30),
            quiet_until=time(7, 30),
        ),
        by=helen,
        now=past.ago(300),
    )
    for details in (
        RoomDetails("North room", 10, "Left of the front desk.", step_free=True),
        RoomDetails("South room", 8, "Past the stairs.", step_free=True),
    ):
        add_room(program, details, by=helen, now=past.ago(299))
    staff = add_staff(program, cast.JUNIPER_CLINICIANS, ago=past.ago)
    add_clients(program, cast.JUNIPER_CLIENTS, staff, ago=past.ago)
    care.tell_care(program, care.JUNIPER, by=helen, ago=past.ago)
    plans.tell_other_plans(program, ago=past.ago)
    sessions.tell_sessions(program, sessions.JUNIPER, sessions.JUNIPER_HOURS, by=helen, ago=past.ago, now=past.now)
    attendance.tell_attendance(program, now=past.now)
    measures.tell_that_they_were_asked(program, now=past.now)


# ── Mail ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _born_sent(now: datetime) -> None:
    """Nobody is written to about the past: old messages went out then. One never found its mailbox."""
    misspelt = Invitation.objects.get(email=MISSPELT)
    present = reaching.owe_present_reminders(now=now)
    owed = Notice.objects.filter(state=Notice.State.OWED, owed_at__lte=now).exclude(pk__in=present)
    owed.filter(about_type=misspelt._meta.label_lower, about_id=misspelt.pk).update(
        state=Notice.State.DEAD,
        attempts=1,
        last_error="SMTPRecipientsRefused",
        ended_at=F("owed_at") + timedelta(seconds=9),
    )
    watch_dead_letters(now=now)
    owed.update(state=Notice.State.SENT, attempts=1, ended_at=Least(F("owed_at") + timedelta(seconds=9), now))
    reaching.read_what_was_told(now=now)
