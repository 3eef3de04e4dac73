"""Who gives care: titles, credentials, and what each of them leads in a program."""

from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.markup import day_and_year
from iop_portal.office.credentials import (
    clinicians_in,
    in_words,
    left_after_internship,
    left_given_no_more,
    left_without_credential,
)
from iop_portal.office.forms.care import (
    ChangeCredentialForm,
    CredentialForm,
    GivesForm,
    IntroduceForm,
    ProfileForm,
    SupervisionForm,
)
from iop_portal.people.models import Program, User
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from iop_portal.versions import ChangedMeanwhile
from scheduling import credentials
from therapy import clinicians
from therapy.forms.people import KnownForm
from therapy.models import Clinician, Credential
from therapy.specialities import change_known as save_known
from therapy.specialities import known_version


@for_roles(Role.ADMIN, methods=("GET",))
def list_clinicians(request: PortalRequest, program_id: int) -> HttpResponse:
    program = get_object_or_404(Program.objects.run_by(request.user), pk=program_id)
    context = {
        "program": program,
        "profiles": in_words(clinicians_in(program), today=timezone.localdate()),
        "waiting": User.objects.clinicians_of(program).filter(clinician=None),
    }
    return render(request, "office/clinicians.html", context)


@for_roles(Role.ADMIN)
def introduce(request: PortalRequest, program_id: int) -> HttpResponse:
    program = get_object_or_404(Program.objects.run_by(request.user), pk=program_id)
    form = IntroduceForm(request.POST or None, program=program, initial={"user": request.GET.get("who")})
    if form.is_valid():
        wish = form.cleaned_data
        try:
            made = clinicians.introduce_clinician(
                wish["user"], program=program, title=wish["title"], about="", by=request.user, now=timezone.now()
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Clients find them now. Add their credentials next."))
            return redirect("office:clinician", program.pk, made.pk)
    return render(request, "office/introduce.html", {"form": form, "program": program}, status=form.status)


@for_roles(Role.ADMIN, methods=("GET",))
def clinician(request: PortalRequest, program_id: int, clinician_id: int) -> HttpResponse:
    program, found = _clinician(request, program_id, clinician_id)
    now = timezone.now()
    (profile,) = in_words([found], today=timezone.localdate(now))
    context = {
        "program": program,
        "profile": profile,
        "without": left_without_credential(found, program, now=now),
        "after_internship": left_after_internship(found, program, now=now),
        "given_no_more": left_given_no_more(found, program, now=now),
    }
    with timezone.override(ZoneInfo(program.zone)):
        return render(request, "office/clinician.html", context)


@for_roles(Role.ADMIN)
def supervision(request: PortalRequest, program_id: int, clinician_id: int) -> HttpResponse:
    program, found = _clinician(request, program_id, clinician_id)
    form = SupervisionForm(request.POST or None, clinician=found, program=program)
    if form.is_valid():
        try:
            clinicians.set_supervision(found, **form.cleaned_data, by=request.user, now=timezone.now())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Saved. It holds for notes that are signed from now on."))
            return redirect("office:clinician", program.pk, found.pk)
    context = {"form": form, "program": program, "clinician": found}
    return render(request, "office/supervision.html", context, status=form.status)


@for_roles(Role.ADMIN)
def change_profile(request: PortalRequest, program_id: int, clinician_id: int) -> HttpResponse:
    program, found = _clinician(request, program_id, clinician_id)
    form = ProfileForm(request.POST or None, instance=found)
    if form.is_valid():
        wish = form.cleaned_data
        try:
            clinicians.change_profile(found, **wish, by=request.user, now=timezone.now())
        except ChangedMeanwhile as refusal:
            found.refresh_from_db()
            form.show_both(refusal, found)
        else:
            messages.success(request, _("Saved."))
            return redirect("office:clinician", program.pk, found.pk)
    context = {"form": form, "program": program, "clinician": found}
    return render(request, "office/change_profile.html", context, status=form.status)


@for_roles(Role.ADMIN)
def change_gives(request: PortalRequest, program_id: int, clinician_id: int) -> HttpResponse:
    program, found = _clinician(request, program_id, clinician_id)
    form = GivesForm(request.POST or None, clinician=found, program=program)
    if form.is_valid():
        wish = form.cleaned_data
        try:
            clinicians.change_what_is_given(
                found, wish["modalities"], program=program, seen=wish["seen"], by=request.user, now=timezone.now()
            )
        except Refused as refusal:
            form.refuse_stale(refusal, seen=clinicians.gives_version(found, program))
        else:
            messages.success(request, _("Saved."))
            return redirect("office:clinician", program.pk, found.pk)
    context = {"form": form, "program": program, "clinician": found}
    return render(request, "office/change_gives.html", context, status=form.status)


@for_roles(Role.ADMIN)
def change_known(request: PortalRequest, program_id: int, clinician_id: int) -> HttpResponse:
    program, found = _clinician(request, program_id, clinician_id)
    form = KnownForm(request.POST or None, clinician=found, programs=[program])
    if form.is_valid():
        try:
            save_known(found, **form.cleaned_data, programs=[program], by=request.user, now=timezone.now())
        except Refused as refusal:
            found.refresh_from_db()
            form.refuse_stale(refusal, seen=known_version(found, [program]))
        else:
            messages.success(request, _("Saved."))
            return redirect("office:clinician", program.pk, found.pk)
    context = {"form": form, "program": program, "clinician": found}
    return render(request, "office/change_known.html", context, status=form.status)


@for_roles(Role.ADMIN)
def add_credential(request: PortalRequest, program_id: int, clinician_id: int) -> HttpResponse:
    program, found = _clinician(request, program_id, clinician_id)
    form = CredentialForm(request.POST or None)
    if form.is_valid():
        try:
            clinicians.add_credential(found, form.credential(), by=request.user, now=timezone.now())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The credential is on the list."))
            return redirect("office:clinician", program.pk, found.pk)
    context = {"form": form, "program": program, "clinician": found}
    return render(request, "office/add_credential.html", context, status=form.status)


@for_roles(Role.ADMIN)
def change_credential(request: PortalRequest, program_id: int, credential_id: int) -> HttpResponse:
    program, credential = _credential(request, program_id, credential_id)
    form = ChangeCredentialForm(request.POST or None, instance=credential)
    if form.is_valid():
        typed = {name: form.cleaned_data[name] for name in ("seen", "sure")}
        try:
            credentials.change_credential(credential, form.credential(), **typed, by=request.user, now=timezone.now())
        except ChangedMeanwhile as refusal:
            credential.refresh_from_db()
            form.show_both(refusal, credential)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Saved."))
            return redirect("office:clinician", program.pk, credential.clinician_id)
    context = {"form": form, "program": program, "credential": credential}
    return render(request, "office/change_credential.html", context, status=form.status)


@for_roles(Role.ADMIN)
def end_credential(request: PortalRequest, program_id: int, credential_id: int) -> HttpResponse:
    program, credential = _credential(request, program_id, credential_id)
    now = timezone.now()
    if credential.expires_on <= clinicians.ended_on(credential, now=now):
        over = _("The credential ended on %(day)s already.") % {"day": day_and_year(credential.expires_on)}
        messages.info(request, over)
        return redirect("office:clinician", program.pk, credential.clinician_id)
    if request.method != "POST":
        left = credentials.would_be_left(credential, clinicians.ended_on(credential, now=now), now=now)
        context = {"program": program, "credential": credential, "left": left}
        return render(request, "office/end_credential.html", context)
    clinicians.end_credential(credential, by=request.user, now=now)
    messages.success(request, _("The credential ended yesterday."))
    return redirect("office:clinician", program.pk, credential.clinician_id)


def _clinician(request: PortalRequest, program_id: int, clinician_id: int) -> tuple[Program, Clinician]:
    program = get_object_or_404(Program.objects.run_by(request.user), pk=program_id)
    return program, get_object_or_404(clinicians_in(program), pk=clinician_id)


def _credential(request: PortalRequest, program_id: int, credential_id: int) -> tuple[Program, Credential]:
    program = get_object_or_404(Program.objects.run_by(request.user), pk=program_id)
    there = Credential.objects.filter(clinician__in=clinicians_in(program)).select_related("clinician__user")
    return program, get_object_or_404(there, pk=credential_id)
