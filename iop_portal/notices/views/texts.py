"""Signing up for text messages, and ending them."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.notices import reach, texting
from iop_portal.notices.forms import CodeForm, PhoneForm, SignForm
from iop_portal.notices.models import TextOptOut
from iop_portal.notices.reach import REACHED
from iop_portal.notices.views.reach import program_of
from iop_portal.refusals import Refused


@sensitive_post_parameters("phone")
@for_roles(*REACHED)
def sign_up(request: PortalRequest) -> HttpResponse:
    """The number, then the text that holds it, which is signed; and a code is on its way."""
    if not reach.texts_are_on() or texting.live_opt_in(request.user):
        return redirect("notices:reach")
    if "signature" in request.POST:
        return _sign(request)
    form = PhoneForm(request.POST or None, initial={"phone": request.user.phone})
    if form.is_valid():
        phone = form.cleaned_data["phone"]
        return _to_sign(request, SignForm(name=request.user.full_name, initial=_unsigned(request, phone)), phone)
    return render(request, "notices/texts_phone.html", {"form": form}, status=form.status)


def _sign(request: PortalRequest) -> HttpResponse:
    name = request.user.full_name
    form = SignForm(request.POST, name=name)
    phone = request.POST.get("phone", "")
    if form.is_valid():
        signature, read = form.cleaned_data["signature"], form.cleaned_data["read"]
        try:
            texting.ask_for_code(request.user, phone=phone, signature=signature, read=read, now=timezone.now())
        except Refused as refusal:
            # The same answers with the text of now.
            form = SignForm({**_unsigned(request, phone), "signature": signature}, name=name)
            form.is_valid()
            form.refuse(refusal)
        else:
            return redirect("notices:code")
    return _to_sign(request, form, phone)


def _unsigned(request: PortalRequest, phone: str) -> dict[str, str]:
    return {"phone": phone, "read": texting.fingerprint(texting.wording(request.user, phone=phone))}


def _to_sign(request: PortalRequest, form: SignForm, phone: str) -> HttpResponse:
    context = {"form": form, "text": texting.wording(request.user, phone=phone)}
    return render(request, "notices/texts_sign.html", context, status=form.status)


@for_roles(*REACHED)
def code(request: PortalRequest) -> HttpResponse:
    now = timezone.now()
    asked = texting.waiting_code(request.user, now=now)
    if asked is None:
        messages.info(request, _("No code is waiting. Look at the number, then ask for a new one."))
        return redirect("notices:sign_up")
    form = CodeForm(request.POST or None)
    if form.is_valid():
        try:
            given = form.cleaned_data["code"]
            texting.confirm_code(request.user, code=given, program=program_of(request), now=now)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Done. From now on we text you."))
            return redirect("notices:reach")
    context = {"form": form, "ending": asked.phone[-2:]}
    return render(request, "notices/texts_code.html", context, status=form.status)


@for_roles(*REACHED)
def stop(request: PortalRequest) -> HttpResponse:
    opt_in = texting.live_opt_in(request.user)
    if request.method == "POST":
        texting.stop_texts(request.user, how=TextOptOut.How.PAGE, by=request.user, now=timezone.now())
        messages.success(request, _("We text you no more, from this moment on."))
        return redirect("notices:reach")
    if opt_in is None:
        return redirect("notices:reach")
    return render(request, "notices/texts_stop.html", {"opt_in": opt_in})
