"""Slack: post one message, by bot token or by incoming webhook.

Slack takes no key of ours: a message whose answer was lost may be there or not, and is never posted again
blindly. With a bot token it carries our key as metadata, and conversations.history shows whether it is there
(scope channels:history, groups:history …); an incoming webhook cannot be asked. Requests are built by the
official client and sent by our own transport. Source: docs.slack.dev, chat.postMessage, message metadata.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from core.errors import InvalidInput, Unavailable
from integrations.http_transport import HttpAnswer
from integrations.outgoing import (
    DONE,
    NO_EFFECT,
    REFUSED,
    UNCLEAR,
    WRITE,
    Access,
    Json,
    Outcome,
    Parameter,
    key_uuid,
    more_lines,
    send_json,
    words,
)
from integrations.outgoing_text import slack_text

SYSTEM, WEBHOOK_SYSTEM = "slack", "slack_webhook"
NAME = "Slack"
BASE_URL, WEBHOOK_BASE_URL = "https://slack.com", "https://hooks.slack.com"
POST_PATH, HISTORY_PATH = "/api/chat.postMessage", "/api/conversations.history"
METADATA_TYPE = "support_admin_action"
CHANNEL_ID = re.compile(r"[CGD][A-Z0-9]{6,}")
HISTORY_LIMIT, HISTORY_PAGES = 200, 5
CLOCK_SECONDS = 300  # how far Slack's clock and ours may be apart
MAX_TEXT = 3000
CREDENTIALS = frozenset({"invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive"})
OUT_OF_ORDER = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout"})
TEXT = Parameter("text", "The message", max_length=MAX_TEXT)
QUIET = logging.getLogger("integrations.slack")  # the client's debug lines would hold customers' words
QUIET.setLevel(logging.WARNING)


class PostMessage:
    """``slack_post_message`` by bot token."""

    name = "slack_post_message"
    label = "Slack: post a message"
    system = SYSTEM
    effect = WRITE
    repeatable = False
    more_parameters = True
    data_names: tuple[str, ...] = ("channel", "ts")
    setting_names: tuple[str, ...] = ("channel",)
    parameters = (TEXT,)

    def prepare(self, *, arguments: Mapping[str, str], settings: Json, base_url: str, key: str) -> Json:
        """Return the one request; the customer's words mention nobody and link nowhere."""
        channel = str(settings.get("channel", ""))
        if not CHANNEL_ID.fullmatch(channel):
            raise InvalidInput(
                "The id of the Slack channel is missing, such as C0123ABCD.", code="missing_setting"
            )
        body = message_body(channel, _text(arguments), key)
        return {"method": "POST", "url": base_url + POST_PATH, "body": body}

    def perform(self, access: Access, payload: Json, *, key: str, deadline: float) -> Outcome:
        """Post it once."""
        client = _Client(access, deadline)
        body = dict(payload["body"])
        try:
            answer = client.chat_postMessage(**body)
        except _NoAnswer as nothing:
            return nothing.outcome
        except SlackApiError as error:
            return _refused(access, error)
        data = {name: words(access, answer.get(name, ""))[:50] for name in ("channel", "ts")}
        return Outcome(DONE, data=data, message=f"Posted to Slack channel {data['channel']}.")

    def look_up(
        self, access: Access, payload: Json, *, key: str, since: datetime, deadline: float
    ) -> Outcome:
        """Read the channel's messages from around that time and look for our key in their metadata."""
        client = _Client(access, deadline)
        wanted = str(payload["body"]["metadata"]["event_payload"]["key"])
        channel = str(payload["body"]["channel"])
        oldest = str(since.astimezone(UTC).timestamp() - CLOCK_SECONDS)
        cursor = ""
        try:
            for _ in range(HISTORY_PAGES):
                page = _page(client, payload["body"], oldest=oldest, cursor=cursor or None)
                for message in page.get("messages") or []:
                    if _key_of(message) == wanted:
                        data = {"channel": channel, "ts": words(access, message.get("ts", ""))[:50]}
                        return Outcome(DONE, data=data, message=f"Posted to Slack channel {channel}.")
                cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
                if not cursor:
                    return Outcome(REFUSED, message="The message is not in the channel.", code="not_there")
        except _NoAnswer as nothing:
            found = nothing.outcome
            return Outcome(UNCLEAR, message=found.message, code=found.code, broken=found.broken)
        except SlackApiError as error:
            problem = _refused(access, error)
            return Outcome(UNCLEAR, message=problem.message, code=problem.code)
        return Outcome(UNCLEAR, message="Too many messages to look through.", code="too_many_messages")


class PostToWebhook:
    """``slack_webhook_post``: the same by an incoming webhook, whose address is the secret."""

    name = "slack_webhook_post"
    label = "Slack: post by incoming webhook"
    system = WEBHOOK_SYSTEM
    effect = WRITE
    repeatable = False
    more_parameters = True
    data_names: tuple[str, ...] = ()
    setting_names: tuple[str, ...] = ()
    parameters = (TEXT,)

    def prepare(self, *, arguments: Mapping[str, str], settings: Json, base_url: str, key: str) -> Json:
        """Return the request; its address is shown without its secret part."""
        body = {"text": _text(arguments), "unfurl_links": False, "unfurl_media": False}
        return {"method": "POST", "url": f"{base_url}/services/•••", "body": body}

    def perform(self, access: Access, payload: Json, *, key: str, deadline: float) -> Outcome:
        """Post it once, to the secret address."""
        check_webhook_address(access)
        answer = send_json(
            access, access.secret.value, payload["body"], headers={}, deadline=deadline, name=NAME
        )
        if isinstance(answer, Outcome):
            return answer
        if answer.status == 200:
            return Outcome(DONE, message="Posted to Slack.")
        said = words(access, answer.body.decode("utf-8", "replace"))
        return Outcome(REFUSED, message=f"Slack refuses with {answer.status}: {said}", code="refused")

    def look_up(
        self, access: Access, payload: Json, *, key: str, since: datetime, deadline: float
    ) -> Outcome:
        """Say that it cannot be told: an incoming webhook answers no questions."""
        message = "An incoming webhook cannot be asked; look into the channel."
        return Outcome(UNCLEAR, message=message, code="cannot_be_asked")


