"""The reader of an import's file, by the name of its source.

The function that opens a source is named by the setting TICKET_SOURCE_OPENER: ``(path, name, mapping=None)``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from integrations.contracts import TicketSource


def open_source(path: Path, name: str, mapping: Mapping[str, Any] | None = None) -> TicketSource:
    """Return the stream of tickets in a file; raises core.errors.InvalidInput where it cannot be read."""
    source: TicketSource = import_string(settings.TICKET_SOURCE_OPENER)(path, name, mapping=mapping or None)
    return source
