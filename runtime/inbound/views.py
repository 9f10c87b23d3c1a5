"""POST /webhooks/<system>: the one place where other systems' events come in. Answers fast, works later."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from core.api.exceptions import body as error_body
from core.errors import DomainError
from runtime.inbound.receiving import MAX_BODY_BYTES, TooOften, webhook_receive


class TooLarge(DomainError):
    """The body is larger than any event of these systems."""

    http_status = 413
    code = "too_large"


@csrf_exempt  # the signature over the body says who sends it; no cookie is looked at
@require_POST
def webhook(request: HttpRequest, system: str) -> HttpResponse:
    """Take one event. 200 also for what is known already or has no use: it need not be sent again."""
    try:
        received = webhook_receive(
            system=system,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=_body(request),
        )
    except DomainError as refusal:
        answer = JsonResponse(
            error_body(refusal.code, refusal.message, refusal.extra), status=refusal.http_status
        )
        if isinstance(refusal, TooOften):
            answer["Retry-After"] = str(refusal.extra["wait_seconds"])
        return answer
    if received.challenge:
        return HttpResponse(received.challenge, content_type="text/plain; charset=utf-8")
    return JsonResponse({"received": True, "duplicate": received.duplicate})


def _body(request: HttpRequest) -> bytes:
    """Return the raw body; what says that it is too long is not read at all."""
    too_large = TooLarge(f"An event holds at most {MAX_BODY_BYTES // 1024} KB.")
    try:
        if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_BODY_BYTES:
            raise too_large
    except ValueError:
        raise too_large from None
    found = request.body
    if len(found) > MAX_BODY_BYTES:
        raise too_large
    return found
