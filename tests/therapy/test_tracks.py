import pytest

from iop_portal.audit.models import Entry
from iop_portal.versions import ChangedMeanwhile
from tests.factories import NOON, ProgramFactory, TrackFactory, admin
from therapy import tracks
from therapy.models import PartOfDay, Track
from therapy.tracks import TrackDetails, add_track, change_track, track_version

pytestmark = pytest.mark.django_db

EVENING = TrackDetails("Evening", PartOfDay.EVENING, "For people who work in the daytime.")


@pytest.fixture
def program():
    return ProgramFactory()


@pytest.fixture
def ada(program):
    return admin(program)


def test_a_track_is_added_for_its_program(program, ada):
    track = add_track(program, EVENING, by=ada, now=NOON)
    TrackFactory()
    assert list(Track.objects.run_by(ada)) == [track]
    assert list(Entry.objects.values_list("verb", flat=True)) == ["track.added"]


@pytest.mark.parametrize(
    ("details", "refusal"),
    [
        (TrackDetails("EVENING", PartOfDay.EVENING), tracks.TrackNameTaken),
        (TrackDetails("Night", "night"), tracks.UnknownPartOfDay),
    ],
)
def test_what_cannot_be_a_track_is_refused(program, ada, details, refusal):
    add_track(program, EVENING, by=ada, now=NOON)
    with pytest.raises(refusal):
        add_track(program, details, by=ada, now=NOON)
    assert Track.objects.count() == 1


def test_a_stale_change_is_refused(program, ada):
    track = add_track(program, EVENING, by=ada, now=NOON)
    seen = track_version(track)
    later = TrackDetails("Late evening", PartOfDay.EVENING, EVENING.about)
    change_track(track, later, seen=seen, by=ada, now=NOON)
    with pytest.raises(ChangedMeanwhile):
        change_track(track, EVENING, seen=seen, by=ada, now=NOON)
    assert Track.objects.get().name == "Late evening"
    assert Entry.objects.get(verb="track.changed").facts == {"fields": "name"}


def test_saving_what_is_there_already_leaves_no_trace(program, ada):
    track = add_track(program, EVENING, by=ada, now=NOON)
    change_track(track, EVENING, seen=track_version(track), by=ada, now=NOON)
    assert Entry.objects.count() == 1


def test_a_track_leaves_use_and_comes_back_and_twice_is_once(program, ada):
    track = add_track(program, EVENING, by=ada, now=NOON)
    for write in (tracks.retire_track, tracks.retire_track):
        write(track, by=ada, now=NOON)
    assert not Track.objects.get().in_use
    for write in (tracks.bring_track_back, tracks.bring_track_back):
        write(track, by=ada, now=NOON)
    assert Track.objects.get().in_use
    assert Entry.objects.count() == 3
