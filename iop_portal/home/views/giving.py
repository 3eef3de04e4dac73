"""Giving a permission: one question a page, then the whole text, then a name."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from iop_portal.consents.consenting import Wish, fingerprint, wording
from iop_portal.consents.models import Category, Purpose
from iop_portal.doors import PortalRequest, for_roles
from iop_portal.forms import PortalForm
from iop_portal.home import permissions
from iop_portal.home.forms import ProgramForm, SignForm, UntilForm, WhatForm, WhoForm, WhyForm
from iop_portal.people.models import Program
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused

KEPT_AS = "permission"
HEADINGS: dict[str, str | Promise] = {
    "program": gettext_lazy("The program"),
    "who": gettext_lazy("Who it is for"),
    "what": gettext_lazy("One thing to know"),
    "why": gettext_lazy("The reason"),
    "until": gettext_lazy("How long it holds"),
}


class Draft:
    """The answers so far. They are kept in the session, so that nothing is lost by an error or by going back."""

    def __init__(self, request: PortalRequest, now: datetime) -> None:
        self.session, self.client, self.now = request.session, request.user, now
        self.answers: dict[str, dict[str, str]] = request.session.get(KEPT_AS, {})
        self.programs: list[Program] = list(Program.objects.filter(enrolments__client=request.user).distinct())

    @property
    def steps(self) -> list[str]:
        return list(HEADINGS) if len(self.programs) > 1 else [step for step in HEADINGS if step != "program"]

    def form(self, step: str, data: object = None) -> PortalForm:
        """A form of one step, filled in with `data` or with what was answered before."""
        kept = {"initial": self.answers.get(step, {})} if data is None else {"data": data}
        if step == "program":
            programs = Program.objects.filter(pk__in=[program.pk for program in self.programs])
            return ProgramForm(**kept, programs=programs)
        if step == "until":
            return UntilForm(**kept, today=self.today)
        return {"who": WhoForm, "what": WhatForm, "why": WhyForm}[step](**kept)

    def keep(self, step: str, form: PortalForm) -> None:
        self.answers[step] = {name: form.data.get(name, "") for name in form.fields}
        self.session[KEPT_AS] = self.answers

    def forget(self) -> None:
        self.session.pop(KEPT_AS, None)

    @property
    def open_step(self) -> str | None:
        """The first question that is not answered, or not any more."""
        for step in self.steps:
            if step not in self.answers or not self.form(step, self.answers[step]).is_valid():
                return step
        return None

    @property
    def program(self) -> Program:
        chosen = self.answers.get("program", {}).get("program", "")
        return next((program for program in self.programs if str(program.pk) == chosen), self.programs[0])

    @property
    def today(self) -> date:
        return self.now.astimezone(ZoneInfo(self.program.zone)).date()

    def wish(self) -> Wish:
        """What the answers add up to. Call it once no step is open."""
        forms = {step: self.form(step, self.answers[step]) for step in self.steps}
        for form in forms.values():
            if not form.is_valid():
                raise ValidationError(form.errors.as_text())
        who, until = forms["who"].cleaned_data, forms["until"]
        assert isinstance(until, UntilForm)
        return Wish(
            program=self.program,
            category=Category(forms["what"].cleaned_data["category"]),
            purpose=Purpose(forms["why"].cleaned_data["purpose"]),
            expires_on=until.expires_on,
            recipient=permissions.recipient_at(who["recipient_address"], self.program),
            **who,
        )


@for_roles(Role.CLIENT, Role.APPLICANT, Role.ALUM)
def step(request: PortalRequest, step: str) -> HttpResponse:
    draft = Draft(request, timezone.now())
    if step not in draft.steps:
        raise Http404
    form = draft.form(step, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        draft.keep(step, form)
        return redirect(_page(draft.open_step))
    before = draft.steps[: draft.steps.index(step)]
    return render(
        request,
        "consents/step.html",
        {
            "form": form,
            "heading": HEADINGS[step],
            "number": len(before) + 1,
            "total": len(draft.steps),
            "back": _page(before[-1]) if before else reverse("home:permissions"),
        },
        status=form.status,
    )


@for_roles(Role.CLIENT, Role.APPLICANT, Role.ALUM)
def check(request: PortalRequest) -> HttpResponse:
    """The whole text is read here and signed. Until everything is answered, it leads to what is not."""
    now = timezone.now()
    draft = Draft(request, now)
    if draft.open_step is not None:
        return redirect(_page(draft.open_step))
    wish = draft.wish()
    text = wording(wish, client=request.user)
    form = SignForm(request.POST or None, name=request.user.full_name, initial={"read": fingerprint(text)})
    if form.is_bound and form.is_valid():
        try:
            consent = permissions.give_permission(
                wish,
                signature=form.cleaned_data["signature"],
                read=form.cleaned_data["read"],
                client=request.user,
                by=request.user,
                now=now,
            )
        except Refused as refusal:
            form = _to_sign_again(form, refusal, name=request.user.full_name, text=text)
        else:
            draft.forget()
            messages.success(request, _("You gave this permission. You can withdraw it at any time."))
            return redirect("home:permission", consent.pk)
    return render(
        request,
        "consents/check.html",
        {"form": form, "text": text, "changes": _changes(draft), "back": _page(draft.steps[-1])},
        status=form.status,
    )


def _to_sign_again(form: SignForm, refusal: Refused, *, name: str, text: str) -> SignForm:
    """The same answers with the text of now, and the reason why it was not signed."""
    again = SignForm({"signature": form.cleaned_data["signature"], "read": fingerprint(text)}, name=name)
    again.is_valid()
    again.refuse(refusal)
    return again


def _changes(draft: Draft) -> list[tuple[str | Promise, str]]:
    return [(HEADINGS[step], _page(step)) for step in draft.steps]


def _page(step: str | None) -> str:
    return reverse("home:permission_step", args=[step]) if step else reverse("home:permission_check")
