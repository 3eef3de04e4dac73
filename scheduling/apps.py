from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from iop_portal.audit import verbs


class SchedulingConfig(AppConfig):
    name = "scheduling"

    def ready(self) -> None:
        verbs.register(
            {
                "room.added": _("added a room"),
                "room.changed": _("changed a room"),
                "room.taken_out_of_use": _("took a room out of use"),
                "room.put_back_in_use": _("put a room back in use"),
            }
        )
