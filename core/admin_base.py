"""Base classes of every admin page: bounded lists, read-only evidence, state moved by confirmed buttons.

Decides nothing about any object; the buttons call the apps' services.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db import models
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from core.actors import Actor
from core.errors import DomainError


def actor_of(request: HttpRequest) -> Actor:
    """Return the signed-in person as the one who acts."""
    return Actor.of_user(request.user)  # type: ignore[arg-type]


class BaseAdmin(ModelAdmin):
    """What every admin page of ours has in common."""

    list_per_page = 50
    show_full_result_count = False
    list_filter_submit = False
    compressed_fields = True
    warn_unsaved_form = True

    def attempt(self, request: HttpRequest, act: Callable[[], Any], done: str) -> bool:
        """Run ``act`` and say ``done``; say why where it is refused. Return whether it was done."""
        try:
            act()
        except DomainError as refusal:
            messages.error(request, refusal.message)
            return False
        messages.success(request, done)
        return True


class ReadOnlyAdmin(BaseAdmin):
    """Rows that nobody edits by hand: evidence, logs, jobs."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False
