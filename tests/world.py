"""A small program in which everybody who matters to a rule has a place, and everybody's words are recognisable.

Whatever Maya, Ben and the others wrote holds a marker of its own, so that a page on which one appears has shown
something of theirs.
"""

import re
from dataclasses import dataclass, field
from datetime import timedelta

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from iop_portal.people.models import BrokenGlass
from iop_portal.people.roles import Role
from tests.factories import ProgramFactory, RoomFactory, admin, clinician, enrolled, held, on_care_team

MARKER = re.compile(r"Zq[a-z]+")


@dataclass
class World:
    """`people` by persona; `samples` has a key for each converter of each URL: Maya's, or her program's."""

    people: dict = field(default_factory=dict)
    samples: dict = field(default_factory=dict)

    def __getattr__(self, name):
        try:
            return self.people[name]
        except KeyError:
            raise AttributeError(name) from None


def marked(name: str) -> dict[str, str]:
    """Texts of a person that can be told from everybody else's."""
    marker = f"Zq{name.replace('_', '')}"
    return {
        "preferred_name": marker,
        "surname": f"{marker} Tester",
        "pronouns": f"they {marker}",
        "email": f"{marker}@portal.test".lower(),
    }


def build_world() -> World:
    now = timezone.now()
    home, away = ProgramFactory(name="Zqhome House"), ProgramFactory(name="Zqaway House")
    world = World()
    people = world.people
    people["anonymous"] = AnonymousUser()
    people["client"] = enrolled(home, **marked("client"))
    people["other_client"] = enrolled(home, **marked("otherclient"))
    people["applicant"] = enrolled(home, "referred", **marked("applicant"))
    people["alum"] = enrolled(home, "discharged", **marked("alum"))
    people["family"] = held(Role.FAMILY, home, **marked("family"))
    people["family_revoked"] = held(Role.FAMILY, home, **marked("familyrevoked"))
    people["team"] = clinician(home, **marked("team"))
    people["other_team"] = clinician(home, **marked("otherteam"))
    people["glass"] = clinician(home, **marked("glass"))
    people["one_step"] = clinician(home, **marked("onestep"))
    people["admin"] = admin(home, **marked("admin"))
    people["other_admin"] = admin(away, **marked("otheradmin"))

    on_care_team(people["team"], people["client"], part="primary")
    on_care_team(people["one_step"], people["client"])
    on_care_team(people["other_team"], people["other_client"])
    glass = BrokenGlass.objects.create(
        clinician=people["glass"],
        client=people["client"],
        program=home,
        reason="Zqglass was asked",
        since=now - timedelta(minutes=5),
        until=now + timedelta(hours=3),
    )
    world.samples = {
        "client_id": people["client"].pk,
        "program_id": home.pk,
        "room_id": RoomFactory(program=home, name="Zqroom").pk,
        "glass_id": glass.pk,
    }
    return world
