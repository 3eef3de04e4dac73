"""A small program in which everybody who matters to a rule has a place, and everybody's words are recognisable.

Whatever Maya, Ben and the others wrote holds a marker of its own, so that a page on which one appears has shown
something of theirs.
"""

import re
from dataclasses import dataclass, field
from datetime import time, timedelta
from hashlib import sha256
from uuid import uuid4

from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import Aaguid, AttestationObject, AttestedCredentialData, AuthenticatorData, CollectedClientData
from psycopg2.extras import DateTimeTZRange

from iop_portal.accounts import invitations
from iop_portal.accounts.apart import keep_apart
from iop_portal.accounts.glass import break_glass
from iop_portal.consents.consenting import Wish, fingerprint, revoke_consent, sign_consent, wording
from iop_portal.consents.models import Category, Purpose
from iop_portal.followups.models import FollowUp, Heartbeat
from iop_portal.followups.owing import owe_follow_up
from iop_portal.notices.models import Notice, PhoneCode
from iop_portal.people.models import Apart
from iop_portal.people.roles import Role
from scheduling import answering
from scheduling.attendance import Said as Attended
from scheduling.attendance import mark
from scheduling.booking import book_seat, cancel_booking
from scheduling.commitments import Terms, add_commitment
from scheduling.connected import save_look, this_week
from scheduling.courses import CourseDetails, Parts, add_course
from scheduling.feeds import make_feed
from scheduling.matching import save_preferences
from scheduling.models import Area, Closure, DayException, OwnCalendar, Reminder, TimeOff
from scheduling.own_calendars import Brought, follow_address
from scheduling.suiting import Preferences
from scheduling.taking_part import join_course
from scheduling.waiting import join_line, offer_free_places
from tests.factories import (
    ModalityFactory,
    ProgramFactory,
    RoomFactory,
    TrackFactory,
    admin,
    clinician,
    enrolled,
    held,
    introduced,
    on_care_team,
    seated,
    session_at,
    texted,
    weekly,
    works,
)
from therapy import measures, notes
from therapy.agreements import publish_version
from therapy.alerts import close_alert
from therapy.care_plans import plan_of
from therapy.conversations import begin_thread, write_message
from therapy.counselling import write_counselling_note
from therapy.counsellor_requests import ask_for_counsellor
from therapy.criteria import say_criterion
from therapy.drafts import save_draft
from therapy.first_contact import Asked, PageDetails, ask_to_be_called, change_page, page_of, page_version
from therapy.homework import give_homework, practised
from therapy.instruments import instruments
from therapy.library import mark_text
from therapy.models import Agreement, Format, LibraryText, Sitting, Skill, Speciality
from therapy.oncall import Terms as DutyTerms
from therapy.oncall import add_weekly
from therapy.opportunities import OpportunityDetails, post_opportunity, show_interest
from therapy.phases import guides_of, offer_standard_guide
from therapy.plan_drafting import sign_plan, write_goal, write_text
from therapy.plan_progress import Said, record_progress
from therapy.plan_suggestions import suggest_step
from therapy.plan_texts import Content, Goal, Step, fingerprint_of, new_key
from therapy.practices import practices
from therapy.prescribing import prescribe
from therapy.sittings import keep_sitting, pin

MARKER = re.compile(r"zq-[a-z]+", re.IGNORECASE)


@dataclass
class World:
    """`people` by persona; `samples` has a key for each converter of each URL: Maya's, or her program's."""

    people: dict = field(default_factory=dict)
    samples: dict = field(default_factory=dict)

    def __getattr__(self, name):
        try:
            return self.__dict__["people"][name]
        except KeyError:
            raise AttributeError(name) from None


def markers_in(text: str) -> set[str]:
    """Whose words stand in a text, in small letters."""
    return {found.lower() for found in MARKER.findall(text)}


def marked(name: str) -> dict[str, str]:
    """Texts of a person that can be told from everybody else's."""
    marker = f"Zq-{name.replace('_', '')}"
    return {
        "preferred_name": marker,
        "surname": f"{marker} Tester",
        "pronouns": f"they {marker}",
        "email": f"{marker}@portal.test".lower(),
    }


