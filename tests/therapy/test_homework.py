"""What is practised between sessions: given or picked, done or not this time, and whose words it is."""

from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils.html import strip_tags

from iop_portal.audit.models import Entry
from iop_portal.home.for_you import suggestions_for
from iop_portal.people.models import Enrolment
from iop_portal.versions import ChangedMeanwhile
from tests.factories import NOON, ProgramFactory, admin, clinician, enrolled, held, on_care_team
from tests.signing_in import sign_in
from tests.therapy.plan_world import Clinic
from therapy import homework, library, skills
from therapy.models import Homework, LibraryText, Skill
from therapy.practices import practices

pytestmark = pytest.mark.django_db

TODAY = NOON.date()
PRACTICE = reverse("therapy:practice")


@pytest.fixture(autouse=True)
def tuesday():
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def clinic():
    clinic = Clinic()
    clinic.wave, clinic.halt = (
        Skill.objects.create(program=clinic.program, name=name, in_short="Breathe.", how="Breathe out.")
        for name in ("Ride the wave", "Four questions")
    )
    return clinic


@pytest.fixture
def maya(client, clinic):
    return sign_in(client, clinic.maya)


def words(response):
    return " ".join(strip_tags(response.content.decode().replace("<br>", "\n")).split())


def given(clinic, skill=None, *, by=None, now=NOON, **fields):
    return homework.give_homework(clinic.enrolment, skill or clinic.wave, by=by or clinic.amara, now=now, **fields)


# ── The rules ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_counsellor_gives_and_a_client_picks(clinic):
    one = given(clinic, words=" On paydays. ", due_on=TODAY)
    other = given(clinic, clinic.halt, by=clinic.maya, words="ignored")
    assert (one.given_by, one.words, one.due_on) == (clinic.amara, "On paydays.", TODAY)
    assert (other.given_by, other.words) == (None, "")
    assert homework.waiting_for(clinic.maya) == [one, other]
    with connection.cursor() as cursor:
        cursor.execute("SELECT words FROM therapy_homework WHERE id = %s", [one.pk])
        assert "paydays" not in cursor.fetchone()[0]


def test_nobody_else_gives(clinic):
    gone = clinician(clinic.program)
    on_care_team(gone, clinic.maya)
    gone.care_teams.update(until=NOON)
    strangers = (gone, clinician(clinic.program), clinician(), admin(clinic.program), enrolled(clinic.program))
    for person in (*strangers, held("family", clinic.program)):
        with pytest.raises(homework.NotTheirs):
            given(clinic, by=person)


def test_what_is_given_is_taught_here_and_now_and_open_once(clinic):
    foreign = Skill.objects.create(program=ProgramFactory(), name="Elsewhere", in_short="x", how="x")
    skills.set_skill_in_use(clinic.halt, False, by=admin(clinic.program), now=NOON)
    clinic.halt.refresh_from_db()
    for skill in (foreign, clinic.halt):
        with pytest.raises(homework.NotTaught):
            given(clinic, skill)
    with pytest.raises(homework.DayHasPassed):
        given(clinic, due_on=TODAY - timedelta(days=1))
    one = given(clinic)
    with pytest.raises(homework.OpenAlready):
        given(clinic, by=clinic.maya)
    homework.not_this_time(one, by=clinic.maya, now=NOON)
    given(clinic)
    with pytest.raises(IntegrityError, match="a_skill_is_open_once"), transaction.atomic():
        Homework.objects.create(enrolment=clinic.enrolment, skill=clinic.wave, begun_at=NOON)


def test_who_has_left_gets_none_and_may_finish_what_is_open(clinic):
    one = given(clinic)
    Enrolment.objects.update(state="discharged", discharged_on=TODAY, discharge_reason="completed")
    with pytest.raises(homework.NotInProgram):
        given(clinic, clinic.halt, by=clinic.maya)
    with pytest.raises(IntegrityError, match="not admitted"), transaction.atomic():
        Homework.objects.create(enrolment=clinic.enrolment, skill=clinic.halt, begun_at=NOON)
    homework.practised(one, reflection="", shared=False, by=clinic.maya, now=NOON)
    assert Homework.objects.get().state == "done"


def test_not_this_time_is_an_answer_and_ends_it(clinic):
    one = given(clinic)
    homework.not_this_time(one, by=clinic.maya, now=NOON)
    for act in (
        lambda: homework.not_this_time(one, by=clinic.maya, now=NOON),
        lambda: homework.practised(one, reflection="", shared=False, by=clinic.maya, now=NOON),
    ):
        with pytest.raises(homework.EndedAlready):
            act()
    assert (Homework.objects.get().state, Homework.objects.get().ended_at) == ("not_now", NOON)


def test_only_the_client_says_how_it_was(clinic):
    one = given(clinic)
    for person in (clinic.amara, enrolled(clinic.program)):
        with pytest.raises(homework.NotTheirs):
            homework.practised(one, reflection="Fine.", shared=True, by=person, now=NOON)
        with pytest.raises(homework.NotTheirs):
            homework.not_this_time(one, by=person, now=NOON)


