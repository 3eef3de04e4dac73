from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "iop_portal.accounts"
    label = "accounts"
