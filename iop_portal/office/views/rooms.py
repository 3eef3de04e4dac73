"""The rooms of a program."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from iop_portal.doors import PortalRequest, for_roles
from iop_portal.office.forms import RoomForm
from iop_portal.people.models import Program
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from iop_portal.versions import ChangedMeanwhile
from scheduling import rooms
from scheduling.models import Room


@for_roles(Role.ADMIN, methods=("GET",))
def list_rooms(request: PortalRequest, program_id: int) -> HttpResponse:
    program = get_object_or_404(Program.objects.run_by(request.user), pk=program_id)
    found = program.rooms.order_by("-in_use", "name")
    return render(request, "office/rooms.html", {"program": program, "rooms": found})


@for_roles(Role.ADMIN)
def add_room(request: PortalRequest, program_id: int) -> HttpResponse:
    program = get_object_or_404(Program.objects.run_by(request.user), pk=program_id)
    form = RoomForm(request.POST or None)
    if form.is_valid():
        try:
            room = rooms.add_room(program, form.room(), by=request.user, now=timezone.now())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("%(room)s is on the list.") % {"room": room})
            return redirect("office:rooms", program.pk)
    return render(request, "office/add_room.html", {"form": form, "program": program}, status=form.status)


@for_roles(Role.ADMIN)
def change_room(request: PortalRequest, room_id: int) -> HttpResponse:
    room = get_object_or_404(Room.objects.run_by(request.user), pk=room_id)
    form = RoomForm(request.POST or None, instance=room)
    if form.is_valid():
        seen = form.cleaned_data["seen"]
        try:
            rooms.change_room(room, form.room(), seen=seen, by=request.user, now=timezone.now())
        except ChangedMeanwhile as refusal:
            room.refresh_from_db()
            form.show_both(refusal, room)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Saved."))
            return redirect("office:rooms", room.program_id)
    return render(request, "office/change_room.html", {"form": form, "room": room}, status=form.status)


@for_roles(Role.ADMIN, methods=("POST",))
def take_out_of_use(request: PortalRequest, room_id: int) -> HttpResponse:
    room = get_object_or_404(Room.objects.run_by(request.user), pk=room_id)
    rooms.take_room_out_of_use(room, by=request.user, now=timezone.now())
    messages.success(request, _("%(room)s is out of use. You can put it back.") % {"room": room})
    return redirect("office:rooms", room.program_id)


@for_roles(Role.ADMIN, methods=("POST",))
def put_back_in_use(request: PortalRequest, room_id: int) -> HttpResponse:
    room = get_object_or_404(Room.objects.run_by(request.user), pk=room_id)
    rooms.put_room_back_in_use(room, by=request.user, now=timezone.now())
    messages.success(request, _("%(room)s is in use again.") % {"room": room})
    return redirect("office:rooms", room.program_id)
