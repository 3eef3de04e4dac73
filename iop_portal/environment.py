"""Reading the environment: every variable is named, checked and explained where it is wrong."""

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

YES, NO = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}


class Environment:
    """Typed answers from environment variables. Raises ImproperlyConfigured naming the variable, never its value."""

    def __init__(self, variables: Mapping[str, str] = os.environ) -> None:
        self.variables = variables
        self.name = self.choice("PORTAL_ENV", ("development", "test", "production"), default="development")

    @property
    def production(self) -> bool:
        return self.name == "production"

    def text(self, name: str, *, development: str | None = None, default: str | None = None) -> str:
        """A variable that production must set. `development` stands in elsewhere, `default` everywhere."""
        value = self.variables.get(name, "").strip()
        if value:
            return value
        if default is not None:
            return default
        if development is not None and not self.production:
            return development
        raise ImproperlyConfigured(f"{name} is not set. docs/operations.md says what it holds.")

    def choice(self, name: str, allowed: tuple[str, ...], *, default: str) -> str:
        value = self.text(name, default=default)
        if value not in allowed:
            raise ImproperlyConfigured(f"{name} has to be one of: {', '.join(allowed)}.")
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        value = self.text(name, default="1" if default else "0").lower()
        if value not in YES | NO:
            raise ImproperlyConfigured(f"{name} has to be 1 or 0.")
        return value in YES

    def number(self, name: str, *, default: int, least: int = 0, most: int = 1_000_000) -> int:
        value = self.text(name, default=str(default))
        if not value.isdecimal() or not least <= int(value) <= most:
            raise ImproperlyConfigured(f"{name} has to be a whole number from {least} to {most}.")
        return int(value)

    def words(self, name: str, *, development: str | None = None, default: str | None = None) -> list[str]:
        value = self.text(name, development=development, default=default)
        return [word.strip() for word in value.split(",") if word.strip()]

    def fernet_keys(self, name: str, *, development: str) -> list[str]:
        keys = self.words(name, development=development)
        try:
            for key in keys:
                Fernet(key)
        except ValueError:
            keys = []
        if not keys:
            raise ImproperlyConfigured(f"{name} has to hold Fernet keys (44 characters each), separated by commas.")
        return keys

    def origin(self, name: str, *, development: str) -> str:
        """The address people type, as scheme://host[:port], used for links in mail."""
        value = self.text(name, development=development).rstrip("/")
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query:
            raise ImproperlyConfigured(f"{name} has to look like https://portal.example.org.")
        if self.production and parts.scheme != "https":
            raise ImproperlyConfigured(f"{name} has to begin with https:// in production.")
        return value

    def database(self, name: str) -> dict[str, Any]:
        """Django's description of the PostgreSQL at postgresql://user:password@host:port/name?host=/socket&sslmode=…

        Without the variable, outside production, the description leads nowhere: reading settings never needs
        a server, and what does need one runs under `python -m iop_portal.local_services run`.
        """
        value = self.text(name, development="postgresql://portal@127.0.0.1:1/no_database_given")
        parts = urlsplit(value)
        try:
            port = parts.port
        except ValueError:
            port = -1
        if parts.scheme not in ("postgresql", "postgres") or not parts.path.strip("/") or port == -1:
            raise ImproperlyConfigured(f"{name} has to look like postgresql://user:password@host:5432/name.")
        query = dict(parse_qsl(parts.query))
        options: dict[str, Any] = {
            "connect_timeout": 5,
            "application_name": "portal",
            "options": _session_settings(self.text("DATABASE_ROLE", default="")),
        }
        host = query.pop("host", None) or parts.hostname or ""
        user = query.pop("user", None) or unquote(parts.username or "")
        options |= {key: query[key] for key in ("sslmode", "sslrootcert") if key in query}
        return {
            "ENGINE": "iop_portal.postgresql",
            "NAME": unquote(parts.path.strip("/")),
            "USER": user,
            "PASSWORD": unquote(parts.password or ""),
            "HOST": host,
            "PORT": str(port or ""),
            # Long enough for what a connection keeps its plans of (`iop_portal.prepared`) to be asked again.
            "CONN_MAX_AGE": 600,
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": options,
        }

    def broker(self, name: str) -> str:
        value = self.text(name, development="redis://127.0.0.1:1/0")
        if urlsplit(value).scheme not in ("redis", "rediss", "redis+socket"):
            raise ImproperlyConfigured(f"{name} has to look like redis://host:6379/0.")
        return value

    def mail(self, name: str) -> dict[str, Any]:
        """Django's mail settings from smtp://user:password@host:587?tls=1 (or smtps://… on 465)."""
        value = self.text(name, development="smtp://127.0.0.1:1025")
        parts = urlsplit(value)
        try:
            port = parts.port
        except ValueError:
            port = -1
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname or port == -1:
            raise ImproperlyConfigured(f"{name} has to look like smtp://user:password@host:587?tls=1.")
        query = dict(parse_qsl(parts.query))
        return {
            "EMAIL_HOST": parts.hostname,
            "EMAIL_PORT": port or (465 if parts.scheme == "smtps" else 587),
            "EMAIL_HOST_USER": unquote(parts.username or ""),
            "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
            "EMAIL_USE_TLS": query.get("tls", "0").lower() in YES,
            "EMAIL_USE_SSL": parts.scheme == "smtps",
        }


def _session_settings(role: str) -> str:
    """PostgreSQL gives up on its own before a person does: no query, lock or forgotten transaction lasts."""
    settings = {
        "statement_timeout": "15s",
        "lock_timeout": "5s",
        "idle_in_transaction_session_timeout": "30s",
    }
    if role:
        if not role.isidentifier():
            raise ImproperlyConfigured("DATABASE_ROLE has to be a plain role name, such as portal_app.")
        settings["role"] = role
    return " ".join(f"-c {name}={value}" for name, value in settings.items())
