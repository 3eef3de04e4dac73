"""Short texts: finding one, reading it, and marking it for oneself."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.people.roles import Role
from therapy import library
from therapy.forms.library import FindTextForm
from therapy.models import LibraryText, Topic

ENROLLED = (Role.CLIENT, Role.APPLICANT, Role.ALUM)


@for_roles(*ENROLLED, Role.CLINICIAN)
def every(request: PortalRequest) -> HttpResponse:
    """All of them, or of one topic. What somebody searches for is sent, and never stands in an address."""
    # Who looks for nothing is shown everything.
    form = FindTextForm(request.POST if request.POST.get("words", "").strip() else None)
    words = form.cleaned_data["words"] if form.is_valid() else ""
    wanted = request.GET.get("topic", "")
    topic = Topic(wanted) if wanted in Topic and not words else None
    found = library.shelf_of(request.user, topic=topic or "", words=words)
    kept = [one for one in found if one.kept] if not (words or topic) else []
    context = {
        "form": form,
        "searched": bool(words),
        "topic": topic,
        "topics": Topic.choices,
        "kept": kept,
        "texts": [one for one in found if one not in kept],
        "own": _marks(request),
    }
    return render(request, "therapy/library.html", context, status=form.status)


@for_roles(*ENROLLED, Role.CLINICIAN, methods=("GET",))
def one(request: PortalRequest, text_id: int) -> HttpResponse:
    text = get_object_or_404(LibraryText.objects.visible_to(request.user), pk=text_id)
    context = {"shelved": library.shelved(request.user, text), "text": text, "own": _marks(request)}
    return render(request, "therapy/library_text.html", context)


@for_roles(*ENROLLED, methods=("POST",))
def mark(request: PortalRequest, text_id: int) -> HttpResponse:
    text = get_object_or_404(LibraryText.objects.visible_to(request.user), pk=text_id)
    buttons = {"keep_it": "kept", "mark_read": "read"}
    said = {mark: request.POST[name] == "1" for name, mark in buttons.items() if name in request.POST}
    library.mark_text(text, **said, by=request.user, now=timezone.now())
    return redirect("therapy:library_text", text.pk)


def _marks(request: PortalRequest) -> bool:
    return bool(request.user.roles & frozenset(ENROLLED))
