"""What clients find: ways that can help, who is here, and what is planned for themselves."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.people.roles import Role
from therapy.care_changes import is_unseen, see_changes
from therapy.catalogue import kinds_seen_by, may_book, ways_for
from therapy.clinicians import clinicians_giving, clinicians_seen_by
from therapy.counsellor_requests import enrolment_with
from therapy.criteria import own_care
from therapy.directory import choices_among
from therapy.forms import FindWaysForm
from therapy.forms.people import FindPeopleForm
from therapy.models import Modality, Need

READERS = (Role.CLIENT, Role.APPLICANT, Role.ALUM, Role.CLINICIAN, Role.ADMIN)


@for_roles(*READERS, methods=("GET",))
def ways(request: PortalRequest) -> HttpResponse:
    wanted = FindWaysForm(request.GET).wanted()
    formats, methods = kinds_seen_by(request.user)
    found = list(ways_for(request.user, wanted))
    context = {
        "ways": found,
        "wanted": wanted,
        "needs": Need.choices,
        "finder": FindWaysForm.showing(wanted, formats=formats, methods=methods),
        "several_programs": len({way.program_id for way in found}) > 1,
    }
    return render(request, "therapy/ways.html", context)


@for_roles(*READERS, methods=("GET",))
def way(request: PortalRequest, modality_id: int) -> HttpResponse:
    offered = Modality.objects.visible_to(request.user).select_related("program")
    modality = get_object_or_404(offered, pk=modality_id)
    context = {
        "way": modality,
        "givers": list(clinicians_giving(modality, to=request.user, today=timezone.localdate())),
        "may_book": may_book(request.user, modality),
        "applies": Role.APPLICANT in request.user.roles,
        "left": Role.ALUM in request.user.roles,
    }
    return render(request, "therapy/way.html", context)


@for_roles(*READERS, methods=("GET",))
def people(request: PortalRequest) -> HttpResponse:
    everybody = list(clinicians_seen_by(request.user, today=timezone.localdate()))
    there = choices_among(everybody)
    sought = FindPeopleForm(request.GET, there=there).sought()
    context = {
        "clinicians": [clinician for clinician in everybody if sought.fits(clinician)],
        "sought": sought,
        "in_words": there.in_words(sought),
        "finder": FindPeopleForm.showing(sought, there=there),
        "may_match": bool(request.user.roles & {Role.CLIENT, Role.APPLICANT}),
    }
    return render(request, "therapy/people.html", context)


@for_roles(*READERS, methods=("GET",))
def person(request: PortalRequest, clinician_id: int) -> HttpResponse:
    found = clinicians_seen_by(request.user, today=timezone.localdate())
    clinician = get_object_or_404(found, pk=clinician_id)
    enrolment, yours = enrolment_with(request.user, clinician)
    context = {"clinician": clinician, "enrolment": enrolment, "yours": yours}
    return render(request, "therapy/person.html", context)


@for_roles(Role.CLIENT, Role.APPLICANT, Role.ALUM, methods=("GET",))
def my_care(request: PortalRequest) -> HttpResponse:
    cares = own_care(request.user)
    if request.method != "HEAD" and any(is_unseen(each.episode.care.every) for each in cares):
        see_changes(request.user, now=timezone.now())
    return render(request, "therapy/my_care.html", {"cares": cares})
