"""Django settings. Every value that differs between machines comes from the environment: docs/operator.md."""

from __future__ import annotations

from pathlib import Path

import environ
from celery.schedules import crontab
from kombu.transport import TRANSPORT_ALIASES

from core import log_format
from supportadmin import theme
from supportadmin.environment import read_allowed_hosts, read_field_keys, read_mode, read_secret_key

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
MODE = read_mode(env)
DEBUG = MODE.debug
PRODUCTION = MODE.production
DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / "var"))).resolve()
DATA_DIR.mkdir(parents=True, exist_ok=True)
SECRET_KEY = read_secret_key(env, MODE, DATA_DIR)
FIELD_ENCRYPTION_KEYS = read_field_keys(env, MODE, DATA_DIR)  # secrets of connections; the first one seals
ALLOWED_HOSTS = read_allowed_hosts(env, MODE)
ENCODER_PATH = env.str("ENCODER_PATH", default="")
ARTICLE_URL = env.str("ARTICLE_URL", default="/help/{slug}/")  # {id} and {slug} are filled in

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",  # the other one would put its own admin site in the place of ours
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "supportadmin.apps.SiteConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "axes",
    "csp",
    "django_prometheus",
    "core",
    "tickets",
    "kb",
    "intents",
    "escalation",
    "runtime",
    "pilot",
    "supportadmin.apps.SupportAdminConfig",  # last: it gives the roles everybody's permissions
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "core.api.query.QueryStringGuard",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "axes.middleware.AxesMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "supportadmin.urls"
WSGI_APPLICATION = "supportadmin.wsgi.application"
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
            ],
        },
    },
]

# Database: SQLite in DATA_DIR, or whatever DATABASE_URL names.
DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'db.sqlite3'}")}
_database = DATABASES["default"]
if _database["ENGINE"].endswith("sqlite3"):
    _database["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",  # a deferred read-then-write fails at once under concurrency
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
    _database["CONN_MAX_AGE"] = None
    _database["TEST"] = {"NAME": DATA_DIR / "test.sqlite3"}  # in memory, threads would not wait for a lock
elif _database["ENGINE"].endswith("postgresql"):
    _database["CONN_MAX_AGE"] = 60
    _database["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {"default": env.cache("CACHE_URL", default="locmemcache://")}

# Jobs: the safe file transport in DATA_DIR, or whatever CELERY_BROKER_URL names.
TRANSPORT_ALIASES["safefile"] = "core.file_transport:Transport"
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="safefile://")
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, object] = {}
if CELERY_BROKER_URL.startswith("safefile"):
    _queue_dir, _control_dir = DATA_DIR / "broker" / "queue", DATA_DIR / "broker" / "control"
    for _folder in (_queue_dir, _control_dir):
        _folder.mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_queue_dir),
        "data_folder_out": str(_queue_dir),
        "control_folder": str(_control_dir),
        "polling_interval": 0.25,
    }
    CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
elif CELERY_BROKER_URL.startswith("redis"):
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "visibility_timeout": 1500,
        # kombu looks at unacknowledged messages every interval × throttle seconds (10 × 10 by default)
        "unacked_restore_interval": 2,
        "unacked_restore_throttle": 1,
    }
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SOFT_TIME_LIMIT = 1200  # < hard limit < Redis visibility timeout
CELERY_TASK_TIME_LIMIT = 1260
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "core.tasks.sweep", "schedule": 15.0},
    "forget": {
        "task": "core.tasks.enqueue",
        "schedule": crontab(minute=20),
        "args": ["tickets.tasks.forget"],
    },
    "forget-unsaved": {
        "task": "core.tasks.enqueue",
        "schedule": crontab(minute=40),
        "args": ["kb.tasks.forget"],
    },
    "follow-encoder": {
        "task": "core.tasks.enqueue",
        "schedule": crontab(minute=5),
        "args": ["kb.tasks.follow_encoder"],
    },
    "collect": {
        "task": "core.tasks.enqueue",
        "schedule": crontab(minute=25),
        "args": ["runtime.tasks.collect"],
    },
    "fill-tagging-inbox": {
        "task": "core.tasks.enqueue",
        "schedule": crontab(minute=50),
        "args": ["intents.tasks.fill_tagging_inbox"],
    },
    "reconcile-actions": {
        "task": "core.tasks.enqueue",
        "schedule": crontab(minute="*/10"),
        "args": ["runtime.tasks.reconcile_actions"],
    },
    "deliver-handoffs": {
        "task": "core.tasks.enqueue",
        "schedule": crontab(minute="*/2"),
        "args": ["runtime.tasks.sweep_deliveries"],
    },
    "forget-actions": {
        "task": "core.tasks.enqueue",
        "schedule": crontab(minute=50),
        "args": ["runtime.tasks.forget_actions"],
    },
    "check-repeats": {
        "task": "core.tasks.enqueue",
        "schedule": crontab(minute="3-59/10"),
        "args": ["runtime.tasks.check_repeats"],
    },
    "collect-drafts": {
        "task": "core.tasks.enqueue",
        "schedule": crontab(minute="1-59/2"),
        "args": ["pilot.tasks.collect_drafts"],
    },
    "collect-corrections": {
        "task": "core.tasks.enqueue",
        "schedule": crontab(minute="2-59/5"),
        "args": ["pilot.tasks.collect_corrections"],
    },
    "draw-verdicts": {
        "task": "core.tasks.enqueue",
        "schedule": crontab(minute=35),
        "args": ["runtime.tasks.draw_verdicts"],
    },
    "freeze-weeks": {
        "task": "core.tasks.enqueue",
        "schedule": crontab(minute=15),
        "args": ["pilot.tasks.freeze_weeks"],
    },
}
# In memory: the default keeps pickles in a file that a crash can leave half written, and then never starts.
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"

