"""What a program sets for all its care."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from iop_portal.people.models import Program


class ClinicalPolicy(models.Model):
    """A program's defaults and limits. The figures vary by state and payer, so each is a setting (DOMAIN §1)."""

    program = models.OneToOneField(Program, models.PROTECT, related_name="policy")
    hours_per_week = models.PositiveSmallIntegerField(_("hours a week"), default=9)
    days_per_week = models.PositiveSmallIntegerField(_("days a week"), default=3)
    week_starts_on = models.PositiveSmallIntegerField(
        _("the program's week starts on"),
        default=0,
        choices=[
            (0, _("Monday")),
            (1, _("Tuesday")),
            (2, _("Wednesday")),
            (3, _("Thursday")),
            (4, _("Friday")),
            (5, _("Saturday")),
            (6, _("Sunday")),
        ],
    )
    notice_minutes = models.PositiveIntegerField(_("shortest notice, in minutes"), default=120)
    horizon_days = models.PositiveSmallIntegerField(_("how many days ahead one can book"), default=28)
    cancel_hours = models.PositiveSmallIntegerField(_("hours before, until which one can cancel"), default=24)
    buffer_minutes = models.PositiveSmallIntegerField(_("minutes between two sessions of a clinician"), default=10)
    grace_minutes = models.PositiveSmallIntegerField(_("minutes of grace for being late"), default=15)
    make_ups_per_week = models.PositiveSmallIntegerField(
        _("most sessions a week that make up for others"), default=2, db_default=2
    )
    offer_minutes = models.PositiveSmallIntegerField(
        _("minutes for which an offered place is kept"), default=120, db_default=120
    )
    answer_hours = models.PositiveSmallIntegerField(
        _("hours within which messages are answered"), default=24, db_default=24
    )
    alert_minutes = models.PositiveSmallIntegerField(
        _("minutes until an answer that cannot wait goes on"), default=15, db_default=15
    )
    clients_per_counsellor = models.PositiveSmallIntegerField(
        _("most clients of one primary counsellor"), default=24, db_default=24
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_counsellor_has_1_to_100_clients", condition=Q(clients_per_counsellor__range=(1, 100))
            ),
            models.CheckConstraint(
                name="an_alert_goes_on_within_5_to_60_minutes", condition=Q(alert_minutes__range=(5, 60))
            ),
            models.CheckConstraint(name="a_week_has_1_to_40_hours_of_care", condition=Q(hours_per_week__range=(1, 40))),
            models.CheckConstraint(name="a_week_has_1_to_7_days_of_care", condition=Q(days_per_week__range=(1, 7))),
            models.CheckConstraint(name="a_week_starts_on_a_weekday", condition=Q(week_starts_on__range=(0, 6))),
            models.CheckConstraint(name="notice_is_two_weeks_at_most", condition=Q(notice_minutes__lte=20_160)),
            models.CheckConstraint(name="horizon_is_1_to_180_days", condition=Q(horizon_days__range=(1, 180))),
            models.CheckConstraint(name="cancel_window_is_a_week_at_most", condition=Q(cancel_hours__lte=168)),
            models.CheckConstraint(name="buffer_is_an_hour_at_most", condition=Q(buffer_minutes__lte=60)),
            models.CheckConstraint(name="grace_is_an_hour_at_most", condition=Q(grace_minutes__lte=60)),
            models.CheckConstraint(name="a_week_has_7_make_ups_at_most", condition=Q(make_ups_per_week__lte=7)),
            models.CheckConstraint(
                name="an_offer_stands_15_minutes_to_2_days", condition=Q(offer_minutes__range=(15, 2880))
            ),
            models.CheckConstraint(
                name="messages_are_answered_within_1_hour_to_a_week", condition=Q(answer_hours__range=(1, 168))
            ),
            models.CheckConstraint(
                name="notice_ends_before_the_horizon", condition=Q(notice_minutes__lt=F("horizon_days") * 1440)
            ),
        ]

    def __str__(self) -> str:
        return f"Clinical policy #{self.pk}"

    @property
    def notice(self) -> timedelta:
        return timedelta(minutes=self.notice_minutes)

    @property
    def horizon(self) -> timedelta:
        return timedelta(days=self.horizon_days)

    @property
    def cancel_window(self) -> timedelta:
        return timedelta(hours=self.cancel_hours)

    @property
    def offer_stands(self) -> timedelta:
        return timedelta(minutes=self.offer_minutes)

    @property
    def alert_goes_on(self) -> timedelta:
        return timedelta(minutes=self.alert_minutes)

    @property
    def buffer(self) -> timedelta:
        return timedelta(minutes=self.buffer_minutes)
