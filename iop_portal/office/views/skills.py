"""The skills that a program teaches."""

from __future__ import annotations

from dataclasses import asdict

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.office.forms.skills import SkillForm
from iop_portal.office.views.own_lists import OwnList
from iop_portal.people.models import Program
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from iop_portal.versions import ChangedMeanwhile
from therapy import skills
from therapy.models import Skill
from therapy.skills import DETAILS, skill_version

SKILLS = OwnList("skills", "skill", skills.offer_standard_skills, skills.set_skill_in_use)


@for_roles(Role.ADMIN, methods=("GET",))
def list_skills(request: PortalRequest, program_id: int) -> HttpResponse:
    program = get_object_or_404(Program.objects.run_by(request.user), pk=program_id)
    found = program.skills.order_by("-in_use", "name")
    return SKILLS.show(request, program, found)


@for_roles(Role.ADMIN, methods=("POST",))
def offer_standard(request: PortalRequest, program_id: int) -> HttpResponse:
    return SKILLS.add_standard(request, program_id)


@for_roles(Role.ADMIN)
def add_skill(request: PortalRequest, program_id: int) -> HttpResponse:
    program = get_object_or_404(Program.objects.run_by(request.user), pk=program_id)
    form = SkillForm(request.POST or None)
    if form.is_valid():
        try:
            skills.add_skill(program, form.details(), by=request.user, now=timezone.now())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("It is on the list."))
            return redirect("office:skills", program.pk)
    return render(request, "office/change_skill.html", {"form": form, "program": program}, status=form.status)


@for_roles(Role.ADMIN)
def change_skill(request: PortalRequest, skill_id: int) -> HttpResponse:
    skill = get_object_or_404(Skill.objects.run_by(request.user).select_related("program"), pk=skill_id)
    start = {name: getattr(skill, name) for name in DETAILS}
    form = SkillForm(request.POST or None, initial={**start, "seen": skill_version(skill)})
    if form.is_valid():
        seen = form.cleaned_data["seen"]
        try:
            skills.change_skill(skill, form.details(), seen=seen, by=request.user, now=timezone.now())
        except ChangedMeanwhile as refusal:
            skill.refresh_from_db()
            form.refuse_stale(refusal, seen=skill_version(skill))
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Saved."))
            return redirect("office:skills", skill.program_id)
    context = {"form": form, "program": skill.program, "skill": skill, "stands": _stands(form, skill)}
    return render(request, "office/change_skill.html", context, status=form.status)


def _stands(form: SkillForm, skill: Skill) -> str:
    """What stands there now, where somebody else was faster."""
    stale = form.refused_with == ChangedMeanwhile.status
    told = [f"{value}" for value in asdict(skills.details_of(skill)).values()]
    return "\n".join(told) if stale else ""


@for_roles(Role.ADMIN, methods=("POST",))
def set_in_use(request: PortalRequest, skill_id: int) -> HttpResponse:
    """Takes it out of use, or puts it back."""
    skill = get_object_or_404(Skill.objects.run_by(request.user), pk=skill_id)
    return SKILLS.put_in_use(request, skill)
