"""Accepting an invitation."""

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters

from iop_portal.accounts import invitations
from iop_portal.accounts.forms import AcceptForm
from iop_portal.accounts.invitations import InvitationGone
from iop_portal.accounts.models import Invitation
from iop_portal.doors import for_anybody
from iop_portal.people.models import User
from iop_portal.refusals import Refused

# The hash of the link's token: enough to find the invitation, useless to whoever reads the session table.
KEPT = "invitation"


@for_anybody("GET", "HEAD")
def link(request: HttpRequest, token: str) -> HttpResponse:
    """Take the token out of the address bar, where a later page could read or show it."""
    request.session[KEPT] = invitations.hash_of(token)
    return redirect("accounts:accept_invitation")


@sensitive_post_parameters("password")
@for_anybody("GET", "HEAD", "POST")
def accept(request: HttpRequest) -> HttpResponse:
    token_hash = request.session.get(KEPT, "")
    try:
        invitation = invitations.open_invitation(token_hash, now=timezone.now())
        owner = invitations.account_for(invitation)
        if request.user.is_authenticated and request.user != owner:
            raise invitations.SomebodyElses
        if owner is None:
            return _accept_as_somebody_new(request, invitation, token_hash)
        if not request.user.is_authenticated:
            return render(request, "accounts/invitation_sign_in.html", {"invitation": invitation})
        return _accept_as_member(request, owner, invitation, token_hash)
    except Refused as refusal:
        return _refuse(request, refusal)


def _accept_as_somebody_new(request: HttpRequest, invitation: Invitation, token_hash: str) -> HttpResponse:
    form = AcceptForm(invitation, request.POST or None)
    if form.is_valid():
        user = invitations.accept_invitation(token_hash, person=form.person(), now=timezone.now())
        del request.session[KEPT]
        return _sign_in(request, user)
    return render(request, "accounts/invitation.html", {"invitation": invitation, "form": form}, status=form.status)


def _accept_as_member(request: HttpRequest, user: User, invitation: Invitation, token_hash: str) -> HttpResponse:
    if request.method == "POST":
        invitations.accept_as_member(token_hash, by=user, now=timezone.now())
        del request.session[KEPT]
        return redirect("home:landing")
    return render(request, "accounts/invitation_member.html", {"invitation": invitation})


def _sign_in(request: HttpRequest, user: User) -> HttpResponse:
    """They chose the password this minute: it is not asked again before they add a second step."""
    response: HttpResponse = perform_login(request, user, email=user.email, redirect_url=reverse("accounts:protect"))
    record_authentication(request, user, method="password", reauthenticated=True)
    return response


def _refuse(request: HttpRequest, refusal: Refused) -> HttpResponse:
    if isinstance(refusal, InvitationGone):
        if request.user.is_authenticated and request.method == "POST":
            # Sent twice: the first has signed them in.
            return HttpResponseRedirect(reverse("home:landing"))
        return render(request, "accounts/invitation_gone.html", {"refusal": refusal}, status=refusal.status)
    return render(request, "accounts/invitation_refused.html", {"refusal": refusal}, status=refusal.status)