def test_the_care_team_reads_a_reflection_only_while_it_is_shared(clinic):
    one = given(clinic)
    for shared, read in ((False, ""), (True, "Zq-mine"), (False, "")):
        homework.practised(one, reflection="Zq-mine", shared=shared, by=clinic.maya, now=NOON)
        (seen,) = homework.read_homework(clinic.enrolment, by=clinic.amara, now=NOON)
        assert seen.reflection == read
    assert Homework.objects.get().reflection == "Zq-mine"
    assert Entry.objects.filter(verb="homework.read", client=clinic.maya, actor=clinic.amara).count() == 3


def test_nothing_is_shared_where_nothing_was_said(clinic):
    one = given(clinic)
    homework.practised(one, reflection="  ", shared=True, by=clinic.maya, now=NOON)
    assert not Homework.objects.get().shared
    other = given(clinic, clinic.halt)
    with pytest.raises(IntegrityError, match="what_is_shared_was_practised"), transaction.atomic():
        Homework.objects.filter(pk=other.pk).update(shared=True)


def test_what_was_given_stays_as_it_was(clinic):
    one = given(clinic, words="On paydays.")
    homework.practised(one, reflection="", shared=False, by=clinic.maya, now=NOON)
    for change in ({"words": "x"}, {"due_on": TODAY}, {"given_by": None}, {"state": "open", "ended_at": None}):
        with pytest.raises(IntegrityError, match="stays as it was"), transaction.atomic():
            Homework.objects.update(**change)
    with pytest.raises(IntegrityError, match="stays as it was"), transaction.atomic():
        Homework.objects.all().delete()


def test_who_may_see_it(clinic):
    given(clinic)
    strangers = (clinician(clinic.program), clinician(), admin(clinic.program), held("family", clinic.program))
    assert [Homework.objects.visible_to(person).count() for person in (clinic.maya, clinic.amara)] == [1, 1]
    assert [Homework.objects.visible_to(person).count() for person in strangers] == [0] * 4


def test_the_standard_list_is_added_once_beside_what_is_there(clinic):
    dana = admin(clinic.program)
    made = [len(skills.offer_standard_skills(clinic.program, by=dana, now=NOON)) for _time in range(2)]
    assert made == [11, 0]
    assert clinic.program.skills.count() == 13


def test_a_skill_is_not_overwritten(clinic):
    dana, seen = admin(clinic.program), skills.skill_version(clinic.wave)
    other = skills.SkillDetails("Ride it", "Breathe.", "Slowly.", 10)
    skills.change_skill(clinic.wave, other, seen=seen, by=dana, now=NOON)
    with pytest.raises(ChangedMeanwhile):
        skills.change_skill(clinic.wave, other, seen=seen, by=dana, now=NOON)
    with pytest.raises(skills.SkillNameTaken):
        skills.add_skill(clinic.program, skills.SkillDetails("RIDE IT", "x", "x"), by=dana, now=NOON)
    with pytest.raises(skills.OddMinutes):
        skills.add_skill(clinic.program, skills.SkillDetails("Other", "x", "x", 0), by=dana, now=NOON)


# ── The pages ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_client_picks_practises_and_shares(maya, clinic):
    assert "Nothing waits. Pick something if you like." in words(maya.get(PRACTICE))
    late = maya.post(reverse("therapy:skill", args=[clinic.wave.pk]), {"due_on": "2026-11-01"})
    assert (late.status_code, late.context["form"].errors) == (400, {"due_on": ["Choose a day that has not passed."]})
    maya.post(reverse("therapy:skill", args=[clinic.wave.pk]), {"due_on": "2026-11-30"})
    page = words(maya.get(PRACTICE))
    assert "Ride the wave Breathe. Picked by you · until Monday 30 November" in page
    told = suggestions_for(clinic.maya, now=NOON)
    assert "Something to practise, until Monday 30 November" in [each.text for each in told]
    one = reverse("therapy:homework", args=[Homework.objects.get().pk])
    maya.post(one, {"reflection": "It took eleven minutes.", "shared": "yes"})
    assert "It took eleven minutes. Practised, Tuesday 24 November · shared with your care team" in words(
        maya.get(PRACTICE)
    )
    maya.post(one, {"reflection": "It took eleven minutes.", "shared": ""})
    assert "only you read this" in words(maya.get(PRACTICE))


def test_not_this_time_asks_for_no_reason(maya, clinic):
    one = given(clinic)
    address = reverse("therapy:homework", args=[one.pk])
    said = maya.post(address, {"not_now": "1"}, follow=True)
    assert "Said. That is a fair answer." in words(said)
    assert "Not this time, Tuesday 24 November" in words(said)
    assert "You said: not this time. Pick it again" in words(maya.get(address))
    assert maya.post(address, {"reflection": "x"}).status_code == 409


