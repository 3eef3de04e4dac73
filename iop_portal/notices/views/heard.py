"""What a provider of texts hears from phones. It is signed, and knows no session."""

from __future__ import annotations

import json

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_variables

from iop_portal.doors import for_anybody
from iop_portal.notices import texting
from iop_portal.notices.hearing import is_genuine


@csrf_exempt
@sensitive_variables()
@for_anybody("POST")
def heard(request: HttpRequest) -> HttpResponse:
    """Answers alike whatever came of it: a provider learns nothing of who is here."""
    now = timezone.now()
    at, signature = request.headers.get("X-Portal-Time", ""), request.headers.get("X-Portal-Signature", "")
    if not is_genuine(at=at, signature=signature, body=request.body, now=now):
        raise Http404
    try:
        said = json.loads(request.body)
        number, words = str(said["from"]), str(said["text"])
    except (ValueError, TypeError, KeyError):
        return HttpResponse(status=400)
    texting.hear(number, words, now=now)
    return HttpResponse(status=204)
