import pytest

from iop_portal.audit.models import Entry
from iop_portal.versions import ChangedMeanwhile
from scheduling.models import Room
from scheduling.rooms import (
    RoomDetails,
    RoomNameTaken,
    SeatsOutOfRange,
    add_room,
    change_room,
    put_room_back_in_use,
    room_version,
    take_room_out_of_use,
)
from tests.factories import NOON, ProgramFactory, admin

pytestmark = pytest.mark.django_db


def details(**changes):
    return RoomDetails(**{"name": "Cedar", "seats": 8} | changes)


def verbs():
    return list(Entry.objects.order_by("pk").values_list("verb", flat=True))


@pytest.fixture
def program():
    return ProgramFactory()


@pytest.fixture
def ada(program):
    return admin(program)


def test_a_room_is_added_with_its_way_there(program, ada):
    room = add_room(program, details(directions="Second floor, left", step_free=True), by=ada, now=NOON)
    assert list(Room.objects.run_by(ada)) == [room]
    assert (room.directions, room.step_free, room.in_use) == ("Second floor, left", True, True)
    assert verbs() == ["room.added"]


def test_rooms_of_one_program_have_names_of_their_own_whatever_the_case(program, ada):
    add_room(program, details(), by=ada, now=NOON)
    with pytest.raises(RoomNameTaken):
        add_room(program, details(name="CEDAR"), by=ada, now=NOON)
    assert verbs() == ["room.added"]


def test_two_programs_may_each_have_a_room_of_one_name(program, ada):
    add_room(program, details(), by=ada, now=NOON)
    add_room(ProgramFactory(), details(), by=ada, now=NOON)
    assert Room.objects.filter(name="Cedar").count() == 2


@pytest.mark.parametrize("seats", [0, 501])
def test_seats_have_bounds(program, ada, seats):
    with pytest.raises(SeatsOutOfRange):
        add_room(program, details(seats=seats), by=ada, now=NOON)


def test_a_stale_change_is_refused(program, ada):
    room = add_room(program, details(), by=ada, now=NOON)
    seen = room_version(room)
    change_room(room, details(seats=12), seen=seen, by=ada, now=NOON)
    with pytest.raises(ChangedMeanwhile):
        change_room(room, details(seats=4), seen=seen, by=ada, now=NOON)
    room.refresh_from_db()
    assert room.seats == 12
    assert Entry.objects.get(verb="room.changed").facts == {"fields": "seats"}


def test_a_room_leaves_use_and_comes_back_and_twice_is_once(program, ada):
    room = add_room(program, details(), by=ada, now=NOON)
    for _ in range(2):
        take_room_out_of_use(room, by=ada, now=NOON)
    room.refresh_from_db()
    assert room.in_use is False
    for _ in range(2):
        put_room_back_in_use(room, by=ada, now=NOON)
    room.refresh_from_db()
    assert room.in_use is True
    assert verbs() == ["room.added", "room.taken_out_of_use", "room.put_back_in_use"]
