"""The cache's own table, so that `migrate` alone makes a database that people can sign in with."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_former_addresses")]

    operations = [
        migrations.RunSQL(
            sql=[
                """
                CREATE TABLE IF NOT EXISTS portal_cache (
                    cache_key varchar(255) NOT NULL PRIMARY KEY,
                    value text NOT NULL,
                    expires timestamp with time zone NOT NULL
                )
                """,
                "CREATE INDEX IF NOT EXISTS portal_cache_expires ON portal_cache (expires)",
            ],
            reverse_sql="DROP TABLE IF EXISTS portal_cache",
        )
    ]
