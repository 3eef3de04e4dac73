"""Throwing away what has run out. Doing it twice, or late, is harmless: nothing here is believed once expired."""

from __future__ import annotations

from datetime import datetime, timedelta

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection
from psycopg2 import sql

from iop_portal.accounts.models import FormerAddress

# Long enough for its mail to be delivered, or given up on.
FORMER_ADDRESSES_KEPT = timedelta(days=30)


def tidy_expired(*, now: datetime) -> None:
    Session.objects.filter(expire_date__lt=now).delete()
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
    FormerAddress.objects.filter(replaced_at__lt=now - FORMER_ADDRESSES_KEPT).delete()
    table = sql.Identifier(str(settings.CACHES["default"]["LOCATION"]))
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("DELETE FROM {} WHERE expires < %s").format(table), [now])
