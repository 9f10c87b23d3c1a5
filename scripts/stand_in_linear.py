"""A Linear on your own machine: try the Linear action without an account.

    ALLOW_LOOPBACK_ACTIONS=1 make run            # the product, which may then ask this machine
    python scripts/stand_in_linear.py            # this; http://127.0.0.1:4010 lists what was created

In the admin, make a connection to Linear with the address http://127.0.0.1:4010, any API key, and the team
id that the page shows. Answers the three documents that integrations/linear.py sends, as Linear does: errors
with status 200, and an id that is taken is refused. Needs nothing but Python. Keeps everything in memory.
"""

from __future__ import annotations

import argparse
import html
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TEAM_ID = "9f0c5d1e-3b1a-4c8e-9a58-0d6f2f6f1c11"
PORT = 4010


@dataclass
class LinearBook:
    """The issues of one team. ``effects`` holds the id of each issue in the order of creation."""

    team_id: str = TEAM_ID
    prefix: str = "SUP"
    api_key: str = ""  # any, if empty
    url: str = "https://linear.app/stand-in"
    issues: dict[str, dict[str, Any]] = field(default_factory=dict)
    effects: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def answer(self, authorization: str, body: Any) -> tuple[int, dict[str, Any]]:
        """Return status and JSON for one GraphQL request."""
        if not authorization or (self.api_key and authorization != self.api_key):
            return 401, _error("Authentication required, not authenticated", "AUTHENTICATION_ERROR")
        query = str(body.get("query", "")) if isinstance(body, dict) else ""
        variables = body.get("variables") or {} if isinstance(body, dict) else {}
        if "issueCreate" in query:
            return 200, self._create(variables.get("input"))
        if "issue(id:" in query:
            found = self.issues.get(str(variables.get("id")))
            return 200, {"data": {"issue": found}} if found else _error(
                "Entity not found: Issue", "INPUT_ERROR"
            )
        if "viewer" in query:
            return 200, {"data": {"viewer": {"id": "u1", "name": "Stand-in"}}}
        return 400, _error("Cannot query this field", "GRAPHQL_VALIDATION_FAILED")

    def _create(self, given: Any) -> dict[str, Any]:
        if not isinstance(given, dict):  # a list is what issueBatchCreate takes
            return _error("Variable $input must be an object", "INPUT_ERROR")
        if given.get("teamId") != self.team_id:
            return _error("Entity not found: Team", "INPUT_ERROR")
        if not str(given.get("title", "")).strip():
            return _error("title must be longer than or equal to 1 characters", "INPUT_ERROR")
        with self.lock:
            issue_id = str(given.get("id") or f"stand-in-{len(self.issues)}")
            if issue_id in self.issues:
                return _error("conflict on insert of Issue: entity already exists", "INPUT_ERROR")
            identifier = f"{self.prefix}-{len(self.issues) + 1}"
            issue = {"id": issue_id, "identifier": identifier, "title": given["title"]}
            issue |= {"url": f"{self.url}/issue/{identifier}", "description": given.get("description", "")}
            self.issues[issue_id] = issue
            self.effects.append(issue_id)
        return {"data": {"issueCreate": {"success": True, "issue": issue}}}


def _error(message: str, code: str) -> dict[str, Any]:
    return {"errors": [{"message": message, "extensions": {"code": code}}], "data": None}


def page(book: LinearBook) -> str:
    """Return the list of issues as a small page."""
    rows = "".join(
        f"<li id='{html.escape(one['identifier'])}'><h2>{html.escape(one['identifier'])} · "
        f"{html.escape(one['title'])}</h2><pre>{html.escape(one['description'])}</pre></li>"
        for one in reversed(book.issues.values())
    )
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width'>"
        "<meta http-equiv='refresh' content='3'><title>Linear stand-in</title>"
        "<style>body{font:16px/1.5 system-ui;max-width:46rem;margin:2rem auto;padding:0 1rem}"
        "h2{font-size:1rem;margin:0}ul{list-style:none;padding:0}"
        "pre{white-space:pre-wrap;margin:.25rem 0 1rem}"
        "</style><h1>Linear stand-in</h1>"
        f"<p>Team id <code>{book.team_id}</code> · {len(book.issues)} issues</p>"
        f"<ul>{rows or '<li>No issue yet. Run the action once.</li>'}</ul></html>"
    )


def serve(book: LinearBook, port: int) -> ThreadingHTTPServer:
    """Return a server of the book on this machine; the caller runs and closes it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(200, page(book).encode(), "text/html; charset=utf-8")

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            try:
                body = json.loads(self.rfile.read(length))
            except ValueError:
                body = None
            status, answer = book.answer(self.headers.get("Authorization", ""), body)
            self._send(status, json.dumps(answer).encode(), "application/json")

        def _send(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing: the page shows what happened."""

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(description="A Linear on your own machine.")
    parser.add_argument("--port", type=int, default=PORT)
    port = parser.parse_args().port
    book = LinearBook(url=f"http://127.0.0.1:{port}")
    server = serve(book, port)
    print(f"Linear stand-in at http://127.0.0.1:{port}, team id {book.team_id}. Ctrl-C ends it.")  # noqa: T201
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


if __name__ == "__main__":
    main()
