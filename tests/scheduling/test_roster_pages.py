"""Marking who came, as a clinician does it: one button a person, everybody else at once, undo, and corrections."""

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from psycopg2.extras import DateTimeTZRange

from iop_portal.audit.models import Entry
from iop_portal.people.models import RoleHeld
from scheduling import joining, rosters
from scheduling.attendance import Said, mark
from scheduling.models import Attendance, Session
from tests.factories import NOON, admin, clinician, held, on_care_team, seated
from tests.scheduling.booking_world import TOMORROW, Clinic
from tests.signing_in import sign_in
from tests.therapy.test_client_pages import words

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def noon():
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def clinic():
    return Clinic(name="Harbor House")


@pytest.fixture
def group(clinic):
    return clinic.session(NOON - timedelta(hours=2), clinic.amara, clinic.jonah)


@pytest.fixture
def place(clinic, group):
    return seated(clinic.maya, group)


@pytest.fixture
def amara(client, clinic):
    sign_in(client, clinic.amara)
    return clinic.amara


def page(name, key):
    return reverse(f"scheduling:{name}", args=[key])


def tap(client, place, state, *, seen=0, **more):
    data = {"booking": place.pk, "seen": seen, "state": state, **more}
    return client.post(page("mark", place.session_id), data, follow=True)


def states():
    return list(Attendance.objects.order_by("pk").values_list("state", flat=True))


def test_one_button_marks_one_person_and_undo_stands_beside_it(client, amara, place):
    response = tap(client, place, "present")
    assert response.redirect_chain == [(f"{page('roster', place.session_id)}#place-{place.pk}", 302)]
    assert "Present 90 minutes Amara O., Tuesday 24 November" in words(response)
    response = client.post(page("undo_marks", place.session_id), {"fact": place.attendance.get().pk}, follow=True)
    assert "Undone. It is as it was before." in words(response)
    assert 'value="present"' in response.content.decode()
    assert states() == ["present", "open"]


def test_everybody_else_is_marked_in_one_act_and_undone_in_one(client, amara, clinic, group, place):
    ben = seated(clinic.client("Ben"), group)
    cleo = seated(clinic.client("Cleo"), group)
    assert "Everybody was there" in words(client.get(page("roster", group.pk)))
    mark(ben, Said("missed"), seen=0, by=amara, now=NOON - timedelta(minutes=1))
    assert "Everybody else was there" in words(client.get(page("roster", group.pk)))
    response = client.post(page("mark_rest", group.pk), follow=True)
    assert "2 people are marked as present." in words(response)
    assert "You marked 2 people at once." in words(response)
    assert response.context["just_now"] == [one.attendance.get().pk for one in (cleo, place)]
    client.post(page("undo_marks", group.pk), {"fact": response.context["just_now"]})
    assert states() == ["missed", "present", "present", "open", "open"]


def test_a_correction_shows_what_was_said_before(client, amara, clinic, place):
    mark(place, Said("missed"), seen=0, by=clinic.jonah, now=NOON - timedelta(minutes=20))
    url = page("attendance", place.pk)
    assert "Jonah W., Tuesday 24 November, 11:40 am" in words(client.get(url))
    sent = {"seen": "1", "state": "excused", "minutes": "", "reason": "Her bus broke down"}
    response = client.post(url, sent, follow=True)
    assert "Maya T.: Excused" in words(response)
    said = words(client.get(url))
    assert said.index("Her bus broke down") < said.index("Said before") < said.index("Jonah W.")
    assert states() == ["missed", "excused"]


def test_minutes_are_edited(client, amara, place):
    tap(client, place, "late")
    client.post(page("attendance", place.pk), {"seen": "1", "state": "late", "minutes": "61", "reason": ""})
    assert place.attendance.last().minutes == 61


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"state": ""}, "Choose what it was."),
        ({"state": "open"}, "Choose one of the answers to “What was it?”"),
        ({"state": "excused"}, "Say in a few words why it is excused."),
        ({"state": "late", "minutes": "91"}, "Nobody can be there longer than the session lasts."),
        ({"state": "late", "minutes": "0"}, "Whoever came was there for a minute at least."),
        ({"state": "late", "minutes": "x"}, "Enter a whole number."),
        ({"state": "late", "minutes": "999999999999"}, "480 is the most."),
        ({"state": "excused", "reason": "x" * 121}, "it may have 120 characters, and has 121."),
    ],
)
def test_what_cannot_be_is_said_in_words_and_nothing_typed_is_lost(client, amara, place, typed, sentence):
    response = client.post(page("attendance", place.pk), {"seen": "0", "minutes": "", "reason": "", **typed})
    assert response.status_code == 400
    assert sentence in words(response)
    for name, value in typed.items():
        assert response.context["form"][name].value() == value
    assert states() == []


