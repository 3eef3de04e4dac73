"""How we reach you."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.notices import reach, texting
from iop_portal.notices.channels import Channel
from iop_portal.notices.forms import ReachForm
from iop_portal.people.models import Program
from iop_portal.refusals import Refused


def program_of(request: PortalRequest) -> Program | None:
    return Program.objects.visible_to(request.user).first()


@for_roles(*reach.REACHED)
def how(request: PortalRequest) -> HttpResponse:
    program = program_of(request)
    opt_in = texting.live_opt_in(request.user)
    wishes = reach.reach_of(request.user) or reach.default_of(program)
    form = ReachForm(
        request.POST or None,
        texted=opt_in is not None,
        night=reach.night_of(program),
        initial=ReachForm.start(wishes, mail_ok=request.user.mail_ok),
    )
    if form.is_valid():
        try:
            reach.set_reach(request.user, form.wanted(), now=timezone.now())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Saved. It holds for everything we send from now on."))
            return redirect("notices:reach")
    context = {"form": form, "opt_in": opt_in, "texts_are_on": reach.texts_are_on(), "text": Channel.TEXT}
    return render(request, "notices/reach.html", context, status=form.status)
