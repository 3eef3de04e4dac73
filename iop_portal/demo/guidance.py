"""Whom people of the story look for: Theo has said what matters to him, and somebody would like another counsellor."""

from __future__ import annotations

from iop_portal.demo.background import Ago
from iop_portal.people.models import Enrolment, Program
from scheduling.matching import save_preferences
from scheduling.suiting import Preferences
from therapy.counsellor_requests import ask_for_counsellor
from therapy.models import Language, PartOfDay, Speciality


def tell_guidance(program: Program, *, ago: Ago) -> None:
    theo = _enrolment(program, "theo@portal.test")
    known = Speciality.objects.filter(program=program, name__in=("Sleep", "Work and money"))
    wish = Preferences(
        specialities=frozenset(known.values_list("pk", flat=True)),
        language=Language.SPANISH,
        parts=frozenset({PartOfDay.AFTERNOON, PartOfDay.EVENING}),
    )
    save_preferences(theo, wish, by=theo.client, now=ago(1))
    kayla = _enrolment(program, "kayla.brooks@portal.test")
    words = "I would find it easier to speak with a woman. He has done nothing wrong."
    ask_for_counsellor(kayla, wanted=None, words=words, by=kayla.client, now=ago(1))


def _enrolment(program: Program, email: str) -> Enrolment:
    found: Enrolment = Enrolment.objects.live().select_related("client").get(program=program, client__email=email)
    return found
