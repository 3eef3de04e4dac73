"""A production that is set up wrongly does not start, and says which setting to mend."""

import os
import runpy
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.exceptions import ImproperlyConfigured

from iop_portal import checks
from iop_portal.environment import Environment

ROOT = Path(__file__).resolve().parent.parent
PRODUCTION = {
    "PORTAL_ENV": "production",
    "PORTAL_SECRET_KEY": "k7Jq-0zPw4yXv1sB9nLd3FgHt6mRc8aUe2iOxYbTfWqZpVjK5uN",
    "PORTAL_FIELD_KEYS": "c29tZS1vdGhlci1rZXktb2YtMzItYnl0ZXMtbG9uZyE=",
    "PORTAL_ORIGIN": "https://portal.example.org",
    "PORTAL_HOSTS": "portal.example.org",
    "PORTAL_PROXY_COUNT": "1",
    "PORTAL_MAIL_FROM": "portal@example.org",
    "EMAIL_URL": "smtp://user:secret@mail.example.org:587?tls=1",
    "DATABASE_URL": "postgresql://portal_app:secret@db.example.org/portal?sslmode=verify-full",
    "REDIS_URL": "rediss://:secret@redis.example.org:6379/0",
}
# What a test's own process sets for itself, such as the browser's leave to ask the database, is no production's.
OURS = ("PORTAL_", "DATABASE_", "REDIS_", "EMAIL_", "DJANGO_ALLOW_ASYNC")


def environment(**changes):
    """A production's; a variable that is None is missing."""
    others = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return others | {name: value for name, value in (PRODUCTION | changes).items() if value is not None}


@pytest.fixture
def faults_of(monkeypatch):
    """What starting in an environment says: the refusal of the settings, or else the findings of the checks."""

    def start(**changes):
        monkeypatch.setattr(os, "environ", environment(**changes))
        monkeypatch.setattr(Environment.__init__, "__defaults__", (os.environ,))
        try:
            values = runpy.run_path(ROOT / "iop_portal" / "settings.py")
        except ImproperlyConfigured as refusal:
            return [str(refusal)]
        monkeypatch.setattr(checks, "settings", SimpleNamespace(**values))
        return [fault.msg for fault in checks.faults(app_configs=None)]

    return start


def check(**changes):
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env=environment(**changes),
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_proper_production_passes_every_check():
    outcome = check()

    assert not outcome.stderr, outcome.stderr
    assert outcome.returncode == 0, outcome.stdout
    assert "no issues" in outcome.stdout


def test_an_unfit_production_does_not_pass():
    outcome = check(PORTAL_PROXY_COUNT="0")

    assert outcome.returncode != 0
    assert "portal.E009" in outcome.stderr


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("PORTAL_ENV", "prod", "PORTAL_ENV has to be one of"),
        ("PORTAL_DEMO", "1", "PORTAL_DEMO lets anybody in"),
        ("PORTAL_DEMO", "maybe", "PORTAL_DEMO has to be 1 or 0"),
        ("PORTAL_SECRET_KEY", None, "PORTAL_SECRET_KEY is not set"),
        ("PORTAL_SECRET_KEY", "short", "PORTAL_SECRET_KEY has to have"),
        ("PORTAL_FIELD_KEYS", None, "PORTAL_FIELD_KEYS is not set"),
        ("PORTAL_FIELD_KEYS", "no-fernet-key", "PORTAL_FIELD_KEYS"),
        ("PORTAL_FIELD_KEYS", "ZGV2ZWxvcG1lbnQtb25seS1ub3QtYS1zZWNyZXQtMDE=", "PORTAL_FIELD_KEYS"),
        ("PORTAL_ORIGIN", None, "PORTAL_ORIGIN is not set"),
        ("PORTAL_ORIGIN", "http://portal.example.org", "PORTAL_ORIGIN has to begin with https://"),
        ("PORTAL_ORIGIN", "portal.example.org", "PORTAL_ORIGIN has to look like"),
        ("PORTAL_HOSTS", None, "PORTAL_HOSTS is not set"),
        ("PORTAL_HOSTS", "*", "PORTAL_HOSTS has to name the hosts"),
        ("PORTAL_PROXY_COUNT", None, "PORTAL_PROXY_COUNT has to say"),
        ("PORTAL_PROXY_COUNT", "two", "PORTAL_PROXY_COUNT has to be a whole number"),
        ("PORTAL_MAIL_FROM", None, "PORTAL_MAIL_FROM is not set"),
        ("EMAIL_URL", None, "EMAIL_URL is not set"),
        ("EMAIL_URL", "mail.example.org", "EMAIL_URL has to look like"),
        ("EMAIL_URL", "smtp://mail.example.org", "EMAIL_URL has to ask for TLS"),
        ("DATABASE_URL", None, "DATABASE_URL is not set"),
        ("DATABASE_URL", "mysql://db/portal", "DATABASE_URL has to look like"),
        ("DATABASE_URL", "postgresql://user:secret@db:port/portal", "DATABASE_URL has to look like"),
        ("DATABASE_URL", "postgresql://user:secret@db/portal", "DATABASE_URL has to end in ?sslmode="),
        ("DATABASE_ROLE", "a b", "DATABASE_ROLE has to be a plain role name"),
        ("REDIS_URL", None, "REDIS_URL is not set"),
        ("REDIS_URL", "http://redis", "REDIS_URL has to look like"),
        ("PORTAL_IDLE_STAFF_MINUTES", "30", "PORTAL_IDLE_STAFF has to be at most"),
        ("PORTAL_IDLE_MINUTES", "never", "PORTAL_IDLE_MINUTES has to be a whole number"),
        ("PORTAL_SESSION_HOURS", "20", "12:00:00 at the latest"),
        ("PORTAL_LOG_LEVEL", "LOUD", "PORTAL_LOG_LEVEL"),
        ("PORTAL_TEXT_BACKEND", "some.Provider", "PORTAL_TEXT_SECRET has to have at least 32"),
    ],
)
def test_a_missing_or_broken_variable_is_named_and_its_value_is_not_repeated(faults_of, variable, value, says):
    (fault,) = faults_of(**{variable: value})

    assert says in fault
    assert "secret" not in fault


