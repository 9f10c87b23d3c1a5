"""Linear: create one issue, under an id that we choose, so that repeating it cannot make a second one.

``IssueCreateInput.id`` takes a UUID of version 4; an id that is taken is refused. Errors of GraphQL come with
status 200. Because what a refusal of a taken id says is not documented, every refusal is followed by a look
whether the issue is there. Source: Linear's public GraphQL schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from core.errors import InvalidInput, Unavailable
from integrations.outgoing import (
    DONE,
    REFUSED,
    UNCLEAR,
    WRITE,
    Access,
    Json,
    Outcome,
    Parameter,
    busy,
    decoded,
    key_uuid,
    more_lines,
    send_json,
    words,
)
from integrations.outgoing_text import markdown_text, plain_line

SYSTEM = "linear"
NAME = "Linear"
BASE_URL = "https://api.linear.app"
PATH = "/graphql"
ISSUE = "id identifier title url"
CREATE = (
    "mutation($input: IssueCreateInput!) { issueCreate(input: $input) { success issue { " + ISSUE + " } } }"
)
LOOK_UP = "query($id: String!) { issue(id: $id) { " + ISSUE + " } }"
VIEWER = "query { viewer { id name } }"
MAX_TITLE = 250
PRIORITIES = ("0", "1", "2", "3", "4")


class CreateIssue:
    """``linear_create_issue``."""

    name = "linear_create_issue"
    label = "Linear: create an issue"
    system = SYSTEM
    effect = WRITE
    repeatable = True
    more_parameters = True
    data_names = ("issue_identifier", "issue_url")
    setting_names = ("team_id", "priority", "label_ids", "project_id")
    parameters = (
        Parameter("title", "What is wrong, in one line", max_length=MAX_TITLE),
        Parameter("description", "What happened, in the customer's words", required=False, max_length=4000),
    )

    def prepare(self, *, arguments: Mapping[str, str], settings: Json, base_url: str, key: str) -> Json:
        """Return the one request; the customer's words are neither Markdown nor mentions in it."""
        if not settings.get("team_id"):
            raise InvalidInput("The id of the Linear team is missing.", code="missing_setting")
        issue: dict[str, Any] = {
            "id": str(key_uuid(key)),
            "teamId": settings["team_id"],
            "title": plain_line(arguments.get("title", ""))[:MAX_TITLE],
        }
        described = [markdown_text(arguments.get("description", ""))]
        described += [
            f"**{label}:** {markdown_text(value)}"
            for label, value in more_lines(arguments, ("title", "description"))
        ]
        if any(described):
            issue["description"] = "\n\n".join(part for part in described if part)
        if str(settings.get("priority", "")) in PRIORITIES:
            issue["priority"] = int(settings["priority"])
        if settings.get("label_ids"):
            issue["labelIds"] = list(settings["label_ids"])
        if settings.get("project_id"):
            issue["projectId"] = settings["project_id"]
        body = {"query": CREATE, "variables": {"input": issue}}
        return {"method": "POST", "url": base_url + PATH, "body": body}

    def perform(self, access: Access, payload: Json, *, key: str, deadline: float) -> Outcome:
        """Create the issue, or find that it is there already."""
        outcome = _created(access, payload, deadline)
        if outcome.kind != REFUSED or outcome.code == "credentials_refused":
            return outcome
        there = _found(access, str(payload["body"]["variables"]["input"]["id"]), deadline)
        return there if there.kind == DONE else outcome

    def look_up(
        self, access: Access, payload: Json, *, key: str, since: datetime, deadline: float
    ) -> Outcome:
        """Ask for the issue by the id that we chose."""
        return _found(access, str(payload["body"]["variables"]["input"]["id"]), deadline)


def viewer_name(access: Access, *, deadline: float) -> str:
    """Return who the key belongs to: a harmless question. Raises Unavailable where there is no answer."""
    answer = _asked(access, {"query": VIEWER}, deadline)
    viewer = answer.get("viewer") if isinstance(answer, dict) else None
    if not isinstance(viewer, dict):
        message = answer.message if isinstance(answer, Outcome) else "Linear gave no usable answer."
        raise Unavailable(message, code="connection_failed")
    return words(access, viewer.get("name") or viewer.get("id"))


def _created(access: Access, payload: Json, deadline: float) -> Outcome:
    data = _asked(access, payload["body"], deadline)
    if isinstance(data, Outcome):
        return data
    created = data.get("issueCreate")
    if not isinstance(created, dict):
        return Outcome(UNCLEAR, message="Linear's answer holds no issue.", code="bad_answer")
    if created.get("success") is not True or not isinstance(created.get("issue"), dict):
        return Outcome(REFUSED, message="Linear says that it created no issue.", code="refused")
    return _outcome_of(created["issue"])


def _found(access: Access, issue_id: str, deadline: float) -> Outcome:
    data = _asked(access, {"query": LOOK_UP, "variables": {"id": issue_id}}, deadline)
    if isinstance(data, dict) and isinstance(data.get("issue"), dict):
        return _outcome_of(data["issue"])
    if isinstance(data, dict) or data.code == "not_found":
        return Outcome(REFUSED, message="Linear has no such issue.", code="not_there")
    return Outcome(UNCLEAR, message=data.message, code=data.code, broken=data.broken)


def _outcome_of(issue: Json) -> Outcome:
    identifier, url = str(issue.get("identifier", ""))[:100], str(issue.get("url", ""))[:500]
    data = {
        "issue_identifier": identifier,
        "issue_url": url if url.startswith(("https://", "http://")) else "",
    }
    return Outcome(DONE, data=data, message=f"Linear issue {identifier}.")


def _asked(access: Access, body: Json, deadline: float) -> dict[str, Any] | Outcome:
    """Send a GraphQL document; return its data, or the outcome where there is none."""
    answer = send_json(
        access,
        access.base_url + PATH,
        body,
        headers={"Authorization": access.secret.value},
        deadline=deadline,
        name=NAME,
    )
    if isinstance(answer, Outcome):
        return answer
    value = decoded(answer)
    errors = value.get("errors") if isinstance(value, dict) else None
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else None
    extensions = first.get("extensions") if first else None
    code = str(extensions.get("code", "")) if isinstance(extensions, dict) else ""
    if code == "RATELIMITED":
        return busy(NAME, answer)
    if answer.status in (401, 403) or code in ("AUTHENTICATION_ERROR", "FORBIDDEN"):
        return Outcome(REFUSED, message="Linear refuses the API key.", code="credentials_refused")
    if code == "INTERNAL_SERVER_ERROR":
        return Outcome(UNCLEAR, message="Linear is out of order.", code="internal_error", broken=True)
    if first is not None:
        said = words(access, first.get("message", ""))
        missing = "not found" in said.lower()
        return Outcome(REFUSED, message=f"Linear refuses: {said}", code="not_found" if missing else "refused")
    if answer.status != 200:
        return Outcome(REFUSED, message=f"Linear refuses with {answer.status}.", code="refused")
    if not isinstance(value, dict) or not isinstance(value.get("data"), dict):
        return Outcome(UNCLEAR, message="Linear's answer is not valid JSON.", code="bad_answer")
    data: dict[str, Any] = value["data"]
    return data


OPERATIONS = (CreateIssue(),)