def message_body(channel: str, text: str, key: str) -> dict[str, Any]:
    """Return the body of a post, with our key by which it is found again."""
    return {
        "channel": channel,
        "text": text,
        "link_names": False,
        "parse": "none",
        "unfurl_links": False,
        "unfurl_media": False,
        "metadata": {"event_type": METADATA_TYPE, "event_payload": {"key": str(key_uuid(key))}},
    }


def _page(client: WebClient, body: Json, **asked: Any) -> Any:
    """Return a page of the channel's messages, or of the thread's where the post was a reply."""
    asked |= {"channel": str(body["channel"]), "limit": HISTORY_LIMIT, "include_all_metadata": True}
    if body.get("thread_ts"):
        return client.conversations_replies(ts=str(body["thread_ts"]), **asked)
    return client.conversations_history(**asked)


def check_webhook_address(access: Access) -> None:
    """Raise InvalidInput unless the secret is an address of an incoming webhook of Slack."""
    if not access.secret.value.startswith(f"{access.base_url}/services/"):
        raise InvalidInput(
            f"An incoming webhook's address begins with {WEBHOOK_BASE_URL}/services/.", code="bad_address"
        )


def team_name(access: Access, *, deadline: float) -> str:
    """Return whom the token belongs to (auth.test): a harmless question. Raises Unavailable."""
    try:
        answer = _Client(access, deadline).auth_test()
    except _NoAnswer as nothing:
        raise Unavailable(nothing.outcome.message, code="connection_failed") from None
    except SlackApiError as error:
        raise Unavailable(_refused(access, error).message, code="connection_failed") from None
    return words(access, f"{answer.get('user', '')} in {answer.get('team', '')}")


class _NoAnswer(Exception):
    """There was no answer to read; ``outcome`` says what that means."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.code)
        self.outcome = outcome


class _Client(WebClient):
    """The official client over our transport: judged addresses, one deadline, no proxy, no repetition."""

    def __init__(self, access: Access, deadline: float) -> None:
        super().__init__(
            token=access.secret.value, base_url=f"{access.base_url}/api/", retry_handlers=[], logger=QUIET
        )
        self._access, self._deadline = access, deadline

    def _perform_urllib_http_request(self, *, url: str, args: dict[str, dict[str, Any]]) -> dict[str, Any]:
        form = urlencode(args.get("params") or {})
        kind = "application/json" if args.get("json") else "application/x-www-form-urlencoded"
        answer = send_json(
            self._access,
            url,
            args["json"] if args.get("json") else form.encode(),
            headers={
                "Authorization": f"Bearer {self._access.secret.value}",
                "Content-Type": f"{kind}; charset=utf-8",
            },
            deadline=self._deadline,
            name=NAME,
        )
        if isinstance(answer, Outcome):
            raise _NoAnswer(answer)
        return {"status": answer.status, "headers": dict(answer.headers), "body": _checked_body(answer)}


def _checked_body(answer: HttpAnswer) -> str:
    """Return the body as text; raise where it says nothing, so that it is not taken for a refusal."""
    try:
        text = answer.body.decode()
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict) or "ok" not in value:
        raise _NoAnswer(Outcome(UNCLEAR, message="Slack's answer is not valid JSON.", code="bad_answer"))
    return text


def _refused(access: Access, error: SlackApiError) -> Outcome:
    code = str(error.response.get("error", "refused"))
    if code == "ratelimited":
        return Outcome(
            NO_EFFECT, message="Slack is asked too often at the moment.", code="rate_limited_there"
        )
    if code in OUT_OF_ORDER:
        return Outcome(UNCLEAR, message=f"Slack is out of order ({code}).", code=code, broken=True)
    if code in CREDENTIALS:
        return Outcome(REFUSED, message="Slack refuses the token.", code="credentials_refused")
    return Outcome(REFUSED, message=f"Slack refuses: {words(access, code)}", code=words(access, code)[:60])


def _key_of(message: Any) -> str:
    metadata = message.get("metadata") if isinstance(message, dict) else None
    if not isinstance(metadata, dict) or metadata.get("event_type") != METADATA_TYPE:
        return ""
    payload = metadata.get("event_payload")
    return str(payload.get("key", "")) if isinstance(payload, dict) else ""


def _text(arguments: Mapping[str, str]) -> str:
    lines = [slack_text(arguments.get("text", ""))]
    lines += [
        f"*{slack_text(label)}:* {slack_text(value)}" for label, value in more_lines(arguments, ("text",))
    ]
    return "\n".join(line for line in lines if line)


OPERATIONS = (PostMessage(), PostToWebhook())
