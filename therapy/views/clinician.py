"""What clinicians say about themselves."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.people.models import Program
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from therapy.clinicians import change_profile, profile_version
from therapy.forms import OwnWordsForm
from therapy.forms.people import OwnKnownForm
from therapy.models import Clinician
from therapy.specialities import change_known, known_version


@for_roles(Role.CLINICIAN)
def own_words(request: PortalRequest) -> HttpResponse:
    clinician = Clinician.objects.filter(user=request.user).first()
    if clinician is None:
        return render(request, "therapy/not_introduced.html")
    form = OwnWordsForm(request.POST or None, initial={"about": clinician.about, "seen": profile_version(clinician)})
    if form.is_valid():
        words = form.cleaned_data
        try:
            change_profile(clinician, about=words["about"], seen=words["seen"], by=request.user, now=timezone.now())
        except Refused as refusal:
            clinician.refresh_from_db()
            form.refuse_stale(refusal, seen=profile_version(clinician))
        else:
            messages.success(request, _("Saved. This is what clients read now."))
            return redirect("therapy:own_words")
    return render(request, "therapy/own_words.html", {"clinician": clinician, "form": form}, status=form.status)


@for_roles(Role.CLINICIAN)
def own_known(request: PortalRequest) -> HttpResponse:
    """What somebody speaks and knows well, and who they are to clients who ask."""
    clinician = Clinician.objects.filter(user=request.user).first()
    if clinician is None:
        return render(request, "therapy/not_introduced.html")
    programs = list(Program.objects.filter(roles_held__user=request.user, roles_held__role=Role.CLINICIAN))
    form = OwnKnownForm(request.POST or None, clinician=clinician, programs=programs)
    if form.is_valid():
        try:
            change_known(clinician, **form.cleaned_data, programs=programs, by=request.user, now=timezone.now())
        except Refused as refusal:
            clinician.refresh_from_db()
            form.refuse_stale(refusal, seen=known_version(clinician, programs))
        else:
            messages.success(request, _("Saved. Clients find you by it now."))
            return redirect("therapy:person", clinician.pk)
    context = {"clinician": clinician, "form": form}
    return render(request, "therapy/own_known.html", context, status=form.status)
