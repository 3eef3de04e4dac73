"""Messages between a client and their care team: each side's list, one conversation, and writing."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from iop_portal.audit import trail
from iop_portal.doors import PortalRequest, for_roles
from iop_portal.people.models import Program, User
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from therapy import conversations
from therapy.drafts import draft_of, save_draft
from therapy.forms.messages import AssignForm, BeginForm, MessageForm
from therapy.models import Thread
from therapy.prescribing import policy_of

ENROLLED = (Role.CLIENT, Role.APPLICANT, Role.ALUM)
LISTED, SHOWN = 20, 30
SHOWS = (
    ("", gettext_lazy("All")),
    ("mine", gettext_lazy("Given to me")),
    ("unassigned", gettext_lazy("Given to nobody")),
)


@for_roles(*ENROLLED, methods=("GET",))
def own(request: PortalRequest) -> HttpResponse:
    programs = conversations.programs_to_write_to(request.user)
    page = Paginator(conversations.own_threads(request.user), LISTED).get_page(request.GET.get("page"))
    context = {"page": page, "threads": list(page), "unread": conversations.unread_by(request.user)}
    return render(request, "therapy/messages.html", context | _promise(programs, request.user))


@for_roles(Role.CLINICIAN, methods=("GET",))
def inbox(request: PortalRequest) -> HttpResponse:
    show = request.GET.get("show", "")
    threads = conversations.threads_for(request.user, show=show)
    page = Paginator(threads, LISTED).get_page(request.GET.get("page"))
    found, now = list(page), timezone.now()
    trail.record("conversation.listed", by=request.user, at=now, facts={"count": len(found)})
    context = {
        "page": page,
        "threads": found,
        "unread": conversations.unread_by(request.user),
        "show": show if show in dict(SHOWS) else "",
        "shows": SHOWS,
    }
    return render(request, "therapy/inbox.html", context)


@for_roles(*ENROLLED)
def begin(request: PortalRequest) -> HttpResponse:
    programs = conversations.programs_to_write_to(request.user)
    if not programs:
        return render(request, "therapy/write.html", _promise(programs, request.user))
    return _begin(request, request.user, programs)


@for_roles(Role.CLINICIAN)
def begin_with(request: PortalRequest, client_id: int) -> HttpResponse:
    """From a client's page, by somebody of their care team."""
    client = get_object_or_404(User.objects.caseload_of(request.user).exclude(pk=request.user.pk), pk=client_id)
    return _begin(request, client, conversations.programs_shared_with(request.user, client))


@for_roles(*ENROLLED, Role.CLINICIAN)
def thread(request: PortalRequest, thread_id: int) -> HttpResponse:
    found = _thread(request, thread_id)
    now, keeping = timezone.now(), "keep" in request.POST
    draft = draft_of(request.user, client=found.client, thread=found)
    form = MessageForm(request.POST or None, keeping=keeping, initial={"text": draft.text if draft else ""})
    if form.is_valid():
        said = form.cleaned_data
        if keeping:
            save_draft(request.user, client=found.client, thread=found, text=said["text"], once=said["once"], now=now)
            return _kept(request, reverse("therapy:thread", args=[found.pk]))
        try:
            conversations.write_message(found, text=said["text"], once=said["once"], by=request.user, now=now)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Sent."))
            return redirect("therapy:thread", found.pk)
    page = Paginator(conversations.messages_in(found), SHOWN).get_page(request.GET.get("page"))
    shown = list(page)
    if request.method != "HEAD":
        # Whoever asks for the head alone has no message before them.
        conversations.open_thread(found, shown, by=request.user, now=now)
    lines = conversations.in_lines(reversed(shown), reader=request.user, now=now)
    context = {"form": form, "page": page, "lines": lines, "draft": draft, **_around(request, found)}
    return render(request, "therapy/thread.html", context, status=form.status)


@for_roles(Role.CLINICIAN, methods=("POST",))
def assign(request: PortalRequest, thread_id: int) -> HttpResponse:
    found = get_object_or_404(Thread.objects.kept_by_team(request.user).select_related("client"), pk=thread_id)
    form = AssignForm(request.POST, team=conversations.colleagues_in(found))
    try:
        if not form.is_valid():
            raise conversations.NotOnTheTeam
        to = form.cleaned_data["to"]
        conversations.assign_thread(found, to=to, by=request.user, now=timezone.now())
    except Refused as refusal:
        messages.warning(request, str(refusal))
    else:
        seen_to = _("%(name)s sees to it now.") % {"name": to.full_name} if to else _("The whole care team sees to it.")
        messages.success(request, seen_to)
    return redirect("therapy:thread", found.pk)


@for_roles(Role.CLINICIAN, methods=("POST",))
def close(request: PortalRequest, thread_id: int) -> HttpResponse:
    found = get_object_or_404(Thread.objects.kept_by_team(request.user), pk=thread_id)
    try:
        conversations.close_thread(found, by=request.user, now=timezone.now())
    except Refused as refusal:
        messages.info(request, str(refusal))
    else:
        messages.success(request, _("Closed. The next message opens it again."))
    return redirect("therapy:thread", found.pk)


def _begin(request: PortalRequest, client: User, programs: list[Program]) -> HttpResponse:
    now, keeping = timezone.now(), "keep" in request.POST
    draft = draft_of(request.user, client=client)
    initial = {"subject": draft.subject, "text": draft.text} if draft else {}
    form = BeginForm(request.POST or None, keeping=keeping, initial=initial, programs=programs)
    if form.is_valid():
        said = form.cleaned_data
        if keeping:
            words = {"subject": said["subject"], "text": said["text"]}
            save_draft(request.user, client=client, **words, once=said["once"], now=now)
            return _kept(request, request.path)
        try:
            made = conversations.begin_thread(
                client,
                program=said.get("program") or programs[0],
                subject=said["subject"],
                text=said["text"],
                once=said["once"],
                by=request.user,
                now=now,
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Sent."))
            return redirect("therapy:thread", made.pk)
    context = {"form": form, "client": client, "own": client == request.user, "draft": draft}
    return render(request, "therapy/write.html", context | _promise(programs, client), status=form.status)


def _thread(request: PortalRequest, thread_id: int) -> Thread:
    found = Thread.objects.visible_to(request.user).with_seen_to_by()
    return get_object_or_404(found.select_related("client", "program", "assigned_to", "closed_by"), pk=thread_id)


def _around(request: PortalRequest, found: Thread) -> dict[str, Any]:
    own = found.client_id == request.user.pk
    team = [] if own else conversations.colleagues_in(found)
    given = found.assigned_to if found.held else None  # type: ignore[attr-defined]
    return {
        "thread": found,
        "own": own,
        "given": given,
        "may_write": conversations.may_write(found, request.user),
        "assign": AssignForm(team=team, initial={"to": given}) if team else None,
        **_promise([found.program], found.client),
    }


def _promise(programs: list[Program], client: User) -> dict[str, Any]:
    """In which time there is an answer, and whom to call before that; of the first where there are several."""
    program = programs[0] if programs else Program.objects.filter(enrolments__client=client).first()
    within = conversations.answered_within(policy_of(program)) if program else ""
    return {"within": within, "program": program, "reads": bool(programs)}


def _kept(request: PortalRequest, back: str) -> HttpResponse:
    """A page that keeps by itself what is typed hears nothing more."""
    if request.headers.get("X-Portal-Poll") == "1":
        return HttpResponse(status=204)
    messages.success(request, _("Kept. Nobody reads it until you send it."))
    return redirect(back)
