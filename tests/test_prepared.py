"""Queries that are put together once: the same answers as those that are put together anew each time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from iop_portal.people.models import Enrolment, User
from iop_portal.prepared import CannotBePrepared, Statement, among, prepared
from tests.factories import NOON, ProgramFactory, clinician, enrolled, on_care_team

pytestmark = pytest.mark.django_db


def test_the_rule_holds_for_whoever_asks():
    @prepared(int)
    def seen(person):
        return User.objects.caseload_of(User(pk=person)).order_by("pk")

    program = ProgramFactory()
    both = [clinician(program), clinician(program)]
    for one in both:
        on_care_team(one, enrolled(program))
    assert [seen(one.pk) for one in both] == [[*User.objects.caseload_of(one).order_by("pk")] for one in both]
    assert all(len(seen(one.pk)) == 1 for one in both)


def test_what_is_joined_and_what_is_named_come_as_from_any_queryset(django_assert_num_queries):
    @prepared(int)
    def joined(program):
        return Enrolment.objects.filter(program=program).select_related("client").order_by("pk")

    @prepared(int)
    def named(program):
        return (
            Enrolment.objects.filter(program=program)
            .annotate(name=F("client__surname"))
            .values_list("state", "name", named=True)
        )

    person = enrolled(ProgramFactory())
    enrolment = person.enrolments.get()
    joined(0), named(0)
    with django_assert_num_queries(2):
        assert [one.client.surname for one in joined(enrolment.program_id)] == [person.surname]
        assert [(row.state, row.name) for row in named(enrolment.program_id)] == [(enrolment.state, person.surname)]


@pytest.mark.django_db(transaction=True)
def test_each_thread_asks_by_a_connection_of_its_own():
    @prepared(int)
    def those(person):
        return User.objects.filter(pk=person)

    person = enrolled()

    def ask():
        try:
            return those(person.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as elsewhere:
        assert [those(person.pk), elsewhere.submit(ask).result(), those(person.pk)] == [[person]] * 3


def test_moments_and_keys_keep_their_places():
    @prepared(datetime_ := type(NOON), int, datetime_)
    def within(begin, person, end):
        return User.objects.filter(pk=person, joined_at__gt=begin, joined_at__lt=end)

    one, other = enrolled(), enrolled()
    User.objects.update(joined_at=NOON)
    hour = timedelta(hours=1)
    assert within(NOON - hour, one.pk, NOON + hour) == [one]
    assert within(NOON - hour, other.pk, NOON + hour) == [other]
    assert within(NOON, one.pk, NOON + hour) == []
    assert within(NOON - hour, one.pk, NOON) == []


def test_of_a_list_of_keys_those_are_found_that_are_in_it():
    @prepared(list)
    def those(people):
        return User.objects.filter(pk__in=among(people)).order_by("pk")

    people = [enrolled() for _number in range(3)]
    for some in ([], people[1:2], people):
        assert those([one.pk for one in some]) == some


def test_what_is_made_of_a_value_is_refused():
    for make in (
        lambda now: Enrolment.objects.filter(admitted_on=timezone.localdate(now)),
        lambda now: Enrolment.objects.filter(pk__in=range(now.year)),
        lambda now: Enrolment.objects.filter(pk__in=[*Enrolment.objects.values_list("pk", flat=True)]),
    ):
        with pytest.raises(CannotBePrepared):
            prepared(type(NOON))(make)(NOON)


def test_a_rule_that_asks_which_day_it_is_is_right_on_the_next_one_and_elsewhere():
    @prepared(int)
    def today(program):
        return Enrolment.objects.filter(program=program, admitted_on=timezone.localdate())

    program = ProgramFactory()
    found = []
    enrolments = [enrolled(program).enrolments.get() for _day in range(2)]
    for after, enrolment in enumerate(enrolments):
        Enrolment.objects.filter(pk=enrolment.pk).update(admitted_on=NOON.date() + timedelta(days=after))
    for moment, zone in ((NOON, "UTC"), (NOON + timedelta(days=1), "UTC"), (NOON, "Pacific/Kiritimati"), (NOON, "UTC")):
        with time_machine.travel(moment, tick=False), timezone.override(zone):
            found.append(today(program.pk))
    assert found == [[enrolments[at]] for at in (0, 1, 1, 0)]


def test_a_rule_that_asks_for_the_moment_is_refused():
    with time_machine.travel(NOON, tick=True), pytest.raises(CannotBePrepared):
        prepared(int)(lambda person: Enrolment.objects.visible_to(User(pk=person)))(1)


def test_another_number_or_kind_of_values_is_refused():
    @prepared(int)
    def one(key):
        return User.objects.filter(pk=key)

    for values in ((), (1, 2), (NOON,), (User(pk=1),)):
        with pytest.raises(TypeError, match="takes int"):
            one(*values)


# ── What PostgreSQL keeps ─────────────────────────────────────────────────────────────────────────────────────


def planned_by_the_database():
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_prepared_statements ORDER BY name")
        return [name for (name,) in cursor.fetchall()]


def test_a_statement_takes_each_kind_of_value_and_keeps_what_is_always_the_same(django_assert_num_queries):
    statement = Statement(
        "kinds",
        "SELECT %(keys)s, %(at)s + interval '1 hour', %(key)s %% 7, %(words)s WHERE 7 = ANY(%(keys)s)",
        {"key": int, "keys": list, "at": type(NOON)},
        {"words": "100 % ' $1"},
    )
    for key in (8, 9):
        with django_assert_num_queries(1):
            found = statement.ask(key=key, keys=[7, key], at=NOON)
        assert found == [([7, key], NOON + timedelta(hours=1), key % 7, "100 % ' $1")]
    assert statement.ask(key=1, keys=[], at=NOON) == []
    assert planned_by_the_database().count(statement.key) == 1


@pytest.mark.django_db(transaction=True)
def test_a_new_connection_is_told_anew():
    statement = Statement("told", "SELECT %(key)s", {"key": int})
    assert statement.ask(key=1) == [(1,)]
    connection.close()
    assert (planned_by_the_database(), statement.ask(key=2)) == ([], [(2,)])


@pytest.mark.django_db(transaction=True)
def test_what_a_connection_knows_outlives_a_write_that_was_taken_back():
    statement = Statement("taken_back", "SELECT count(*) FROM people_user WHERE id = %(key)s", {"key": int})
    with transaction.atomic():
        statement.ask(key=1)
        transaction.set_rollback(True)
    assert statement.ask(key=1) == [(0,)]


def test_a_rule_with_a_percent_sign_in_it_holds():
    @prepared(int)
    def those(program):
        return User.objects.filter(enrolments__program=program, preferred_name__contains="100%")

    program = ProgramFactory()
    person = enrolled(program, preferred_name="100% Ana")
    enrolled(program)
    assert those(program.pk) == [person]
