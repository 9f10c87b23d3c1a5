"""What a web process loads before its first request: engines register functions, the server calls them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import structlog
from django.template.loader import get_template
from django.urls import get_resolver

log = structlog.get_logger(__name__)

_hooks: list[Callable[[], Any]] = []


def register(hook: Callable[[], Any]) -> None:
    """Have ``hook`` called once in every web process; call this from an AppConfig.ready()."""
    if hook not in _hooks:
        _hooks.append(hook)


def run() -> None:
    """Load the addresses and the admin's frame, then call every hook; one that fails is logged."""
    began = time.perf_counter()
    _ = get_resolver().url_patterns
    get_template("admin/base.html")
    for hook in _hooks:
        try:
            hook()
        except Exception:  # a cold engine answers slower; it does not keep the site down
            log.exception("warmup_failed", hook=f"{hook.__module__}.{hook.__qualname__}")
    log.info("warmed_up", hooks=len(_hooks), seconds=round(time.perf_counter() - began, 2))
