"""What a clinician reads of a client's answers, asking them, and acting on an answer that cannot wait."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.audit import trail
from iop_portal.doors import PortalRequest, for_roles
from iop_portal.followups.acting import hand_over as give_to
from iop_portal.people.models import User
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from therapy import alerts, results
from therapy.asking import NotUsedHere, ask
from therapy.care_team import team_around
from therapy.forms.measures import DispositionForm, HandOverForm
from therapy.instruments import Instrument, instruments, version_of
from therapy.models import Alert
from therapy.prescribing import enrolments_cared_for
from therapy.using import used_by


@for_roles(Role.CLINICIAN, methods=("GET",))
def client_measure(request: PortalRequest, client_id: int, instrument: str) -> HttpResponse:
    now = timezone.now()
    client, found = _client(request, client_id), _instrument(instrument)
    course = results.read_course(client, found, by=request.user, now=now)
    page, rows = results.answers_side_by_side(course, number=request.GET.get("page"))
    context = {
        "client": client,
        "instrument": found,
        "course": course,
        "page": page,
        "rows": rows,
        "alerts": results.alerts_about(client, found, reader=request.user, now=now),
        "team": team_around(client, reader=request.user),
        "may_ask": enrolments_cared_for(request.user).filter(client=client, state="admitted").exists(),
    }
    return render(request, "therapy/client_measure.html", context)


@for_roles(Role.CLINICIAN, methods=("POST",))
def ask_client(request: PortalRequest, client_id: int, instrument: str) -> HttpResponse:
    """Whom one looks after. An emergency access reads, and asks nothing."""
    found = _instrument(instrument)
    mine = enrolments_cared_for(request.user).filter(client_id=client_id).select_related("program", "client")
    enrolments = list(mine)
    if not enrolments:
        raise Http404
    here = [each for each in enrolments if found.code in used_by(each.program)]
    try:
        if not here:
            raise NotUsedHere
        ask(here[0], found, by=request.user, now=timezone.now())
    except Refused as refusal:
        messages.info(request, str(refusal))
    else:
        messages.success(request, _("Asked. They are told that questions are waiting, and not which."))
    return redirect("therapy:client_measure", client_id, found.code)


@for_roles(Role.CLINICIAN, Role.ADMIN)
def alert(request: PortalRequest, alert_id: int) -> HttpResponse:
    """The answer, whom to call, and the place to write what was done. For an admin: whom to give it to."""
    now = timezone.now()
    found = alerts.alerts_open_to(request.user, now).filter(pk=alert_id).first()
    if found is None:
        return _for_the_office(request, alert_id)
    form = DispositionForm(request.POST or None, initial={"seen": alerts.alert_version(found)})
    if form.is_valid():
        try:
            alerts.close_alert(found, **form.cleaned_data, by=request.user, now=now)
        except Refused as refusal:
            found.refresh_from_db()
            form.refuse_stale(refusal, seen=alerts.alert_version(found))
        else:
            messages.success(request, _("Written down. Nobody is asked to act on this answer any more."))
            return redirect("therapy:alert", found.pk)
    trail.record("alert.viewed", found, client=found.client, by=request.user, at=now)
    one = version_of(found.sheet.instrument, found.sheet.version)
    item = one.item(found.item) if one else None
    context = {
        "alert": found,
        "client": found.client,
        "item": item,
        "answered": item.words_of(found.value) if item else found.value,
        "changed_to": alerts.changed_to(found, item) if item else "",
        "instrument": one,
        "follow_up": alerts.follow_up_of(found, request.user),
        "owners": alerts.owners_of(found),
        "written": getattr(found, "disposition", None),
        "may_close": found.closed_at is None and alerts.may_close(found, request.user, now),
        "reads_more": User.objects.open_to(request.user, now).filter(pk=found.client.pk).exists(),
        "form": form,
    }
    return render(request, "therapy/alert.html", context, status=form.status)


def _for_the_office(request: PortalRequest, alert_id: int) -> HttpResponse:
    """An admin to whom it came finds whom it is about, and no word of what was answered."""
    found: Alert = get_object_or_404(alerts.alerts_administered_by(request.user), pk=alert_id)
    follow_up = alerts.follow_up_of(found, request.user)
    form = HandOverForm(request.POST or None, client=found.client, program=found.program)
    if follow_up is not None and form.is_valid():
        try:
            give_to(follow_up, to=form.cleaned_data["to"], by=request.user, now=timezone.now())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(
                request, _("It is with %(name)s now, who is told.") % {"name": form.cleaned_data["to"].full_name}
            )
            return redirect("followups:mine")
    trail.record("alert.viewed", found, client=found.client, by=request.user)
    context = {"alert": found, "client": found.client, "follow_up": follow_up, "form": form}
    return render(request, "therapy/alert_office.html", context, status=form.status)


def _client(request: PortalRequest, client_id: int) -> User:
    client: User = get_object_or_404(User.objects.open_to(request.user).exclude(pk=request.user.pk), pk=client_id)
    return client


def _instrument(code: str) -> Instrument:
    if code not in instruments():
        raise Http404
    return instruments()[code]
