"""Staff, invitations, clients, pairs kept apart, reviews, messages and the trail, in the browser."""

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from iop_portal.accounts.glass import break_glass
from iop_portal.accounts.invitations import invite
from iop_portal.accounts.models import Invitation
from iop_portal.audit import trail
from iop_portal.audit.models import Entry
from iop_portal.followups.owing import owe_follow_up
from iop_portal.notices.models import Notice
from iop_portal.people.models import Apart, CareTeam, Enrolment, RoleHeld, User
from iop_portal.people.roles import Role
from tests.factories import NOON, UserFactory, admin, clinician, enrolled, on_care_team
from tests.signing_in import sign_in

CLIENT = {
    "email": "new@portal.test",
    "preferred_name": "Noor",
    "surname": "Aziz",
    "enrol_as": "referred",
    "counsellor": "",
}


def text(answer):
    return answer.content.decode()


def rows(model, *fields):
    return list(model.objects.order_by("pk").values_list(*fields))


# ── Staff ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_role_that_ends_takes_care_teams_and_sessions_with_it(office, program, client_class):
    amara, maya = clinician(program), enrolled(program)
    place = on_care_team(amara, maya, part="primary")
    browser = sign_in(client_class(), amara)
    UserSession.objects.create(user=amara, ip="127.0.0.1", user_agent="", session_key=browser.session.session_key)
    held = RoleHeld.objects.get(user=amara)

    assert "leave every care team" in text(office.get(f"/office/roles/{held.pk}/end/"))
    office.post(f"/office/roles/{held.pk}/end/")

    place.refresh_from_db()
    assert place.until is not None
    assert not RoleHeld.objects.filter(user=amara).exists()
    assert browser.get("/").status_code == 302
    assert set(Entry.objects.filter(client=maya).values_list("verb", flat=True)) == {"care_team.left"}


def test_the_last_admin_stays(office, ada):
    held = RoleHeld.objects.get(user=ada)
    answer = office.post(f"/office/roles/{held.pk}/end/")
    assert answer.status_code == 409
    assert "at least one admin" in text(answer)
    assert RoleHeld.objects.filter(pk=held.pk).exists()


def test_an_admin_who_ends_their_own_role_leaves_the_office(office, ada, program):
    admin(program)
    held = RoleHeld.objects.get(user=ada)
    assert office.post(f"/office/roles/{held.pk}/end/").url == "/"
    assert office.get("/office/").status_code in (302, 403)


def test_ending_a_role_twice_ends_it_once(office, program):
    held = RoleHeld.objects.get(user=clinician(program))
    assert office.post(f"/office/roles/{held.pk}/end/").status_code == 302
    assert office.post(f"/office/roles/{held.pk}/end/").status_code == 404
    assert Entry.objects.filter(verb="role.taken").count() == 1


def test_a_colleague_gets_a_second_role_once(office, program):
    amara = clinician(program)
    for status in (302, 409):
        given = {"user": amara.pk, "role": "admin"}
        assert office.post(f"/office/programs/{program.pk}/staff/give/", given).status_code == status
    assert set(amara.roles_held.values_list("role", flat=True)) == {"clinician", "admin"}


@pytest.mark.parametrize("role", ["client", "family", "alum", "owner", ""])
def test_only_staff_roles_are_given(office, program, role):
    amara = clinician(program)
    answer = office.post(f"/office/programs/{program.pk}/staff/give/", {"user": amara.pk, "role": role})
    assert list(answer.context["form"].errors) == ["role"]
    assert amara.roles_held.count() == 1


def test_staff_of_another_program_cannot_be_taken_over(office, program, elsewhere):
    stranger = clinician(elsewhere)
    answer = office.post(f"/office/programs/{program.pk}/staff/give/", {"user": stranger.pk, "role": "admin"})
    assert list(answer.context["form"].errors) == ["user"]
    assert stranger.full_name not in text(answer)


# ── Invitations ───────────────────────────────────────────────────────────────────────────────────────────────


