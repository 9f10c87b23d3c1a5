"""Say in words what a JSON Schema finds wrong with settings, without repeating long values. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from jsonschema.exceptions import ValidationError

from core.errors import InvalidInput

WORDS = {
    "maxLength": "write at most {limit} characters.",
    "minLength": "write at least {limit} characters.",
    "maxItems": "give at most {limit}.",
    "minItems": "give at least {limit}.",
    "uniqueItems": "one is given twice.",
    "minimum": "it must be {limit} or more.",
    "maximum": "it must be {limit} or less.",
}


def refuse_first(faults: Iterable[ValidationError], *, code: str, whole: str) -> None:
    """Raise InvalidInput for the first fault, if there is one; ``extra["field"]`` is the setting that has it.

    ``whole`` is what a fault of no setting in particular is said of.
    """
    fault = next(iter(faults), None)
    if fault is None:
        return
    path = [str(part) for part in fault.absolute_path]
    words = WORDS.get(str(fault.validator), "").format(limit=fault.validator_value) or fault.message[:300]
    raise InvalidInput(
        f"{'.'.join(path) or whole}: {words}", code=code, extra={"field": path[0] if path else ""}
    )
