"""Every page that somebody may open, as it looks: phones and desks, light and dark, with scripts and without.

The pages come from the access table, so that a new one is looked at by itself; a page with a form is also looked at
after the form was sent empty.
"""

from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from django.test import override_settings
from django.urls import get_resolver, reverse
from django.utils import timezone

from iop_portal.demo.views import gallery
from iop_portal.followups.models import FollowUp
from scheduling import joining, video
from scheduling.attendance import Said, mark
from scheduling.commitments import Terms, add_commitment
from scheduling.courses import CourseDetails, Parts, add_course
from scheduling.models import Booking, Room, Series
from scheduling.taking_part import join_course
from scheduling.wishes import save_wishes
from tests.asking import Doorstep, Page, address
from tests.factories import ModalityFactory, TrackFactory, clinician, introduced, seated, session_at
from tests.journeys.looking import Screen, reader_of_large_text
from tests.test_access import ANYBODY, BY_NAME, PAGES, SIGNED_IN
from tests.world import build_world
from therapy import measures
from therapy.instruments import instruments
from therapy.models import ClinicalPolicy, Duty, Modality, Prescription, Sheet

pytestmark = pytest.mark.looks

# Whoever sees a page of their own kind; where several would see the same, the first.
FACES = [("anonymous",), ("client", "applicant", "alum"), ("family",), ("team",), ("admin",)]
# Not for people, or a part of another page.
MACHINES = {
    *("livez", "readyz", "mfa_download_recovery_codes", "scheduling:calendar_file", "scheduling:calendar_feed"),
    *("scheduling:door", "scheduling:coming"),
}


def faces(page: Page, method: str) -> list[str]:
    """Of those who may, one for each kind of page."""
    may = [persona for persona in ANYBODY if page.outcome(persona, method) == "in"]
    if page.name == "home:landing":
        return sorted(may)
    kinds = FACES[:1] if page.door == ANYBODY and page.name != "home:help" else FACES
    chosen = [next((persona for persona in kind if persona in may), None) for kind in kinds]
    return [persona for persona in chosen if persona]


SHOWN = [
    (page, method, persona)
    for page in PAGES
    if page.name not in MACHINES
    for method in page.methods.split()
    for persona in faces(page, method)
]


@pytest.fixture(scope="module")
def doorstep(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        yield Doorstep(build_world())
        transaction.set_rollback(True)


@pytest.fixture(scope="session")
def with_scripts(chromium):
    return Screen(chromium.new_context(service_workers="block", reduced_motion="reduce"))


@pytest.fixture(scope="session")
def without_scripts(chromium):
    return Screen(chromium.new_context(service_workers="block", reduced_motion="reduce"), scripts=False)


@pytest.fixture(scope="session")
def large_text(chromium, tmp_path_factory):
    context = reader_of_large_text(chromium, tmp_path_factory.mktemp("reader"))
    yield Screen(context)
    context.close()


@pytest.fixture
def look(with_scripts, without_scripts, large_text):
    """Everything that is wrong with how a page looks, in all its states."""

    def faults(path, response):
        found = with_scripts.show(path, response)
        found += with_scripts.frame() + with_scripts.shift() + with_scripts.keyboard() + with_scripts.looks()
        found += without_scripts.show(path, response)
        found += [f"without scripts: {fault}" for fault in without_scripts.looks((320, 1280))]
        large_text.show(path, response)
        return list(dict.fromkeys(found + large_text.spills()))

    return faults


@pytest.mark.parametrize(
    ("page", "method", "persona"), SHOWN, ids=[f"{page.name}-{method}-{persona}" for page, method, persona in SHOWN]
)
def test_a_page(db, doorstep, look, page, method, persona):
    patterns, samples = get_resolver().url_patterns, doorstep.world.samples
    after = address(BY_NAME[page.after], patterns, samples) if page.after else None
    path = address(page, patterns, samples)
    with doorstep.ask(persona, method, path, after=after) as response:
        if not response.headers.get("Content-Type", "").startswith("text/html") or not response.content:
            pytest.skip("leads elsewhere, or is no page")
        faults = look(path, response)
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    "step",
    [
        "/book/counsellor/?way={talk_id}&minutes=99&go=1",
        "/book/counsellor/when/?way={talk_id}&minutes=50",
        "/book/check/?session={free_session_id}",
        "/book/check/?way={talk_id}&minutes=50&giver={team_id}&at=2020-01-01T10:00Z",
        "/bookings/{booking_id}/move/check/?session={free_session_id}",
        "/bookings/{booking_id}/move/check/?session={session_id}",
        "/book/{crowded_id}/wait/",
        "/places/{kept_id}/",
        "/places/{kept_id}/leave/",
    ],
    ids=[
        "an answer to mend",
        "hours",
        "check",
        "refused",
        "check a move",
        "a move refused",
        "waiting for a place",
        "a place kept",
        "letting a place go",
    ],
)
def test_a_step_of_booking(db, doorstep, look, step):
    """What one meets only with answers in the address."""
    path = step.format(**doorstep.world.samples, team_id=doorstep.world.team.pk)
    with doorstep.ask("client", "GET", path) as response:
        assert response.status_code != 302
        faults = look(path, response)
    assert not faults, "\n".join(faults)


