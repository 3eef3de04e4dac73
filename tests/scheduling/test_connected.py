"""Staying connected: a look back at each week, which its person keeps, changes, and shares or not."""

from datetime import date, timedelta

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import strip_tags

from iop_portal.accounts.glass import break_glass
from iop_portal.audit.models import Entry
from iop_portal.drawings import weeks_drawn
from iop_portal.home.for_you import suggestions_for
from scheduling import connected
from scheduling.models import Area, Commitment, How, Look
from tests.factories import NOON, on_care_team
from tests.scheduling.booking_world import Clinic
from tests.signing_in import sign_in
from therapy.models import ClinicalPolicy

pytestmark = pytest.mark.django_db

WEEK = date(2026, 11, 23)
FRIDAY = NOON + timedelta(days=3)
LOOK = reverse("scheduling:look_back")
WEEKS = reverse("scheduling:staying_connected")
ANSWERS = {
    "work": "held", "school": "apart", "relationships": "partly", "community": "slipped", "rest": "held",
    "protect": "relationships", "words": "Zq-sunday lunch",
}  # fmt: skip
SENT = {**ANSWERS, "week": "2026-11-23"}


@pytest.fixture(autouse=True)
def friday():
    with time_machine.travel(FRIDAY, tick=False):
        yield


@pytest.fixture
def clinic():
    return Clinic()


@pytest.fixture
def maya(client, clinic):
    return sign_in(client, clinic.maya)


def words(response):
    return " ".join(strip_tags(response.content.decode()).split())


def looked(person, *, weeks_ago=0, **changes):
    now = FRIDAY - timedelta(weeks=weeks_ago)
    week = WEEK - timedelta(weeks=weeks_ago)
    return connected.save_look(person, {**ANSWERS, **changes}, week=week, finished=True, by=person, now=now)


def test_a_client_looks_back_leaves_it_and_goes_on(maya, clinic):
    begun = {"work": "held", "week": "2026-11-23", "later": "1"}
    assert "You have begun. What you said so far is saved." in words(maya.post(LOOK, begun, follow=True))
    form = maya.get(LOOK).context["form"]
    assert (form["work"].value(), form["rest"].value()) == ("held", "")
    response = maya.post(LOOK, SENT, follow=True)
    assert "23 November to 29 November To protect: People close to you Zq-sunday lunch Only you see this" in words(
        response
    )
    (look,) = Look.objects.all()
    assert (look.person, look.week, look.finished_at) == (clinic.maya, WEEK, FRIDAY)


def test_one_that_is_not_whole_says_what_is_missing_and_keeps_the_rest(maya):
    response = maya.post(LOOK, {**SENT, "rest": "", "school": "never"})
    errors = response.context["form"].errors
    assert (response.status_code, set(errors)) == (400, {"rest", "school"})
    assert errors["rest"] == ["Choose an answer for “Rest”"]
    assert "Zq-sunday lunch" in response.content.decode()
    assert not Look.objects.exists()


def test_it_is_changed_until_the_week_is_over_and_not_afterwards(maya, clinic):
    maya.post(LOOK, SENT)
    maya.post(LOOK, {**SENT, "work": "slipped"})
    assert Look.objects.get().work == "slipped"
    with time_machine.travel(FRIDAY + timedelta(days=4), tick=False):
        sign_in(maya, clinic.maya)
        late = maya.post(LOOK, {**SENT, "work": "held"})
        assert (late.status_code, late.context["form"].non_field_errors()) == (409, [str(connected.WeekIsOver.message)])
        assert "You have not looked at this week yet." in words(maya.get(WEEKS))
    assert Look.objects.get().work == "slipped"


def test_the_week_is_the_program_s_by_the_person_s_own_calendar(clinic):
    ClinicalPolicy.objects.create(program=clinic.program, week_starts_on=6)
    assert connected.this_week(clinic.maya, now=NOON) == date(2026, 11, 22)
    clinic.maya.zone = "Pacific/Auckland"
    saturday_evening = NOON + timedelta(days=4, hours=6)
    assert connected.this_week(clinic.maya, now=saturday_evening) == date(2026, 11, 29)


