"""Notes: as clients read them, as clinicians write, sign and amend them; and what a clinician keeps for themself."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.audit import trail
from iop_portal.doors import PortalRequest, for_roles
from iop_portal.people.models import User
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from therapy import counselling, notes
from therapy.care_team import team_around
from therapy.conversations import programs_shared_with
from therapy.forms.notes import AmendForm, CounsellingForm, NoteForm
from therapy.models import CounsellingNote, Note
from therapy.models.notes import NoteQuerySet

ENROLLED = (Role.CLIENT, Role.APPLICANT, Role.ALUM)
LISTED = 20


@for_roles(*ENROLLED, methods=("GET",))
def own(request: PortalRequest) -> HttpResponse:
    page = Paginator(notes.own_notes(request.user), LISTED).get_page(request.GET.get("page"))
    return render(request, "therapy/notes.html", {"page": page, "notes": list(page), "own": True})


@for_roles(Role.CLINICIAN, methods=("GET",))
def of_client(request: PortalRequest, client_id: int) -> HttpResponse:
    now = timezone.now()
    client = get_object_or_404(User.objects.open_to(request.user, now).exclude(pk=request.user.pk), pk=client_id)
    page = Paginator(notes.notes_about(client, reader=request.user, now=now), LISTED).get_page(request.GET.get("page"))
    found = list(page)
    trail.record("note.listed", client=client, by=request.user, at=now, facts={"count": len(found)})
    on_team = User.objects.caseload_of(request.user).filter(pk=client.pk).exists()
    context = {"page": page, "notes": found, "client": client, "own": False, "on_team": on_team}
    context["team"] = team_around(client, reader=request.user)
    return render(request, "therapy/notes.html", context)


@for_roles(*ENROLLED, Role.CLINICIAN)
def note(request: PortalRequest, note_id: int) -> HttpResponse:
    """One note, with what was added to it; whoever may adds more here."""
    shown, now = get_object_or_404(_notes(request), pk=note_id), timezone.now()
    if not shown.is_signed:
        return redirect("therapy:write_note", shown.pk)
    form = AmendForm(request.POST or None)
    if form.is_valid():
        try:
            notes.amend_note(shown, text=form.cleaned_data["text"], by=request.user, now=now)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Added, with your name and the time."))
            return redirect("therapy:note", shown.pk)
    notes.read_note(shown, by=request.user, now=now)
    context = {
        "note": shown,
        "own": shown.client_id == request.user.pk,
        "amendments": notes.amendments_of(shown),
        "form": form if notes.may_amend(shown, request.user) or form.errors else None,
        "cosigns": shown.waits_for_co_signature and shown.supervisor_id == request.user.pk,
        "in_record": User.objects.open_to(request.user, now).filter(pk=shown.client_id).exists(),
    }
    return render(request, "therapy/note.html", context, status=form.status)


@for_roles(Role.CLINICIAN)
def write(request: PortalRequest, draft_note_id: int) -> HttpResponse:
    mine = Note.objects.unsigned_by(request.user).select_related("client", "modality", "program")
    held, now = get_object_or_404(mine, pk=draft_note_id), timezone.now()
    keeping = "keep" in request.POST
    form = NoteForm(request.POST or None, keeping=keeping, initial={"text": held.text})
    if form.is_valid():
        text = form.cleaned_data["text"]
        try:
            if keeping:
                notes.save_note(held, text=text, by=request.user, now=now)
            else:
                notes.sign_note(held, text=text, by=request.user, now=now)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            if request.headers.get("X-Portal-Poll") == "1":
                return HttpResponse(status=204)
            said = _("Kept. It waits among what needs you until it is signed.") if keeping else _("Signed.")
            messages.success(request, said)
            return redirect("therapy:client_notes", held.client_id) if keeping else redirect("therapy:note", held.pk)
    context = {"form": form, "note": held, "intern": notes.is_intern(request.user)}
    return render(request, "therapy/write_note.html", context, status=form.status)


@for_roles(Role.CLINICIAN, methods=("POST",))
def begin(request: PortalRequest, client_id: int) -> HttpResponse:
    """About no session: a call, a letter, a talk at the door."""
    client = get_object_or_404(User.objects.caseload_of(request.user).exclude(pk=request.user.pk), pk=client_id)
    program = programs_shared_with(request.user, client)[0]
    try:
        made = notes.begin_note(client, program, by=request.user, now=timezone.now())
    except Refused as refusal:
        messages.warning(request, str(refusal))
        return redirect("home:client", client.pk)
    return redirect("therapy:write_note", made.pk)


@for_roles(Role.CLINICIAN, methods=("POST",))
def discard(request: PortalRequest, draft_note_id: int) -> HttpResponse:
    held = get_object_or_404(Note.objects.unsigned_by(request.user), pk=draft_note_id)
    notes.discard_note(held, by=request.user, now=timezone.now())
    messages.success(request, _("Thrown away. It was never part of the record."))
    return redirect("home:caseload")


@for_roles(Role.CLINICIAN, methods=("POST",))
def cosign(request: PortalRequest, note_id: int) -> HttpResponse:
    shown = get_object_or_404(_notes(request).exclude(client=request.user), pk=note_id)
    try:
        notes.cosign_note(shown, by=request.user, now=timezone.now())
    except Refused as refusal:
        messages.info(request, str(refusal))
    else:
        messages.success(request, _("Signed, beside the name of your intern."))
    return redirect("therapy:note", shown.pk)


@for_roles(Role.CLINICIAN)
def counselling_notes(request: PortalRequest, client_id: int) -> HttpResponse:
    """A clinician's own, about one client of theirs. Nobody else has a page that shows them."""
    client = get_object_or_404(User.objects.caseload_of(request.user).exclude(pk=request.user.pk), pk=client_id)
    now = timezone.now()
    form = CounsellingForm(request.POST or None)
    if form.is_valid():
        mine = CounsellingNote.objects.visible_to(request.user, now).filter(client=client)
        wanted = form.cleaned_data["amends"]
        amends = get_object_or_404(mine, pk=wanted) if wanted else None
        program = amends.program if amends else programs_shared_with(request.user, client)[0]
        try:
            counselling.write_counselling_note(
                client, program, text=form.cleaned_data["text"], amends=amends, by=request.user, now=now
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Kept, for you alone."))
            return redirect("therapy:counselling", client.pk)
    written = counselling.notes_of(request.user, client, now=now)
    context = {"client": client, "form": form, "notes": written}
    return render(request, "therapy/counselling.html", context, status=form.status)


def _notes(request: PortalRequest) -> NoteQuerySet:
    found = Note.objects.visible_to(request.user)
    return found.select_related("client", "program", "author", "supervisor", "modality")
