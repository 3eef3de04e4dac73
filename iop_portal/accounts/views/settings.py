"""One's own settings."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.accounts import profile
from iop_portal.accounts.forms import SettingsForm
from iop_portal.doors import PortalRequest, for_roles
from iop_portal.notices.reach import REACHED
from iop_portal.people.models import User
from iop_portal.people.roles import EVERYBODY


@for_roles(*EVERYBODY)
def own_settings(request: PortalRequest) -> HttpResponse:
    """On a copy: a form that comes back must not put an unsaved name into the frame."""
    form = SettingsForm(request.POST or None, instance=User.objects.get(pk=request.user.pk))
    if form.is_valid():
        profile.change_settings(form.instance, changed=form.changed_data, now=timezone.now())
        messages.success(request, _("Your settings are saved."))
        return redirect("accounts:settings")
    context = {"form": form, "reached": bool(request.user.roles & frozenset(REACHED))}
    return render(request, "accounts/settings.html", context, status=form.status)
