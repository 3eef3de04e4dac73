"""Opening and changing programs and rooms in the browser, also with what nobody should type."""

import pytest

from iop_portal.audit.models import Entry
from iop_portal.people.models import Program
from iop_portal.people.roles import Role
from scheduling.models import Room
from scheduling.rooms import RoomDetails, change_room, room_version
from tests.factories import NOON, RoomFactory

PROGRAM = {
    "name": "Lakeside",
    "sender": "Lakeside",
    "zone": "America/Chicago",
    "phone": "(312) 555-0110",
    "after_hours_phone": "",
    "address": "",
    "quiet_from": "21:00",
    "quiet_until": "08:00",
}
ROOM = {"name": "Cedar", "seats": "8", "directions": "Second door.", "step_free": "on"}
HIDDEN = ["two\nlines", "turned\u202eround", "zero\u200bwidth", "null\x00byte"]


def text(answer):
    return answer.content.decode()


def seen(office, url):
    return office.get(url).context["form"]["seen"].value()


# ── Programs ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_who_opens_a_program_finds_it_among_their_own(office, ada):
    answer = office.post("/office/programs/new/", PROGRAM, follow=True)
    program = Program.objects.run_by(ada).get(name="Lakeside")
    assert answer.redirect_chain == [(f"/office/programs/{program.pk}/", 302)]
    assert "You are its admin." in text(answer)


def test_sending_the_form_twice_opens_one_program(office):
    office.post("/office/programs/new/", PROGRAM)
    answer = office.post("/office/programs/new/", PROGRAM)
    assert answer.status_code == 409
    assert "There is already a program of that name" in text(answer)
    assert Program.objects.filter(name="Lakeside").count() == 1


def test_what_was_typed_comes_back_with_a_sentence(office):
    answer = office.post("/office/programs/new/", {**PROGRAM, "name": "", "quiet_until": "21:00"})
    assert answer.context["form"]["phone"].value() == "(312) 555-0110"
    assert "Fill in “Name”" in text(answer)
    assert not Program.objects.filter(sender="Lakeside").exists()


def test_quiet_hours_without_a_length_are_told_at_their_field(office):
    answer = office.post("/office/programs/new/", {**PROGRAM, "quiet_until": "21:00"})
    assert answer.status_code == 409
    assert answer.context["form"].errors == {"quiet_until": ["Quiet hours have to begin and end at different times."]}


@pytest.mark.parametrize("name", HIDDEN)
def test_a_name_is_one_printable_line(office, name):
    answer = office.post("/office/programs/new/", {**PROGRAM, "name": name})
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == ["name"]
    assert answer.context["form"]["sender"].value() == "Lakeside"


def test_markup_in_a_name_is_shown_as_it_was_typed(office):
    office.post("/office/programs/new/", {**PROGRAM, "name": "<script>alert(1)</script>"})
    page = text(office.get("/office/"))
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_only_the_fields_of_the_form_change(office, ada, program, elsewhere):
    url = f"/office/programs/{program.pk}/change/"
    given = {**PROGRAM, "seen": seen(office, url), "id": elsewhere.pk, "pk": elsewhere.pk, "roles_held": "1"}
    assert office.post(url, given).status_code == 302
    program.refresh_from_db()
    elsewhere.refresh_from_db()
    assert (program.name, elsewhere.name) == ("Lakeside", "Juniper")
    assert set(ada.roles_held.values_list("program", "role")) == {(program.pk, Role.ADMIN.value)}


def test_two_admins_do_not_overwrite_one_another_unseen(office, program):
    url = f"/office/programs/{program.pk}/change/"
    before = seen(office, url)
    office.post(url, {**PROGRAM, "seen": before, "phone": "theirs 0111"})

    answer = office.post(url, {**PROGRAM, "seen": before, "phone": "mine 0222"})
    assert answer.status_code == 409
    page = text(answer)
    assert "Somebody changed this while you had it open" in page
    assert "theirs 0111" in page
    assert answer.context["form"]["phone"].value() == "mine 0222"
    program.refresh_from_db()
    assert program.phone == "theirs 0111"

    again = answer.context["form"]["seen"].value()
    assert office.post(url, {**PROGRAM, "seen": again, "phone": "mine 0222"}).status_code == 302
    program.refresh_from_db()
    assert program.phone == "mine 0222"


@pytest.mark.parametrize("version", [None, "", "made up"])
def test_a_form_that_does_not_say_what_it_saw_is_stale(office, program, version):
    given = {**PROGRAM, **({} if version is None else {"seen": version})}
    assert office.post(f"/office/programs/{program.pk}/change/", given).status_code == 409
    program.refresh_from_db()
    assert program.name == "Riverbend"


def test_the_page_goes_on_showing_the_program_while_its_form_is_wrong(office, program):
    answer = office.post(f"/office/programs/{program.pk}/change/", {**PROGRAM, "zone": "Mars/Base"})
    assert list(answer.context["form"].errors) == ["zone"]
    assert "Change Riverbend" in text(answer)


# ── Rooms ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_room_is_added_changed_and_taken_out_of_use(office, program):
    office.post(f"/office/programs/{program.pk}/rooms/new/", ROOM)
    room = program.rooms.get()
    assert (room.name, room.seats, room.step_free) == ("Cedar", 8, True)

    url = f"/office/rooms/{room.pk}/"
    office.post(url, {"name": "Cedar", "seats": "10", "directions": "", "seen": seen(office, url)})
    room.refresh_from_db()
    assert (room.seats, room.directions, room.step_free) == (10, "", False)

    for _ in range(2):
        office.post(f"/office/rooms/{room.pk}/out-of-use/")
    room.refresh_from_db()
    assert room.in_use is False
    assert Entry.objects.filter(verb="room.taken_out_of_use").count() == 1


@pytest.mark.parametrize("seats", ["0", "501", "-1", "many", "99999999999999999999", ""])
def test_seats_that_cannot_be_are_told_at_their_field(office, program, seats):
    answer = office.post(f"/office/programs/{program.pk}/rooms/new/", {**ROOM, "seats": seats})
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == ["seats"]
    assert answer.context["form"]["name"].value() == "Cedar"


def test_adding_the_same_room_twice_adds_one(office, program):
    office.post(f"/office/programs/{program.pk}/rooms/new/", ROOM)
    answer = office.post(f"/office/programs/{program.pk}/rooms/new/", ROOM)
    assert answer.status_code == 409
    assert list(answer.context["form"].errors) == ["name"]
    assert program.rooms.count() == 1


def test_a_room_stays_in_its_program_whatever_a_form_says(office, program, elsewhere):
    office.post(f"/office/programs/{program.pk}/rooms/new/", {**ROOM, "program": elsewhere.pk, "in_use": ""})
    assert list(Room.objects.values_list("program", "in_use")) == [(program.pk, True)]


def test_a_change_of_the_room_meanwhile_is_shown_beside_ones_own(office, ada, program):
    room = RoomFactory(program=program, name="Cedar", seats=8)
    url = f"/office/rooms/{room.pk}/"
    before = seen(office, url)
    change_room(room, RoomDetails("Cedar", 20, "", True), seen=room_version(room), by=ada, now=NOON)
    answer = office.post(url, {"name": "Cedar", "seats": "9", "directions": "", "seen": before})
    assert answer.status_code == 409
    assert [(row.label, row.theirs, row.yours) for row in answer.context["form"].differences] == [
        ("Seats", "20", "9"),
        ("It can be reached without steps", "Yes", "No"),
    ]
