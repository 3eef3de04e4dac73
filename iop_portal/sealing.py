"""Secrets at rest: sealed with the newest of PORTAL_FIELD_KEYS, opened with any of them."""

from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models


def sealer() -> MultiFernet:
    """The configured keys. Raises ImproperlyConfigured, naming the variable, where one is not a Fernet key."""
    try:
        return MultiFernet([Fernet(key) for key in settings.PORTAL_FIELD_KEYS])
    except ValueError as error:
        raise ImproperlyConfigured(
            "PORTAL_FIELD_KEYS has to hold Fernet keys (44 characters each), separated by commas."
        ) from error


def seal(text: str) -> str:
    return sealer().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """The text again. Raises ImproperlyConfigured where no configured key opens it."""
    try:
        return sealer().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise ImproperlyConfigured("PORTAL_FIELD_KEYS lacks the key that sealed a stored secret.") from None


class SealedTextField(models.TextField):  # type: ignore[type-arg]  # not subscriptable when it runs
    """Text that the database and its backups hold only sealed. It cannot be searched or compared."""

    def get_prep_value(self, value: Any) -> Any:
        return seal(value) if value else value

    def from_db_value(self, value: str | None, *_: object) -> str | None:
        return unseal(value) if value else value