def test_an_admin_invites_a_client_and_the_mail_is_owed(office, ada, program):
    amara = clinician(program)
    answer = office.post(f"/office/programs/{program.pk}/invite/client/", {**CLIENT, "counsellor": amara.pk})
    assert answer.status_code == 302
    assert rows(Invitation, "email", "role", "program", "counsellor", "invited_by") == [
        ("new@portal.test", "client", program.pk, amara.pk, ada.pk)
    ]
    assert rows(Notice, "kind", "state") == [("invitation", "owed")]


def test_inviting_twice_invites_once(office, program):
    office.post(f"/office/programs/{program.pk}/invite/client/", CLIENT)
    answer = office.post(f"/office/programs/{program.pk}/invite/client/", {**CLIENT, "email": "NEW@portal.test"})
    assert answer.status_code == 409
    assert list(answer.context["form"].errors) == ["email"]
    assert answer.context["form"]["preferred_name"].value() == "Noor"
    assert Invitation.objects.count() == 1


def test_the_address_decides_the_role_and_the_program_whatever_a_form_adds(office, program, elsewhere):
    office.post(
        f"/office/programs/{program.pk}/invite/clinician/",
        {**CLIENT, "role": "admin", "program": elsewhere.pk, "accepted_at": "2020-01-01", "expires_at": "2099-01-01"},
    )
    made = Invitation.objects.get()
    assert (made.role, made.program, made.accepted_at, made.enrol_as) == ("clinician", program, None, "")
    assert made.expires_at < timezone.now() + timedelta(days=8)


@pytest.mark.parametrize("role", ["family", "owner", "applicant"])
def test_other_roles_are_not_invited_from_here(office, program, role):
    assert office.post(f"/office/programs/{program.pk}/invite/{role}/", CLIENT).status_code == 404
    assert Invitation.objects.count() == 0


def test_a_counsellor_works_in_the_program(office, program, elsewhere):
    given = {**CLIENT, "counsellor": clinician(elsewhere).pk}
    answer = office.post(f"/office/programs/{program.pk}/invite/client/", given)
    assert list(answer.context["form"].errors) == ["counsellor"]
    assert Invitation.objects.count() == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "not an address"),
        ("email", "new@portal.test\nBcc: all@portal.test"),
        ("preferred_name", "Noor\u202e"),
        ("surname", "two\nlines"),
    ],
)
def test_what_cannot_be_is_told_at_its_field_and_nothing_is_lost(office, program, field, value):
    answer = office.post(f"/office/programs/{program.pk}/invite/client/", {**CLIENT, field: value})
    assert list(answer.context["form"].errors) == [field]
    kept = {name: answer.context["form"][name].value() for name in CLIENT if name != field}
    assert kept == {name: value for name, value in CLIENT.items() if name != field}
    assert Invitation.objects.count() == 0


def test_a_clinician_invites_a_client_and_is_their_counsellor_unless_they_choose_another(client, program):
    amara = clinician(program)
    sign_in(client, amara)
    page = client.get(f"/invitations/{program.pk}/new/")
    assert page.context["form"]["counsellor"].value() == amara.pk
    client.post(f"/invitations/{program.pk}/new/", {**CLIENT, "counsellor": amara.pk, "role": "admin"})
    assert rows(Invitation, "role", "counsellor", "invited_by") == [("client", amara.pk, amara.pk)]


def test_a_clinician_does_not_invite_where_they_do_not_work(client, program, elsewhere):
    sign_in(client, clinician(program))
    assert client.post(f"/invitations/{elsewhere.pk}/new/", CLIENT).status_code == 404
    assert Invitation.objects.count() == 0


def test_a_clinician_withdraws_their_own_invitations_and_no_others(client, program, ada):
    amara = clinician(program)
    sign_in(client, amara)
    own, others = (
        invite(
            email=f"{name}@portal.test",
            preferred_name=name,
            program=program,
            role=Role.CLIENT,
            enrol_as="referred",
            by=by,
            now=timezone.now(),
        )
        for name, by in (("one", amara), ("two", ada))
    )
    assert "two@portal.test" not in text(client.get("/invitations/"))
    assert client.post(f"/invitations/{own.pk}/withdraw/").url == "/invitations/"
    assert client.post(f"/invitations/{others.pk}/withdraw/").status_code == 404
    assert [invitation.withdrawn_at is None for invitation in Invitation.objects.order_by("pk")] == [False, True]


