"""Read the environment into typed values and refuse what is unsafe in production.

Three modes, by the variable DEBUG: unset is *local* (debug pages off, a secret key made at random and kept in
DATA_DIR); ``DEBUG=1`` is development; ``DEBUG=0`` is production, which must be given every secret.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import environ
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

MIN_SECRET_KEY_LENGTH = 50
LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]"]


@dataclass(frozen=True, slots=True)
class Mode:
    """How the process runs: exactly one of local, development and production."""

    debug: bool
    production: bool


def read_mode(env: environ.Env) -> Mode:
    """Return the mode named by DEBUG."""
    if "DEBUG" not in os.environ:
        return Mode(debug=False, production=False)
    debug = env.bool("DEBUG")
    return Mode(debug=debug, production=not debug)


def read_secret_key(env: environ.Env, mode: Mode, data_dir: Path) -> str:
    """Return SECRET_KEY; outside production make one on first use and keep it in ``data_dir`` (mode 0600)."""
    key: str = env.str("SECRET_KEY", default="")
    if mode.production:
        if len(key) < MIN_SECRET_KEY_LENGTH or len(set(key)) < 5 or key.startswith("django-insecure-"):
            raise ImproperlyConfigured(
                f"Set SECRET_KEY to a random string of at least {MIN_SECRET_KEY_LENGTH} characters (DEBUG=0)."
            )
        return key
    return key or _kept_secret(data_dir / "secret-key", lambda: secrets.token_urlsafe(64))


def read_field_keys(env: environ.Env, mode: Mode, data_dir: Path) -> list[str]:
    """Return the keys that secrets of other systems are sealed with, the newest first.

    Outside production one is made on first use and kept in ``data_dir`` (mode 0600). In production without
    the variable there is none: everything works but keeping such secrets.
    """
    keys: list[str] = env.list("FIELD_ENCRYPTION_KEY", default=[])
    for key in keys:
        try:
            Fernet(key)
        except ValueError:
            raise ImproperlyConfigured(
                "FIELD_ENCRYPTION_KEY must be Fernet keys, comma-separated, the newest first. Make one: "
                'python -c "from cryptography.fernet import Fernet as F; print(F.generate_key().decode())"'
            ) from None  # the message of the cause holds the key
    if keys or mode.production:
        return keys
    return [_kept_secret(data_dir / "field-encryption-key", lambda: Fernet.generate_key().decode())]


def read_allowed_hosts(env: environ.Env, mode: Mode) -> list[str]:
    """Return ALLOWED_HOSTS; production must name them and may not use ``*``."""
    hosts: list[str] = env.list("ALLOWED_HOSTS", default=[])
    if mode.production and (not hosts or "*" in hosts):
        raise ImproperlyConfigured("Set ALLOWED_HOSTS to the host names you serve; '*' is refused (DEBUG=0).")
    return hosts or LOCAL_HOSTS


def _kept_secret(path: Path, make: Callable[[], str]) -> str:
    """Return the file's content; where there is none, make it whole, so that nobody reads half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        descriptor, fresh = tempfile.mkstemp(dir=path.parent)  # mode 0600
        with os.fdopen(descriptor, "w") as stream:
            stream.write(make())
        with contextlib.suppress(FileExistsError):  # another process was first: its one counts
            os.link(fresh, path)
        os.unlink(fresh)
    return path.read_text().strip()
