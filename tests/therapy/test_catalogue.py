from dataclasses import replace

import pytest
from django.utils import translation

from iop_portal.audit.models import Entry
from iop_portal.versions import ChangedMeanwhile
from tests.factories import NOON, ModalityFactory, ProgramFactory, admin, clinician, enrolled, held
from therapy import catalogue
from therapy.catalogue import ModalityDetails, Wanted, modality_version, ways_for
from therapy.models import Format, Method, Modality, Need
from therapy.standard import STANDARD, offer_standard_catalogue

pytestmark = pytest.mark.django_db

GROUP = ModalityDetails(
    name="Skills group",
    in_short="Practise ways through strong feelings.",
    format=Format.GROUP,
    method=Method.DBT,
    needs=(Need.BEHAVIOURAL, Need.EMOTIONAL),
    lengths=(90, 60),
    clinical_cap=8,
    what_happens="You practise in pairs.",
    whom_it_helps="People whose feelings rise fast.",
    first_time="You may simply watch.",
    who_leads="A counsellor",
)


@pytest.fixture
def program():
    return ProgramFactory()


@pytest.fixture
def ada(program):
    return admin(program)


def add(program, ada, details=GROUP, **changes):
    return catalogue.add_modality(program, replace(details, **changes), by=ada, now=NOON)


def verbs():
    return list(Entry.objects.order_by("pk").values_list("verb", flat=True))


# ── Writing ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_added_stands_in_the_catalogue_in_good_order(program, ada):
    made = Modality.objects.get(pk=add(program, ada, lengths=(90, 60, 90)).pk)
    assert (made.name, made.needs, made.lengths) == ("Skills group", ["emotional", "behavioural"], [60, 90])
    assert verbs() == ["modality.added"]


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"name": "SKILLS GROUP"}, catalogue.ModalityNameTaken),
        ({"needs": ()}, catalogue.HelpsWithNothing),
        ({"needs": ("sleep",)}, catalogue.UnknownNeed),
        ({"lengths": ()}, catalogue.NoLength),
        ({"lengths": (5,)}, catalogue.OddLength),
        ({"lengths": (52,)}, catalogue.OddLength),
        ({"lengths": (60, 245)}, catalogue.OddLength),
        ({"format": Format.INDIVIDUAL, "clinical_cap": 2}, catalogue.OneToOneMeansOne),
        ({"clinical_cap": 0}, catalogue.OneToOneMeansOne),
        ({"clinical_cap": 101}, catalogue.CapTooHigh),
    ],
)
def test_what_cannot_be_offered_is_refused_and_leaves_no_trace(program, ada, changes, refusal):
    add(program, ada)
    with pytest.raises(refusal):
        add(program, ada, **{"name": "Another group"} | changes)
    assert verbs() == ["modality.added"]
    assert Modality.objects.count() == 1


def test_a_change_says_which_fields_but_not_what_they_hold(program, ada):
    made = add(program, ada)
    change = replace(GROUP, lengths=(60, 90), who_leads="Two counsellors", counts=False)
    catalogue.change_modality(made, change, seen=modality_version(Modality.objects.get()), by=ada, now=NOON)
    made.refresh_from_db()
    assert (made.who_leads, made.counts) == ("Two counsellors", False)
    assert Entry.objects.get(verb="modality.changed").facts == {"fields": "who_leads, counts"}


def test_a_stale_change_is_refused(program, ada):
    add(program, ada)
    made = Modality.objects.get()
    seen = modality_version(made)
    catalogue.change_modality(made, replace(GROUP, clinical_cap=6), seen=seen, by=ada, now=NOON)
    with pytest.raises(ChangedMeanwhile):
        catalogue.change_modality(made, replace(GROUP, clinical_cap=9), seen=seen, by=ada, now=NOON)
    made.refresh_from_db()
    assert made.clinical_cap == 6