def test_a_colleague_s_mark_is_seen_and_not_written_over_unseen(client, amara, clinic, place):
    mark(place, Said("late"), seen=0, by=clinic.jonah, now=NOON - timedelta(minutes=1))
    response = tap(client, place, "missed", seen=0)
    assert response.status_code == 409
    assert "Somebody else marked this while you had it open." in words(response)
    assert "Late 75 minutes Jonah W." in words(response)
    url, sent = page("attendance", place.pk), {"seen": "0", "state": "missed", "minutes": "", "reason": ""}
    response = client.post(url, sent)
    assert (response.status_code, states()) == (409, ["late"])
    assert "Jonah W." in words(response)
    client.post(url, sent | {"seen": response.context["form"]["seen"].value()})
    assert states() == ["late", "missed"]


def test_a_session_that_has_not_begun_cannot_be_marked(client, amara, clinic):
    place = seated(clinic.maya, clinic.session(TOMORROW))
    assert "From its beginning on, you say here who came." in words(client.get(page("roster", place.session_id)))
    for response in (
        tap(client, place, "present"),
        client.post(page("mark_rest", place.session_id)),
        client.post(page("attendance", place.pk), {"seen": "0", "state": "present"}),
    ):
        assert response.status_code in (403, 409)
        assert "This session has not begun." in words(response)
    assert "Save" not in words(client.get(page("attendance", place.pk)))
    assert states() == []


def test_the_care_team_corrects_and_does_not_mark(client, clinic, place):
    grace = clinician(clinic.program, preferred_name="Grace")
    on_care_team(grace, clinic.maya)
    sign_in(client, grace)
    assert "Not recorded yet" in words(client.get(page("roster", place.session_id)))
    assert tap(client, place, "present").status_code == 403
    assert client.post(page("mark_rest", place.session_id)).status_code == 403
    mark(place, Said("missed"), seen=0, by=clinic.amara, now=NOON)
    sent = {"seen": "1", "state": "excused", "reason": "Called in"}
    assert client.post(page("attendance", place.pk), sent).status_code == 302
    assert states() == ["missed", "excused"]


# ── Abuse ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_place_in_another_session_does_not_exist_in_this_one(client, amara, clinic, group, place):
    """Foreign keys in the form: a colleague's session, one of another program, and one's own other session."""
    own = seated(clinic.maya, clinic.session(NOON - timedelta(hours=5)))
    colleague = seated(clinic.client("Ben"), clinic.session(NOON - timedelta(hours=8), clinic.jonah))
    there = Clinic()
    elsewhere = seated(there.maya, there.session(NOON - timedelta(hours=2)))
    for foreign in (own.pk, colleague.pk, elsewhere.pk, place.pk + 10_000):
        data = {"booking": foreign, "seen": 0, "state": "present"}
        assert client.post(page("mark", group.pk), data).status_code == 404
    for session in (colleague.session_id, elsewhere.session_id):
        assert client.post(page("mark_rest", session)).status_code == 404
        assert client.get(page("roster", session)).status_code == 404
    for foreign in (colleague.pk, elsewhere.pk):
        assert client.get(page("attendance", foreign)).status_code == 404
        assert client.post(page("attendance", foreign), {"seen": "0", "state": "present"}).status_code == 404
    assert states() == []


def test_who_does_not_lead_it_reads_of_clients_of_their_own_alone(client, clinic, group, place):
    grace = clinician(clinic.program, preferred_name="Grace")
    on_care_team(grace, clinic.maya)
    ben = seated(clinic.client("Ben"), group)
    sign_in(client, grace)
    read = {one.person: client.get(page("attendance", one.pk)).status_code for one in (place, ben)}
    assert read == {clinic.maya: 200, ben.person: 404}
    assert [line.client for line in Entry.objects.filter(verb="attendance.viewed")] == [clinic.maya]