def test_a_roster_as_it_is_marked(db, doorstep, look):
    """Nobody is marked yet; one is, with undo beside it; and somebody else was faster."""
    key, place = (doorstep.world.samples[name] for name in ("begun_session_id", "begun_booking_id"))
    path, faults = reverse("scheduling:roster", args=[key]), []
    with doorstep.ask("team", "GET", path) as response:
        faults += look(path, response)
    marking = {"booking": place, "state": "present", "seen": 0}
    act = reverse("scheduling:mark", args=[key])
    with doorstep.ask("team", "POST", act, marking | {"seen": 1}) as response:
        assert response.status_code == 409
        faults += look(path, response)
    with transaction.atomic():
        mark(Booking.objects.get(pk=place), Said("missed"), seen=0, by=doorstep.world.team, now=timezone.now())
        with doorstep.ask("team", "GET", path) as response:
            faults += look(path, response)
        own = reverse("scheduling:attendance", args=[place])
        with doorstep.ask("team", "GET", own) as response:
            faults += look(own, response)
        transaction.set_rollback(True)
    assert not faults, "\n".join(faults)


def test_a_course_that_is_joined(db, doorstep, look):
    """With sessions ahead: what becomes of each, and the course of whoever takes part."""
    world, now = doorstep.world, timezone.now()
    series, person = Series.objects.get(pk=world.samples["series_id"]), world.other_client
    with transaction.atomic():
        details = CourseDetails("Rest", "Three evenings.", "You learn to rest.", "Skills course", 3, 2)
        course = add_course(series.program, details, Parts((series,)), by=world.admin, now=now)
        own = Terms("work", "", tuple(range(7)), time(0), time(23), now.date())
        add_commitment(person, own, by=person, now=now)
        path = reverse("scheduling:join_course", args=[course.pk])
        with doorstep.ask("other_client", "GET", path) as response:
            assert response.status_code == 200
            faults = look(path, response)
        join_course(course, by=person, now=now)
        path = reverse("scheduling:course", args=[course.pk])
        with doorstep.ask("other_client", "GET", path) as response:
            faults += look(path, response)
        transaction.set_rollback(True)
    assert not faults, "\n".join(faults)


def test_a_certificate_to_print(db, doorstep, look):
    path = reverse("scheduling:certificate", args=[doorstep.world.samples["participation_id"]])
    told = {"name": "Maya Torres", "issuer": "neutral", "print": "1"}
    with doorstep.ask("client", "POST", path, told) as response:
        assert response.status_code == 200
        faults = look(path, response)
    assert not faults, "\n".join(faults)


@pytest.fixture
def at_the_door(db, doorstep):
    """A session of Maya's program that begins in ten minutes, by video or in a room, and her booking."""
    world, now = doorstep.world, timezone.now()
    way, room = Modality.objects.get(name="Zq-way"), Room.objects.get(name="Zq-room")
    session = session_at(way, now + timedelta(minutes=10), world.team, room=room)
    booked = seated(world.client, session)

    def come(*, said=None, opened=False):
        if said is not None:
            told = joining.Said("at home: 7 Elm Row", "NY", "(212) 555-0101", in_private=said)
            joining.come_by_video(booked, told, by=world.client, now=now)
        if opened:
            video.open_room(session, address="https://video.example/room", by=world.team, now=now)
        return booked

    return come


