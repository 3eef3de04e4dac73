from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "iop_portal.audit"
    label = "audit"
