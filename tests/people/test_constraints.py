"""The rules of people, told to the database itself: rows written past every function are refused by name."""

from datetime import date, timedelta

import pytest
from django.apps import apps
from django.db import IntegrityError, models, transaction

from iop_portal.people.models import Apart, BrokenGlass, CareTeam, Enrolment, Program, RoleHeld, User
from iop_portal.people.roles import Role
from tests.factories import NOON, ProgramFactory, UserFactory, admin, clinician, enrolled, on_care_team

DAY = date(2026, 11, 1)
HOUR = timedelta(hours=1)
pytestmark = pytest.mark.django_db


def user(**fields):
    return User(**{"email": "x@portal.test", "preferred_name": "X", "password": "!", **fields})


def enrolment(**fields):
    return Enrolment(
        **{"client": UserFactory(), "program": ProgramFactory(), "referred_on": DAY, "state": "referred", **fields}
    )


def glass(**fields):
    return BrokenGlass(
        **{
            "clinician": UserFactory(),
            "client": UserFactory(),
            "program": ProgramFactory(),
            "reason": "Asked",
            "since": NOON,
            "until": NOON + HOUR,
            **fields,
        }
    )


def apart(one, other, **fields):
    return Apart(one=one, other=other, asked_by="client", set_by=one, since=NOON, **fields)


def two_people():
    return sorted((UserFactory(), UserFactory()), key=lambda person: person.pk)


def held_again():
    amara = clinician()
    held = amara.roles_held.get()
    return RoleHeld(user=amara, program=held.program, role=held.role)


def enrolled_again():
    first = enrolled()
    return enrolment(client=first, program=first.enrolments.get().program)


def on_team_again():
    place = on_care_team(clinician(), enrolled())
    return CareTeam(enrolment=place.enrolment, clinician=place.clinician, since=NOON)


def second_primary():
    place = on_care_team(clinician(), enrolled(), part="primary")
    return CareTeam(enrolment=place.enrolment, clinician=clinician(), part="primary", since=NOON)


def ended_before_it_began():
    return CareTeam(
        enrolment=enrolled().enrolments.get(), clinician=clinician(), since=NOON, until=NOON - timedelta(seconds=1)
    )


def apart_again():
    one, other = two_people()
    apart(one, other).save()
    return apart(one, other)


def reviewed_by_oneself():
    lena = clinician()
    return glass(clinician=lena, reviewed_at=NOON, reviewed_by=lena, finding="justified")


def ended(**fields):
    return enrolment(**{"state": "discharged", "discharged_on": DAY, "discharge_reason": "left", **fields})


REFUSED = [
    (
        "program_names_differ",
        lambda: Program(name=ProgramFactory(name="Quay House").name.upper(), sender="P", phone="1"),
    ),
    (
        "quiet_hours_have_a_length",
        lambda: Program(name="A", sender="P", phone="1", quiet_from="21:00", quiet_until="21:00"),
    ),
    ("one_account_per_address", lambda: user(email=UserFactory().email)),
    ("address_is_lower_case", lambda: user(email="Maya@portal.test")),
    ("theme_is_known", lambda: user(theme="pink")),
    ("names_are_plain_lines", lambda: user(preferred_name="Maya\n")),
    ("names_are_plain_lines", lambda: user(surname="\u202eT")),
    ("names_are_plain_lines", lambda: user(surname="T\u200b")),
    ("a_role_is_held_once", held_again),
    ("only_held_roles_are_stored", lambda: RoleHeld(user=UserFactory(), program=ProgramFactory(), role=Role.CLIENT)),
    ("one_live_enrolment_per_client_and_program", enrolled_again),
    ("enrolment_state_and_dates_agree", lambda: enrolment(state="admitted")),
    ("enrolment_state_and_dates_agree", lambda: enrolment(admitted_on=DAY)),
    ("enrolment_state_and_dates_agree", lambda: ended(discharged_on=None)),
    ("enrolment_state_and_dates_agree", lambda: enrolment(state="alum")),
    ("enrolment_dates_are_in_order", lambda: enrolment(state="admitted", admitted_on=DAY - timedelta(days=1))),
    ("enrolment_dates_are_in_order", lambda: ended(discharged_on=DAY - timedelta(days=1))),
    ("enrolment_dates_are_in_order", lambda: ended(admitted_on=DAY + timedelta(days=2))),
    ("a_discharge_has_a_reason", lambda: ended(discharge_reason="")),
    ("a_discharge_has_a_reason", lambda: enrolment(discharge_reason="left")),
    ("a_discharge_has_a_known_reason", lambda: ended(discharge_reason="failed")),
    ("who_was_never_admitted_did_not_complete", lambda: ended(discharge_reason="completed")),
    ("who_was_never_admitted_did_not_complete", lambda: ended(admitted_on=DAY, discharge_reason="not_begun")),
    ("one_live_place_on_a_care_team", on_team_again),
    ("one_live_primary_counsellor", second_primary),
    ("care_team_dates_are_in_order", ended_before_it_began),
    ("glass_is_broken_for_four_hours_at_most", lambda: glass(until=NOON + 4 * HOUR + timedelta(seconds=1))),
    ("glass_is_broken_for_four_hours_at_most", lambda: glass(until=NOON)),
    ("a_review_is_whole", lambda: glass(reviewed_at=NOON)),
    ("a_review_is_whole", lambda: glass(finding="justified")),
    ("a_review_is_whole", lambda: glass(reviewed_at=NOON, reviewed_by=admin(), finding="fine")),
    ("nobody_reviews_their_own_broken_glass", reviewed_by_oneself),
    ("apart_pairs_are_ordered", lambda: apart(*reversed(two_people()))),
    ("a_pair_is_kept_apart_once", apart_again),
    ("apart_dates_are_in_order", lambda: apart(*two_people(), until=NOON - HOUR)),
]


@pytest.mark.parametrize(("name", "row"), REFUSED, ids=[f"{at}-{name}" for at, (name, _) in enumerate(REFUSED)])
def test_the_database_refuses(name, row):
    wrong = row()
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        models.Model.save(wrong)
    assert refused.value.__cause__.diag.constraint_name == name


def test_every_rule_of_people_is_tried_above():
    rules = {
        constraint.name
        for model in apps.get_app_config("people").get_models()
        for constraint in model._meta.constraints
    }
    assert {name for name, _ in REFUSED} == rules


ALLOWED = [
    lambda: glass(until=NOON + 4 * HOUR),
    lambda: glass(reviewed_at=NOON, reviewed_by=admin(), finding="unjustified"),
    lambda: ended(),
    lambda: ended(discharge_reason="not_begun"),
    lambda: ended(admitted_on=DAY, discharge_reason="completed"),
    lambda: enrolment(state="admitted", admitted_on=DAY),
    lambda: apart(*two_people(), until=NOON),
    lambda: user(preferred_name="Zoë-Ann O’Neil", surname="李"),
]


@pytest.mark.parametrize("row", ALLOWED)
def test_what_the_rules_allow_is_taken(row):
    right = row()
    right.save()
    assert right.pk


def test_what_has_ended_can_begin_again():
    place = on_care_team(clinician(), enrolled(), part="primary")
    CareTeam.objects.filter(pk=place.pk).update(until=NOON)
    CareTeam.objects.create(enrolment=place.enrolment, clinician=place.clinician, part="primary", since=NOON)
    one, other = two_people()
    apart(one, other, until=NOON).save()
    apart(one, other).save()
    past = enrolled(state="discharged")
    enrolment(client=past, program=past.enrolments.get().program).save()
