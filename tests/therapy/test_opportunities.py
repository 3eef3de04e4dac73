"""Work and learning: posted by staff, found by clients, and followed by their care team alone."""

from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils.html import strip_tags

from iop_portal.audit.models import Entry
from iop_portal.followups.models import FollowUp
from iop_portal.people.models import Enrolment, RoleHeld, User
from iop_portal.people.roles import Role
from iop_portal.versions import ChangedMeanwhile
from tests.factories import NOON, ProgramFactory, admin, clinician, enrolled, held, on_care_team
from tests.signing_in import sign_in
from tests.therapy.plan_world import Clinic
from therapy import opportunities
from therapy.models import Interest, Opportunity, Step
from therapy.opportunities import OpportunityDetails

pytestmark = pytest.mark.django_db
TODAY = NOON.date()
LIST, POSTED = reverse("therapy:opportunities"), reverse("therapy:posted")
BAKERY = OpportunityDetails(
    kind="job",
    title="Mornings in a bakery",
    place="Corner Bakery, Mill Street",
    about="Bread from five to nine.",
    fits="Over before the evening group.",
    help="We look at the application together.",
    until=TODAY + timedelta(days=14),
)


@pytest.fixture(autouse=True)
def tuesday():
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def clinic():
    clinic = Clinic()
    clinic.dana = admin(clinic.program)
    clinic.bakery = post(clinic)
    return clinic


def post(clinic, *, by=None, program=None, **changes):
    details = OpportunityDetails(**{**vars(BAKERY), **changes})
    return opportunities.post_opportunity(program or clinic.program, details, by=by or clinic.dana, now=NOON)


def interest(clinic, person=None, words="", opportunity=None):
    return opportunities.show_interest(opportunity or clinic.bakery, words=words, by=person or clinic.maya, now=NOON)


def words(response):
    return " ".join(strip_tags(response.content.decode()).split())


# ── The rules ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_clients_find_what_is_open_where_they_are(clinic):
    art = post(clinic, kind="training", title="Welding", until=None)
    closed = post(clinic, title="Gone")
    opportunities.close_opportunity(closed, by=clinic.dana, now=NOON)
    post(clinic, program=ProgramFactory(), title="Elsewhere")
    assert opportunities.open_for(clinic.maya, now=NOON) == [art, clinic.bakery]
    assert opportunities.open_for(clinic.maya, kind="training", now=NOON) == [art]
    assert opportunities.open_for(clinic.maya, now=NOON + timedelta(days=16)) == [art]
    for person in (enrolled(clinic.program, "referred"), enrolled(clinic.program, "discharged"), clinic.amara):
        assert opportunities.open_for(person, now=NOON) == []


