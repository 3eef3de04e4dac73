from django.apps import AppConfig


class FollowupsConfig(AppConfig):
    name = "iop_portal.followups"
    label = "followups"
