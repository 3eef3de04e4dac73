"""Who may come into the office, and that what belongs to another program does not exist there."""

from copy import deepcopy
from datetime import timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from iop_portal.accounts.models import Invitation
from iop_portal.followups.owing import owe_follow_up
from iop_portal.notices.models import Notice
from iop_portal.office.urls import urlpatterns
from iop_portal.people.models import Apart, BrokenGlass, RoleHeld
from iop_portal.people.roles import Role
from scheduling.models import Closure, Course
from tests.factories import (
    NOON,
    ModalityFactory,
    ProgramFactory,
    RoomFactory,
    TrackFactory,
    UserFactory,
    admin,
    clinician,
    enrolled,
    held,
    introduced,
    on_care_team,
    weekly,
)
from tests.once import once
from tests.signing_in import sign_in
from therapy import first_contact
from therapy.models import Agreement, CounsellorRequest, Duty, LibraryText, Skill, Speciality
from therapy.phases import offer_standard_guide

POST_ONLY = {
    "end_glass",
    "reopen_account",
    "take_room_out_of_use",
    "put_room_back_in_use",
    "refer_again",
    "join_care_team",
    "leave_care_team",
    "make_primary",
    "offer_standard_ways",
    "set_way_in_use",
    "retire_track",
    "bring_track_back",
    "send_message_again",
    "let_message_go",
    "withdraw_invitation",
    "send_invitation_again",
    "try_series_again",
    "leave_series_out",
    "offer_standard_skills",
    "set_skill_in_use",
    "offer_standard_guide",
    "offer_standard_specialities",
    "set_speciality_in_use",
    "offer_standard_texts",
    "set_text_in_use",
    "open_course_again",
}
READ_ONLY = {
    "desk",
    "program",
    "rooms",
    "staff",
    "tracks",
    "ways",
    "clinicians",
    "clinician",
    "invitations",
    "client",
    "apart",
    "glass",
    "messages",
    "message",
    "series_list",
    "series",
    "closures",
    "census",
    "contacts",
    "measures",
    "on_call",
    "agreements",
    "agreement",
    "skills",
    "phases",
    "specialities",
    "counsellor_requests",
    "courses",
    "texts",
}
FOR_CLINICIANS = {"my_invitations", "invite_client"}
FOR_BOTH = {"withdraw_invitation", "send_invitation_again"}
NAMES = [pattern.name for pattern in urlpatterns]


def keys_in(program, ours):
    """One row of each kind in a program, by the name that the addresses use. `ours` owns its dead message."""
    someone, other = enrolled(program), enrolled(program)
    helper = clinician(program)
    low, high = sorted((someone, other), key=lambda person: person.pk)
    invitation = Invitation.objects.create(
        email="new@portal.test",
        preferred_name="New",
        program=program,
        role=Role.CLINICIAN,
        invited_at=NOON,
        expires_at=timezone.now() + timedelta(days=3),
    )
    notice = Notice.objects.create(
        kind="invitation",
        about_type="accounts.invitation",
        about_id=invitation.pk,
        owed_at=NOON,
        not_before=NOON,
        state=Notice.State.DEAD,
        ended_at=NOON,
    )
    owe_follow_up("dead_letter", about=notice, program=program, owner=ours, by=None, now=NOON)
    profile = introduced(helper)
    series = weekly(ModalityFactory(program=program), helper, by=ours, now=timezone.now())
    day = timezone.localdate() + timedelta(days=60)
    return {
        "series_id": series.pk,
        "occurrence_id": series.sessions.latest("during").pk,
        "closure_id": Closure.objects.create(program=program, begins_on=day, ends_on=day, why="Staff day").pk,
        "program_id": program.pk,
        "track_id": TrackFactory(program=program).pk,
        "modality_id": ModalityFactory(program=program).pk,
        "clinician_id": profile.pk,
        "credential_id": profile.credentials.get().pk,
        "room_id": RoomFactory(program=program).pk,
        "held_id": RoleHeld.objects.get(user=helper).pk,
        "role": "client",
        "enrolment_id": someone.enrolments.get().pk,
        "place_id": on_care_team(helper, someone).pk,
        "apart_id": Apart.objects.create(one=low, other=high, asked_by="staff", set_by=ours, since=NOON).pk,
        "glass_id": BrokenGlass.objects.create(
            clinician=helper,
            client=other,
            program=program,
            reason="She called and nobody was there.",
            since=NOON,
            until=NOON + timedelta(hours=4),
        ).pk,
        "notice_id": notice.pk,
        "invitation_id": invitation.pk,
        "contact_id": first_contact.ask_to_be_called(
            program, first_contact.Asked(name="Robin", phone="+1 212 555 0100"), once=uuid4(), now=NOON
        ).pk,
        "instrument": "gad-7",
        "duty_id": Duty.objects.create(program=program, clinician=helper, weekday=0, begins=0, ends=1440).pk,
        "kind": "rules",
        "agreement_id": Agreement.objects.create(
            program=program, kind="rules", version=1, text="Be kind.", published_at=NOON, published_by=ours
        ).pk,
        "phase": offer_standard_guide(program, by=ours, now=NOON)[0].phase,
        "request_id": CounsellorRequest.objects.create(enrolment=someone.enrolments.get(), asked_at=NOON).pk,
        "speciality_id": Speciality.objects.create(program=program, name="Sleepless nights").pk,
        "text_id": LibraryText.objects.create(
            program=program, topic="body", title="Sleep", in_short="At night.", words="Go to bed."
        ).pk,
        "course_id": Course.objects.create(
            program=program,
            name="Money",
            in_short="Money in hard weeks.",
            about="What comes in and goes out.",
            paper_title="Skills course",
            sessions=1,
            needed=1,
        ).pk,
        "skill_id": Skill.objects.create(program=program, name="Breathing", in_short="Slowly", how="In, out.").pk,
    }


