"""The demo workspace's credentials: made at random, kept in a file that only its owner can read."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any

from django.conf import settings

FILE_NAME = "demo-credentials.json"


def new_password() -> str:
    """Return a random password that can be typed: four groups of four letters and digits."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(alphabet) for _ in range(4)) for _ in range(4))


def path() -> Path:
    """Return where the credentials are kept."""
    return Path(settings.DATA_DIR) / FILE_NAME


def read() -> dict[str, Any] | None:
    """Return the stored credentials, or None."""
    try:
        stored: dict[str, Any] = json.loads(path().read_text())
    except FileNotFoundError:
        return None
    return stored


def write(credentials: dict[str, Any]) -> None:
    """Store the credentials with mode 0600, whole or not at all."""
    partial = path().with_suffix(".partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        json.dump(credentials, stream, indent=2)
        stream.write("\n")
    os.replace(partial, path())


def announce(url: str) -> str:
    """Note the address that is served now; return what tells a person how to get in, if there is a demo."""
    stored = read()
    if stored is None:
        return ""
    if stored.get("url") != url:
        write({**stored, "url": url})
    return (
        f"\n  Address   {url}/admin/\n  User      {stored['username']}\n  Password  {stored['password']}\n"
        f"  API key   {stored['api_key']}\n  Kept in   {path()}\n"
    )