def test_a_counsellor_gives_from_the_client_page_and_reads_what_is_shared(client, clinic):
    amara = sign_in(client, clinic.amara)
    address = reverse("therapy:give_homework", args=[clinic.enrolment.pk])
    assert address in amara.get(reverse("home:client", args=[clinic.maya.pk])).content.decode()
    amara.post(address, {"what": f"skill-{clinic.wave.pk}", "due_on": "2026-11-30", "words": "On paydays."})
    again = amara.post(address, {"what": f"skill-{clinic.wave.pk}"})
    assert (again.status_code, list(again.context["form"].errors)) == (409, ["what"])
    one = Homework.objects.get()
    homework.practised(one, reflection="Zq-mine", shared=False, by=clinic.maya, now=NOON)
    assert "Zq-mine" not in words(amara.get(address))
    homework.practised(one, reflection="Zq-mine", shared=True, by=clinic.maya, now=NOON)
    assert "Ride the wave On paydays. Zq-mine Practised · Amara Osei, Tuesday 24 November" in words(amara.get(address))


def test_a_practice_and_a_text_are_given_like_a_skill(client, clinic):
    text = LibraryText.objects.create(
        program=clinic.program, topic="body", title="Sleep", in_short="x", words="Zq-text"
    )
    foreign = LibraryText.objects.create(program=ProgramFactory(), topic="body", title="x", in_short="x", words="x")
    amara = sign_in(client, clinic.amara)
    address = reverse("therapy:give_homework", args=[clinic.enrolment.pk])
    for what in ("practice-wave", f"text-{text.pk}"):
        assert amara.post(address, {"what": what}).status_code == 302
        assert amara.post(address, {"what": what}).status_code == 409
    assert amara.post(address, {"what": f"text-{foreign.pk}"}).status_code == 400
    with pytest.raises(homework.NotTaught):
        given(clinic, foreign)
    practice, reading = homework.waiting_for(clinic.maya)
    assert [(one.name, one.in_short) for one in (practice, reading)] == [
        ("Watching an urge", practices()["wave"].does),
        ("Sleep", "x"),
    ]
    assert {"Watching an urge", "Sleep"} <= {str(each.title) for each in suggestions_for(clinic.maya, now=NOON)}
    maya = sign_in(client, clinic.maya)
    assert (
        reverse("therapy:mindful", args=["wave"])
        in maya.get(reverse("therapy:homework", args=[practice.pk])).content.decode()
    )
    library.set_text_in_use(text, False, by=admin(clinic.program), now=NOON)
    read = reverse("therapy:homework", args=[reading.pk])
    assert "Zq-text" in words(maya.get(read))
    assert maya.post(read, {"reflection": ""}).status_code == 302


def test_homework_is_one_thing_and_each_is_open_once(clinic):
    text = LibraryText.objects.create(program=clinic.program, topic="body", title="Sleep", in_short="x", words="x")
    for wrong in ({}, {"skill": clinic.wave, "text": text}, {"skill": clinic.wave, "practice": "wave"}):
        with pytest.raises(IntegrityError, match="homework_is_one_thing"), transaction.atomic():
            Homework.objects.create(enrolment=clinic.enrolment, begun_at=NOON, **wrong)
    for thing, name in (({"text": text}, "a_text_is_open_once"), ({"practice": "wave"}, "a_practice_is_open_once")):
        Homework.objects.create(enrolment=clinic.enrolment, begun_at=NOON, **thing)
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            Homework.objects.create(enrolment=clinic.enrolment, begun_at=NOON, **thing)
    with pytest.raises(IntegrityError, match="stays as it was"), transaction.atomic():
        Homework.objects.filter(practice="wave").update(practice="walk")


def test_the_office_keeps_the_list(client, clinic):
    dana = sign_in(client, admin(clinic.program))
    listed = reverse("office:skills", args=[clinic.program.pk])
    dana.post(reverse("office:offer_standard_skills", args=[clinic.program.pk]))
    assert "Play the film to the end" in words(dana.get(listed))
    change = reverse("office:change_skill", args=[clinic.wave.pk])
    seen = dana.get(change).context["form"]["seen"].value()
    sent = {"name": "Ride it", "in_short": "Breathe.", "how": "Slowly.", "minutes": "10", "seen": seen}
    assert dana.post(change, sent).status_code == 302
    stale = dana.post(change, {**sent, "name": "Mine"})
    assert stale.status_code == 409
    assert "What stands there now: Ride it" in words(stale)
    dana.post(reverse("office:set_skill_in_use", args=[clinic.wave.pk]))
    assert not Skill.objects.get(pk=clinic.wave.pk).in_use
    dana.post(reverse("office:set_skill_in_use", args=[clinic.wave.pk]), {"back": "1"})
    assert Skill.objects.get(pk=clinic.wave.pk).in_use
    assert dana.get(reverse("therapy:give_homework", args=[clinic.enrolment.pk])).status_code == 403


@pytest.mark.parametrize("number", [1, 6])
def test_the_list_takes_as_many_queries_for_many_as_for_one(maya, clinic, number, django_assert_num_queries):
    for at in range(number):
        skill = Skill.objects.create(program=clinic.program, name=f"Skill {at}", in_short="x", how="x")
        given(clinic, skill)
    maya.get(PRACTICE)
    with django_assert_num_queries(7):
        maya.get(PRACTICE)
