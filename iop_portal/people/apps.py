from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "iop_portal.people"
    label = "people"
