"""How log lines look: one line each, as JSON or for a console, without secrets or forged line breaks."""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any

import structlog

HIDDEN = "•••"
SECRET_NAME = re.compile(r"password|secret|token|api_?key|authorization|cookie|credential", re.IGNORECASE)
SECRET_VALUE = re.compile(r"sak_[0-9a-f]{8}_[\w-]+|(?i:api-key|bearer)\s+[\w.~+/=-]{8,}")
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]")
MULTI_LINE = frozenset({"exception", "stack"})  # tracebacks, which only our own code makes

Line = MutableMapping[str, Any]


def redact(logger: Any, method: str, line: Line) -> Line:
    """Hide the values of fields named like secrets, and anything that looks like one of our keys."""
    for name, value in line.items():
        if SECRET_NAME.search(name) and not isinstance(value, (bool, int, float)):
            line[name] = HIDDEN
        elif isinstance(value, str):
            line[name] = SECRET_VALUE.sub(HIDDEN, value)
    return line


def escape_control_characters(logger: Any, method: str, line: Line) -> Line:
    """Write line breaks and other control characters as ``\\n``, so that no text can forge a log line."""
    for name, value in line.items():
        if isinstance(value, str) and name not in MULTI_LINE:
            line[name] = CONTROL.sub(lambda found: repr(found[0])[1:-1], value)
    return line


SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
LAST: list[Any] = [
    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
    structlog.processors.format_exc_info,
    redact,
    escape_control_characters,
]


def configure() -> None:
    """Send structlog's lines through the standard logging, where ``formatter`` renders them."""
    structlog.configure(
        processors=[
            *SHARED,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def formatter(style: str) -> structlog.stdlib.ProcessorFormatter:
    """Return the formatter for ``style``: ``json`` or ``console``."""
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if style == "json"
        else structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    )
    return structlog.stdlib.ProcessorFormatter(foreign_pre_chain=SHARED, processors=[*LAST, renderer])
