"""Read the environment into typed values and refuse what is unsafe in production.

Three modes, by the variable DEBUG: unset is *local* (debug pages off, a secret key made at random and kept in
DATA_DIR); ``DEBUG=1`` is development; ``DEBUG=0`` is production, which must be given every secret.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

import environ
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
    return key or _kept_secret(data_dir / "secret-key")


def read_allowed_hosts(env: environ.Env, mode: Mode) -> list[str]:
    """Return ALLOWED_HOSTS; production must name them and may not use ``*``."""
    hosts: list[str] = env.list("ALLOWED_HOSTS", default=[])
    if mode.production and (not hosts or "*" in hosts):
        raise ImproperlyConfigured("Set ALLOWED_HOSTS to the host names you serve; '*' is refused (DEBUG=0).")
    return hosts or LOCAL_HOSTS


def _kept_secret(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as stream:
        key = secrets.token_urlsafe(64)
        stream.write(key)
    return key