def test_sending_again_ends_the_old_link_and_withdrawing_twice_is_harmless(office, ada, program):
    old = invite(
        email="new@portal.test", preferred_name="Noor", program=program, role=Role.ADMIN, by=ada, now=timezone.now()
    )
    office.post(f"/invitations/{old.pk}/again/")
    new = Invitation.objects.exclude(pk=old.pk).get()
    old.refresh_from_db()
    assert old.withdrawn_at is not None
    office.post(f"/invitations/{new.pk}/withdraw/")
    answer = office.post(f"/invitations/{new.pk}/withdraw/", follow=True)
    assert "accepted or withdrawn already" in text(answer)
    assert Invitation.objects.unanswered().count() == 0


# ── Clients ───────────────────────────────────────────────────────────────────────────────────────────────────


def names_on(answer):
    return [enrolment.client.preferred_name for enrolment in answer.context["enrolments"]]


def test_the_list_shows_the_live_ones_unless_asked_for_others(office, program, elsewhere):
    amara = clinician(program)
    on_care_team(amara, enrolled(program, preferred_name="Maya"), part="primary")
    enrolled(program, "referred", preferred_name="Noor")
    enrolled(program, "discharged", preferred_name="Sam")
    enrolled(elsewhere, preferred_name="Ruby")
    url = f"/office/programs/{program.pk}/clients/"
    asked = {
        "": ["Maya", "Noor"],
        "?show=admitted": ["Maya"],
        "?show=discharged": ["Sam"],
        "?show=without": ["Noor"],
    }
    assert {query: names_on(office.get(url + query)) for query in asked} == asked
    sent = {"may": ["Maya"], "ruby": []}
    assert {name: names_on(office.post(url, {"q": name})) for name in sent} == sent
    assert names_on(office.get(url, {"q": "may"})) == ["Maya", "Noor"]


@pytest.mark.parametrize(
    "query", ["?sort=client__password", "?show=all", "?show=client__password", "?page=-1", "?page=x", "?q=%00"]
)
def test_what_an_address_asks_for_and_may_not_is_passed_over(office, program, query):
    enrolled(program, preferred_name="Maya")
    answer = office.get(f"/office/programs/{program.pk}/clients/{query}")
    assert answer.status_code == 200
    assert names_on(answer) == ["Maya"]


def test_reading_a_list_of_clients_is_one_line_of_the_trail_and_looking_at_one_another(office, ada, program):
    maya, _ = enrolled(program), enrolled(program)
    office.get(f"/office/programs/{program.pk}/clients/")
    office.get(f"/office/enrolments/{maya.enrolments.get().pk}/")
    assert rows(Entry, "verb", "actor", "client", "facts") == [
        ("clients.listed", ada.pk, None, {"shown": 2}),
        ("enrolment.viewed", ada.pk, maya.pk, {}),
    ]


def test_a_client_is_discharged_and_referred_again_however_often_it_is_sent(office, program):
    noor = enrolled(program)
    first = noor.enrolments.get()
    for act in ("discharge", "discharge", "refer-again", "refer-again"):
        office.post(f"/office/enrolments/{first.pk}/{act}/", {"reason": "left"})
    assert sorted(noor.enrolments.values_list("state", flat=True)) == ["discharged", "referred"]
    verbs = list(Entry.objects.filter(verb__startswith="enrolment.").order_by("pk").values_list("verb", flat=True))
    assert verbs == ["enrolment.discharged", "enrolment.referred"]


@pytest.mark.parametrize(
    ("state", "reason"), [("admitted", ""), ("admitted", "not_begun"), ("referred", "completed"), ("referred", "x")]
)
def test_nobody_is_discharged_without_a_reason_that_fits(office, program, state, reason):
    noor = enrolled(program, state)

    answer = office.post(f"/office/enrolments/{noor.enrolments.get().pk}/discharge/", {"reason": reason})

    assert (answer.status_code, noor.enrolments.get().state) == (400, state)
    assert "Choose why it ends." in answer.content.decode()


