"""Who knows what: the program's list, what clinicians say of themselves, and how clients find them by it."""

import re

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from iop_portal.accounts.programs import ProgramDetails
from iop_portal.audit.models import Entry
from iop_portal.office.opening import open_program_with_guide
from iop_portal.versions import ChangedMeanwhile
from tests.factories import NOON, ModalityFactory, ProgramFactory, admin, clinician, enrolled, held, introduced
from tests.signing_in import sign_in
from tests.therapy.test_client_pages import queries_of, words
from therapy import specialities
from therapy.models import Clinician, Method, Speciality
from therapy.specialities import add_speciality, change_known, known_version, rename_speciality, set_speciality_in_use
from therapy.standard_specialities import STANDARD, offer_standard_specialities

pytestmark = pytest.mark.django_db

PEOPLE = reverse("therapy:people")
KNOWN = reverse("therapy:own_known")


@pytest.fixture
def program():
    return ProgramFactory()


@pytest.fixture
def ada(program):
    return admin(program)


@pytest.fixture
def maya(client, program):
    user = enrolled(program, preferred_name="Maya")
    sign_in(client, user)
    return user


@pytest.fixture
def sleep(program):
    return Speciality.objects.create(program=program, name="Sleep")


@pytest.fixture
def grief(program):
    return Speciality.objects.create(program=program, name="Grief and loss")


@pytest.fixture
def amara(program):
    return introduced(clinician(program, preferred_name="Amara"))


def says(who, *, by=None, **known):
    who.refresh_from_db()
    programs = [one.program for one in who.user.roles_held.all()]
    wanted = {"languages": who.languages, "specialities": list(who.specialities.all()), **known}
    seen = known_version(who, programs)
    return change_known(who, **wanted, programs=programs, seen=seen, by=by or who.user, now=NOON)


# ── The program's list ────────────────────────────────────────────────────────────────────────────────────────


def test_the_standard_list_is_added_once_and_keeps_what_is_there(program, ada):
    add_speciality(program, "sleep", by=ada, now=NOON)
    assert len(offer_standard_specialities(program, by=ada, now=NOON)) == len(STANDARD) - 1
    assert offer_standard_specialities(program, by=ada, now=NOON) == []
    assert program.specialities.count() == len(STANDARD)
    assert list(Entry.objects.order_by("pk").values_list("verb", flat=True)) == [
        "speciality.added",
        "speciality.standard_added",
    ]


def test_a_new_program_begins_with_the_standard_list(ada):
    details = ProgramDetails(name="New House", sender="New", zone="America/New_York", phone="1", address="")
    opened = open_program_with_guide(details, by=ada, now=NOON)
    assert opened.specialities.count() == len(STANDARD)


def test_names_on_the_list_differ_whatever_their_case_and_another_program_has_its_own(program, ada, sleep):
    with pytest.raises(specialities.SpecialityNameTaken):
        add_speciality(program, "SLEEP", by=ada, now=NOON)
    add_speciality(ProgramFactory(), "Sleep", by=ada, now=NOON)


def test_a_stale_name_is_refused(program, ada, sleep):
    seen = specialities.speciality_version(sleep)
    rename_speciality(sleep, "Sleep and rest", seen=seen, by=ada, now=NOON)
    with pytest.raises(ChangedMeanwhile):
        rename_speciality(sleep, "Rest", seen=seen, by=ada, now=NOON)


def test_the_office_keeps_the_list(client, program, ada):
    sign_in(client, ada)
    listed = reverse("office:specialities", args=[program.pk])
    assert "Nothing on the list yet." in words(client.get(listed))
    client.post(reverse("office:add_speciality", args=[program.pk]), {"name": "Sleep"})
    made = Speciality.objects.get()
    again = client.post(reverse("office:add_speciality", args=[program.pk]), {"name": "sleep"})
    assert "This is on the list already." in words(again)
    change = reverse("office:change_speciality", args=[made.pk])
    client.post(change, {"name": "Sleep and rest", "seen": specialities.speciality_version(made)})
    stale = client.post(change, {"name": "Rest", "seen": "long ago"})
    assert stale.status_code == 409
    assert "What stands there now: Sleep and rest" in words(stale)
    client.post(reverse("office:set_speciality_in_use", args=[made.pk]))
    client.post(reverse("office:offer_standard_specialities", args=[program.pk]))
    made.refresh_from_db()
    assert (made.name, made.in_use, program.specialities.count()) == ("Sleep and rest", False, len(STANDARD) + 1)
    assert "Out of use" in words(client.get(listed))


# ── What somebody says ────────────────────────────────────────────────────────────────────────────────────────


def test_languages_are_kept_once_each_in_the_order_of_the_list(amara, sleep):
    says(amara, languages=["es", "en", "es"], specialities=[sleep])
    amara.refresh_from_db()
    assert (amara.languages, amara.languages_in_words) == (["en", "es"], "English, Spanish")
    assert Entry.objects.get().facts == {"added": 1, "removed": 0}


