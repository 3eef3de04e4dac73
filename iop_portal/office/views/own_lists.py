"""What the lists that a program keeps of its own have in common: a standard one to begin with, and what is in use."""

from __future__ import annotations

from collections.abc import Callable, Sized
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from iop_portal.doors import PortalRequest
from iop_portal.people.models import Program
from therapy.models import LibraryText, Modality, Skill, Speciality

Row = LibraryText | Modality | Skill | Speciality


@dataclass(frozen=True)
class OwnList:
    """`name` is what the list is called in addresses and templates, `one` what a row of it is.

    `offer` adds the standard ones that a program has not yet; `put` takes a row out of use, or puts it back.
    """

    name: str
    one: str
    offer: Callable[..., Sized]
    put: Callable[..., None]

    def show(self, request: PortalRequest, program: Program, rows: QuerySet[Any]) -> HttpResponse:
        urls = {
            "add": reverse(f"office:add_{self.one}", args=[program.pk]),
            "standard": reverse(f"office:offer_standard_{self.name}", args=[program.pk]),
            "change": f"office:change_{self.one}",
            "in_use": f"office:set_{self.one}_in_use",
        }
        return render(request, f"office/{self.name}.html", {"program": program, "rows": rows, "urls": urls})

    def add_standard(self, request: PortalRequest, program_id: int) -> HttpResponse:
        program = get_object_or_404(Program.objects.run_by(request.user), pk=program_id)
        count = len(self.offer(program, by=request.user, now=timezone.now()))
        said = ngettext("%(count)d was added.", "%(count)d were added.", count) % {"count": count}
        messages.success(request, said if count else _("All of them were on the list already."))
        return redirect(f"office:{self.name}", program.pk)

    def put_in_use(self, request: PortalRequest, row: Row) -> HttpResponse:
        back = "back" in request.POST
        self.put(row, back, by=request.user, now=timezone.now())
        said = _("%(name)s is in use again.") if back else _("%(name)s is out of use. You can put it back.")
        messages.success(request, said % {"name": row})
        return redirect(f"office:{self.name}", row.program_id)
