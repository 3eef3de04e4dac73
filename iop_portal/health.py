"""Whether the portal lives and whether it can serve. Open to everybody, so it tells of nobody.

/livez touches nothing: a process that answers is alive. /readyz looks at what serving needs, and says how late
messages are; it answers 503 when a balancer should send people elsewhere, or somebody should be woken.
"""

from datetime import datetime, timedelta
from functools import cache

from django.contrib.auth.decorators import login_not_required
from django.db import Error, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from iop_portal.followups.escalation import WATCH, stands_still
from iop_portal.followups.models import Heartbeat
from iop_portal.notices import outbox

ESCALATION_SILENCE = timedelta(minutes=5)


@login_not_required
@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    return HttpResponse("alive\n", content_type="text/plain")


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    now = timezone.now()
    try:
        words = {"database": "ok", "migrations": migrations(), "escalation": escalation(now=now)}
        lag = outbox_lag(now=now)
    except Error:
        words, lag = {"database": "away"}, None
    ready = set(words.values()) == {"ok"}
    return JsonResponse({"ready": ready, **words, "outbox_lag_seconds": lag}, status=200 if ready else 503)


def migrations() -> str:
    applied = MigrationRecorder(connection).applied_migrations().keys()
    return "ok" if newest_migrations() <= applied else "waiting"


@cache
def newest_migrations() -> frozenset[tuple[str, str]]:
    """As this process's code has them; reading them from disk at every call would invite a flood."""
    return frozenset(MigrationLoader(None).graph.leaf_nodes())


def escalation(*, now: datetime) -> str:
    """Whether the watch over follow-ups runs, and moves what cannot wait."""
    beat = Heartbeat.objects.filter(name=WATCH).first()
    if beat is None:
        return "never ran"
    if now - beat.at > ESCALATION_SILENCE:
        return "silent"
    return "standing still" if stands_still(now=now, since=ESCALATION_SILENCE) else "ok"


def outbox_lag(*, now: datetime) -> int:
    """Whole seconds for which the oldest message that should have gone out has been waiting."""
    return int(outbox.longest_wait(now=now).total_seconds())