def test_a_language_or_a_gender_that_is_not_on_the_list_is_refused_by_the_database_too(amara):
    with pytest.raises(specialities.UnknownLanguage):
        says(amara, languages=["xx"])
    with pytest.raises(specialities.UnknownGender):
        says(amara, gender="other")
    for wrong in ({"languages": ["xx"]}, {"gender": "other"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Clinician.objects.filter(pk=amara.pk).update(**wrong)


def test_only_they_themselves_say_who_they_are(amara, ada):
    with pytest.raises(specialities.NotTheirsToSay):
        says(amara, gender="woman", by=ada)
    says(amara, gender="woman")
    says(amara, languages=["en"], by=ada)
    amara.refresh_from_db()
    assert (amara.gender, amara.languages) == ("woman", ["en"])


def test_what_another_program_lists_or_somebody_knows_there_is_left_alone(amara, ada, program, sleep):
    elsewhere = Speciality.objects.create(program=ProgramFactory(), name="Sleep")
    with pytest.raises(specialities.KnownElsewhere):
        says(amara, specialities=[elsewhere])
    amara.specialities.add(elsewhere)
    says(amara, specialities=[sleep], by=ada)
    assert set(amara.specialities.all()) == {sleep, elsewhere}


def test_what_is_out_of_use_is_found_by_nobody_and_need_not_be_said_again(client, maya, amara, ada, sleep, grief):
    says(amara, specialities=[sleep, grief])
    set_speciality_in_use(sleep, False, by=ada, now=NOON)
    assert "Sleep" not in words(client.get(PEOPLE))
    says(amara, specialities=[])
    set_speciality_in_use(sleep, True, by=ada, now=NOON)
    assert [list(amara.specialities.all()), "Sleep" in words(client.get(PEOPLE))] == [[sleep], True]


def test_stale_answers_are_refused(amara, ada, program, sleep):
    seen = known_version(amara, [program])
    says(amara, specialities=[sleep], by=ada)
    with pytest.raises(ChangedMeanwhile):
        change_known(amara, languages=["en"], specialities=[], programs=[program], seen=seen, by=amara.user, now=NOON)


def test_a_clinician_says_it_on_a_page_of_their_own_and_the_office_on_another(client, program, ada, amara, sleep):
    sign_in(client, amara.user)
    wish = {"languages": ["en", "es"], "specialities": [sleep.pk], "gender": "woman"}
    response = client.post(KNOWN, wish | {"seen": known_version(amara, [program])}, follow=True)
    assert "What they know well Sleep What they speak English, Spanish" in words(response)
    assert client.post(KNOWN, wish | {"seen": "long ago"}).status_code == 409
    sign_in(client, ada)
    page = reverse("office:change_known", args=[program.pk, amara.pk])
    amara.refresh_from_db()
    assert "for clients who ask" not in words(client.get(page))
    told = {"languages": ["en"], "gender": "man", "seen": known_version(amara, [program])}
    assert "Speaks English" in words(client.post(page, told, follow=True))
    amara.refresh_from_db()
    assert (amara.languages, amara.gender, list(amara.specialities.all())) == (["en"], "woman", [])


def test_who_has_not_been_introduced_says_nothing(client, program):
    sign_in(client, clinician(program))
    assert "The office introduces you first" in words(client.get(KNOWN))


# ── How clients find them ─────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def three(program, sleep, grief):
    art = ModalityFactory(program=program, name="Art group", method=Method.ART)
    talk = ModalityFactory(program=program, name="Process group", method=Method.PROCESS)
    for name, languages, known, gives in (
        ("Amara", ["en", "es"], [sleep], [talk]),
        ("Lena", ["en"], [sleep, grief], [talk, art]),
        ("Yuki", [], [], [art]),
    ):
        made = introduced(clinician(program, preferred_name=name), *gives)
        says(made, languages=languages, specialities=known)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("", ["Amara", "Lena", "Yuki"]),
        ("?knows={sleep}", ["Amara", "Lena"]),
        ("?knows={sleep}&knows={grief}", ["Amara", "Lena"]),
        ("?knows={sleep}&works=art", ["Lena"]),
        ("?speaks=es", ["Amara"]),
        ("?speaks=es&works=art", []),
        ("?speaks=xx&knows=none&knows=999999&show=all", ["Amara", "Lena", "Yuki"]),
        ("?knows=%00&works=art", ["Lena", "Yuki"]),
    ],
)
def test_the_directory_shows_whom_the_address_asks_for(client, maya, three, sleep, grief, asked, found):
    response = client.get(PEOPLE + asked.format(sleep=sleep.pk, grief=grief.pk))
    assert [one.user.preferred_name for one in response.context["clinicians"]] == found


def test_it_says_how_many_for_what_and_leads_back_to_everybody(client, maya, three, sleep):
    said = words(client.get(f"{PEOPLE}?knows={sleep.pk}&speaks=en"))
    assert "2 people fit what you chose: Sleep, English ." in said
    nobody = client.get(f"{PEOPLE}?speaks=es&works=art")
    assert "Nobody here is all of that" in words(nobody)
    assert f'href="{PEOPLE}"' in nobody.content.decode()


def test_only_what_would_find_somebody_can_be_ticked(client, maya, three, program):
    Speciality.objects.create(program=program, name="Anger")
    ticks = re.findall(r'type="checkbox" name="(\w+)" value="(\w+)"', client.get(PEOPLE).content.decode())
    assert [value for name, value in ticks if name != "knows"] == ["en", "es", "art", "process"]
    assert len([value for name, value in ticks if name == "knows"]) == 2


def test_what_a_program_lists_is_for_its_own_people(program, sleep, ada):
    assert [
        Speciality.objects.visible_to(reader).exists()
        for reader in (enrolled(program), enrolled(program, "discharged"), clinician(program), enrolled(), clinician())
    ] == [True, True, True, False, False]
    assert not Speciality.objects.visible_to(held("family", program)).exists()
    assert [Speciality.objects.run_by(reader).exists() for reader in (ada, admin(), clinician(program))] == [
        True,
        False,
        False,
    ]


def test_the_directory_asks_the_same_number_of_questions_whatever_its_size(client, maya, three, program, sleep):
    few = queries_of(client, PEOPLE)
    for _each in range(12):
        says(introduced(clinician(program), ModalityFactory(program=program)), specialities=[sleep])
    assert queries_of(client, PEOPLE) == few == 7
