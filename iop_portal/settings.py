"""Settings of the portal, from the environment. They read addresses and start nothing.

Every variable is described in docs/operations.md. In production (PORTAL_ENV=production) a variable that is
missing or wrong is an error that names it; elsewhere there are defaults for one's own machine.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from iop_portal.environment import Environment

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment()

# ── What kind of place this is ────────────────────────────────────────────────────────────────────────────────

PORTAL_ENV = env.name
PORTAL_DEMO = env.flag("PORTAL_DEMO")
if PORTAL_DEMO and env.production:
    raise ImproperlyConfigured("PORTAL_DEMO lets anybody in and cannot be set where PORTAL_ENV=production.")

# Even in development: a debug page shows what people typed.
DEBUG = False
SECRET_KEY = env.text("PORTAL_SECRET_KEY", development="only-for-this-machine-" + "0123456789" * 5)
SECRET_KEY_FALLBACKS = env.words("PORTAL_SECRET_KEY_FALLBACKS", default="")
if env.production and len(SECRET_KEY) < 50:
    raise ImproperlyConfigured("PORTAL_SECRET_KEY has to have at least 50 characters.")
# Fernet keys for secrets at rest, newest first. Older ones still read.
PORTAL_FIELD_KEYS = env.fernet_keys("PORTAL_FIELD_KEYS", development="ZGV2ZWxvcG1lbnQtb25seS1ub3QtYS1zZWNyZXQtMDE=")
PORTAL_ORIGIN = env.origin("PORTAL_ORIGIN", development="http://127.0.0.1:8000")
PORTAL_EXIT_URL = env.text("PORTAL_EXIT_URL", default="https://www.weather.gov/")
ALLOWED_HOSTS = env.words("PORTAL_HOSTS", development="127.0.0.1,localhost,[::1],testserver")
if "*" in ALLOWED_HOSTS:
    raise ImproperlyConfigured("PORTAL_HOSTS has to name the hosts; * would trust any.")
CSRF_TRUSTED_ORIGINS = [PORTAL_ORIGIN]

# ── Apps ──────────────────────────────────────────────────────────────────────────────────────────────────────

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "iop_portal.people",
    "iop_portal.audit",
    "iop_portal.consents",
    "iop_portal.notices",
    "iop_portal.followups",
    "iop_portal.accounts",
    "therapy",
    "scheduling",
    "relapse",
    "alumni",
    "family",
    "iop_portal.home",
    "iop_portal.office",
    "iop_portal.demo",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "crispy_forms",
    "crispy_bootstrap5",
    "bootstrap",
    "django_htmx",
    "pgtrigger",
    "csp",
]

MIDDLEWARE = [
    "iop_portal.logs.RequestLog",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "iop_portal.headers.PrivateByDefault",
    "iop_portal.audit.middleware.RememberAddress",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "iop_portal.accounts.middleware.SessionLimits",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "iop_portal.accounts.middleware.StaffSecondStep",
    "iop_portal.accounts.middleware.OwnZoneAndLanguage",
    "iop_portal.home.middleware.SpokenRefusal",
    "iop_portal.home.middleware.PagesAreReadOrSent",
]

ROOT_URLCONF = "iop_portal.urls"
WSGI_APPLICATION = "iop_portal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "iop_portal.home.context.frame",
            ],
            "builtins": ["iop_portal.drawings", "iop_portal.markup"],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CSRF_FAILURE_VIEW = "iop_portal.home.views.errors.csrf_failure"

# ── Stores ────────────────────────────────────────────────────────────────────────────────────────────────────

DATABASES = {"default": env.database("DATABASE_URL")}
# In the database, not in Redis: rate limits and one-time codes have to survive Redis.
# Beyond the limit a third of all entries go, used codes among them: it is out of reach, and an hourly task tidies.
CACHES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "portal_cache",
        "OPTIONS": {"MAX_ENTRIES": 1_000_000},
    }
}

# ── Language and time ─────────────────────────────────────────────────────────────────────────────────────────

LANGUAGE_CODE = "en-us"
LANGUAGES = [("en-us", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
FORMAT_MODULE_PATH = "iop_portal.formats"

# ── Signing in ────────────────────────────────────────────────────────────────────────────────────────────────

AUTH_USER_MODEL = "people.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "preferred_name", "surname")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home:landing"

ACCOUNT_ADAPTER = "iop_portal.accounts.adapters.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_FORMS = {
    "add_email": "iop_portal.accounts.forms.NewAddressForm",
    "change_password": "iop_portal.accounts.forms.ChangePasswordForm",
    "login": "iop_portal.accounts.forms.SignInForm",
    "reauthenticate": "iop_portal.accounts.forms.ReauthenticateForm",
    "reset_password": "iop_portal.accounts.forms.AskForPasswordForm",
    "reset_password_from_key": "iop_portal.accounts.forms.NewPasswordForm",
}
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if PORTAL_ORIGIN.startswith("https") else "http"
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 600
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_TIMEOUT = 600
ACCOUNT_PASSWORD_RESET_BY_CODE_TIMEOUT = 600
PASSWORD_RESET_TIMEOUT = 60 * 60
ALLAUTH_TRUSTED_PROXY_COUNT = env.number("PORTAL_PROXY_COUNT", default=0, most=9)

MFA_ADAPTER = "iop_portal.accounts.adapters.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not env.production
MFA_WEBAUTHN_USER_VERIFICATION = "required"
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TRUST_ENABLED = False
MFA_TOTP_ISSUER = "Portal"
MFA_FORMS = {
    "activate_totp": "iop_portal.accounts.forms.ActivateAppForm",
    "add_webauthn": "iop_portal.accounts.forms.AddPasskeyForm",
    "authenticate": "iop_portal.accounts.forms.CodeForm",
    "edit_webauthn": "iop_portal.accounts.forms.RenamePasskeyForm",
    "reauthenticate": "iop_portal.accounts.forms.CodeAgainForm",
}
if PORTAL_DEMO:
    MFA_FORMS |= {
        "authenticate": "iop_portal.demo.forms.AuthenticateForm",
        "reauthenticate": "iop_portal.demo.forms.ReauthenticateForm",
    }
# Off, because it costs five statements a request; SessionLimits touches the row at most once a minute.
USERSESSIONS_TRACK_ACTIVITY = False
USERSESSIONS_ADAPTER = "allauth.usersessions.adapter.DefaultUserSessionsAdapter"

# ── Sessions, cookies and headers ─────────────────────────────────────────────────────────────────────────────

PORTAL_IDLE_STAFF = timedelta(minutes=env.number("PORTAL_IDLE_STAFF_MINUTES", default=15, least=1, most=60))
PORTAL_IDLE_OTHERS = timedelta(minutes=env.number("PORTAL_IDLE_MINUTES", default=30, least=1, most=120))
PORTAL_SESSION_LONGEST = timedelta(hours=env.number("PORTAL_SESSION_HOURS", default=12, least=1, most=24))
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = int(PORTAL_SESSION_LONGEST.total_seconds())
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = env.production
SESSION_COOKIE_NAME = "__Host-portal" if env.production else "portal"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = env.production
CSRF_COOKIE_NAME = "__Host-portal-form" if env.production else "portal-form"
CSRF_COOKIE_AGE = None
LANGUAGE_COOKIE_SECURE = env.production

SECURE_SSL_REDIRECT = env.production
SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$"]
SECURE_HSTS_SECONDS = 63_072_000 if env.production else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.production
SECURE_HSTS_PRELOAD = env.production
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ALLAUTH_TRUSTED_PROXY_COUNT else None
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "manifest-src": [SELF],
        "worker-src": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
# Files are read where they arrive, and never lie on a disk.
FILE_UPLOAD_HANDLERS = ["iop_portal.uploads.InMemory"]
FILE_UPLOAD_MAX_MEMORY_SIZE = 4_000_000

# ── Static files ──────────────────────────────────────────────────────────────────────────────────────────────

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Elsewhere nothing is collected: files are found where they lie.
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = not env.production
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if env.production
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# ── Mail ──────────────────────────────────────────────────────────────────────────────────────────────────────

EMAIL_BACKEND = "iop_portal.demo.mailbox.EmailBackend" if PORTAL_DEMO else "iop_portal.notices.smtp.EmailBackend"
_mail = env.mail("EMAIL_URL")
EMAIL_HOST = _mail["EMAIL_HOST"]
EMAIL_PORT = _mail["EMAIL_PORT"]
EMAIL_HOST_USER = _mail["EMAIL_HOST_USER"]
EMAIL_HOST_PASSWORD = _mail["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS = _mail["EMAIL_USE_TLS"]
EMAIL_USE_SSL = _mail["EMAIL_USE_SSL"]
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("PORTAL_MAIL_FROM", development="Portal <portal@portal.test>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
ADMINS: list[tuple[str, str]] = []
# Reports of errors carry what people typed; the log carries none of it.
MANAGERS = ADMINS

# ── Text messages ─────────────────────────────────────────────────────────────────────────────────────────────

# The class of a provider. Without one there are no texts, and the pages say so.
TEXT_BACKEND = (
    "iop_portal.demo.mailbox.TextProvider"
    if PORTAL_DEMO
    else env.text(
        "PORTAL_TEXT_BACKEND",
        default="" if env.production else "iop_portal.notices.providers.ConsoleProvider",
    )
)
# What a provider signs answers with, such as STOP. Without it nothing is heard.
PORTAL_TEXT_SECRET = env.text("PORTAL_TEXT_SECRET", default="")

# ── Background work ───────────────────────────────────────────────────────────────────────────────────────────

CELERY_BROKER_URL = env.broker("REDIS_URL")
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600, "socket_connect_timeout": 5}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = False
CELERY_TASK_REJECT_ON_WORKER_LOST = False
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_TIME_LIMIT = 300
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
# A task that waited longer than its own period is dropped: the next one does the same work.
CELERY_BEAT_SCHEDULE = {
    "deliver owed notices": {
        "task": "notices.deliver_owed",
        "schedule": 10.0,
        "options": {"expires": 10},
    },
    "offer free places to who waits": {
        "task": "scheduling.offer_free_places",
        "schedule": 15.0,
        "options": {"expires": 15},
    },
    "deliver owed texts": {
        "task": "notices.deliver_texts",
        "schedule": 10.0,
        "options": {"expires": 10},
    },
    "watch for messages without an answer": {
        "task": "therapy.watch_messages",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "owe reminders": {
        "task": "scheduling.owe_reminders",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
    "escalate overdue follow-ups": {
        "task": "followups.escalate_overdue",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "forget who asked to be called": {
        "task": "therapy.forget_contacts",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "ask people how they are": {
        "task": "therapy.ask_due",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "read people's own calendars": {
        "task": "scheduling.read_own_calendars",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "ask who came": {
        "task": "scheduling.watch_rosters",
        "schedule": 600.0,
        "options": {"expires": 600},
    },
    "ask for plans to be looked at": {
        "task": "therapy.owe_plan_reviews",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "tidy away what has expired": {
        "task": "accounts.tidy_expired",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "forget where people were": {
        "task": "scheduling.tidy_whereabouts",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "forget whom people looked for": {
        "task": "scheduling.forget_match_answers",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    # At night in America. A night without it does no harm: there are eight weeks until somebody would miss a session.
    "make sessions of series": {
        "task": "scheduling.make_sessions",
        "schedule": crontab(hour=8, minute=10),
        "options": {"expires": 7200},
    },
}

# ── Logs ──────────────────────────────────────────────────────────────────────────────────────────────────────

PORTAL_LOG_LEVEL = env.choice("PORTAL_LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"), default="INFO")
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "iop_portal.logs.PlainFacts"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": PORTAL_LOG_LEVEL},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.server": {"handlers": [], "level": "WARNING", "propagate": False},
        "gunicorn.error": {"handlers": [], "level": "WARNING", "propagate": True},
        "celery": {"handlers": [], "level": "WARNING", "propagate": True},
        # The database's own words repeat the values of the row that it refused.
        "django.db.backends": {"handlers": [], "level": "ERROR", "propagate": False},
    },
}
SILENCED_SYSTEM_CHECKS: list[str] = []
