"""Ways that can help, who is here, and what is planned: as clients find them."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from iop_portal.people.models import Apart
from tests.factories import (
    NOON,
    ModalityFactory,
    ProgramFactory,
    TrackFactory,
    admin,
    clinician,
    enrolled,
    held,
    introduced,
    on_care_team,
)
from tests.signing_in import sign_in
from therapy.models import Credential, Format, Method, Modality, Need, Prescription

pytestmark = pytest.mark.django_db

WAYS = reverse("therapy:ways")


@pytest.fixture
def program():
    return ProgramFactory()


@pytest.fixture
def maya(client, program):
    user = enrolled(program, preferred_name="Maya")
    sign_in(client, user)
    return user


def names(response):
    return [way.name for way in response.context["ways"]]


def words(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def queries_of(client, url):
    with CaptureQueriesContext(connection) as asked:
        assert client.get(url).status_code == 200
    return len(asked)


# ── The catalogue ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def three_ways(program):
    for name, format_, method, needs in (
        ("Art group", Format.GROUP, Method.ART, [Need.EMOTIONAL]),
        ("Sleep and rest", Format.WORKSHOP, Method.EDUCATION, [Need.BEHAVIOURAL]),
        ("Skills group", Format.GROUP, Method.DBT, [Need.EMOTIONAL, Need.BEHAVIOURAL]),
    ):
        ModalityFactory(program=program, name=name, format=format_, method=method, needs=needs)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("", ["Art group", "Skills group", "Sleep and rest"]),
        ("?need=behavioural", ["Skills group", "Sleep and rest"]),
        ("?need=behavioural&format=group", ["Skills group"]),
        ("?method=art&method=education", ["Art group", "Sleep and rest"]),
        ("?need=nonsense&format=nonsense&page=9&show=all", ["Art group", "Skills group", "Sleep and rest"]),
        ("?need=%00&method=art", ["Art group"]),
    ],
)
def test_the_catalogue_shows_what_the_address_asks_for_and_passes_over_the_rest(client, maya, three_ways, asked, found):
    response = client.get(WAYS + asked)
    assert names(response) == found
    assert "Error:" not in response.content.decode()


def test_only_what_there_is_can_be_ticked(client, maya, three_ways):
    html = client.get(WAYS).content.decode()
    ticks = re.findall(r'type="checkbox" name="(\w+)" value="(\w+)"', html)
    assert ticks == [
        ("format", "group"),
        ("format", "workshop"),
        ("method", "dbt"),
        ("method", "art"),
        ("method", "education"),
    ]


def test_a_link_keeps_what_was_ticked_and_the_form_keeps_the_need(client, maya, three_ways):
    html = client.get(f"{WAYS}?need=emotional&format=group").content.decode()
    assert 'href="?need=behavioural&amp;format=group"' in html
    assert 'href="?format=group" >Everything' in re.sub(r">\s*Everything", " >Everything", html)
    assert '<input type="hidden" name="need" value="emotional"' in html
    assert re.search(r'name="format" value="group"[^>]* checked', html)


def test_where_nothing_fits_the_page_leads_back_to_everything(client, maya, three_ways):
    response = client.get(f"{WAYS}?need=psychological")
    assert "Nothing here is all of that" in words(response)
    assert f'href="{WAYS}"' in response.content.decode()


def test_an_empty_catalogue_says_so(client, maya):
    assert "Nothing is on offer yet" in words(client.get(WAYS))


def test_somebody_of_two_programs_reads_which_is_whose(client, maya, program):
    other = ProgramFactory(name="Juniper")
    ModalityFactory(program=program)
    assert "Juniper" not in words(client.get(WAYS))
    ModalityFactory(program=other)
    maya.enrolments.create(program=other, state="admitted", referred_on=NOON.date(), admitted_on=NOON.date())
    assert "Juniper" in words(client.get(WAYS))


def test_the_catalogue_asks_the_same_number_of_questions_whatever_its_size(client, maya, program):
    ModalityFactory(program=program)
    few = queries_of(client, WAYS)
    ModalityFactory.create_batch(30, program=program)
    assert queries_of(client, WAYS) == few == 5


def test_every_way_has_a_drawing():
    sprite = (Path(settings.BASE_DIR) / "static/icons/sprite.svg").read_text()
    kinds = [Modality(format=format_, method=method) for format_ in Format for method in Method]
    assert [kind.drawing for kind in kinds if f'id="a-{kind.drawing}"' not in sprite] == []


# ── One way ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_way_tells_what_happens_whom_it_helps_the_first_time_and_who_leads_it(client, maya, program):
    way = ModalityFactory(
        program=program,
        name="Looking deeper",
        format=Format.INDIVIDUAL,
        method=Method.PSYCHODYNAMIC,
        lengths=[25, 50, 80],
        counts=False,
    )
    introduced(clinician(program, preferred_name="Lena", surname="Fischer"), way)
    said = words(client.get(reverse("therapy:way", args=[way.pk])))
    for part in (
        "Looking deeper",
        "You practise in pairs.",
        "People whose feelings rise fast.",
        "You may simply watch.",
        "Lena Fischer",
        "25, 50 or 80 minutes",
        "Psychodynamic",
        "Comes on top of your hours",
    ):
        assert part in said


def test_the_title_of_the_page_does_not_say_which_way_it_is(client, maya, program):
    way = ModalityFactory(program=program, name="Staying on course")
    html = client.get(reverse("therapy:way", args=[way.pk])).content.decode()
    assert "<title>Ways that can help · Portal</title>" in " ".join(html.split())


def test_a_group_says_for_how_many_it_is_and_that_it_counts(client, maya, program):
    way = ModalityFactory(program=program, clinical_cap=8, lengths=[45])
    said = words(client.get(reverse("therapy:way", args=[way.pk])))
    assert "Group, up to 8 people" in said
    assert "45 minutes" in said
    assert "Counts toward your hours" in said


def test_markup_in_what_the_office_wrote_stays_text(client, maya, program):
    way = ModalityFactory(program=program, name="<b>Art</b>", what_happens="<script>alert(1)</script>")
    html = client.get(reverse("therapy:way", args=[way.pk])).content.decode()
    assert "<b>Art" not in html
    assert "<script>alert" not in html


def test_a_retired_a_foreign_and_a_missing_way_are_all_not_there(client, maya, program):
    retired = ModalityFactory(program=program, in_use=False)
    foreign = ModalityFactory()
    for key in (retired.pk, foreign.pk, foreign.pk + 1000, 2**63):
        assert client.get(reverse("therapy:way", args=[key])).status_code == 404


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("referred", "You can book this once you have been admitted."),
        ("discharged", "To come back, call us: +1 555 0100."),
    ],
)
def test_who_cannot_book_is_told_how_it_would_be_possible(client, program, state, said):
    sign_in(client, enrolled(program, state))
    way = ModalityFactory(program=program)
    assert said in words(client.get(reverse("therapy:way", args=[way.pk])))


def test_who_may_book_is_told_nothing_of_the_kind(client, maya, program):
    way = ModalityFactory(program=program)
    response = client.get(reverse("therapy:way", args=[way.pk]))
    assert response.context["may_book"]
    sign_in(client, enrolled(program, "referred"))
    open_to_all = ModalityFactory(program=program, for_applicants=True)
    assert client.get(reverse("therapy:way", args=[open_to_all.pk])).context["may_book"]


def test_who_cannot_lead_it_today_is_not_named(client, maya, program):
    way = ModalityFactory(program=program)
    expired = timezone.localdate() - timedelta(days=2)
    introduced(clinician(program, preferred_name="Tom"), way, expires_on=expired)
    lena = introduced(clinician(program, preferred_name="Lena"), way)
    one, other = sorted((maya, lena.user), key=lambda person: person.pk)
    Apart.objects.create(one=one, other=other, asked_by="safety", set_by=admin(program), since=NOON)
    said = words(client.get(reverse("therapy:way", args=[way.pk])))
    assert "Nobody leads this at the moment" in said
    assert "Tom" not in said
    assert "Lena" not in said


def test_a_way_asks_the_same_number_of_questions_however_many_lead_it(client, maya, program):
    way = ModalityFactory(program=program)
    introduced(clinician(program), way)
    url = reverse("therapy:way", args=[way.pk])
    few = queries_of(client, url)
    for _ in range(12):
        introduced(clinician(program), way, ModalityFactory(program=program))
    assert queries_of(client, url) == few == 8


# ── Who is here ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_clinician_is_shown_with_title_valid_credentials_words_and_ways(client, maya, program):
    way = ModalityFactory(program=program, name="Art group")
    amara = introduced(clinician(program, preferred_name="Amara", surname="Osei"), way)
    Credential.objects.create(clinician=amara, kind="CADC", state="NJ", expires_on=NOON.date() - timedelta(days=500))
    assert "Amara Osei" in words(client.get(reverse("therapy:people")))
    said = words(client.get(reverse("therapy:person", args=[amara.pk])))
    for part in ("Counsellor", "I listen first.", "Licensed clinical social worker LCSW, NY", "Art group"):
        assert part in said
    assert "CADC" not in said
    assert "Change your words" not in said


def test_a_clinician_of_another_program_is_not_there(client, maya):
    stranger = introduced(clinician())
    assert client.get(reverse("therapy:person", args=[stranger.pk])).status_code == 404
    assert "Nobody has been introduced yet" in words(client.get(reverse("therapy:people")))


def test_who_is_here_asks_the_same_number_of_questions_however_many_are(client, maya, program):
    introduced(clinician(program), ModalityFactory(program=program))
    few = queries_of(client, reverse("therapy:people"))
    for _ in range(12):
        introduced(clinician(program), ModalityFactory(program=program), ModalityFactory(program=program))
    assert queries_of(client, reverse("therapy:people")) == few == 7


# ── My care ───────────────────────────────────────────────────────────────────────────────────────────────────


def prescribed(user, **fields):
    enrolment = user.enrolments.get()
    track = TrackFactory(program=enrolment.program, name="Evening track")
    wished = {"phase": "core", "hours": 9, "days": 3, "since": NOON.date()} | fields
    return Prescription.objects.create(enrolment=enrolment, track=track, **wished)


def test_a_client_reads_what_is_planned_and_who_looks_after_them(client, maya, program):
    prescribed(maya)
    on_care_team(clinician(program, preferred_name="Amara", surname="Osei"), maya, part="primary")
    said = words(client.get(reverse("therapy:my_care")))
    for part in ("9 hours on 3 days a week", "Evening track", "Core", "Amara Osei", "Primary counsellor"):
        assert part in said


def test_one_hour_on_one_day_is_said_in_the_singular(client, maya):
    prescribed(maya, hours=1, days=1)
    assert "1 hour on 1 day a week" in words(client.get(reverse("therapy:my_care")))


def test_without_a_prescription_the_page_says_who_sees_to_it(client, maya):
    assert "Your care team does that with you." in words(client.get(reverse("therapy:my_care")))


def test_nothing_of_anybody_elses_care_is_shown(client, maya, program):
    prescribed(enrolled(program), hours=17)
    assert "17 hours" not in words(client.get(reverse("therapy:my_care")))


# ── Who may ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_staff_read_the_catalogue_and_relatives_do_not(client, program):
    way = ModalityFactory(program=program)
    for staff in (clinician(program), admin(program)):
        assert names(sign_in(client, staff).get(WAYS)) == [way.name]
    sign_in(client, held("family", program))
    for url in (WAYS, reverse("therapy:way", args=[way.pk]), reverse("therapy:people"), reverse("therapy:my_care")):
        assert client.get(url).status_code == 403
