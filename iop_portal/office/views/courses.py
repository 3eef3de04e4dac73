"""The courses that a program holds."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.office.forms.courses import CourseForm
from iop_portal.people.models import Program
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from iop_portal.versions import ChangedMeanwhile
from scheduling import courses
from scheduling.models import Course
from scheduling.telling import in_words


@for_roles(Role.ADMIN, methods=("GET",))
def list_courses(request: PortalRequest, program_id: int) -> HttpResponse:
    program = get_object_or_404(Program.objects.run_by(request.user), pk=program_id)
    return render(request, "office/courses.html", {"program": program, "lines": courses.lines_of(program)})


@for_roles(Role.ADMIN)
def add_course(request: PortalRequest, program_id: int) -> HttpResponse:
    program, now = get_object_or_404(Program.objects.run_by(request.user), pk=program_id), timezone.now()
    form = CourseForm(request.POST or None, program=program, now=now)
    if form.is_valid():
        try:
            courses.add_course(program, form.details(), form.parts(), by=request.user, now=now)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("It stands among the courses. People can join it now."))
            return redirect("office:courses", program.pk)
    return render(request, "office/change_course.html", {"form": form, "program": program}, status=form.status)


@for_roles(Role.ADMIN)
def change_course(request: PortalRequest, course_id: int) -> HttpResponse:
    course, now = _course(request, course_id), timezone.now()
    form = CourseForm(request.POST or None, program=course.program, course=course, now=now)
    if form.is_valid():
        seen = form.cleaned_data["seen"]
        try:
            courses.change_course(course, form.details(), form.parts(), seen=seen, by=request.user, now=now)
        except ChangedMeanwhile as refusal:
            course.refresh_from_db()
            form.refuse_stale(refusal, seen=courses.course_version(course))
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Saved."))
            return redirect("office:courses", course.program_id)
    context = {"form": form, "program": course.program, "course": course, "stands": _stands(form, course)}
    return render(request, "office/change_course.html", context, status=form.status)


@for_roles(Role.ADMIN)
def end_course(request: PortalRequest, course_id: int) -> HttpResponse:
    """Asks once."""
    course = _course(request, course_id)
    if request.method == "POST":
        try:
            courses.end_course(course, by=request.user, now=timezone.now())
        except Refused as refusal:
            messages.info(request, str(refusal))
        else:
            messages.success(request, _("Nobody can join it any more. Its sessions are held as they stand."))
        return redirect("office:courses", course.program_id)
    return render(request, "office/end_course.html", {"course": course})


@for_roles(Role.ADMIN, methods=("POST",))
def open_again(request: PortalRequest, course_id: int) -> HttpResponse:
    course = _course(request, course_id)
    courses.open_course_again(course, by=request.user, now=timezone.now())
    messages.success(request, _("People can join it again."))
    return redirect("office:courses", course.program_id)


def _course(request: PortalRequest, course_id: int) -> Course:
    return get_object_or_404(Course.objects.run_by(request.user).select_related("program"), pk=course_id)


def _stands(form: CourseForm, course: Course) -> str:
    """What stands there now, where somebody else was faster."""
    if form.refused_with != ChangedMeanwhile.status or "seen" not in form.data:
        return ""
    told = [str(getattr(course, name)) for name in courses.DETAILS]
    return "\n".join([*told, *map(in_words, course.series.select_related("modality"))])
