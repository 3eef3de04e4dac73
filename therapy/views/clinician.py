"""What clinicians write about themselves."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from therapy.clinicians import change_profile, profile_version
from therapy.forms import OwnWordsForm
from therapy.models import Clinician


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