def test_what_is_to_be_protected_becomes_something_kept_free(maya, clinic):
    look = looked(clinic.maya)
    page = maya.get(f"{reverse('scheduling:add_own_time', args=['weekly'])}?look={look.pk}")
    form = page.context["form"]
    assert (form["kind"].value(), form["name"].value()) == ("care", "Zq-sunday lunch")
    kept = {"kind": "care", "name": "Zq-sunday lunch", "weekdays": ["6"], "begins": "12:00", "ends": "14:00"}
    maya.post(reverse("scheduling:add_own_time", args=["weekly"]), {**kept, "since": "2026-11-29"})
    assert Commitment.objects.get().name == "Zq-sunday lunch"


@pytest.mark.parametrize("query", ["?look=0", "?look=x", "?look=99999999999999999999", "?look="])
def test_a_look_that_is_not_one_s_own_prefills_nothing(maya, clinic, query):
    foreign = looked(clinic.client("Ben"))
    for asked in (query, f"?look={foreign.pk}"):
        page = maya.get(reverse("scheduling:add_own_time", args=["weekly"]) + asked)
        assert (page.status_code, page.context["form"]["kind"].value()) == (200, None)


def test_words_lie_sealed_and_the_trail_says_nothing_of_them(clinic):
    looked(clinic.maya)
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(l)::text FROM scheduling_look l")
        assert "zq-" not in cursor.fetchone()[0].lower()
    assert Entry.objects.get(verb="connected.looked").facts == {}


# ── Sharing ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_care_team_sees_a_week_only_while_it_is_shared(client, clinic):
    shared, kept = looked(clinic.maya, weeks_ago=1, words="Zq-shared"), looked(clinic.maya, words="Zq-kept")
    chart = reverse("home:client", args=[clinic.maya.pk])

    def seen():
        return words(sign_in(client, clinic.amara).get(chart))

    def decide(name, look):
        return sign_in(client, clinic.maya).post(reverse(f"scheduling:{name}", args=[look.pk]), follow=True)

    assert "Zq-" not in seen()
    assert not Entry.objects.filter(verb="connected.read").exists()
    assert "Your care team can see this week now." in words(decide("share_look", shared))
    assert "Zq-shared" in seen()
    assert "Zq-kept" not in seen()
    assert Entry.objects.filter(verb="connected.read", client=clinic.maya, actor=clinic.amara).count() == 2
    assert "Nobody but you sees this week any more." in words(decide("unshare_look", shared))
    assert "Zq-" not in seen()
    assert Look.objects.get(pk=kept.pk).shared_at is None
    verbs = Entry.objects.filter(verb__startswith="connected.").order_by("pk").values_list("verb", flat=True)
    assert [verb for verb in verbs if "shared" in verb] == ["connected.shared", "connected.unshared"]


def test_what_one_client_shares_or_says_stands_on_no_other_s_pages(client, clinic):
    ben = clinic.client("Ben")
    on_care_team(clinic.amara, ben)
    connected.share_look(looked(ben, words="Zq-ben"), by=ben, now=FRIDAY)
    page = sign_in(client, clinic.amara).get(reverse("home:client", args=[clinic.maya.pk]))
    assert "Zq-ben" not in words(page)
    assert sign_in(client, clinic.maya).get(LOOK).context["form"]["words"].value() is None
    assert connected.begun_this_week(clinic.maya, now=FRIDAY) is False


def test_who_breaks_the_glass_or_is_on_another_team_sees_none_of_it(client, clinic):
    look = looked(clinic.maya, words="Zq-shared")
    connected.share_look(look, by=clinic.maya, now=FRIDAY)
    assert list(Look.objects.shown_to(clinic.amara)) == [look]
    assert list(Look.objects.shown_to(clinic.jonah)) == []
    break_glass(clinic.maya, reason="She did not wake up in the waiting room", by=clinic.jonah, now=FRIDAY)
    page = sign_in(client, clinic.jonah).get(reverse("home:client", args=[clinic.maya.pk]))
    assert page.status_code == 200
    assert "Zq-shared" not in words(page)


