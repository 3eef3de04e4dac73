"""The trail: who did or read what, about whom, when and from where. Only ever added to."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from iop_portal.people.models import User

REFUSE_CHANGE = """
    RAISE EXCEPTION 'rows of % are only ever added', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
"""


class AppendOnly(models.Model):
    """Rows that are added and never changed: by trigger for everybody, by privilege for the running role.

    TRUNCATE needs a statement-level trigger of its own. `grant_running_role` gives the role that runs the
    portal INSERT and SELECT on these tables and nothing else.
    """

    class Meta:
        abstract = True
        triggers = [
            pgtrigger.Trigger(
                name="rows_never_change",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                func=REFUSE_CHANGE,
            ),
            pgtrigger.Trigger(
                name="rows_are_never_emptied",
                when=pgtrigger.Before,
                level=pgtrigger.Statement,
                operation=pgtrigger.Truncate,
                func=REFUSE_CHANGE,
            ),
        ]


class EntryQuerySet(models.QuerySet["Entry"]):
    def run_by(self, user: User) -> EntryQuerySet:
        """What an admin reads of the trail: what concerns clients of their programs, and, where it concerns no
        client, what people of their programs did. What another program's staff did stays with that program, also
        where a client is in both; those who have left and work nowhere any more are still seen.
        """
        ours = User.objects.belonging_to_programs_run_by(user)
        strangers = User.objects.filter(roles_held__isnull=False).exclude(pk__in=ours)
        clients = User.objects.clients_of_programs_run_by(user)
        return self.filter(Q(client__in=clients) | Q(client=None, actor__in=ours)).exclude(actor__in=strangers)


class Entry(AppendOnly):
    """One line of the trail. `facts` hold states and counts, never names, addresses or anybody's words."""

    at = models.DateTimeField()
    verb = models.CharField(max_length=60)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    client = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    object_type = models.CharField(max_length=60, blank=True)
    object_id = models.BigIntegerField(null=True)
    address = models.GenericIPAddressField(null=True)
    request_id = models.UUIDField(null=True)
    facts = models.JSONField(default=dict)

    objects = models.Manager.from_queryset(EntryQuerySet)()

    class Meta(AppendOnly.Meta):
        ordering = ("-at", "-pk")
        indexes = [
            models.Index(fields=["client", "-at"], name="entry_by_client"),
            models.Index(fields=["actor", "-at"], name="entry_by_actor"),
            models.Index(fields=["object_type", "object_id"], name="entry_by_object"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} #{self.pk}"