def test_the_office_and_the_client_read_why_it_ended(office, program):
    noor = enrolled(program)
    office.post(f"/office/enrolments/{noor.enrolments.get().pk}/discharge/", {"reason": "transferred"})

    assert "Went on to other care" in office.get(f"/office/enrolments/{noor.enrolments.get().pk}/").content.decode()
    own = sign_in(Client(), noor).get(reverse("therapy:my_care")).content.decode()
    assert "Written down as: Went on to other care." in own


def test_a_care_team_gains_a_member_changes_its_primary_and_loses_one(office, program):
    maya, amara, lena = enrolled(program), clinician(program), clinician(program)
    enrolment = maya.enrolments.get()
    on_care_team(amara, maya, part="primary")
    office.post(f"/office/enrolments/{enrolment.pk}/join/", {"clinician": lena.pk, "part": "member"})
    place = CareTeam.objects.get(clinician=lena)
    office.post(f"/office/care-teams/{place.pk}/primary/")
    office.post(f"/office/care-teams/{CareTeam.objects.get(clinician=amara).pk}/leave/")
    assert list(CareTeam.objects.filter(until=None).values_list("clinician", "part")) == [(lena.pk, "primary")]


def test_who_works_elsewhere_does_not_join(office, program, elsewhere):
    maya = enrolled(program)
    given = {"clinician": clinician(elsewhere).pk, "part": "primary"}
    answer = office.post(f"/office/enrolments/{maya.enrolments.get().pk}/join/", given)
    assert list(answer.context["form"].errors) == ["clinician"]
    assert CareTeam.objects.count() == 0


def test_a_place_that_two_admins_end_at_once_ends_once(office, program):
    place = on_care_team(clinician(program), enrolled(program))
    for _ in range(2):
        office.post(f"/office/care-teams/{place.pk}/leave/")
    assert Entry.objects.filter(verb="care_team.left").count() == 1


# ── Kept apart ────────────────────────────────────────────────────────────────────────────────────────────────


def test_two_people_are_kept_apart_and_may_meet_again(office, program):
    one, other = enrolled(program), enrolled(program)
    given = {"one": one.pk, "other": other.pk, "asked_by": "client"}
    for status in (302, 409):
        assert office.post(f"/office/programs/{program.pk}/apart/new/", given).status_code == status
    pair = Apart.objects.get()
    office.post(f"/office/programs/{program.pk}/apart/{pair.pk}/end/")
    assert Apart.objects.live().count() == 0


def test_nobody_is_kept_apart_from_themself_or_from_a_stranger(office, program, elsewhere):
    one, stranger = enrolled(program), enrolled(elsewhere)
    url = f"/office/programs/{program.pk}/apart/new/"
    assert office.post(url, {"one": one.pk, "other": one.pk, "asked_by": "staff"}).status_code == 409
    answer = office.post(url, {"one": one.pk, "other": stranger.pk, "asked_by": "staff"})
    assert list(answer.context["form"].errors) == ["other"]
    assert Apart.objects.count() == 0


# ── Reviews and messages ──────────────────────────────────────────────────────────────────────────────────────


def broken(program, clinician):
    client = enrolled(program)
    return break_glass(client, reason="She called, and nobody was there.", by=clinician, now=timezone.now())


def test_a_review_is_kept_once(office, ada, program):
    glass = broken(program, clinician(program))
    for status in (302, 409):
        given = {"finding": "justified", "note": "I asked both."}
        assert office.post(f"/office/glass/{glass.pk}/", given).status_code == status
    glass.refresh_from_db()
    assert (glass.finding, glass.reviewed_by, glass.review_note) == ("justified", ada, "I asked both.")
    assert ada.follow_ups.open().count() == 0


def test_nobody_reviews_what_they_opened_themself(office, ada, program):
    RoleHeld.objects.create(user=ada, program=program, role=Role.CLINICIAN)
    glass = broken(program, ada)
    assert "another admin of the program reviews it" in text(office.get(f"/office/glass/{glass.pk}/"))
    assert office.post(f"/office/glass/{glass.pk}/", {"finding": "justified"}).status_code == 403
    glass.refresh_from_db()
    assert glass.reviewed_at is None