def test_nobody_else_shares_or_takes_back_a_week(client, clinic):
    look = looked(clinic.maya)
    ben = sign_in(client, clinic.client("Ben"))
    for name in ("share_look", "unshare_look"):
        assert ben.post(reverse(f"scheduling:{name}", args=[look.pk])).status_code == 404
    assert "Zq-" not in words(ben.get(WEEKS))
    assert Look.objects.get().shared_at is None


def test_one_that_is_not_finished_cannot_be_shared(maya, clinic):
    begun = connected.save_look(
        clinic.maya, {**ANSWERS, "rest": ""}, week=WEEK, finished=False, by=clinic.maya, now=FRIDAY
    )
    with pytest.raises(connected.NotFinished):
        connected.share_look(begun, by=clinic.maya, now=FRIDAY)
    response = maya.post(reverse("scheduling:share_look", args=[begun.pk]), follow=True)
    assert "Finish it first. Then you can share it." in words(response)


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("one_look_back_a_week", {}),
        ("a_finished_look_back_is_whole", {"week": date(2026, 11, 2), "finished_at": FRIDAY, "rest": ""}),
        ("a_look_back_is_shared_when_it_is_finished", {"week": date(2026, 11, 2), "shared_at": FRIDAY}),
    ],
)
def test_the_database_keeps_the_rules_of_looks_back(clinic, name, columns):
    looked(clinic.maya)
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        Look.objects.create(**{"person": clinic.maya, "week": WEEK, "begun_at": FRIDAY, **ANSWERS, **columns})


# ── Over the weeks ────────────────────────────────────────────────────────────────────────────────────────────


def test_the_picture_shows_the_weeks_oldest_first_and_the_table_says_the_same(maya, clinic):
    looked(clinic.maya, weeks_ago=2, work="slipped")
    looked(clinic.maya, weeks_ago=1, work="partly")
    looked(clinic.maya)
    page = maya.get(WEEKS)
    picture = page.context["picture"]
    assert picture.weeks == [date(2026, 11, 9), date(2026, 11, 16), WEEK]
    assert (picture.rows[0].name, picture.rows[0].states) == (Area.WORK.label, ["slipped", "partly", "held"])
    drawn = weeks_drawn(picture.rows[:1], picture.weeks)
    picture_words = [row.words[0] for row in picture.rows]
    kinds = [part.split('"')[1] for part in drawn.split("<rect ")[1:]]
    assert kinds == ["h-open", "h-booked", "h-done"]
    told = "".join(f"<td>{how}</td>" for how in ("It slipped", *map(str, picture_words[1:])))
    assert f'<th scope="row">9 November</th>{told}' in page.content.decode()


def test_much_to_look_at_takes_as_many_queries_as_little(maya, clinic):
    found = []
    for weeks in range(2, 8, 3):
        for number in range(weeks):
            looked(clinic.maya, weeks_ago=10 * weeks + number)
        with CaptureQueriesContext(connection) as asked:
            maya.get(WEEKS)
        found.append(len(asked))
    assert found[0] == found[1]


def test_today_asks_towards_the_end_of_the_week_until_it_is_done(clinic):
    def asked(now):
        return [row.verb for row in suggestions_for(clinic.maya, now=now) if row.url == LOOK]

    assert asked(NOON) == []
    assert asked(FRIDAY) == ["Start"]
    connected.save_look(clinic.maya, {**ANSWERS, "rest": ""}, week=WEEK, finished=False, by=clinic.maya, now=FRIDAY)
    assert asked(FRIDAY) == ["Go on"]
    looked(clinic.maya)
    assert asked(FRIDAY) == []


def test_every_part_of_life_can_be_kept_free():
    assert set(connected.KINDS) == set(Area)
    assert {"held", "partly", "slipped", "apart"} == set(How.values)


def test_older_weeks_stay_readable(maya, clinic):
    for back in range(14):
        looked(clinic.maya, weeks_ago=back, words=f"{back} ago.")
    first, second = (maya.get(WEEKS, {"page": number}).context["looks"] for number in (1, 2))
    assert (len(first), [look.words for look in second]) == (12, ["12 ago.", "13 ago."])