def test_another_s_facts_are_not_undone(client, amara, clinic, group, place):
    fact = mark(place, Said("missed"), seen=0, by=clinic.jonah, now=NOON)
    own = mark(seated(clinic.client("Ben"), group), Said("present"), seen=0, by=clinic.amara, now=NOON)
    undo = page("undo_marks", group.pk)
    for keys in ([fact.pk], [own.pk, fact.pk], [fact.pk + 10_000]):
        assert client.post(undo, {"fact": keys}).status_code == 404
    for odd in ([], ["x"], ["9" * 30]):
        assert client.post(undo, {"fact": odd}).status_code == 409
    assert states() == ["missed", "present"]


@pytest.mark.parametrize("odd", [{}, {"booking": "x"}, {"seen": "-1"}, {"state": "open"}, {"state": "cancelled"}])
def test_a_button_that_no_page_has_changes_nothing(client, amara, place, odd):
    data = {"booking": place.pk, "seen": 0, "state": "present", **odd} if odd else {}
    response = client.post(page("mark", place.session_id), data)
    assert response.status_code == 400
    assert "Choose a button beside the person you mean." in words(response)
    assert states() == []


@pytest.mark.parametrize("who", ["client", "family", "admin"])
def test_clients_family_and_admins_get_nothing(client, clinic, place, who):
    person = {
        "client": clinic.maya,
        "family": held("family", clinic.program),
        "admin": admin(clinic.program),
    }[who]
    sign_in(client, person)
    for name in ("roster", "mark", "mark_rest", "undo_marks"):
        assert client.post(page(name, place.session_id)).status_code in (403, 405)
    assert client.get(page("roster", place.session_id)).status_code == 403
    assert client.get(page("attendance", place.pk)).status_code == 403


def test_who_works_there_no_more_marks_nothing(client, amara, clinic, place):
    RoleHeld.objects.filter(user=amara).delete()
    RoleHeld.objects.create(user=amara, program=Clinic().program, role="clinician")
    assert tap(client, place, "present").status_code == 404


# ── Traces and cost ───────────────────────────────────────────────────────────────────────────────────────────


def test_looking_at_what_is_recorded_leaves_a_line(client, amara, clinic, place):
    client.get(page("attendance", place.pk))
    (line,) = Entry.objects.filter(verb="attendance.viewed")
    assert (line.actor, line.client, line.object_id) == (amara, clinic.maya, place.pk)


@pytest.mark.parametrize("size", [2, 7])
def test_a_roster_costs_the_same_however_full_it_is(client, amara, clinic, group, size, django_assert_num_queries):
    for number in range(size):
        place = seated(clinic.client(f"Person{number}"), group)
        if number % 2:
            mark(place, Said("present"), seen=0, by=clinic.amara, now=NOON)
    client.get(page("roster", group.pk))
    with django_assert_num_queries(ROSTER_QUERIES):
        client.get(page("roster", group.pk))


ROSTER_QUERIES = 14


def test_the_day_leads_to_marking_until_everybody_is_marked(client, amara, clinic, group, place):
    ben = seated(clinic.client("Ben"), group)
    talk = clinic.session(NOON + timedelta(hours=2), modality=clinic.talk, capacity=1, listed=False)
    seated(clinic.maya, talk)
    day = reverse("home:caseload")
    said = words(client.get(day))
    assert "roster open" in said
    assert said.count("Mark Skills group") == 1
    assert "Roster Maya T." in said
    tap(client, place, "present")
    assert "1 of 2 came · roster open" in words(client.get(day))
    tap(client, ben, "missed")
    said = words(client.get(day))
    assert "1 of 2 came" in said
    assert "Mark Skills group" not in said


# ── What their arrival says ───────────────────────────────────────────────────────────────────────────────────


SAID = joining.Said("12 Elm Row", "NY", "+1 212 555 0142", in_private=True)


@pytest.fixture
def call(clinic):
    """By video, from ten until half past eleven."""
    return clinic.session(NOON - timedelta(hours=2))


