import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('people', '0001_first'),
        ('therapy', '0006_measures_and_who_is_on_call'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Agreement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('rules', 'How we treat one another here'), ('group', 'What is said in a group stays there'), ('telehealth', 'Meeting by video')], max_length=10)),
                ('version', models.PositiveSmallIntegerField()),
                ('text', models.TextField()),
                ('asked_for', models.BooleanField(default=True)),
                ('published_at', models.DateTimeField()),
                ('program', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='agreements', to='people.program')),
                ('published_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ('program', 'kind', '-version'),
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Signature',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('signed_name', models.CharField(max_length=150)),
                ('signed_at', models.DateTimeField()),
                ('agreement', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='signatures', to='therapy.agreement')),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='signatures', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ('-signed_at', '-pk'),
                'abstract': False,
            },
        ),
        migrations.AddConstraint(
            model_name='agreement',
            constraint=models.UniqueConstraint(fields=('program', 'kind', 'version'), name='versions_of_an_agreement_are_counted'),
        ),
        migrations.AddConstraint(
            model_name='agreement',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['rules', 'group', 'telehealth'])), name='an_agreement_is_of_a_known_kind'),
        ),
        migrations.AddConstraint(
            model_name='agreement',
            constraint=models.CheckConstraint(condition=models.Q(('text', ''), _negated=True), name='an_agreement_says_something'),
        ),
        migrations.AddConstraint(
            model_name='agreement',
            constraint=models.CheckConstraint(condition=models.Q(('version__gte', 1)), name='versions_begin_at_one'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='agreement',
            trigger=pgtrigger.compiler.Trigger(name='rows_never_change', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n    RAISE EXCEPTION 'rows of % are only ever added', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';\n", hash='5cd5cf50ab80d1c0eb8d49c58f13b17d688be3c2', operation='UPDATE OR DELETE', pgid='pgtrigger_rows_never_change_d66fc', table='therapy_agreement', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='agreement',
            trigger=pgtrigger.compiler.Trigger(name='rows_are_never_emptied', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n    RAISE EXCEPTION 'rows of % are only ever added', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';\n", hash='f0ffabaef60cd296305b2f986e2a7dd5e17b8f95', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_rows_are_never_emptied_49697', table='therapy_agreement', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='signature',
            constraint=models.UniqueConstraint(fields=('agreement', 'client'), name='an_agreement_is_signed_once'),
        ),
        migrations.AddConstraint(
            model_name='signature',
            constraint=models.CheckConstraint(condition=models.Q(('signed_name', ''), _negated=True), name='a_signature_has_a_name'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='signature',
            trigger=pgtrigger.compiler.Trigger(name='rows_never_change', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n    RAISE EXCEPTION 'rows of % are only ever added', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';\n", hash='7391b50c1391a2e682d48fcd46c8fbdc4033ca9e', operation='UPDATE OR DELETE', pgid='pgtrigger_rows_never_change_91872', table='therapy_signature', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='signature',
            trigger=pgtrigger.compiler.Trigger(name='rows_are_never_emptied', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n    RAISE EXCEPTION 'rows of % are only ever added', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';\n", hash='3cf692a7621e7b9eff6dfb12cadcad5684832911', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_rows_are_never_emptied_3a278', table='therapy_signature', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='signature',
            trigger=pgtrigger.compiler.Trigger(name='what_holds_is_signed_by_who_is_there', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE held therapy_agreement;', func="\n                    SELECT * INTO held FROM therapy_agreement WHERE id = NEW.agreement_id;\n                    IF EXISTS (\n                        SELECT FROM therapy_agreement a\n                        WHERE a.program_id = held.program_id AND a.kind = held.kind AND a.version > held.version\n                    ) THEN\n                        RAISE EXCEPTION 'there is a newer text'\n                        USING ERRCODE = 'check_violation', CONSTRAINT = 'the_newest_version_is_signed';\n                    ELSIF NOT EXISTS (\n                        SELECT FROM people_enrolment e\n                        WHERE e.client_id = NEW.client_id AND e.program_id = held.program_id\n                        AND e.state IN ('referred', 'admitted')\n                    ) THEN\n                        RAISE EXCEPTION 'not in the program'\n                        USING ERRCODE = 'check_violation', CONSTRAINT = 'agreements_are_signed_by_who_is_there';\n                    END IF;\n                    RETURN NEW;\n                ", hash='ecb956dbca476fc32db23b3218122d2e354db599', operation='INSERT', pgid='pgtrigger_what_holds_is_signed_by_who_is_there_b2dd3', table='therapy_signature', when='BEFORE')),
        ),
    ]
