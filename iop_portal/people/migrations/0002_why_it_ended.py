from django.db import migrations, models
from django.db.models import Q

REASONS = [
    ("completed", "Completed"),
    ("transferred", "Went on to other care"),
    ("left", "Chose to leave"),
    ("administrative", "Ended by the program"),
    ("incarcerated", "In custody"),
    ("deceased", "Died"),
    ("not_begun", "Was never admitted"),
]


def say_of_those_before(apps, schema_editor):
    """Nobody wrote it down before: who was admitted is taken to have left, which says nothing more."""
    ended = apps.get_model("people", "Enrolment").objects.filter(state="discharged")
    ended.filter(admitted_on=None).update(discharge_reason="not_begun")
    ended.exclude(admitted_on=None).update(discharge_reason="left")


class Migration(migrations.Migration):
    # Rows are rewritten and then constrained: PostgreSQL does not do both in one transaction.
    atomic = False

    dependencies = [("people", "0001_first")]

    operations = [
        migrations.AddField(
            "enrolment",
            "discharge_reason",
            models.CharField(blank=True, choices=REASONS, db_default="", default="", max_length=14),
        ),
        migrations.RunPython(say_of_those_before, migrations.RunPython.noop),
        migrations.AddConstraint(
            "enrolment",
            models.CheckConstraint(
                name="a_discharge_has_a_reason",
                condition=(Q(state="discharged") & ~Q(discharge_reason=""))
                | (~Q(state="discharged") & Q(discharge_reason="")),
            ),
        ),
        migrations.AddConstraint(
            "enrolment",
            models.CheckConstraint(
                name="a_discharge_has_a_known_reason",
                condition=Q(discharge_reason__in=["", *(value for value, _label in REASONS)]),
            ),
        ),
        migrations.AddConstraint(
            "enrolment",
            models.CheckConstraint(
                name="who_was_never_admitted_did_not_complete",
                condition=Q(discharged_on=None)
                | Q(admitted_on__isnull=False) & ~Q(discharge_reason="not_begun")
                | Q(admitted_on=None) & ~Q(discharge_reason="completed"),
            ),
        ),
    ]
