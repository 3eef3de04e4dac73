"""Things to practise: what waits, what there is to pick, and how it was."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.people.models import Enrolment
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from therapy import homework
from therapy.care_team import team_of
from therapy.forms.homework import LATER, GiveForm, PickForm, ReflectionForm
from therapy.models import Homework, Skill
from therapy.practices import practices
from therapy.prescribing import enrolments_cared_for
from therapy.sittings import pinned_by, read_shared


@for_roles(Role.CLIENT, Role.ALUM, methods=("GET",))
def practice(request: PortalRequest) -> HttpResponse:
    waiting = homework.waiting_for(request.user)
    ended = homework.practice_of(request.user).exclude(state=Homework.State.OPEN)
    taken = {one.skill_id for one in waiting}
    context = {
        "waiting": waiting,
        "page": Paginator(ended.order_by("-ended_at", "-pk"), homework.SHOWN).get_page(request.GET.get("page")),
        "skills": [skill for skill in Skill.objects.visible_to(request.user) if skill.pk not in taken],
        "pinned": pinned_by(request.user),
    }
    return render(request, "therapy/practice.html", context)


@for_roles(Role.CLIENT, Role.ALUM)
def skill(request: PortalRequest, skill_id: int) -> HttpResponse:
    """How it is done, and taking it on. Who has left may read it and do it."""
    found = get_object_or_404(Skill.objects.visible_to(request.user), pk=skill_id)
    admitted = Enrolment.objects.filter(client=request.user, program=found.program_id, state=Enrolment.State.ADMITTED)
    enrolment = admitted.first()
    form = PickForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            if enrolment is None:
                raise homework.NotInProgram
            due_on, now = form.cleaned_data["due_on"], timezone.now()
            homework.give_homework(enrolment, found, due_on=due_on, by=request.user, now=now)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("It is on your list."))
            return redirect("therapy:practice")
    context = {"skill": found, "form": form, "writes": enrolment is not None}
    return render(request, "therapy/skill.html", context, status=form.status)


@for_roles(Role.CLIENT, Role.ALUM)
def one(request: PortalRequest, homework_id: int) -> HttpResponse:
    """Practised, with a word about it or without, or not this time."""
    held = get_object_or_404(homework.practice_of(request.user), pk=homework_id)
    initial = {"reflection": held.reflection, "shared": "yes" if held.shared else ""}
    form = ReflectionForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        told, now = form.cleaned_data, timezone.now()
        try:
            if LATER in request.POST:
                homework.not_this_time(held, by=request.user, now=now)
            else:
                homework.practised(
                    held, reflection=told["reflection"], shared=bool(told["shared"]), by=request.user, now=now
                )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Said. That is a fair answer.") if LATER in request.POST else _("Saved."))
            return redirect("therapy:practice")
    context = {"homework": held, "form": form, "to_begin": held.practice in practices()}
    return render(request, "therapy/homework.html", context, status=form.status)


@for_roles(Role.CLINICIAN)
def give(request: PortalRequest, enrolment_id: int) -> HttpResponse:
    """Give somebody something to practise, and read what they share of it."""
    mine = enrolments_cared_for(request.user).exclude(client=request.user).select_related("client", "program")
    enrolment = get_object_or_404(mine, pk=enrolment_id)
    form = GiveForm(request.POST or None, things=homework.things_to_give(enrolment.program))
    now = timezone.now()
    if form.is_valid():
        try:
            homework.give_homework(enrolment, **form.cleaned_data, by=request.user, now=now)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Given. It stands on their first page."))
            return redirect("therapy:give_homework", enrolment.pk)
    context = {
        "enrolment": enrolment,
        "form": form,
        "writes": enrolment.state == Enrolment.State.ADMITTED,
        "team": team_of(enrolment),
        "given": homework.read_homework(enrolment, by=request.user, now=now),
        "sittings": read_shared(enrolment.client, by=request.user, now=now),
    }
    return render(request, "therapy/give_homework.html", context, status=form.status)
