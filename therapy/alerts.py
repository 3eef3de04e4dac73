"""Answers that ask people to act at once: who is told, and how it ends.

The primary counsellor and whoever is on call each owe an act from the moment of the answer. It goes on every few
minutes (`followups.escalation`) until somebody of the care has written what was done; that closes both. Nobody of the
family is ever told. An admin to whom it comes sees that there is one and whom it is about, gives it to a clinician, and
reads neither the answer nor what was written.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from iop_portal.accounts.apart import are_apart
from iop_portal.audit import trail
from iop_portal.followups.acting import resolve_follow_ups_about
from iop_portal.followups.escalation import admins_of, care_team_of
from iop_portal.followups.models import FollowUp
from iop_portal.followups.owing import owe_follow_up
from iop_portal.people.models import Program, User
from iop_portal.people.roles import Role
from iop_portal.people.seeing import kept_apart, places_on_care_teams, programs_of
from iop_portal.refusals import Refused
from iop_portal.writes import write
from therapy.instruments import Item
from therapy.models import Alert, Disposition, Sheet
from therapy.oncall import on_call
from therapy.prescribing import policy_of

log = logging.getLogger(__name__)

# Of the primary counsellor, and of who is on call.
KINDS = OF_COUNSELLOR, OF_WHO_IS_ON_CALL = "safety_answer", "safety_answer_on_call"


class SeenToAlready(Refused):
    message = gettext_lazy("Somebody has written down what was done already. Yours was not saved; read theirs first.")


class HeavierMeanwhile(Refused):
    message = gettext_lazy("They have answered anew since you opened this, and it weighs more. Read it, then write.")
    status = 409


class NotYoursToClose(Refused):
    message = gettext_lazy("Who is on the care team or on call writes down what was done.")
    status = 403


class NothingWritten(Refused):
    message = gettext_lazy("Say what was done, and write a sentence about it.")
    constraint = "a_disposition_says_what_was_done"
    status = 400


@write
def raise_alert(sheet: Sheet, item: Item, value: int, *, now: datetime) -> Alert | None:
    """None where the same answer, or a heavier one, was seen to already. The sheet is locked by the caller.

    While one is open a heavier answer stands in it: who opens it reads the worst that was said, and nobody has two.
    """
    # Whoever closes one at the same moment comes before or after, and has not read what comes after.
    known = list(sheet.alerts.filter(item=item.code).select_for_update(of=("self",)))
    waiting = next((alert for alert in known if alert.closed_at is None), None)
    if waiting is not None:
        return _heavier(waiting, value, now=now)
    if any(alert.value >= value for alert in known):
        return None
    alert = Alert.objects.create(sheet=sheet, item=item.code, value=value, raised_at=now)
    trail.record("alert.raised", alert, client=sheet.person, at=now)
    _tell(alert, now=now)
    return alert


def _heavier(alert: Alert, value: int, *, now: datetime) -> Alert:
    if value > alert.value:
        alert.value = value
        alert.save(update_fields=["value"])
        trail.record("alert.heavier", alert, client=alert.client, at=now)
    return alert


def alert_version(alert: Alert) -> str:
    """What somebody had before them who writes down what was done about it."""
    return str(alert.value)


def duty_for(client: User, program: Program, now: datetime) -> User | None:
    """Whoever is on call, unless they are kept apart from this client: then it is as if nobody were."""
    duty = on_call(program, now)
    return None if duty is None or are_apart(duty, client) else duty


def _tell(alert: Alert, *, now: datetime) -> None:
    """Nobody on call: an admin has it as well, since somebody has to be found."""
    program, client = alert.program, alert.client
    within = policy_of(program).alert_goes_on
    counsellor = next(iter(care_team_of(client, program)), None)
    duty = duty_for(client, program, now)
    admin = next(iter(admins_of(program, about=client)), None)
    if not (counsellor or duty or admin):
        log.error("an answer that cannot wait has nobody to come to", extra={"facts": {"alert": alert.pk}})
    for kind, owner, on_duty in (
        (OF_COUNSELLOR, counsellor, False),
        (OF_WHO_IS_ON_CALL, None if duty == counsellor else duty, True),
        (OF_WHO_IS_ON_CALL, None if duty else admin, False),
    ):
        if owner is not None:
            owe_follow_up(
                kind,
                about=alert,
                program=program,
                owner=owner,
                client=client,
                within=within,
                on_duty=on_duty,
                by=None,
                now=now,
            )


# ── Who sees one ──────────────────────────────────────────────────────────────────────────────────────────────


def alerts_open_to(user: User, now: datetime) -> QuerySet[Alert]:
    """The care team, an emergency access, and who has it because they are on duty, or wrote what was done and works
    there still."""
    visible = Alert.objects.visible_to(user, now).values("pk")
    mine = _on_duty(user, now).filter(about_id=OuterRef("pk"))
    written = Q(disposition__by=user, sheet__enrolment__program__in=programs_of(user, Role.CLINICIAN))
    return Alert.objects.filter(Q(pk__in=visible) | Q(Exists(mine)) | written).select_related(
        "sheet__person", "sheet__enrolment__program"
    )


def alerts_administered_by(admin: User) -> QuerySet[Alert]:
    """Those that came to an admin: that there is one, and about whom."""
    mine = (
        FollowUp.objects.open()
        .filter(kind__in=KINDS, about_id=OuterRef("pk"), owner=admin, program__in=programs_of(admin, Role.ADMIN))
        .exclude(kept_apart("owner", "client"))
    )
    return Alert.objects.filter(Exists(mine)).select_related("sheet__person", "sheet__enrolment__program")


def may_close(alert: Alert, by: User, now: datetime) -> bool:
    """On the care team there, or on duty with it. An emergency access reads, and leaves it to those."""
    on_team = places_on_care_teams(by, now).filter(enrolment__client=alert.client, enrolment__program=alert.program)
    return on_team.exists() or _on_duty(by, now).filter(about_id=alert.pk).exists()


def _on_duty(clinician: User, now: datetime) -> QuerySet[FollowUp]:
    """What somebody has because they are on duty where they work still."""
    works_in = programs_of(clinician, Role.CLINICIAN, now)
    mine = FollowUp.objects.open().filter(kind__in=KINDS, owner=clinician, on_duty=True, program__in=works_in)
    return mine.exclude(kept_apart("owner", "client"))


def reached(sheet: Sheet, item: str) -> bool | None:
    """Whether an answer came to somebody who was on call. None where there was none that asks people to act."""
    alert = sheet.alerts.filter(item=item).order_by("-raised_at", "-pk").first()
    return None if alert is None else duty_for(sheet.person, sheet.enrolment.program, alert.raised_at) is not None


def changed_to(alert: Alert, item: Item) -> str:
    """What they chose instead since, in words, where they did."""
    now = alert.sheet.answers.filter(item=item.code).first()
    if now is None or now.value == alert.value:
        return ""
    return _("I prefer not to say") if now.value is None else item.words_of(now.value)


def follow_up_of(alert: Alert, owner: User) -> FollowUp | None:
    return _open_of(alert).filter(owner=owner).select_related("client", "owner", "program").first()


def owners_of(alert: Alert) -> list[User]:
    """With whom it is now."""
    return [each.owner for each in _open_of(alert).select_related("owner").order_by("kind")]


def _open_of(alert: Alert) -> QuerySet[FollowUp]:
    return FollowUp.objects.open().filter(kind__in=KINDS, about_type=Alert._meta.label_lower, about_id=alert.pk)


# ── How it ends ───────────────────────────────────────────────────────────────────────────────────────────────


@write
def close_alert(alert: Alert, *, done: Collection[str], words: str, seen: str, by: User, now: datetime) -> Disposition:
    """In writing, and by nothing else. It settles the act of everybody who owed one. `seen` is the `alert_version`
    that they had before them: an answer that weighs more by now has to be read first.
    """
    held = Alert.objects.select_for_update(of=("self",)).select_related("sheet__person", "sheet__enrolment__program")
    locked = held.get(pk=alert.pk)
    if locked.closed_at is not None:
        raise SeenToAlready
    if not may_close(locked, by, now):
        raise NotYoursToClose
    if alert_version(locked) != seen:
        raise HeavierMeanwhile
    known = [value for value in Disposition.Done.values if value in done]
    if not known or not words.strip():
        raise NothingWritten
    written = Disposition.objects.create(alert=locked, done=known, words=words.strip(), by=by, at=now)
    locked.closed_at = now
    locked.save(update_fields=["closed_at"])
    for kind in KINDS:
        outcome = _("What was done is written down, for the care team.")
        resolve_follow_ups_about(locked, kind=kind, outcome=outcome, by=by, now=now)
    trail.record("alert.closed", locked, client=locked.client, by=by, at=now)
    return written