def address(name, keys):
    pattern = next(pattern for pattern in urlpatterns if pattern.name == name)
    return reverse(f"office:{name}", kwargs={key: keys[key] for key in pattern.pattern.converters})


def two_programs():
    """Ada's, and one that she does not run."""
    program, elsewhere = ProgramFactory(name="Riverbend"), ProgramFactory(name="Juniper")
    ada = admin(program, preferred_name="Ada", surname="Moss")
    return SimpleNamespace(
        program=program,
        elsewhere=elsewhere,
        ada=ada,
        keys=keys_in(program, ada),
        foreign_keys=keys_in(elsewhere, admin(elsewhere)),
    )


@pytest.fixture(scope="module")
def built(django_db_setup, django_db_blocker):
    with once(django_db_blocker, two_programs) as programs:
        yield programs


@pytest.fixture
def both(db, built):
    """The two programs as they were built, whatever others have done in them."""
    return deepcopy(built)


@pytest.fixture
def program(both):
    return both.program


@pytest.fixture
def elsewhere(both):
    return both.elsewhere


@pytest.fixture
def ada(both):
    return both.ada


@pytest.fixture
def keys(both):
    return both.keys


@pytest.fixture
def foreign_keys(both):
    return both.foreign_keys


@pytest.mark.parametrize("name", NAMES)
def test_an_admin_finds_each_page_of_their_own_program(office, keys, name):
    if name in FOR_CLINICIANS:
        assert office.get(address(name, keys)).status_code == 403
    elif name in POST_ONLY:
        assert office.get(address(name, keys)).status_code == 405
    else:
        assert office.get(address(name, keys)).status_code == 200


@pytest.mark.parametrize("name", sorted(READ_ONLY))
def test_pages_to_read_take_nothing(office, keys, name):
    assert office.post(address(name, keys)).status_code == 405


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("name", [pattern.name for pattern in urlpatterns if pattern.pattern.converters])
def test_what_belongs_to_another_program_does_not_exist(office, foreign_keys, name, method):
    if name in FOR_CLINICIANS:
        return
    if (method == "get" and name in POST_ONLY) or (method == "post" and name in READ_ONLY):
        return
    before = everything()
    assert getattr(office, method)(address(name, foreign_keys)).status_code == 404
    assert everything() == before


def everything():
    return [list(model.objects.order_by("pk").values()) for model in (Invitation, RoleHeld, BrokenGlass, Apart, Notice)]


@pytest.mark.parametrize("role", ["client", "applicant", "alum", "family", "clinician"])
def test_others_are_told_that_it_is_not_for_them(client, program, keys, role):
    person = {
        "client": lambda: enrolled(program),
        "applicant": lambda: enrolled(program, "referred"),
        "alum": lambda: enrolled(program, "discharged"),
        "family": lambda: held(Role.FAMILY, program),
        "clinician": lambda: clinician(program),
    }[role]()
    sign_in(client, person)
    answers = {}
    for name in NAMES:
        url = address(name, keys)
        answers[name] = (client.post(url) if name in POST_ONLY else client.get(url)).status_code
    expected = dict.fromkeys(NAMES, 403)
    if role == "clinician":
        expected |= dict.fromkeys(FOR_CLINICIANS, 200) | dict.fromkeys(FOR_BOTH, 404)
    assert answers == expected


def test_the_signed_out_are_sent_to_sign_in(client, keys):
    for name in NAMES:
        answer = client.get(address(name, keys))
        assert answer.status_code == 302
        assert answer.url.startswith(reverse("account_login"))


def test_an_admin_of_another_program_sees_none_of_this_one(client, program, elsewhere, keys):
    sign_in(client, admin(elsewhere))
    enrolled(program, preferred_name="Zqcanary")
    UserFactory(preferred_name="Zqnobody")
    for url in ("/office/", "/office/glass/", "/office/messages/", "/office/trail/"):
        page = client.get(url).content.decode()
        assert "Riverbend" not in page
        assert "Zqcanary" not in page