def permission(client, recipient, category, now):
    """A consent that the client signed, for somebody who signs in here."""
    wish = Wish(
        program=client.enrolments.get().program,
        category=category,
        recipient_name=recipient.full_name,
        recipient_relation="sibling",
        recipient=recipient,
        purpose=Purpose.PATIENT_REQUEST,
        expires_on=(now + timedelta(days=30)).date(),
    )
    read = fingerprint(wording(wish, client=client))
    return sign_consent(wish, signature=client.full_name, read=read, client=client, by=client, now=now)


def passkey(name):
    """A key as a browser would have registered it, on an elliptic curve's base point."""
    x = bytes.fromhex("6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296")
    y = bytes.fromhex("4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5")
    curve = ES256({1: 2, 3: -7, -1: 1, -2: x, -3: y})
    credential = AttestedCredentialData.create(Aaguid.NONE, b"maya's key", curve)
    flags = AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.UV | AuthenticatorData.FLAG.AT
    about = AuthenticatorData.create(sha256(b"testserver").digest(), flags, 1, credential)
    seen = CollectedClientData.create(CollectedClientData.TYPE.CREATE, b"challenge", "http://testserver")
    return {
        "name": name,
        "credential": {
            "id": websafe_encode(b"maya's key"),
            "rawId": websafe_encode(b"maya's key"),
            "type": "public-key",
            "response": {
                "clientDataJSON": websafe_encode(seen),
                "attestationObject": websafe_encode(AttestationObject.create("none", about, {})),
            },
            "clientExtensionResults": {"credProps": {"rk": True}},
        },
    }


def measured_by(maya, team, home, now):
    """The team is on call day and night. Maya has sent in answers, one of which could not wait, and begun others."""
    duty = add_weekly(home, team, range(7), DutyTerms(time(0), time(0)), by=team, now=now)[0]
    phq, gad = instruments()["phq-9"], instruments()["gad-7"]
    whole = measures.begin(maya, phq, by=maya, now=now)
    for item in phq.items:
        measures.give_answer(whole, item, 1, by=maya, now=now)
    alert = whole.alerts.get()
    close_alert(alert, done=["spoke"], words="Zq-disposition", seen="1", by=team, now=now)
    measures.send(whole, by=maya, now=now)
    begun = measures.begin(maya, gad, by=maya, now=now)
    return {
        "duty_id": duty.pk,
        "sheet_id": begun.pk,
        "alert_id": alert.pk,
        "instrument": "gad-7",
        "item": "1",
    }


def practised_by(client, counsellor, now):
    """Something given, and something done of which a word is the client's alone."""
    enrolment = client.enrolments.get()
    skill, other = (
        Skill.objects.create(program=enrolment.program, name=name, in_short="Breathe.", how="Breathe out.")
        for name in ("Zq-skill", "Zq-otherskill")
    )
    given = give_homework(enrolment, skill, words="Zq-homework", by=counsellor, now=now)
    done = give_homework(enrolment, other, by=client, now=now)
    practised(done, reflection="Zq-reflection", shared=False, by=client, now=now)
    pause = practices()["pause"]
    kept = keep_sitting(pause, minutes=3, how=Sitting.How.HELPED, shared=False, by=client, now=now)
    pin(pause, by=client, now=now)
    text = LibraryText.objects.create(
        program=enrolment.program, topic="here", title="Zq-text", in_short="Zq-text", words="Zq-text", urgent=True
    )
    mark_text(text, kept=True, by=client, now=now)
    return {"skill_id": skill.pk, "homework_id": given.pk, "sitting_id": kept.pk, "text_id": text.pk}


def in_a_course(client, counsellor, way, office, now):
    """A course of one session, to which the client came: whole, and still gone on with."""
    session = session_at(way, now - timedelta(hours=6), counsellor, minutes=60)
    details = CourseDetails("Zq-course", "Zq-course", "Zq-course", "Skills course", 1, 1)
    course = add_course(way.program, details, Parts(singles=(session,)), by=office, now=now)
    mark(seated(client, session), Attended("present"), seen=0, by=counsellor, now=now)
    part = join_course(course, by=client, now=now).participation
    return {"course_id": course.pk, "participation_id": part.pk}


