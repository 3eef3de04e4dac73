"""What `check --deploy` does not look at and this portal stands on. Each message names the setting to mend."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

STRICT = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "object-src": ["'none'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"],
    "form-action": ["'self'"],
}
NEEDED_MIDDLEWARE = {
    "csp.middleware.CSPMiddleware": "sends the content security policy",
    "iop_portal.headers.PrivateByDefault": "keeps pages out of shared caches",
    "iop_portal.accounts.middleware.SessionLimits": "ends idle sessions",
    "django.contrib.auth.middleware.LoginRequiredMiddleware": "closes every door by default",
    "iop_portal.accounts.middleware.StaffSecondStep": "asks staff for a second step",
    "iop_portal.logs.RequestLog": "logs without personal data",
}
LONGEST_IDLE = {"PORTAL_IDLE_STAFF": timedelta(minutes=15), "PORTAL_IDLE_OTHERS": timedelta(minutes=30)}
LONGEST_SESSION = timedelta(hours=12)
ENCRYPTED = {"require", "verify-ca", "verify-full"}

Check = Callable[[], str | None]
CHECKS: dict[str, Check] = {}


def deploy_check(number: int) -> Callable[[Check], Check]:
    """The function returns what is wrong, in a sentence, or nothing."""

    def named(check: Check) -> Check:
        CHECKS[f"portal.E{number:03}"] = check
        return check

    return named


def faults(*, app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    found = {name: check() for name, check in CHECKS.items()}
    return [Error(wrong, id=name) for name, wrong in found.items() if wrong]


def register_all() -> None:
    register(faults, Tags.security, deploy=True)


@deploy_check(1)
def production() -> str | None:
    if settings.PORTAL_ENV == "production" and not settings.DEBUG and not settings.PORTAL_DEMO:
        return None
    return "PORTAL_ENV has to be production, without DEBUG and PORTAL_DEMO."


@deploy_check(2)
def content_security_policy() -> str | None:
    sent = getattr(settings, "CONTENT_SECURITY_POLICY", {}).get("DIRECTIVES", {})
    loose = sorted(name for name, value in STRICT.items() if list(sent.get(name, [])) != value)
    return f"CONTENT_SECURITY_POLICY is looser than it has to be: {', '.join(loose)}." if loose else None


@deploy_check(3)
def middleware() -> str | None:
    missing = [f"{name}, which {why}" for name, why in NEEDED_MIDDLEWARE.items() if name not in settings.MIDDLEWARE]
    return f"MIDDLEWARE lacks {'; '.join(missing)}." if missing else None


@deploy_check(4)
def cookies() -> str | None:
    for name in (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME):
        if not name.startswith("__Host-"):
            return f"The cookie {name} has to be named __Host-…, so that no neighbouring site can set it."
    if not (settings.SESSION_COOKIE_HTTPONLY and settings.CSRF_COOKIE_HTTPONLY):
        return "SESSION_COOKIE_HTTPONLY and CSRF_COOKIE_HTTPONLY have to be set."
    return None


@deploy_check(5)
def timeouts() -> str | None:
    for name, longest in LONGEST_IDLE.items():
        if not timedelta(0) < getattr(settings, name) <= longest:
            return f"{name} has to be at most {longest}."
    if settings.PORTAL_SESSION_LONGEST > LONGEST_SESSION or not settings.SESSION_EXPIRE_AT_BROWSER_CLOSE:
        return f"A session has to end with the browser, and after {LONGEST_SESSION} at the latest."
    return None


@deploy_check(6)
def password_hashers() -> str | None:
    first = settings.PASSWORD_HASHERS[0].rpartition(".")[2]
    return None if first == "Argon2PasswordHasher" else "PASSWORD_HASHERS has to begin with Argon2PasswordHasher."


@deploy_check(7)
def shared_cache() -> str | None:
    """Rate limits and used codes have to be seen by every process, and to survive Redis."""
    if settings.CACHES["default"]["BACKEND"].endswith(".db.DatabaseCache"):
        return None
    return "CACHES has to keep the default cache in the database."


@deploy_check(8)
def database_encryption() -> str | None:
    database = settings.DATABASES["default"]
    if database["HOST"].startswith("/") or database["OPTIONS"].get("sslmode") in ENCRYPTED:
        return None
    return "DATABASE_URL has to end in ?sslmode=require or stricter, unless it names a socket."


@deploy_check(9)
def proxies() -> str | None:
    """Without a proxy nothing ends TLS; a wrong count lets callers make up their address."""
    if settings.ALLAUTH_TRUSTED_PROXY_COUNT > 0 and settings.SECURE_PROXY_SSL_HEADER:
        return None
    return "PORTAL_PROXY_COUNT has to say how many proxies of ours stand in front."


@deploy_check(10)
def field_keys() -> str | None:
    known = "ZGV2ZWxvcG1lbnQtb25seS1ub3QtYS1zZWNyZXQtMDE="
    if settings.PORTAL_FIELD_KEYS and known not in settings.PORTAL_FIELD_KEYS:
        return None
    return "PORTAL_FIELD_KEYS has to hold keys of your own."


@deploy_check(11)
def mail_encryption() -> str | None:
    if settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL:
        return None
    return "EMAIL_URL has to ask for TLS: smtp://…?tls=1 or smtps://…."


@deploy_check(12)
def second_step() -> str | None:
    if settings.MFA_TRUST_ENABLED or settings.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN:
        return "MFA_TRUST_ENABLED and MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN have to be off."
    if urlsplit(settings.PORTAL_ORIGIN).scheme != "https":
        return "PORTAL_ORIGIN has to begin with https://."
    return None


@deploy_check(13)
def error_reports() -> str | None:
    """Django mails what people typed to whoever is named here."""
    return "ADMINS and MANAGERS have to stay empty." if settings.ADMINS or settings.MANAGERS else None


@deploy_check(14)
def text_provider() -> str | None:
    """Without a provider there are no texts, which is fine; one for the development would print what is secret."""
    if settings.TEXT_BACKEND.startswith(("iop_portal.notices.providers.Console", "iop_portal.demo.")):
        return "PORTAL_TEXT_BACKEND has to name a provider that carries texts, or to be empty."
    if settings.TEXT_BACKEND and len(settings.PORTAL_TEXT_SECRET) < 32:
        return "PORTAL_TEXT_SECRET has to have at least 32 characters, or no STOP is heard."
    return None