@pytest.mark.parametrize(
    ("comes", "query"),
    [
        ({}, ""),
        ({}, "?video"),
        ({"said": False}, ""),
        ({"said": False}, "?again"),
        ({"said": True, "opened": True}, ""),
    ],
    ids=["where to go", "asked", "waiting", "asked again", "open"],
)
def test_a_step_of_joining(doorstep, look, at_the_door, comes, query):
    path = f"/bookings/{at_the_door(**comes).pk}/join/{query}"
    with doorstep.ask("client", "GET", path) as response:
        assert response.status_code == 200
        faults = look(path, response)
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("where", ["/sessions/{session}/", "/sessions/{session}/where/{booking}/", "/"])
def test_who_comes(doorstep, look, at_the_door, where):
    """On the roster, on the page that says where they are, and in the clinician's day."""
    booked = at_the_door(said=False, opened=where != "/")
    path = where.format(session=booked.session_id, booking=booked.pk)
    with doorstep.ask("team", "GET", path if where != "/" else "/caseload/") as response:
        assert response.status_code == 200
        faults = look(path, response)
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    "state",
    ["/timetable/?day={soon}", "/timetable/?day={soon}&by=room", "/away/{held_id}/check/?first={soon}&last={later}"],
    ids=["timetable", "timetable by room", "what time off hits"],
)
def test_a_state_of_a_clinicians_week(db, doorstep, look, state):
    """The session that Maya is booked into lies in it."""
    today = timezone.localdate()
    days = {"soon": today + timedelta(days=3), "later": today + timedelta(days=4)}
    path = state.format(**doorstep.world.samples, **days)
    with doorstep.ask("team", "GET", path) as response:
        assert response.status_code == 200
        assert "Zq-way" in response.content.decode()
        faults = look(path, response)
    assert not faults, "\n".join(faults)


@pytest.fixture
def planning(doorstep):
    """Maya is prescribed a day a week, of which she wishes the impossible. Two groups are open in this week of hers."""
    with transaction.atomic():
        maya, now = doorstep.world.people["client"], doorstep.moment
        held = maya.enrolments.get(state="admitted")
        program = held.program
        today = timezone.localdate(now, ZoneInfo(program.zone))
        ClinicalPolicy.objects.update_or_create(program=program, defaults={"week_starts_on": today.weekday()})
        Prescription.objects.update_or_create(
            enrolment=held,
            until=None,
            defaults={"track": TrackFactory(program=program), "phase": "core", "hours": 8, "days": 4, "since": today},
        )
        leader = clinician(program)
        groups = [ModalityFactory(program=program) for _number in range(2)]
        introduced(leader, *groups)
        for days, group in enumerate(groups, start=1):
            session_at(group, now + timedelta(days=days), leader)
        save_wishes(maya, {"familiar_people": "if_possible", "few_trips": "always", "one_to_one": 1}, by=maya, now=now)
        yield doorstep
        transaction.set_rollback(True)


def test_a_planned_week_and_another_session_instead(db, planning, look):
    with planning.ask("client", "GET", "/week/plan/") as response:
        card = response.context["cards"][0]
        faults = look("/week/plan/", response)
    with planning.ask("client", "POST", "/week/plan/") as response:
        assert response.status_code == 400
        faults += look("/week/plan/", response)
    with planning.ask("client", "GET", card.another_url) as response:
        assert response.status_code == 200
        faults += look(card.another_url, response)
    with planning.ask("client", "GET", card.without_url) as response:
        assert response.status_code == 200
        faults += look(card.without_url, response)
    assert not faults, "\n".join(faults)


def test_an_answer_that_cannot_wait(db, doorstep, look):
    """The pages of whoever has it, of an admin to whom it went on, and of the client whose questions are paused."""
    world, now = doorstep.world, timezone.now()
    phq = instruments()["phq-9"]
    faults = []
    with transaction.atomic():
        sheet = measures.begin(world.client, phq, by=world.client, now=now)
        measures.give_answer(sheet, phq.item("9"), 2, by=world.client, now=now)
        path = f"/alerts/{sheet.alerts.get().pk}/"
        for where, persona in (
            (path, "team"),
            ("/follow-ups/", "team"),
            ("/clients/{client_id}/measures/phq-9/", "team"),
        ):
            where = where.format(**world.samples)
            with doorstep.ask(persona, "GET", where) as response:
                assert response.status_code == 200
                faults += look(where, response)
        FollowUp.objects.filter(kind="safety_answer").update(owner=world.admin)
        for method in ("GET", "POST"):
            with doorstep.ask("admin", method, path, {"to": ""} if method == "POST" else None) as response:
                faults += look(path, response)
        with doorstep.ask("admin", "GET", "/office/") as response:
            faults += look("/office/", response)
        Duty.objects.all().delete()
        Sheet.objects.filter(pk=sheet.pk).update(begun_at=now - timedelta(hours=2))
        for where, persona in (
            (f"/measures/sheets/{sheet.pk}/1/", "client"),
            ("/measures/", "other_client"),
            ("/measures/gad-7/", "other_client"),
            ("/office/programs/{program_id}/on-call/", "admin"),
            ("/office/programs/{program_id}/measures/", "admin"),
        ):
            where = where.format(**world.samples)
            with doorstep.ask(persona, "GET", where) as response:
                faults += look(where, response)
        transaction.set_rollback(True)
    assert not faults, "\n".join(faults)


