"""Who may know what: the permissions of a client, what was told, and taking one back."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.audit import trail
from iop_portal.consents import statements
from iop_portal.consents.models import Consent
from iop_portal.doors import PortalRequest, for_roles
from iop_portal.home import permissions
from iop_portal.people.roles import Role


@for_roles(Role.CLIENT, Role.APPLICANT, Role.ALUM, methods=("GET",))
def permitted(request: PortalRequest) -> HttpResponse:
    now = timezone.now()
    own = Consent.objects.filter(client=request.user).select_related("revocation")
    return render(
        request,
        "consents/permissions.html",
        {
            "live": own.live(now),
            "over": own.over(now),
            "told": permissions.told_about(request.user, reader=request.user, now=now),
        },
    )


@for_roles(Role.CLIENT, Role.APPLICANT, Role.ALUM, Role.CLINICIAN, methods=("GET",))
def permission(request: PortalRequest, consent_id: int) -> HttpResponse:
    """What was signed, word for word. The care team reads it too, and leaves a line in the trail."""
    now = timezone.now()
    consents = Consent.objects.visible_to(request.user, now).select_related("client", "program", "revocation")
    consent = get_object_or_404(consents, pk=consent_id)
    if consent.client != request.user:
        trail.record("consent.read", consent, client=consent.client, by=request.user, at=now)
    return render(
        request,
        "consents/permission.html",
        {
            "consent": consent,
            "own": consent.client == request.user,
            "live": Consent.objects.live(now).filter(pk=consent.pk).exists(),
            "told": consent.disclosures.select_related("by"),
            "statement": statements.LONG,
        },
    )


@for_roles(Role.CLIENT, Role.APPLICANT, Role.ALUM)
def withdraw(request: PortalRequest, consent_id: int) -> HttpResponse:
    now = timezone.now()
    consent = get_object_or_404(Consent.objects.filter(client=request.user).select_related("program"), pk=consent_id)
    if request.method == "POST":
        permissions.withdraw_permission(consent, by=request.user, now=now)
        messages.success(request, _("Withdrawn. From now on nobody is told this any more."))
        return redirect("home:permissions")
    if not Consent.objects.live(now).filter(pk=consent.pk).exists():
        return redirect("home:permission", consent.pk)
    return render(request, "consents/withdraw.html", {"consent": consent})


@for_roles(Role.CLIENT, Role.APPLICANT, Role.ALUM, methods=("GET",))
def seen_as(request: PortalRequest, consent_id: int) -> HttpResponse:
    """What the recipient of a permission may know, by all the permissions that name them."""
    consent = get_object_or_404(Consent.objects.filter(client=request.user), pk=consent_id)
    shared = permissions.shared_with_the_same_as(consent, timezone.now())
    return render(
        request, "consents/seen_as.html", {"consent": consent, "shared": shared, "statement": statements.SHORT}
    )
