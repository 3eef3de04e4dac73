"""Agreements: texts that a program asks for, and their signing. A new version is owed anew."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, QuerySet
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from iop_portal.audit import trail
from iop_portal.consents.consenting import NotYourName, is_name_of
from iop_portal.people.models import Enrolment, Program, User
from iop_portal.refusals import Refused
from iop_portal.versions import ChangedMeanwhile
from iop_portal.writes import write
from therapy.models import Agreement, Signature
from therapy.models.agreements import AgreementQuerySet

FIRST_WORDS = {kind: f"therapy/texts/{kind}_1.txt" for kind in Agreement.Kind}


class NewerText(Refused):
    message = _("There is a newer text by now. Please read that one, then sign.")
    constraint = "the_newest_version_is_signed"


class NotInTheProgram(Refused):
    message = _("You are not in this program, so there is nothing to sign.")
    constraint = "agreements_are_signed_by_who_is_there"


class SignedAlready(Refused):
    message = _("You have signed this already.")
    constraint = "an_agreement_is_signed_once"


class SaysNothing(Refused):
    message = _("Write the text that people sign.")
    constraint = "an_agreement_says_something"
    status = 400


class NothingNew(Refused):
    message = _(
        "This is what version %(version)s says already. Change something first: everybody would be asked again."
    )
    status = 400


class SignFirst(Refused):
    message = _("Please read and sign the agreement about meeting by video first.")


# ── Clients ───────────────────────────────────────────────────────────────────────────────────────────────────


def owed_by(client: User, *, program: Program | None = None) -> AgreementQuerySet:
    """What waits to be read and signed. One query."""
    owed = Agreement.objects.owed_by(client)
    return owed if program is None else owed.filter(program=program)


def signed_by(client: User) -> QuerySet[Signature]:
    """All of it, the newest first."""
    return Signature.objects.filter(client=client).select_related("agreement__program")


def signature_under(agreement: Agreement, client: User) -> Signature | None:
    return Signature.objects.filter(agreement=agreement, client=client).first()


@write
def sign_agreement(agreement: Agreement, *, name: str, by: User, now: datetime) -> Signature:
    """By their name, typed as it stands in their account. Nobody signs for somebody else."""
    client = User.objects.lock_no_key(by.pk)
    if not is_name_of(client, name):
        raise NotYourName(name=client.full_name)
    if Signature.objects.filter(agreement=agreement, client=client).exists():
        raise SignedAlready
    signature = Signature.objects.create(agreement=agreement, client=client, signed_name=name.strip(), signed_at=now)
    trail.record("agreement.signed", signature, client=client, by=by, at=now, facts={"kind": agreement.kind})
    return signature


# ── The office ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Text:
    """A kind of agreement in a program: the version that holds, how many signed it and how many are still to."""

    kind: Agreement.Kind
    held: Agreement | None
    signed: int = 0
    owing: int = 0


def texts_of(program: Program) -> list[Text]:
    held = {one.kind: one for one in Agreement.objects.newest().filter(program=program).annotate(n=Count("signatures"))}
    found = []
    for kind in Agreement.Kind:
        one = held.get(kind)
        if one is None:
            found.append(Text(kind, None))
        else:
            owing = still_to_sign(one).count() if one.asked_for else 0
            found.append(Text(kind, one, one.n, owing))  # type: ignore[attr-defined]
    return found


def signatures_under(agreement: Agreement) -> QuerySet[Signature]:
    return agreement.signatures.select_related("client").order_by("client__preferred_name", "client__surname", "pk")


def still_to_sign(agreement: Agreement) -> QuerySet[User]:
    """Who is admitted where it holds, and has not signed this version."""
    signed = Signature.objects.filter(agreement=agreement, client=OuterRef("pk"))
    there = Enrolment.objects.filter(
        client=OuterRef("pk"), program=agreement.program_id, state=Enrolment.State.ADMITTED
    )
    found: QuerySet[User] = User.objects.filter(Exists(there), ~Exists(signed))
    return found


def without_signature(program: Program, kind: Agreement.Kind, people: Iterable[int]) -> set[int]:
    """Of these people, those in care who are asked for it and have not signed: their keys. Two queries at most."""
    held = held_version(program, kind)
    if held is None or not held.asked_for:
        return set()
    return set(still_to_sign(held).filter(pk__in=list(people)).values_list("pk", flat=True))


def held_version(program: Program, kind: Agreement.Kind) -> Agreement | None:
    return Agreement.objects.newest().filter(program=program, kind=kind).first()


def first_words(kind: Agreement.Kind) -> str:
    """What a program may begin with, to be made its own."""
    return render_to_string(FIRST_WORDS[kind]).strip()


@write
def publish_version(
    program: Program, kind: Agreement.Kind, *, text: str, asked_for: bool, seen: int, by: User, now: datetime
) -> Agreement:
    """From now on this is the text. `seen` is the version that the admin had before them, 0 for none."""
    Program.objects.select_for_update(no_key=True).get(pk=program.pk)
    held = held_version(program, kind)
    if (held.version if held else 0) != seen:
        raise ChangedMeanwhile
    if not text.strip():
        raise SaysNothing
    if held and (held.text, held.asked_for) == (text.strip(), asked_for):
        raise NothingNew(version=held.version)
    made = Agreement.objects.create(
        program=program,
        kind=kind,
        version=seen + 1,
        text=text.strip(),
        asked_for=asked_for,
        published_at=now,
        published_by=by,
    )
    trail.record("agreement.published", made, by=by, at=now, facts={"kind": kind.value})
    return made