@pytest.fixture
def dead(ada, program):
    invitation = invite(
        email="lost@portal.test", preferred_name="Lost", program=program, role=Role.ADMIN, by=ada, now=NOON
    )
    Notice.objects.update(state=Notice.State.DEAD, ended_at=NOON, last_error="SMTPRecipientsRefused", attempts=1)
    notice = Notice.objects.get(about_id=invitation.pk)
    owe_follow_up("dead_letter", about=notice, program=program, owner=ada, by=None, now=NOON)
    Notice.objects.exclude(pk=notice.pk).delete()
    return notice


def test_a_dead_message_is_tried_again_or_let_go_once(office, dead):
    page = text(office.get("/office/messages/"))
    assert "lost@portal.test" in page
    assert "SMTPRecipientsRefused" in text(office.get(f"/office/messages/{dead.pk}/"))
    office.post(f"/office/messages/{dead.pk}/again/")
    dead.refresh_from_db()
    assert dead.state == Notice.State.OWED
    assert office.post(f"/office/messages/{dead.pk}/let-go/").status_code == 404
    dead.refresh_from_db()
    assert dead.state == Notice.State.OWED


# ── The trail ─────────────────────────────────────────────────────────────────────────────────────────────────


def verbs_on(answer):
    return [line.entry.verb for line in answer.context["lines"]]


def test_an_admin_reads_what_concerns_their_program_and_nothing_else(office, program, elsewhere):
    maya, ruby, amara, carol = enrolled(program), enrolled(elsewhere), clinician(program), clinician(elsewhere)
    leaver = UserFactory()
    for verb, client, by in (
        ("glass.broken", maya, amara),
        ("glass.ended", maya, leaver),
        ("room.added", None, amara),
        ("account.signed_in", maya, maya),
        ("consent.signed", ruby, ruby),
        ("room.changed", None, carol),
        ("program.changed", None, UserFactory()),
    ):
        trail.record(verb, client=client, by=by)
    assert set(verbs_on(office.get("/office/trail/"))) == {
        "glass.broken",
        "glass.ended",
        "room.added",
        "account.signed_in",
    }


def test_what_another_programs_staff_did_about_a_shared_client_stays_there(office, program, elsewhere):
    maya = enrolled(program)
    Enrolment.objects.create(client=maya, program=elsewhere, referred_on=NOON.date())
    trail.record("care_team.joined", client=maya, by=clinician(program))
    trail.record("glass.broken", client=maya, by=clinician(elsewhere))
    assert verbs_on(office.get("/office/trail/")) == ["care_team.joined"]


def test_the_trail_is_found_by_verb_person_and_day(office, program):
    maya, amara = enrolled(program, preferred_name="Maya"), clinician(program, preferred_name="Amara")
    trail.record("glass.broken", client=maya, by=amara, at=NOON)
    trail.record("room.added", by=amara, at=NOON + timedelta(days=2))
    asked = {
        "verb=room.added": ["room.added"],
        "person=maya": ["glass.broken"],
        "person=amara": ["room.added", "glass.broken"],
        "since=2026-11-25": ["room.added"],
        "until=2026-11-24&person=amara": ["glass.broken"],
    }
    found = {wish: verbs_on(office.post("/office/trail/", QueryDict(wish))) for wish in asked}
    assert {wish: [verb for verb in verbs if verb != "trail.read"] for wish, verbs in found.items()} == asked


def test_a_name_in_an_address_finds_nobody_in_the_trail(office, program):
    trail.record("room.added", by=clinician(program), at=NOON)
    found = [verbs_on(office.get("/office/trail/", wish)) for wish in ({"person": "zoe"}, {"verb": "glass.broken"})]
    assert ["room.added" in verbs for verbs in found] == [True, False]


