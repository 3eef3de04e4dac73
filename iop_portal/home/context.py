"""What the frame around every page needs. Nothing is asked before a template asks for it: fragments pay nothing."""

from functools import cached_property

from django.conf import settings
from django.db import Error as DatabaseAway
from django.http import HttpRequest
from django.utils import timezone

from iop_portal.accounts import sessions
from iop_portal.accounts.middleware import second_step_taken
from iop_portal.home.navigation import Place, menu_for, places_for
from iop_portal.people.models import Program, User
from iop_portal.people.roles import STAFF_ROLES

WARN_SECONDS = 120


class Frame:
    """The frame of one page. Where the database is away it is the frame of somebody who is signed out."""

    warn_seconds = WARN_SECONDS

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def person(self) -> User | None:
        try:
            user = getattr(self._request, "user", None)
            return user if user and user.is_authenticated else None
        except DatabaseAway:
            return None

    @cached_property
    def program(self) -> Program | None:
        """Whose number to call: the person's own program; signed out, the only one there is."""
        try:
            if self.person:
                return Program.objects.visible_to(self.person).first()
            known = list(Program.objects.all()[:2])
            return known[0] if len(known) == 1 else None
        except DatabaseAway:
            return None

    @property
    def theme(self) -> str:
        """Empty where the device decides."""
        chosen = self.person.theme if self.person else User.Theme.AUTO
        return "" if chosen == User.Theme.AUTO else chosen

    @property
    def is_staff(self) -> bool:
        return bool(self.person and self.person.roles & STAFF_ROLES)

    @cached_property
    def guest(self) -> User | None:
        """The person, once every page is open to them: staff without their second step are led nowhere else."""
        held_back = self.person and self.person.is_staff_member and not second_step_taken(self._request, self.person)
        return None if held_back else self.person

    @property
    def places(self) -> list[Place]:
        return places_for(self.guest, self._request.path) if self.guest else []

    @property
    def menu(self) -> list[Place]:
        return menu_for(self.guest, self._request.path) if self.guest else []

    @property
    def idle_seconds(self) -> int:
        """Until the server forgets this session, if nobody stirs: it counts, the page only warns."""
        if self.person is None:
            return 0
        left = sessions.time_left(self._request.session, self.person, now=timezone.now())
        return max(0, int(left.total_seconds()))

    @property
    def exit_url(self) -> str:
        return settings.PORTAL_EXIT_URL

    @property
    def demo(self) -> bool:
        return settings.PORTAL_DEMO


def frame(request: HttpRequest) -> dict[str, Frame]:
    return {"frame": Frame(request)}
