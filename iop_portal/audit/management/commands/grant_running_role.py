"""Two roles: the owner migrates, a lesser one runs. This gives the lesser one what it needs and no more."""

from contextlib import suppress
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandParser
from django.db import IntegrityError, connection, transaction
from psycopg2 import sql

from iop_portal.audit.models import AppendOnly


class Command(BaseCommand):
    help = "Let a database role run the portal: read and write rows, but only add to what is append-only."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--role", default="portal_app")
        parser.add_argument("--create", action="store_true", help="create the role, without login, if missing")

    @transaction.atomic
    def handle(self, *args: Any, role: str, create: bool, **options: Any) -> None:
        name = sql.Identifier(role)
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
            if create and cursor.fetchone() is None:
                # Roles belong to the whole server: another database's run may have made it this moment.
                with suppress(IntegrityError), transaction.atomic():
                    cursor.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(name))
            for statement in (
                "GRANT USAGE ON SCHEMA public TO {}",
                "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {}",
                "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}",
                "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {}",
            ):
                cursor.execute(sql.SQL(statement).format(name))
            for model in apps.get_models():
                if issubclass(model, AppendOnly):
                    table = sql.Identifier(model._meta.db_table)
                    cursor.execute(sql.SQL("REVOKE UPDATE, DELETE, TRUNCATE ON {} FROM {}").format(table, name))
            cursor.execute(sql.SQL("REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {}").format(name))
        self.stdout.write(f"{role} may run the portal.")
