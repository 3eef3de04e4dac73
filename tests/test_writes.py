"""One write: all or nothing, a broken constraint in a person's words, a deadlock tried again."""

import threading

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction

from iop_portal.accounts.programs import ProgramNameTaken
from iop_portal.people.models import Program, User
from iop_portal.refusals import Busy, Refused, refusal_for
from iop_portal.writes import MOST_RETRIES, write
from tests.factories import ProgramFactory, UserFactory


class NameTaken(Refused):
    message = "A program called %(name)s is there already."


def test_a_refusal_says_its_sentence_with_its_words():
    assert str(NameTaken(name="Harbor")) == "A program called Harbor is there already."


def test_a_constraint_finds_the_refusal_that_speaks_for_it():
    assert refusal_for("program_names_differ") is ProgramNameTaken
    assert refusal_for("") is None
    assert refusal_for("nobody_speaks_for_this") is None


def test_a_broken_constraint_becomes_its_refusal_and_leaves_no_trace(db):
    ProgramFactory(name="Harbor")

    @write
    def open_two():
        ProgramFactory(name="Bridge")
        ProgramFactory(name="harbor")

    with pytest.raises(ProgramNameTaken):
        open_two()
    assert list(Program.objects.values_list("name", flat=True)) == ["Harbor"]


def test_a_broken_constraint_that_nobody_speaks_for_stays_an_error(db):
    UserFactory(email="ana@portal.test")

    @write
    def twice():
        UserFactory(email="ana@portal.test")

    with pytest.raises(IntegrityError):
        twice()


def _failing(code, times):
    """A write that PostgreSQL refuses with a code so many times, and then carries out."""
    calls = []

    @write
    def attempt():
        calls.append(1)
        if len(calls) <= times:
            with connection.cursor() as cursor:
                cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION 'contended' USING ERRCODE = '{code}'; END $$")
        return UserFactory(email="ana@portal.test")

    return attempt, calls


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("code", ["40001", "40P01"])
def test_a_contended_write_is_tried_again_three_times(code):
    attempt, calls = _failing(code, times=MOST_RETRIES)
    attempt()
    assert len(calls) == MOST_RETRIES + 1
    assert User.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_write_that_stays_contended_says_so_and_leaves_no_trace():
    attempt, calls = _failing("40P01", times=MOST_RETRIES + 1)
    with pytest.raises(Busy):
        attempt()
    assert len(calls) == MOST_RETRIES + 1
    assert not User.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_inner_write_is_not_tried_again_because_the_outer_one_still_holds_its_locks():
    attempt, calls = _failing("40P01", times=1)
    with pytest.raises(OperationalError), transaction.atomic():
        attempt()
    assert len(calls) == 1


@pytest.mark.django_db(transaction=True)
def test_two_writes_that_lock_each_other_out_both_succeed_in_the_end():
    one, other = UserFactory(), UserFactory()
    both_hold_one = threading.Barrier(2, timeout=10)
    met = {one.pk: False, other.pk: False}
    failures = []

    @write
    def rename(first, second):
        User.objects.select_for_update().get(pk=first)
        if not met[first]:
            met[first] = True
            both_hold_one.wait()
        User.objects.filter(pk=second).update(pronouns="they")

    def run(first, second):
        try:
            rename(first, second)
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in ((one.pk, other.pk), (other.pk, one.pk))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert failures == []
    assert list(User.objects.values_list("pronouns", flat=True)) == ["they", "they"]