def test_interest_is_sealed_and_owed_by_who_posted_it_or_by_the_primary_counsellor(clinic):
    made = interest(clinic, words=" I bake. ")
    owed = FollowUp.objects.get()
    assert (owed.kind, owed.owner, owed.client, owed.about_id) == (
        "opportunity_interest",
        clinic.amara,
        clinic.maya,
        made.pk,
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT words FROM therapy_interest")
        assert "bake" not in cursor.fetchone()[0]
    member, stranger = clinician(clinic.program), clinician(clinic.program)
    on_care_team(member, clinic.maya)
    for poster, owner in ((member, member), (stranger, clinic.amara)):
        seen = interest(clinic, opportunity=post(clinic, by=poster, title=f"By {poster.pk}"))
        assert FollowUp.objects.get(about_id=seen.pk).owner == owner


def test_interest_is_shown_once_in_what_is_open_by_who_is_admitted(clinic):
    interest(clinic)
    with pytest.raises(opportunities.ShownAlready):
        interest(clinic)
    for person in (enrolled(clinic.program, "referred"), enrolled(clinic.program, "discharged"), enrolled()):
        with pytest.raises(opportunities.NotOpen):
            interest(clinic, person)
    opportunities.close_opportunity(clinic.bakery, by=clinic.dana, now=NOON)
    other = enrolled(clinic.program)
    with pytest.raises(opportunities.NotOpen):
        interest(clinic, other)
    with pytest.raises(IntegrityError, match="closed, or not for them"), transaction.atomic():
        Interest.objects.create(opportunity=clinic.bakery, enrolment=other.enrolments.get(), shown_at=NOON)


def test_interest_is_taken_back_and_nobody_owes_anything_then(clinic):
    made = interest(clinic)
    with pytest.raises(opportunities.NotTheirs):
        opportunities.take_interest_back(made, by=clinic.amara, now=NOON)
    opportunities.take_interest_back(made, by=clinic.maya, now=NOON)
    assert not FollowUp.objects.open().exists()
    with pytest.raises(opportunities.TakenBack):
        opportunities.take_interest_back(made, by=clinic.maya, now=NOON)
    with pytest.raises(opportunities.TakenBack):
        opportunities.record_step(made, "applied", seen=0, by=clinic.maya, now=NOON)
    with pytest.raises(IntegrityError, match="taken back"), transaction.atomic():
        Step.objects.create(interest=made, number=1, state="applied", recorded_by=clinic.maya, recorded_at=NOON)
    assert interest(clinic).live


def test_what_came_of_it_is_added_to_and_never_changed(clinic):
    made = interest(clinic)
    opportunities.record_step(made, "talked", seen=0, by=clinic.amara, now=NOON)
    assert FollowUp.objects.get().outcome == "We spoke about it"
    opportunities.record_step(made, "applied", seen=1, by=clinic.maya, now=NOON)
    with pytest.raises(opportunities.SaidLast):
        opportunities.record_step(made, "applied", seen=2, by=clinic.amara, now=NOON)
    with pytest.raises(opportunities.SaidMeanwhile):
        opportunities.record_step(made, "started", seen=1, by=clinic.maya, now=NOON)
    assert [(step.state, step.recorded_by) for step in made.steps.all()] == [
        ("talked", clinic.amara),
        ("applied", clinic.maya),
    ]
    for raw in (lambda: Step.objects.update(state="started"), lambda: Step.objects.all().delete()):
        with pytest.raises(Exception, match="only ever added"), transaction.atomic():
            raw()
    for raw in (lambda: Interest.objects.update(words="x"), lambda: Interest.objects.all()._raw_delete("default")):
        with pytest.raises(IntegrityError, match="only taken back"), transaction.atomic():
            raw()


def test_only_the_client_and_their_care_team_follow_it(clinic):
    made = interest(clinic)
    gone = clinician(clinic.program)
    on_care_team(gone, clinic.maya)
    gone.care_teams.update(until=NOON)
    for person in (gone, clinician(clinic.program), clinic.dana, enrolled(clinic.program)):
        with pytest.raises(opportunities.NotTheirs):
            opportunities.record_step(made, "applied", seen=0, by=person, now=NOON)


def test_who_may_see_it(clinic):
    interest(clinic)
    strangers = (clinician(clinic.program), clinician(), clinic.dana, held("family", clinic.program))
    assert [Interest.objects.visible_to(person).count() for person in (clinic.maya, clinic.amara)] == [1, 1]
    assert [Interest.objects.visible_to(person).count() for person in strangers] == [0] * 4
    (line,) = opportunities.posted_in(clinic.dana, now=NOON)
    assert (line.count, list(line.interests)) == (1, [])
    (line,) = opportunities.posted_in(clinic.amara, now=NOON)
    assert (line.count, len(line.interests)) == (1, 1)


def test_who_has_left_keeps_what_they_followed(clinic):
    made = interest(clinic)
    Enrolment.objects.update(state="discharged", discharged_on=TODAY, discharge_reason="completed")
    assert list(Opportunity.objects.visible_to(clinic.maya)) == [clinic.bakery]
    opportunities.record_step(made, "started", seen=0, by=clinic.maya, now=NOON)


def test_a_day_that_has_passed_is_refused_and_an_edit_is_not_overwritten(clinic):
    with pytest.raises(opportunities.DayHasPassed):
        post(clinic, until=TODAY - timedelta(days=1))
    seen = opportunities.opportunity_version(clinic.bakery)
    other = OpportunityDetails(**{**vars(BAKERY), "title": "Bread"})
    opportunities.change_opportunity(clinic.bakery, other, seen=seen, by=clinic.amara, now=NOON)
    with pytest.raises(ChangedMeanwhile):
        opportunities.change_opportunity(clinic.bakery, BAKERY, seen=seen, by=clinic.dana, now=NOON)


# ── The pages ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_client_finds_one_shows_interest_and_says_how_far_it_is(client, clinic):
    maya = sign_in(client, clinic.maya)
    assert f'href="{LIST}"' in maya.get(reverse("home:more")).content.decode()
    assert "Mornings in a bakery" in words(maya.get(LIST, {"kind": "job"}))
    assert "Nothing of that kind is open at present." in words(maya.get(LIST, {"kind": "education"}))
    page = reverse("therapy:opportunity", args=[clinic.bakery.pk])
    assert "We look at the application together." in words(maya.get(page))
    assert "Your care team knows" in words(maya.post(page, {"words": "I bake."}, follow=True))
    made = Interest.objects.get()
    step = reverse("therapy:interest_step", args=[made.pk])
    assert "Choose how far it is." in words(maya.post(step, {"state": "talked", "seen": "0"}, follow=True))
    assert "Applied" in words(maya.post(step, {"state": "applied", "seen": "0"}, follow=True))
    back = reverse("therapy:take_interest_back", args=[made.pk])
    assert "Taken back. That is a fair answer." in words(maya.post(back, follow=True))
    assert Entry.objects.filter(verb="interest.taken_back", client=clinic.maya).count() == 1


def test_a_counsellor_is_led_from_what_is_owed_to_the_interest_and_answers_it(client, clinic):
    made = interest(clinic, words="I bake.")
    amara = sign_in(client, clinic.amara)
    page = reverse("therapy:interest", args=[made.pk])
    owed = reverse("followups:one", args=[FollowUp.objects.get().pk])
    assert owed in amara.get(reverse("followups:mine")).content.decode()
    assert page in amara.get(owed).content.decode()
    assert page in amara.get(reverse("home:client", args=[clinic.maya.pk])).content.decode()
    assert "I bake." in words(amara.get(page))
    amara.post(reverse("therapy:interest_step", args=[made.pk]), {"state": "talked", "seen": "0"})
    assert not FollowUp.objects.open().exists()
    assert "We spoke about it" in words(amara.get(POSTED))
    assert Entry.objects.filter(verb="interest.read", client=clinic.maya).count() == 1


def test_staff_post_change_and_close(client, clinic):
    for person in (clinic.amara, clinic.dana):
        browser = sign_in(client, person)
        new = reverse("therapy:post_opportunity", args=[clinic.program.pk])
        assert new in browser.get(POSTED).content.decode()
        sent = {"kind": "volunteering", "title": f"Garden {person.pk}", "place": "Park", "about": "Weeding."}
        assert browser.post(new, {**sent, "until": "2020-01-01"}).context["form"].errors == {
            "until": ["Choose a day that has not passed, or leave it empty."]
        }
        browser.post(new, sent)
        made = Opportunity.objects.get(title=f"Garden {person.pk}")
        change = reverse("therapy:change_opportunity", args=[made.pk])
        seen = browser.get(change).context["form"]["seen"].value()
        browser.post(change, {**sent, "place": "Big park", "seen": seen})
        stale = browser.post(change, {**sent, "place": "Mine", "seen": seen})
        assert (stale.status_code, "Big park" in words(stale)) == (409, True)
        close = reverse("therapy:close_opportunity", args=[made.pk])
        browser.post(close)
        assert Opportunity.objects.get(pk=made.pk).closed_at == NOON
        browser.post(close, {"again": "1"})
        assert Opportunity.objects.get(pk=made.pk).closed_at is None


def test_an_intern_whose_time_is_over_finds_nothing_of_the_program(clinic):
    office = admin(ProgramFactory())
    RoleHeld.objects.create(user=office, program=clinic.program, role=Role.CLINICIAN)
    assert Opportunity.objects.posted_in(office).count() == 1
    User.objects.filter(pk=office.pk).update(intern_until=NOON.date() - timedelta(days=400))
    assert Opportunity.objects.posted_in(office).count() == 0


def test_the_office_reads_no_name_of_who_is_interested(client, clinic):
    interest(clinic, words="I bake.")
    told = words(sign_in(client, clinic.dana).get(POSTED))
    assert "1 person is interested" in told
    assert "Maya" not in told
    assert "I bake." not in told


@pytest.mark.parametrize("number", [1, 6])
def test_the_lists_take_as_many_queries_for_many_as_for_one(client, clinic, number, django_assert_num_queries):
    for at in range(number):
        interest(clinic, opportunity=post(clinic, title=f"Thing {at}"))
        post(clinic, title=f"Other {at}")
    for person, address, queries in ((clinic.maya, LIST, 6), (clinic.amara, POSTED, 7)):
        browser = sign_in(client, person)
        browser.get(address)
        with django_assert_num_queries(queries):
            browser.get(address)