def test_a_database_behind_a_socket_needs_no_tls(faults_of):
    assert faults_of(DATABASE_URL="postgresql://portal_app@/portal?host=/run/postgresql") == []


@pytest.fixture
def proper(settings):
    """The settings of the test run, made fit for production; each test then spoils one."""
    settings.PORTAL_ENV = "production"
    settings.PORTAL_DEMO = False
    settings.PORTAL_FIELD_KEYS = [PRODUCTION["PORTAL_FIELD_KEYS"]]
    settings.PORTAL_ORIGIN = PRODUCTION["PORTAL_ORIGIN"]
    settings.SESSION_COOKIE_NAME = "__Host-portal"
    settings.CSRF_COOKIE_NAME = "__Host-portal-form"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.EMAIL_USE_TLS = True
    settings.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = False
    settings.DEBUG = False
    settings.TEXT_BACKEND = ""
    assert checks.faults(app_configs=None) == []
    return settings


@pytest.mark.parametrize(
    ("name", "value", "number"),
    [
        ("DEBUG", True, 1),
        ("PORTAL_DEMO", True, 1),
        ("CONTENT_SECURITY_POLICY", {"DIRECTIVES": {}}, 2),
        ("SESSION_COOKIE_NAME", "portal", 4),
        ("CSRF_COOKIE_NAME", "portal-form", 4),
        ("CSRF_COOKIE_HTTPONLY", False, 4),
        ("PORTAL_IDLE_STAFF", timedelta(minutes=16), 5),
        ("PORTAL_IDLE_OTHERS", timedelta(0), 5),
        ("PORTAL_SESSION_LONGEST", timedelta(hours=13), 5),
        ("SESSION_EXPIRE_AT_BROWSER_CLOSE", False, 5),
        ("PASSWORD_HASHERS", ["django.contrib.auth.hashers.MD5PasswordHasher"], 6),
        ("CACHES", {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}, 7),
        ("ALLAUTH_TRUSTED_PROXY_COUNT", 0, 9),
        ("SECURE_PROXY_SSL_HEADER", None, 9),
        ("PORTAL_FIELD_KEYS", [], 10),
        ("EMAIL_USE_TLS", False, 11),
        ("MFA_TRUST_ENABLED", True, 12),
        ("TEXT_BACKEND", "iop_portal.notices.providers.ConsoleProvider", 14),
        ("TEXT_BACKEND", "some.Provider", 14),
        ("ADMINS", [("Ops", "ops@example.org")], 13),
    ],
)
def test_each_check_notices_its_fault(proper, name, value, number):
    setattr(proper, name, value)

    assert [fault.id for fault in checks.faults(app_configs=None)] == [f"portal.E{number:03}"]


@pytest.mark.parametrize("name", checks.NEEDED_MIDDLEWARE)
def test_a_middleware_that_protects_is_missed(proper, name):
    proper.MIDDLEWARE = [other for other in proper.MIDDLEWARE if other != name]

    assert [fault.id for fault in checks.faults(app_configs=None)] == ["portal.E003"]


@pytest.mark.parametrize("directive", checks.STRICT)
def test_a_directive_that_is_loosened_is_named(proper, directive):
    directives = proper.CONTENT_SECURITY_POLICY["DIRECTIVES"] | {directive: ["'self'", "'unsafe-inline'"]}
    proper.CONTENT_SECURITY_POLICY = {"DIRECTIVES": directives}

    (fault,) = checks.faults(app_configs=None)
    assert directive in fault.msg
