import django.db.models.deletion
import django.db.models.functions.datetime
import iop_portal.sealing
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('people', '0001_first'),
        ('therapy', '0004_how_long_an_offer_stands'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Draft',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('subject', iop_portal.sealing.SealedTextField(blank=True)),
                ('text', iop_portal.sealing.SealedTextField(blank=True)),
                ('saved_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name='Message',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('from_client', models.BooleanField()),
                ('text', iop_portal.sealing.SealedTextField()),
                ('sent_at', models.DateTimeField()),
                ('once', models.UUIDField()),
            ],
            options={
                'ordering': ('pk',),
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Reading',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('read_at', models.DateTimeField()),
            ],
            options={
                'ordering': ('pk',),
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Thread',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('subject', iop_portal.sealing.SealedTextField(blank=True)),
                ('begun_at', models.DateTimeField()),
                ('last_at', models.DateTimeField()),
                ('waiting_since', models.DateTimeField(null=True)),
                ('closed_at', models.DateTimeField(null=True)),
            ],
            options={
                'ordering': ('-last_at', '-pk'),
            },
        ),
        migrations.CreateModel(
            name='Unread',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('since', models.DateTimeField()),
                ('ended_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.AddField(
            model_name='clinicalpolicy',
            name='answer_hours',
            field=models.PositiveSmallIntegerField(db_default=24, default=24, verbose_name='hours within which messages are answered'),
        ),
        migrations.AddConstraint(
            model_name='clinicalpolicy',
            constraint=models.CheckConstraint(condition=models.Q(('answer_hours__range', (1, 168))), name='messages_are_answered_within_1_hour_to_a_week'),
        ),
        migrations.AddField(
            model_name='draft',
            name='client',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='draft',
            name='writer',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='drafts', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='message',
            name='sender',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='reading',
            name='message',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='readings', to='therapy.message'),
        ),
        migrations.AddField(
            model_name='reading',
            name='reader',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='thread',
            name='assigned_to',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='threads_assigned', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='thread',
            name='begun_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='thread',
            name='client',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='threads', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='thread',
            name='closed_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='thread',
            name='program',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='threads', to='people.program'),
        ),
        migrations.AddField(
            model_name='message',
            name='thread',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='therapy.thread'),
        ),
        migrations.AddField(
            model_name='draft',
            name='thread',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='therapy.thread'),
        ),
        migrations.AddField(
            model_name='unread',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='unread',
            name='thread',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='unread', to='therapy.thread'),
        ),
        migrations.AddConstraint(
            model_name='reading',
            constraint=models.UniqueConstraint(fields=('message', 'reader'), name='a_message_is_read_for_the_first_time_once'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='reading',
            trigger=pgtrigger.compiler.Trigger(name='rows_never_change', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n    RAISE EXCEPTION 'rows of % are only ever added', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';\n", hash='88102ec6cb5eba5b3c66664e78552b98b06ae212', operation='UPDATE OR DELETE', pgid='pgtrigger_rows_never_change_144ec', table='therapy_reading', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='reading',
            trigger=pgtrigger.compiler.Trigger(name='rows_are_never_emptied', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n    RAISE EXCEPTION 'rows of % are only ever added', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';\n", hash='4c4958f9f5fafc5ae4097c3bc8dc0848969f0ae7', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_rows_are_never_emptied_d6fbf', table='therapy_reading', when='BEFORE')),
        ),
        migrations.AddIndex(
            model_name='thread',
            index=models.Index(fields=['client', '-last_at'], name='threads_by_client'),
        ),
        migrations.AddIndex(
            model_name='thread',
            index=models.Index(condition=models.Q(('waiting_since__isnull', False)), fields=['waiting_since'], name='threads_waiting'),
        ),
        migrations.AddConstraint(
            model_name='thread',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('closed_at', None), ('closed_by', None)), models.Q(('closed_at__isnull', False), ('closed_by__isnull', False)), _connector='OR'), name='a_thread_is_closed_by_somebody'),
        ),
        migrations.AddConstraint(
            model_name='thread',
            constraint=models.CheckConstraint(condition=models.Q(('closed_at', None), ('waiting_since', None), _connector='OR'), name='a_closed_thread_waits_for_nobody'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='thread',
            trigger=pgtrigger.compiler.Trigger(name='threads_are_given_to_the_care_team', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (NEW.assigned_to_id IS NOT NULL)', func="\n                    IF NOT EXISTS (\n                        SELECT FROM people_careteam c JOIN people_enrolment e ON e.id = c.enrolment_id\n                        WHERE c.clinician_id = NEW.assigned_to_id AND c.until IS NULL\n                        AND e.client_id = NEW.client_id AND e.program_id = NEW.program_id\n                        AND e.state IN ('referred', 'admitted')\n                    ) THEN\n                        RAISE EXCEPTION 'not of the care team'\n                        USING ERRCODE = 'check_violation', CONSTRAINT = 'threads_are_given_to_the_care_team';\n                    END IF;\n                    RETURN NEW;\n                ", hash='bb6a3b7d6f25e753ecac29044624efc3af632250', operation='INSERT OR UPDATE OF "assigned_to_id"', pgid='pgtrigger_threads_are_given_to_the_care_team_30658', table='therapy_thread', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='thread',
            trigger=pgtrigger.compiler.Trigger(name='a_thread_stays_whose_it_is', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n                    RAISE EXCEPTION 'a conversation stays as it was begun'\n                    USING ERRCODE = 'check_violation', CONSTRAINT = 'a_thread_stays_whose_it_is';\n                ", hash='4aafbb8e3aba49a9bc71fdcf85ea9e12314397be', operation='UPDATE OF "client_id", "program_id", "subject", "begun_at", "begun_by_id" OR DELETE', pgid='pgtrigger_a_thread_stays_whose_it_is_22eb3', table='therapy_thread', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.UniqueConstraint(fields=('sender', 'once'), name='a_message_is_sent_once'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.CheckConstraint(condition=models.Q(('text', ''), _negated=True), name='a_message_says_something'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='message',
            trigger=pgtrigger.compiler.Trigger(name='rows_never_change', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n    RAISE EXCEPTION 'rows of % are only ever added', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';\n", hash='3046ee112b17bac975d13f3853b8578cdd534596', operation='UPDATE OR DELETE', pgid='pgtrigger_rows_never_change_9c086', table='therapy_message', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='message',
            trigger=pgtrigger.compiler.Trigger(name='rows_are_never_emptied', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n    RAISE EXCEPTION 'rows of % are only ever added', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';\n", hash='a27458b282ad0cd6417676384129296a408806ce', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_rows_are_never_emptied_89a53', table='therapy_message', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='message',
            trigger=pgtrigger.compiler.Trigger(name='messages_are_of_the_client_and_the_care_team', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE held therapy_thread;', func="\n                    SELECT * INTO held FROM therapy_thread WHERE id = NEW.thread_id FOR NO KEY UPDATE;\n                    IF NEW.from_client <> (NEW.sender_id = held.client_id) OR NOT EXISTS (\n                        SELECT FROM people_enrolment e\n                        WHERE e.client_id = held.client_id AND e.program_id = held.program_id\n                        AND e.state IN ('referred', 'admitted')\n                        AND (NEW.from_client OR EXISTS (\n                            SELECT FROM people_careteam c\n                            WHERE c.enrolment_id = e.id AND c.clinician_id = NEW.sender_id AND c.until IS NULL\n                        ))\n                    ) THEN\n                        RAISE EXCEPTION 'neither the client nor of the care team'\n                        USING ERRCODE = 'check_violation',\n                        CONSTRAINT = 'messages_are_of_the_client_and_the_care_team';\n                    END IF;\n                    RETURN NEW;\n                ", hash='9a555a6ea33201a0c87effe7fd6a66a49cad61f0', operation='INSERT', pgid='pgtrigger_messages_are_of_the_client_and_the_care_team_4951f', table='therapy_message', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='message',
            trigger=pgtrigger.compiler.Trigger(name='a_message_moves_its_thread', sql=pgtrigger.compiler.UpsertTriggerSql(func='\n                    UPDATE therapy_thread SET\n                        last_at = NEW.sent_at,\n                        waiting_since = CASE WHEN NEW.from_client THEN coalesce(waiting_since, NEW.sent_at) END,\n                        closed_at = NULL,\n                        closed_by_id = NULL\n                    WHERE id = NEW.thread_id;\n                    RETURN NEW;\n                ', hash='9db7f9d8fd79cf70a454fce89734d5a443b5e10c', operation='INSERT', pgid='pgtrigger_a_message_moves_its_thread_dda85', table='therapy_message', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='draft',
            constraint=models.UniqueConstraint(fields=('writer', 'client', 'thread'), name='one_draft_for_each_thing_written', nulls_distinct=False),
        ),
        migrations.AddIndex(
            model_name='unread',
            index=models.Index(condition=models.Q(('ended_at', None)), fields=['person'], name='unread_by_person'),
        ),
        migrations.AddConstraint(
            model_name='unread',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('thread', 'person'), name='one_unread_stretch_at_a_time'),
        ),
        migrations.AddConstraint(
            model_name='unread',
            constraint=models.CheckConstraint(condition=models.Q(('ended_at', None), ('ended_at__gte', models.F('since')), _connector='OR'), name='an_unread_stretch_ends_after_it_began'),
        ),
    ]