# Help desks that tickets are pulled from: credentials are here and nowhere else
HELP_DESK_CREDENTIALS = {
    name: env.str(name, default="") for name in ("ZENDESK_EMAIL", "ZENDESK_TOKEN", "FRESHDESK_API_KEY")
}
ALLOW_LOOPBACK_HELP_DESK = env.bool("ALLOW_LOOPBACK_HELP_DESK", default=False)  # for tests and trials

# Any OpenAI-compatible server that words answers from what is cited; without an address nobody is asked.
LLM_BASE_URL = env.str("LLM_BASE_URL", default="").strip()
LLM_MODEL = env.str("LLM_MODEL", default="").strip()
LLM_API_KEY = env.str("LLM_API_KEY", default="").strip()

# Actions in other systems
ALLOW_LOOPBACK_ACTIONS = env.bool("ALLOW_LOOPBACK_ACTIONS", default=False) and not MODE.production
# Where people reach this installation: links in tickets and messages to other systems begin with it.
PUBLIC_URL = env.str(
    "PUBLIC_URL", default="" if MODE.production else f"http://127.0.0.1:{env.int('PORT', default=8000)}"
).rstrip("/")
ACTION_LEDGER_DAYS = env.int("ACTION_LEDGER_DAYS", default=90)  # customers' words in it are kept so long

# People
AUTH_USER_MODEL = "core.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_IPWARE_PROXY_COUNT = env.int("TRUSTED_PROXIES", default=0)
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ADMIN = False

# Sessions, cookies, headers
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if MODE.production:
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    if env.bool("BEHIND_TLS_PROXY", default=False):
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        # Alpine.js, which the admin theme is built with, compiles its attributes: it needs unsafe-eval.
        "script-src": ["'self'", "'unsafe-eval'", "'unsafe-inline'"],
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}

# Language and time
LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

# Static files: served by WhiteNoise; from the apps' folders locally, collected and hashed in production.
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(DATA_DIR / "staticfiles")))
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
WHITENOISE_USE_FINDERS = not MODE.production
WHITENOISE_AUTOREFRESH = DEBUG
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if MODE.production
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
MODEL_DIR = DATA_DIR / "models"
JOB_ENCODER_THREADS = env.int("JOB_ENCODER_THREADS", default=2)  # of an audit; web processes use one
UPLOAD_DIR = DATA_DIR / "uploads"  # files of imports that are not done yet
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["core.api.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["core.api.permissions.HasScope"],
    "DEFAULT_THROTTLE_CLASSES": ["core.api.throttling.ApiKeyThrottle"],
    "DEFAULT_PARSER_CLASSES": ["core.api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["core.api.renderers.ORJSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "core.api.pagination.BoundedCursorPagination",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "core.api.exceptions.handle",
    "UNAUTHENTICATED_USER": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "TEST_REQUEST_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Support Admin runtime API",
    "DESCRIPTION": "What a support bot calls: classify, search, take turns, hand over, give feedback.",
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "ResolutionEnum": "intents.models.Intent.Resolution",
        "IntentStateEnum": "intents.models.Intent.State",
        "ConversationStateEnum": "runtime.models.Conversation.State",
        "HandoffStateEnum": "runtime.models.Handoff.State",
    },
}

LOG_FORMAT = env.str("LOG_FORMAT", default="json" if MODE.production else "console")
log_format.configure()
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "core.log_format.formatter", "style": LOG_FORMAT}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        "axes": {"level": "WARNING"},
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "kombu.connection": {"level": "ERROR"},  # warns that the file transport has no host
    },
}

UNFOLD = theme.UNFOLD