def joined(clinic, call, name, *, after, waited=0):
    """Booked, and let into the call so many minutes after its beginning."""
    place = seated(clinic.client(name), call)
    moment = call.starts_at + timedelta(minutes=after)
    arrival = joining.come_by_video(place, SAID, by=place.person, now=moment - timedelta(minutes=waited))
    joining.let_in(arrival, by=place.person, now=moment)
    return place


def test_who_joined_stands_on_the_roster_and_is_confirmed_in_one_tap(client, amara, clinic, call):
    ben = joined(clinic, call, "Ben", after=21)
    page = client.get(page_of(call))
    assert "joined at 10:21 am" in words(page)
    assert "Late, 69 min there" in words(page)
    assert (states(), ben.attendance.count()) == ([], 0)
    tap(client, ben, "late")
    fact = ben.attendance.get()
    assert (fact.state, fact.minutes, fact.by_video, fact.recorded_by) == ("late", 69, True, amara)


@pytest.mark.parametrize(
    ("after", "waited", "answer"),
    [(-5, 0, ("present", 90)), (15, 0, ("present", 90)), (16, 0, ("late", 74)), (40, 45, ("present", 90))],
)
def test_late_is_past_the_grace_and_never_for_who_waited_at_the_door(clinic, call, after, waited, answer):
    place = joined(clinic, call, "Ben", after=after, waited=waited)
    found = rosters.answer_about(place, reader=clinic.amara)
    assert (found.state, found.minutes, found.by_video) == (*answer, True)


def test_who_only_waits_or_came_to_another_time_is_no_answer(clinic, call):
    waits = seated(clinic.maya, call)
    joining.come_by_video(waits, SAID, by=clinic.maya, now=call.starts_at)
    assert rosters.answer_about(waits, reader=clinic.amara) is None
    place = joined(clinic, call, "Ben", after=0)
    assert rosters.answer_about(place, reader=clinic.jonah) is None
    moved = DateTimeTZRange(NOON + timedelta(hours=1), NOON + timedelta(hours=2), "[)")
    Session.objects.filter(pk=call.pk).update(during=moved)
    place.refresh_from_db()
    assert rosters.answer_about(place, reader=clinic.amara) is None


def test_the_rest_is_marked_as_they_came(client, amara, clinic, call):
    late, ontime = (joined(clinic, call, name, after=after) for name, after in (("Ben", 30), ("Cleo", 0)))
    absent = seated(clinic.client("Dan"), call)
    said = words(client.get(page_of(call)))
    assert "Mark the 2 who came Everybody was there" in said
    assert "One person came late and is marked as late" in said
    response = client.post(page("mark_rest", call.pk), {"arrived": "yes"}, follow=True)
    assert "1 person is marked as present. 1 person is marked as late." in words(response)
    told = [list(one.attendance.values_list("state", "minutes")) for one in (late, ontime, absent)]
    assert told == [[("late", 60)], [("present", 90)], []]
    client.post(page("mark_rest", call.pk))
    assert list(absent.attendance.values_list("state", "minutes")) == [("present", 90)]


def test_more_begins_with_what_the_arrival_says(client, amara, clinic, call):
    form = client.get(page("attendance", joined(clinic, call, "Ben", after=21).pk)).context["form"]
    assert (form["state"].value(), form["minutes"].value(), form["seen"].value()) == ("late", 69, 0)


def test_the_day_says_how_many_are_to_be_confirmed(client, amara, clinic, call):
    joined(clinic, call, "Ben", after=0)
    ben = joined(clinic, call, "Cleo", after=20)
    day = reverse("home:caseload")
    assert "roster open, 2 to confirm" in words(client.get(day))
    tap(client, ben, "late")
    assert "1 of 2 came · roster open, 1 to confirm" in words(client.get(day))


def page_of(session):
    return page("roster", session.pk)


def test_the_client_reads_what_is_recorded_of_them_and_what_was_before(client, clinic, place):
    mark(place, Said("missed"), seen=0, by=clinic.jonah, now=NOON - timedelta(minutes=20))
    mark(place, Said("excused", reason="A funeral"), seen=1, by=clinic.amara, now=NOON)
    page = words(sign_in(client, place.person).get(reverse("scheduling:booked", args=[place.pk])))
    assert page.index("What is recorded") < page.index("A funeral") < page.index("Missed")
