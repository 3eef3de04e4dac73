import django.contrib.postgres.fields
import iop_portal.notices.models.reach
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notices', '0003_channels_and_how_people_are_reached'),
    ]

    operations = [
        migrations.AlterField(
            model_name='reach',
            name='appointments_by',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('mail', 'By e-mail'), ('text', 'By text message'), ('portal', 'Here in the portal')], max_length=6), default=iop_portal.notices.models.reach.by_mail, size=None, verbose_name='When an appointment is booked, moved or cancelled, and when somebody writes to you'),
        ),
        migrations.AlterField(
            model_name='reachdefault',
            name='appointments_by',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('mail', 'By e-mail'), ('text', 'By text message'), ('portal', 'Here in the portal')], max_length=6), default=iop_portal.notices.models.reach.by_mail, size=None, verbose_name='When an appointment is booked, moved or cancelled, and when somebody writes to you'),
        ),
    ]
