"""When and where care happens."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from iop_portal.people.models import Program, User, plain_line


class RoomQuerySet(models.QuerySet["Room"]):
    def run_by(self, user: User) -> RoomQuerySet:
        """Rooms of the programs that an admin configures."""
        return self.filter(program__in=Program.objects.run_by(user))


class Room(models.Model):
    """A place where sessions are held."""

    program = models.ForeignKey(Program, models.PROTECT, related_name="rooms")
    name = models.CharField(_("name"), max_length=60, validators=[plain_line])
    seats = models.PositiveSmallIntegerField(_("seats"))
    directions = models.CharField(_("how to find it"), max_length=200, blank=True, validators=[plain_line])
    step_free = models.BooleanField(_("can be reached without steps"), default=False)
    in_use = models.BooleanField(_("in use"), default=True)

    objects = models.Manager.from_queryset(RoomQuerySet)()

    class Meta:
        ordering = ("name", "pk")
        constraints = [
            models.UniqueConstraint("program", Lower("name"), name="rooms_of_a_program_have_names_of_their_own"),
            models.CheckConstraint(name="a_room_has_1_to_500_seats", condition=Q(seats__range=(1, 500))),
        ]

    def __str__(self) -> str:
        return self.name