def interested_in_work(client, counsellor, now):
    """Something that is posted, and what the client wrote to the care team about it."""
    details = OpportunityDetails("job", "Zq-opportunity", "Zq-opportunity", "Zq-opportunity")
    posted = post_opportunity(client.enrolments.get().program, details, by=counsellor, now=now)
    return {
        "opportunity_id": posted.pk,
        "interest_id": show_interest(posted, words="Zq-interest", by=client, now=now).pk,
    }


def a_plan(client, counsellor, now):
    """A version that both signed, a suggestion, and a draft: keys for the addresses about them."""
    enrolment = client.enrolments.get()
    goal = Goal(new_key(), "Zq-goal", "Zq-know", (Step(new_key(), "Zq-step"),))
    write_text(enrolment, "matters", "Zq-matters", seen=fingerprint_of(Content(), "matters"), by=client, now=now)
    write_goal(enrolment, goal, seen="", by=client, now=now)
    read = plan_of(enrolment).draft.plan.fingerprint
    for person in (client, counsellor):
        sign_plan(enrolment, name=person.full_name, read=read, by=person, now=now)
    said = Said("well", "Zq-progress")
    record_progress(enrolment, goal.key, said, by=client, now=now)
    suggestion = suggest_step(enrolment, goal.key, "Zq-suggested", by=counsellor, now=now)
    write_text(enrolment, "needs", "Zq-needs", seen=fingerprint_of(Content(), "needs"), by=client, now=now)
    signed = plan_of(enrolment).signed.plan
    return {"plan_id": signed.pk, "goal": goal.key, "suggestion_id": suggestion.pk}


def in_phases(maya, team, now):
    """Maya went on to the phase of which the program has words of its own, with a reason. She sees one thing as met."""
    enrolment = maya.enrolments.get()
    offer_standard_guide(enrolment.program, by=None, now=now)
    guide = guides_of(enrolment.program)["core"]
    guide.row.what_for = "Zq-phase"
    guide.row.save()
    track = TrackFactory(program=enrolment.program, name="Zq-track")
    for phase, reason in (("orientation", ""), ("core", "Zq-reason")):
        prescribe(enrolment, track=track, phase=phase, hours=9, days=3, reason=reason, by=team, now=now)
    say_criterion(enrolment, guide.criteria[0], met=True, by=maya, now=now)
    return {"phase": "core", "criterion_id": guide.criteria[0].pk, "track_id": track.pk}