def test_it_is_retired_and_brought_back_and_twice_is_once(program, ada):
    made = add(program, ada)
    for _ in range(2):
        catalogue.set_modality_in_use(made, False, by=ada, now=NOON)
    assert not Modality.objects.get().in_use
    for _ in range(2):
        catalogue.set_modality_in_use(made, True, by=ada, now=NOON)
    assert Modality.objects.get().in_use
    assert verbs() == ["modality.added", "modality.retired", "modality.brought_back"]


# ── Finding ───────────────────────────────────────────────────────────────────────────────────────────────────


def names(user, **wanted):
    return [way.name for way in ways_for(user, Wanted(**wanted))]


def test_people_of_the_program_find_what_it_offers_now_and_nobody_else_does(program):
    offered = ModalityFactory(program=program)
    ModalityFactory(program=program, in_use=False)
    elsewhere = ModalityFactory()
    for state in ("referred", "admitted", "discharged"):
        assert names(enrolled(program, state)) == [offered.name]
    for staff in (clinician(program), admin(program)):
        assert names(staff) == [offered.name]
    assert names(held("family", program)) == []
    assert names(clinician(elsewhere.program)) == [elsewhere.name]


def test_formats_and_methods_to_choose_from_are_those_of_ones_own_program(program):
    ModalityFactory(program=program, format=Format.GROUP, method=Method.DBT)
    ModalityFactory(format=Format.WORKSHOP, method=Method.ART)
    assert catalogue.kinds_seen_by(enrolled(program)) == ({Format.GROUP}, {Method.DBT})


def test_that_others_may_book_does_not_let_somebody_who_has_left(program):
    way = ModalityFactory(program=program)
    admitted, left = enrolled(program), enrolled(program, "discharged")
    assert (catalogue.may_book(admitted, way), catalogue.may_book(left, way)) == (True, False)


def test_the_office_finds_what_is_retired_too(program, ada):
    retired = ModalityFactory(program=program, in_use=False)
    ModalityFactory()
    assert list(Modality.objects.run_by(ada)) == [retired]
    assert list(Modality.objects.run_by(clinician(program))) == []


def test_the_catalogue_is_narrowed_down_by_need_format_and_method(program):
    maya = enrolled(program)
    for name, format_, method, needs in (
        ("Art", Format.GROUP, Method.ART, [Need.EMOTIONAL]),
        ("Sleep", Format.WORKSHOP, Method.EDUCATION, [Need.BEHAVIOURAL]),
        ("Skills", Format.GROUP, Method.DBT, [Need.EMOTIONAL, Need.BEHAVIOURAL]),
    ):
        ModalityFactory(program=program, name=name, format=format_, method=method, needs=needs)
    assert names(maya) == ["Art", "Skills", "Sleep"]
    assert names(maya, need="behavioural") == ["Skills", "Sleep"]
    assert names(maya, need="behavioural", formats=("group",)) == ["Skills"]
    assert names(maya, methods=("art", "education")) == ["Art", "Sleep"]
    assert names(maya, need="psychological") == []


# ── The standard catalogue ────────────────────────────────────────────────────────────────────────────────────


def test_the_standard_catalogue_has_something_for_every_need_format_and_method(program, ada):
    offer_standard_catalogue(program, by=ada, now=NOON)
    offered = Modality.objects.all()
    assert len(offered) == len(STANDARD) >= 18
    assert {way.format for way in offered} == set(Format.values)
    assert {way.method for way in offered} == set(Method.values)
    assert {need for way in offered for need in way.needs} == set(Need.values)
    assert [way.name for way in offered if way.for_applicants] == ["First conversation"]
    assert all(way.in_short and way.what_happens and way.first_time for way in offered)
    assert Entry.objects.get().facts == {"count": len(STANDARD)}


def test_offering_it_again_adds_only_what_is_missing(program, ada):
    add(program, ada, name="PROCESS GROUP")
    with translation.override("en"):
        assert len(offer_standard_catalogue(program, by=ada, now=NOON)) == len(STANDARD) - 1
        assert offer_standard_catalogue(program, by=ada, now=NOON) == []
    assert verbs() == ["modality.added", "catalogue.offered"]
