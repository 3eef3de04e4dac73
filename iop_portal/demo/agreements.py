"""What the program asks people to sign: Maya has, and Theo has one to read yet."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time

from iop_portal.people.models import Enrolment, Program, User
from therapy.agreements import first_words, publish_version, sign_agreement
from therapy.models import Agreement, Signature


def tell_agreements(program: Program, *, by: User, ago: Callable[[int, time], datetime]) -> None:
    """Everybody has signed what there is, but for the one about groups, which Theo has not read yet."""
    morning = time(9)
    texts = {
        kind: publish_version(
            program, kind, text=first_words(kind), asked_for=True, seen=0, by=by, now=ago(390, morning)
        )
        for kind in Agreement.Kind
    }
    admitted = Enrolment.objects.filter(program=program, state=Enrolment.State.ADMITTED)
    personas = {name: User.objects.get(email=f"{name}@portal.test") for name in ("maya", "theo")}
    for kind, days in ((Agreement.Kind.RULES, 30), (Agreement.Kind.GROUP, 30), (Agreement.Kind.TELEHEALTH, 29)):
        maya = personas["maya"]
        sign_agreement(texts[kind], name=maya.full_name, by=maya, now=ago(days, time(18)))
    for kind in (Agreement.Kind.RULES, Agreement.Kind.TELEHEALTH):
        theo = personas["theo"]
        sign_agreement(texts[kind], name=theo.full_name, by=theo, now=ago(2, time(18)))
    others = admitted.exclude(client__in=personas.values()).select_related("client")
    Signature.objects.bulk_create(
        [
            Signature(agreement=text, client=each.client, signed_name=each.client.full_name, signed_at=ago(1, morning))
            for text in texts.values()
            for each in others
        ]
    )
