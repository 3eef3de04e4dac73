"""Quiet minutes: choosing a practice, being led through it at one's own pace or by a timer, and one's own log."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from therapy import sittings
from therapy.forms.practices import HowWasThatForm
from therapy.models import Sitting
from therapy.practices import Practice, practices

ENROLLED = (Role.CLIENT, Role.APPLICANT, Role.ALUM)
# In the address, by the person's own wish: pages that turn by themselves, and that this one did.
TURN, TURNED = "turn=on", "turned=1"


@for_roles(*ENROLLED, Role.CLINICIAN, methods=("GET",))
def every(request: PortalRequest) -> HttpResponse:
    own = _keeps(request)
    pinned = sittings.pinned_by(request.user) if own else []
    context = {
        "own": own,
        "pinned": pinned,
        "others": [one for one in practices().values() if one not in pinned],
        "lately": sittings.lately(request.user, now=timezone.now()) if own else None,
    }
    return render(request, "therapy/mindfulness.html", context)


@for_roles(*ENROLLED, Role.CLINICIAN, methods=("GET",))
def one(request: PortalRequest, practice: str) -> HttpResponse:
    """What it does, what it helps with, what to mind, and how long it may take."""
    found, own = _practice(practice), _keeps(request)
    pinned = found in sittings.pinned_by(request.user) if own else False
    return render(request, "therapy/mindful.html", {"practice": found, "own": own, "pinned": pinned})


@for_roles(*ENROLLED, methods=("POST",))
def pin(request: PortalRequest, practice: str) -> HttpResponse:
    """To the top, or away from it."""
    found, now = _practice(practice), timezone.now()
    try:
        if "away" in request.POST:
            sittings.unpin(found, by=request.user, now=now)
        else:
            sittings.pin(found, by=request.user, now=now)
    except Refused as refusal:
        messages.warning(request, str(refusal))
    return redirect("therapy:mindful", found.code)


@for_roles(*ENROLLED, Role.CLINICIAN, methods=("GET",))
def step(request: PortalRequest, practice: str, minutes: int, step: int) -> HttpResponse:
    """One step on a page. With scripts the same page leads through all of them by a timer.

    Without scripts a person may let the pages turn by themselves: chosen by them beforehand, and ended on any page.
    """
    found = _practice(practice)
    steps = found.timed(_offered(found, minutes))
    if not 1 <= step <= len(steps):
        raise Http404
    here, turning = steps[step - 1], TURN in request.META["QUERY_STRING"].split("&")
    end = reverse("therapy:mindful_end", args=[found.code, minutes])
    follows = end if here is steps[-1] else reverse("therapy:mindful_step", args=[found.code, minutes, step + 1])
    context = {
        "practice": found,
        "minutes": minutes,
        "steps": steps,
        "here": here,
        "last": here is steps[-1],
        "before": step - 1,
        "follows": f"{follows}?{TURN}" if turning and follows != end else follows,
        "turning": turning,
        "end": end,
        "whole": minutes * 60,
        "left": "{}:{:02}".format(*divmod(minutes * 60 - here.since, 60)),
    }
    response = render(request, "therapy/mindful_step.html", context)
    if turning:
        response.headers["Refresh"] = f"{here.seconds}; url={follows}?{TURN}&{TURNED}"
    return response


@for_roles(*ENROLLED, Role.CLINICIAN)
def end(request: PortalRequest, practice: str, minutes: int) -> HttpResponse:
    """How it was, kept by one tap if the person wants it. Whoever just leaves has kept nothing."""
    found = _practice(practice)
    steps = len(found.timed(_offered(found, minutes)))
    own = _keeps(request)
    form = HowWasThatForm(
        request.POST if request.method == "POST" else None, initial={"after": request.GET.get("after", "")}
    )
    if own and form.is_valid():
        told = form.cleaned_data
        after = steps if told["after"] is None else min(told["after"], steps)
        sittings.keep_sitting(
            found,
            minutes=found.minutes_until(minutes, after),
            how=Sitting.How(told["how"]),
            shared=bool(told["shared"]),
            by=request.user,
            now=timezone.now(),
        )
        messages.success(request, _("It stands in your log."))
        return redirect("therapy:practice_log")
    context = {"practice": found, "form": form, "own": own, "hows": Sitting.How.choices}
    return render(request, "therapy/mindful_end.html", context, status=form.status)


@for_roles(*ENROLLED, methods=("GET",))
def log(request: PortalRequest) -> HttpResponse:
    lately = sittings.lately(request.user, now=timezone.now())
    page = Paginator(sittings.log_of(request.user), sittings.SHOWN).get_page(request.GET.get("page"))
    context = {"page": page, "log": sittings.kept(page), "lately": lately}
    return render(request, "therapy/practice_log.html", context)


@for_roles(*ENROLLED, methods=("POST",))
def share(request: PortalRequest, sitting_id: int) -> HttpResponse:
    """Lets the care team read it, or not any more."""
    held = get_object_or_404(Sitting.objects.filter(person=request.user), pk=sitting_id)
    shared = "share_it" in request.POST
    sittings.share_sitting(held, shared, by=request.user, now=timezone.now())
    messages.success(request, _("Your care team may read it.") if shared else _("Only you read it now."))
    return redirect("therapy:practice_log")


@for_roles(*ENROLLED)
def remove(request: PortalRequest, sitting_id: int) -> HttpResponse:
    held = get_object_or_404(Sitting.objects.filter(person=request.user), pk=sitting_id)
    if request.method == "POST":
        sittings.remove_sitting(held, by=request.user, now=timezone.now())
        messages.success(request, _("It is gone."))
        return redirect("therapy:practice_log")
    return render(request, "therapy/remove_sitting.html", {"kept": sittings.kept([held])[0]})


def _keeps(request: PortalRequest) -> bool:
    """Whether somebody has a log and a top of their own here. Clinicians look at what their clients find."""
    return bool(request.user.roles & frozenset(ENROLLED))


def _practice(code: str) -> Practice:
    if code not in practices():
        raise Http404
    return practices()[code]


def _offered(practice: Practice, minutes: int) -> int:
    if minutes not in practice.minutes:
        raise Http404
    return minutes