def test_the_trail_is_told_in_plain_sentences(office, program):
    maya, amara = enrolled(program), clinician(program)
    for verb, about, facts in (
        ("client.opened", maya, {"glass": True}),
        ("client.opened", maya, {"glass": False}),
        ("roster.read", None, {"count": 7}),
        ("follow_up.escalated", None, {"kind": "dead_letter", "time": 2}),
        ("credential.added", None, {"kind": "LCSW"}),
        ("notice.died", None, {"kind": "seat_booked", "attempts": 1}),
        ("program.changed", program, {"fields": "quiet_from, zone, gone"}),
        ("care.prescribed", None, {"phase": "core", "hours": 9, "days": 1}),
        ("hours.set", amara, {"weekday": 0, "stretches": 2}),
        ("role.given", None, {"role": "clinician"}),
        ("policy.changed", program, {"name": 3}),
    ):
        trail.record(verb, about, client=maya, by=amara, facts=facts)
    lines = office.get("/office/trail/").context["lines"]
    assert [(line.what, line.facts) for line in reversed(lines)] == [
        ("opened a client’s record", "By an emergency access"),
        ("opened a client’s record", ""),
        ("looked at who is booked", "7 shown"),
        ("passed on something that is to be done", "A message could not be delivered, 2 times by now"),
        ("added a credential", "Licensed clinical social worker"),
        ("could not deliver a message", "After 1 try"),
        ("changed what a program is set to", "Quiet from, time zone, gone"),
        ("changed how many hours and days of care are planned", "Core, 9 hours, 1 day"),
        ("changed their working hours", "Monday, 2 stretches of time"),
        ("gave somebody a role", "Clinician"),
        ("changed the program’s rules for booking and care", "Name: 3"),
    ]


def test_days_in_the_wrong_order_are_told_at_their_field(office):
    answer = office.get("/office/trail/?since=2026-11-25&until=2026-11-24")
    assert answer.context["form"].errors == {"until": ["Choose a last day that does not come before the first."]}


def test_reading_the_trail_is_written_down_once_for_each_page(office, ada):
    for _ in range(2):
        office.get("/office/trail/")
    read = Entry.objects.filter(verb="trail.read").order_by("pk")
    assert list(read.values_list("actor", "facts")) == [(ada.pk, {"shown": 0}), (ada.pk, {"shown": 1})]


def test_an_account_is_closed_after_asking_once_and_opened_again(office, program):
    amara = clinician(program, preferred_name="Amara")
    held = amara.roles_held.get().pk
    asked = office.get(reverse("office:close_account", args=[held]))
    assert "Close the account of Amara" in asked.content.decode()
    for view, active, words in (
        ("close_account", False, "The account of Amara"),
        ("reopen_account", True, "can sign in again"),
    ):
        told = office.post(reverse(f"office:{view}", args=[held]), follow=True)
        amara.refresh_from_db()
        assert (amara.is_active, words in told.content.decode()) == (active, True)


def test_nobody_closes_their_own_account_or_one_that_is_not_theirs_alone_to_close(office, ada, program, elsewhere):
    both = clinician(program)
    both.roles_held.create(program=elsewhere, role="clinician")
    for person, words in ((ada, "your own account"), (both, "not yours alone")):
        answer = office.post(reverse("office:close_account", args=[person.roles_held.filter(program=program).get().pk]))
        person.refresh_from_db()
        assert (answer.status_code, words in answer.content.decode(), person.is_active) == (409, True, True)


def test_an_admin_ends_an_emergency_access_at_once_and_only_once(office, program):
    lena, maya, begun = clinician(program), enrolled(program), timezone.now() - timedelta(minutes=1)
    opening = break_glass(maya, reason="Her sister called and is afraid.", by=lena, now=begun)
    page = reverse("office:review_glass", args=[opening.pk])
    assert "End it now" in office.get(page).content.decode()
    told = [office.post(reverse("office:end_glass", args=[opening.pk]), follow=True) for _time in range(2)]
    assert "It has ended: the record is closed to them." in told[0].content.decode()
    assert "This access has ended already." in told[1].content.decode()
    assert "End it now" not in office.get(page).content.decode()
    assert not User.objects.open_to(lena).filter(pk=maya.pk).exists()