def build_world() -> World:
    now = timezone.now()
    home, away = ProgramFactory(name="Zq-home House"), ProgramFactory(name="Zq-away House")
    people = {
        "anonymous": AnonymousUser(),
        "client": enrolled(home, **marked("client")),
        "other_client": enrolled(home, **marked("otherclient")),
        "applicant": enrolled(home, "referred", **marked("applicant")),
        "alum": enrolled(home, "discharged", **marked("alum")),
        "family": held(Role.FAMILY, home, **marked("family")),
        "family_revoked": held(Role.FAMILY, home, **marked("familyrevoked")),
        "team": clinician(home, **marked("team")),
        "other_team": clinician(home, **marked("otherteam")),
        "glass": clinician(home, **marked("glass")),
        "elsewhere": clinician(away, **marked("elsewhere")),
        "one_step": clinician(home, **marked("onestep")),
        "admin": admin(home, **marked("admin")),
        "other_admin": admin(away, **marked("otheradmin")),
    }
    for person in list(people.values())[1:]:
        EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    maya, team = people["client"], people["team"]
    place = on_care_team(team, maya, part="primary")
    on_care_team(people["one_step"], maya)
    on_care_team(people["other_team"], people["other_client"])

    glass = break_glass(maya, reason="Zq-glass was asked for in an emergency", by=people["glass"], now=now)
    shared = permission(maya, people["family"], Category.APPOINTMENTS, now)
    revoke_consent(permission(maya, people["family_revoked"], Category.APPOINTMENTS, now), by=maya, now=now)
    newcomer = marked("newcomer")
    invitation = invitations.invite(
        email=newcomer["email"],
        preferred_name=newcomer["preferred_name"],
        program=home,
        role=Role.FAMILY,
        by=people["admin"],
        now=now,
    )
    link = invitations.words(invitation, None)["link"]
    TOTP.activate(maya, "JBSWY3DPEHPK3PXP")
    RecoveryCodes.activate(maya)
    key = Authenticator.objects.create(user=maya, type=Authenticator.Type.WEBAUTHN, data=passkey("Zq-key"))
    claimed = EmailAddress.objects.create(user=maya, email="zq-claimed@portal.test", verified=False)
    follow_up = FollowUp.objects.create(
        program=home,
        kind="glass_review",
        owner=team,
        client=maya,
        about_type="people.brokenglass",
        about_id=glass.pk + 1,
        made_at=now,
        due_at=now + timedelta(days=1),
    )
    Heartbeat.objects.create(name="escalation", at=now)
    apart = keep_apart(maya, people["alum"], asked_by=Apart.AskedBy.CLIENT, by=team, now=now)
    unread = Notice.objects.create(
        kind="invitation",
        about_type="accounts.invitation",
        about_id=invitation.pk,
        to=maya,
        owed_at=now,
        not_before=now,
        state=Notice.State.DEAD,
        ended_at=now,
    )
    owe_follow_up("dead_letter", about=unread, program=home, owner=people["admin"], by=None, now=now)
    way = ModalityFactory(program=home, name="Zq-way")
    talk = ModalityFactory(program=home, name="Zq-talk", format=Format.INDIVIDUAL, lengths=[25, 50])
    profile = introduced(team, way, talk)
    speciality = Speciality.objects.create(program=home, name="Zq-speciality")
    profile.specialities.add(speciality)
    for weekday in range(7):
        works(team, home, weekday=weekday)
    free = session_at(way, now + timedelta(days=5), team)
    booking = book_seat(session_at(way, now + timedelta(days=3), team), person=maya, by=maya, now=now)
    full = session_at(way, now + timedelta(days=6), team, capacity=1)
    book_seat(full, person=people["other_client"], by=people["other_client"], now=now)
    entry = join_line(full, person=maya, by=maya, now=now)
    crowded = session_at(way, now + timedelta(days=8), team, capacity=1)
    book_seat(crowded, person=people["other_client"], by=people["other_client"], now=now)
    freed = session_at(way, now + timedelta(days=7), team, capacity=1)
    given_back = book_seat(freed, person=people["other_client"], by=people["other_client"], now=now)
    offered = join_line(freed, person=maya, by=maya, now=now)
    cancel_booking(given_back, by=given_back.person, now=now)
    offer_free_places(now=now)
    texted(maya, at=now)
    PhoneCode.objects.create(
        person=people["other_client"],
        phone="+12125550142",
        text="I ask for text messages.",
        text_version="1",
        language="en-us",
        signed_name="Zq-otherclient",
        asked_at=now,
        expires_at=now + timedelta(minutes=10),
    )
    told_here = {"kind": "seat_booked", "about_type": "scheduling.booking", "about_id": booking.pk}
    Notice.objects.create(
        **told_here, to=maya, channel="portal", owed_at=now, not_before=now, state=Notice.State.SENT, ended_at=now
    )
    reminder = Reminder.objects.create(booking=booking, begins=booking.starts_at)
    links = answering.words(reminder, maya)
    begun = seated(maya, session_at(way, now - timedelta(hours=2), team))
    exception = DayException.objects.create(clinician=team, program=home, on=now.date() + timedelta(days=9))
    kept = Terms("work", "Zq-owntime", (0, 1, 2, 3, 4), time(9), time(17), now.date())
    days_off = DateTimeTZRange(now + timedelta(days=20), now + timedelta(days=22), "[)")
    away = TimeOff.objects.create(clinician=team, program=home, during=days_off, noted_at=now, noted_by=team)
    series = weekly(ModalityFactory(program=home, name="Zq-series"), team, by=people["admin"], now=now)
    holiday = now.date() + timedelta(days=60)
    closure = Closure.objects.create(program=home, begins_on=holiday, ends_on=holiday, why="Zq-closure")
    agreement = publish_version(
        home, Agreement.Kind.RULES, text="Zq-agreement", asked_for=True, seen=0, by=people["admin"], now=now
    )
    note = notes.begin_note(maya, home, by=team, now=now)
    notes.sign_note(note, text="Zq-note", by=team, now=now)
    notes.amend_note(note, text="Zq-amendment", by=team, now=now)
    draft_note = notes.begin_note(maya, home, by=team, now=now)
    notes.save_note(draft_note, text="Zq-unsigned", by=team, now=now)
    write_counselling_note(maya, home, text="Zq-counselling", by=team, now=now)
    thread = begin_thread(
        maya, program=home, subject="Zq-thread", text="Zq-message", once=uuid4(), by=maya, now=now - timedelta(hours=3)
    )
    write_message(thread, text="Zq-reply", once=uuid4(), by=team, now=now - timedelta(hours=2))
    save_draft(maya, client=maya, thread=thread, text="Zq-draft", once=None, now=now)
    measured = measured_by(maya, team, home, now)
    plan = a_plan(maya, team, now)
    told = PageDetails(published=True, what="Zq-public", whom="Zq-public")
    change_page(home, told, seen=page_version(page_of(home)), by=people["admin"], now=now)
    wish = ask_for_counsellor(maya.enrolments.get(), wanted=None, words="Zq-wish", by=maya, now=now)
    sought = Preferences(specialities=frozenset({speciality.pk}), language="es")
    save_preferences(maya.enrolments.get(), sought, by=maya, now=now)
    asks = Asked(name="Zq-caller", phone="+1 212 555 0100", words="Zq-caller")
    return World(
        people,
        {
            **plan,
            **in_phases(maya, team, now),
            **practised_by(maya, team, now),
            **interested_in_work(maya, team, now),
            **in_a_course(maya, team, way, people["admin"], now),
            "thread_id": thread.pk,
            "note_id": note.pk,
            "draft_note_id": draft_note.pk,
            **measured,
            "agreement_id": agreement.pk,
            "contact_id": ask_to_be_called(home, asks, once=uuid4(), now=now).pk,
            "time_off_id": away.pk,
            "file_calendar_id": OwnCalendar.objects.create(
                person=maya, place=3, kind="school", added_at=now, read_at=now, read_until=now + timedelta(days=90)
            ).pk,
            "own_calendar_id": follow_address(
                maya, "https://calendar.test/zq-secret.ics", Brought("work", whole_days=False), by=maya, now=now
            ).pk,
            "look_id": save_look(
                maya,
                {**dict.fromkeys(Area.values, "held"), "protect": "rest", "words": "Zq-look"},
                week=this_week(maya, now=now),
                finished=True,
                by=maya,
                now=now,
            ).pk,
            "commitment_id": add_commitment(maya, kept, by=maya, now=now).pk,
            "series_id": series.pk,
            "occurrence_id": series.sessions.order_by("occurrence")[1].pk,
            "closure_id": closure.pk,
            "session_id": booking.session_id,
            "exception_id": exception.pk,
            "client_id": maya.pk,
            "program_id": home.pk,
            "room_id": RoomFactory(program=home, name="Zq-room").pk,
            "glass_id": glass.pk,
            "consent_id": shared.pk,
            "invitation_id": invitation.pk,
            "token": link.rstrip("/").rpartition("/")[2],
            "follow_up_id": follow_up.pk,
            "held_id": team.roles_held.get().pk,
            "enrolment_id": maya.enrolments.get().pk,
            "place_id": place.pk,
            "apart_id": apart.pk,
            "notice_id": unread.pk,
            "modality_id": way.pk,
            "talk_id": talk.pk,
            "free_session_id": free.pk,
            "booking_id": booking.pk,
            "entry_id": entry.pk,
            "kept_id": offered.pk,
            "crowded_id": crowded.pk,
            **{purpose: links[purpose].rstrip("/").rpartition("/")[2] for purpose in ("come", "cancel", "late")},
            "begun_booking_id": begun.pk,
            "begun_session_id": begun.session_id,
            "secret": make_feed(maya, tells_more=False, now=now),
            "clinician_id": profile.pk,
            "speciality_id": speciality.pk,
            "request_id": wish.pk,
            "credential_id": profile.credentials.get().pk,
            "pk": key.pk,
            "key": EmailConfirmationHMAC(claimed).key,
            "uidb36": "1",
        },
    )
