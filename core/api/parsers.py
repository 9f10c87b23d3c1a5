"""The one request parser: JSON, bounded in size, depth and content."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from rest_framework import status
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser

from core.api import strict_json


class BodyTooLarge(APIException):
    """More bytes than any endpoint takes."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = f"The body is larger than {strict_json.MAX_BYTES} bytes."
    default_code = "body_too_large"


class StrictJSONParser(BaseParser):
    """Parse application/json, refusing what core.api.strict_json refuses."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        raw = stream.read(strict_json.MAX_BYTES + 1)
        if len(raw) > strict_json.MAX_BYTES:
            raise BodyTooLarge()
        try:
            return strict_json.loads(raw)
        except strict_json.BadJson as error:
            raise ParseError(str(error), code="bad_json") from error
