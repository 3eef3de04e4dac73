import django.db.models.deletion
import iop_portal.sealing
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('people', '0002_why_it_ended'),
        ('therapy', '0009_skills_and_homework'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Amendment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', iop_portal.sealing.SealedTextField()),
                ('added_at', models.DateTimeField()),
            ],
            options={
                'ordering': ('pk',),
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='CounsellingNote',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', iop_portal.sealing.SealedTextField()),
                ('written_at', models.DateTimeField()),
            ],
            options={
                'ordering': ('-pk',),
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Note',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('held_at', models.DateTimeField(null=True)),
                ('place_key', models.BigIntegerField(null=True)),
                ('text', iop_portal.sealing.SealedTextField(blank=True)),
                ('begun_at', models.DateTimeField()),
                ('signed_at', models.DateTimeField(null=True)),
                ('cosigned_at', models.DateTimeField(null=True)),
            ],
            options={
                'ordering': ('-begun_at', '-pk'),
            },
        ),
        migrations.AddField(
            model_name='clinician',
            name='intern_until',
            field=models.DateField(blank=True, null=True, verbose_name='intern until'),
        ),
        migrations.AddField(
            model_name='clinician',
            name='supervisor',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='interns', to=settings.AUTH_USER_MODEL, verbose_name='supervisor'),
        ),
        migrations.AddConstraint(
            model_name='clinician',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('intern_until', None), ('supervisor', None)), models.Q(('intern_until__isnull', False), ('supervisor__isnull', False), models.Q(('supervisor', models.F('user')), _negated=True)), _connector='OR'), name='an_intern_has_a_supervisor_and_a_last_day'),
        ),
        migrations.AddField(
            model_name='amendment',
            name='author',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='counsellingnote',
            name='amends',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='amendments', to='therapy.counsellingnote'),
        ),
        migrations.AddField(
            model_name='counsellingnote',
            name='author',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='counsellingnote',
            name='client',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='counsellingnote',
            name='program',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='people.program'),
        ),
        migrations.AddField(
            model_name='note',
            name='author',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='notes_written', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='note',
            name='client',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='notes_about', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='note',
            name='modality',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='therapy.modality'),
        ),
        migrations.AddField(
            model_name='note',
            name='program',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='people.program'),
        ),
        migrations.AddField(
            model_name='note',
            name='supervisor',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='amendment',
            name='note',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='amendments', to='therapy.note'),
        ),
        migrations.AddConstraint(
            model_name='counsellingnote',
            constraint=models.CheckConstraint(condition=models.Q(('text', ''), _negated=True), name='a_counselling_note_says_something'),
        ),
        migrations.AddConstraint(
            model_name='counsellingnote',
            constraint=models.CheckConstraint(condition=models.Q(('author', models.F('client')), _negated=True), name='nobody_writes_counselling_notes_about_themself'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='counsellingnote',
            trigger=pgtrigger.compiler.Trigger(name='rows_never_change', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n    RAISE EXCEPTION 'rows of % are only ever added', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';\n", hash='85761e033b3da37db1cdbe9f33c4fa487bd28f15', operation='UPDATE OR DELETE', pgid='pgtrigger_rows_never_change_5b87e', table='therapy_counsellingnote', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='counsellingnote',
            trigger=pgtrigger.compiler.Trigger(name='rows_are_never_emptied', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n    RAISE EXCEPTION 'rows of % are only ever added', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';\n", hash='97890350ddbc52a01a263fa3f3cb67d126913ac6', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_rows_are_never_emptied_c7ada', table='therapy_counsellingnote', when='BEFORE')),
        ),
        migrations.AddIndex(
            model_name='note',
            index=models.Index(fields=['client', '-begun_at'], name='notes_by_client'),
        ),
        migrations.AddIndex(
            model_name='note',
            index=models.Index(condition=models.Q(('signed_at', None)), fields=['author'], name='notes_unsigned'),
        ),
        migrations.AddConstraint(
            model_name='note',
            constraint=models.UniqueConstraint(fields=('author', 'place_key'), name='one_note_of_an_author_for_a_place'),
        ),
        migrations.AddConstraint(
            model_name='note',
            constraint=models.CheckConstraint(condition=models.Q(('signed_at', None), models.Q(('text', ''), _negated=True), _connector='OR'), name='a_signed_note_says_something'),
        ),
        migrations.AddConstraint(
            model_name='note',
            constraint=models.CheckConstraint(condition=models.Q(('author', models.F('client')), _negated=True), name='nobody_writes_notes_about_themself'),
        ),
        migrations.AddConstraint(
            model_name='note',
            constraint=models.CheckConstraint(condition=models.Q(('supervisor', None), models.Q(('signed_at__isnull', False), models.Q(('supervisor', models.F('author')), _negated=True)), _connector='OR'), name='only_a_signed_note_waits_for_a_co_signature'),
        ),
        migrations.AddConstraint(
            model_name='note',
            constraint=models.CheckConstraint(condition=models.Q(('cosigned_at', None), ('supervisor__isnull', False), _connector='OR'), name='a_co_signature_is_the_supervisor_s'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='note',
            trigger=pgtrigger.compiler.Trigger(name='a_signed_note_never_changes', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.signed_at IS NOT NULL)', func="\n                    IF TG_OP = 'DELETE' OR OLD.cosigned_at IS NOT NULL\n                        OR (OLD.client_id, OLD.program_id, OLD.author_id, OLD.modality_id, OLD.held_at, OLD.place_key,\n                            OLD.text, OLD.begun_at, OLD.signed_at, OLD.supervisor_id)\n                        IS DISTINCT FROM\n                           (NEW.client_id, NEW.program_id, NEW.author_id, NEW.modality_id, NEW.held_at, NEW.place_key,\n                            NEW.text, NEW.begun_at, NEW.signed_at, NEW.supervisor_id)\n                    THEN\n                        RAISE EXCEPTION 'a signed note stays as it is'\n                        USING ERRCODE = 'check_violation', CONSTRAINT = 'a_signed_note_never_changes';\n                    END IF;\n                    RETURN NEW;\n                ", hash='072e71d140187f2941db47be68ab3a8da07ee29a', operation='UPDATE OR DELETE', pgid='pgtrigger_a_signed_note_never_changes_c3091', table='therapy_note', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='amendment',
            constraint=models.CheckConstraint(condition=models.Q(('text', ''), _negated=True), name='an_amendment_says_something'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='amendment',
            trigger=pgtrigger.compiler.Trigger(name='rows_never_change', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n    RAISE EXCEPTION 'rows of % are only ever added', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';\n", hash='92ffb48afa2c7463f38fd81ad25d2f82ae9ff44c', operation='UPDATE OR DELETE', pgid='pgtrigger_rows_never_change_57206', table='therapy_amendment', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='amendment',
            trigger=pgtrigger.compiler.Trigger(name='rows_are_never_emptied', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n    RAISE EXCEPTION 'rows of % are only ever added', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';\n", hash='f4cf3af5ae65add703eb814c9a5a03ea91e44a89', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_rows_are_never_emptied_7b7e0', table='therapy_amendment', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='amendment',
            trigger=pgtrigger.compiler.Trigger(name='only_signed_notes_are_amended', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n                    IF NOT EXISTS (\n                        SELECT FROM therapy_note n WHERE n.id = NEW.note_id AND n.signed_at IS NOT NULL FOR KEY SHARE\n                    ) THEN\n                        RAISE EXCEPTION 'the note is not signed yet'\n                        USING ERRCODE = 'check_violation', CONSTRAINT = 'only_signed_notes_are_amended';\n                    END IF;\n                    RETURN NEW;\n                ", hash='7f9882c49ac137be6bd4a9dae5296e141a30b73f', operation='INSERT', pgid='pgtrigger_only_signed_notes_are_amended_c2ee7', table='therapy_amendment', when='BEFORE')),
        ),
    ]