def test_answers_looked_at_once_more(db, doorstep, look):
    gad, maya, now = instruments()["gad-7"], doorstep.world.client, timezone.now()
    with transaction.atomic():
        sheet = measures.begin(maya, gad, by=maya, now=now)
        for item in gad.items:
            measures.give_answer(sheet, item, None if item.code == "3" else 1, by=maya, now=now)
        path = f"/measures/sheets/{sheet.pk}/check/"
        with doorstep.ask("client", "GET", path) as response:
            faults = look(path, response)
        measures.send(sheet, by=maya, now=now)
        with doorstep.ask("client", "GET", "/measures/gad-7/") as response:
            faults += look("/measures/gad-7/", response)
        transaction.set_rollback(True)
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("purpose", ["come", "cancel", "late"])
@pytest.mark.parametrize("persona", ["anonymous", "client"])
def test_an_answer_to_a_reminder(db, doorstep, look, persona, purpose):
    path = f"/a/{doorstep.world.samples[purpose]}/"
    with doorstep.ask(persona, "GET", path) as response:
        assert response.status_code == 200
        faults = look(path, response)
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    ("path", "data", "status"),
    [
        ("/a/no-such-token/", None, 404),
        ("/a/{late}/", {"late_by": "15"}, 400),
        ("/reach/texts/", {"phone": "+12125550142"}, 200),
        ("/reach/texts/", {"phone": "+12125550142", "read": "x", "signature": "Somebody else"}, 409),
        ("/reach/texts/code/", {"code": "123456"}, 400),
        ("/reach/", {"leads": ["30", "60", "120", "240"], "quiet": "own", "detail": "neutral"}, 400),
    ],
    ids=["a link that is gone", "late by what", "to sign", "to read again", "a wrong code", "how to mend"],
)
def test_a_step_of_being_reached(db, doorstep, look, path, data, status):
    path = path.format(**doorstep.world.samples)
    with doorstep.ask("other_client", "POST" if data else "GET", path, data) as response:
        assert response.status_code == status
        faults = look(path, response)
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("sample", gallery.PAGES)
def test_a_sample(db, doorstep, look, sample):
    path = f"/gallery/{sample}/"
    with doorstep.ask("anonymous", "GET", path) as response:
        faults = look(path, response)
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("persona", ["anonymous", "client", "team"])
@pytest.mark.parametrize("status", [400, 403, 404, 405, 413, 500, 503])
@override_settings(ROOT_URLCONF="tests.journeys.trouble_urls")
def test_a_page_about_trouble(db, doorstep, look, persona, status):
    path = f"/trouble/{status}/"
    with doorstep.ask(persona, "GET", path) as response:
        assert response.status_code == status
        faults = look(path, response)
    assert not faults, "\n".join(faults)


def test_the_looks_see_what_is_wrong(with_scripts):
    """A page without a heading, too wide, with a grey label, an unlabelled field, and a link that Tab skips."""

    class Wrong:
        headers = {"Content-Type": "text/html", "Content-Security-Policy": "default-src 'self'"}
        content = b"""<!doctype html><html lang="en"><title>Wrong</title><main><p>Hello</p>
            <table width="2000"><tr><td>wide</td></tr></table><input name="name"><a href="/x" tabindex="0">a</a>
            <p style="color: red">red</p></main></html>"""

    told = with_scripts.show("/wrong/", Wrong)
    assert [fault for fault in told if "style" in fault]
    assert with_scripts.frame() == ["0 h1", "title: Wrong"]
    faults = with_scripts.looks()
    assert [fault for fault in faults if "label" in fault]
    assert [fault for fault in faults if "spills" in fault]


def test_every_signed_in_page_is_looked_at():
    looked_at = {page.name for page, method, _ in SHOWN if method == "GET"}
    readable = {page.name for page in PAGES if "GET" in page.methods and page.door <= SIGNED_IN} - MACHINES
    assert readable <= looked_at
