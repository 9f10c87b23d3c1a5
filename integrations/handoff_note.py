"""A handoff as the text of a ticket: HTML in which every word of a customer is escaped. Pure.

A conversation that is longer than a ticket takes is cut at the front: the end is what the person answers to.
"""

from __future__ import annotations

from integrations.handoff_notice import HandoffNotice, Spoken
from integrations.outgoing_text import html_text, subject_line

MAX_SUBJECT = 150
MAX_TRANSCRIPT = 20_000  # characters of HTML; help desks take 64 kB of text
MAX_VALUE = 1_000
MAX_FACTS = 40
WHO = {"customer": "Customer", "agent": "AI agent"}


def ticket_subject(notice: HandoffNotice) -> str:
    """Return the ticket's subject."""
    line = subject_line(notice.title)
    return line if len(line) <= MAX_SUBJECT else line[: MAX_SUBJECT - 1] + "…"


def ticket_html(notice: HandoffNotice, *, with_facts: bool) -> str:
    """Return the ticket's text; ``with_facts`` adds what is for the team's eyes only."""
    parts = []
    if notice.url:
        address = html_text_of_url(notice.url)
        parts.append(f'<p><a href="{address}">Open the handoff</a></p>')
    if with_facts:
        parts += [
            f"<b>{html_text(label)}:</b> {html_text(value[:MAX_VALUE])}<br>"
            for label, value in notice.facts[:MAX_FACTS]
        ]
    return "".join([*parts, "<h3>Conversation</h3>", *_transcript(notice.transcript, notice.url)])


def html_text_of_url(url: str) -> str:
    """Return an address of our own for an attribute."""
    return url.replace("&", "&amp;").replace('"', "%22").replace("<", "%3C").replace(">", "%3E")


def _transcript(spoken: tuple[Spoken, ...], url: str) -> list[str]:
    """Return the last messages that have room, oldest first, and a word on what was left out."""
    kept: list[str] = []
    left = MAX_TRANSCRIPT
    for message in reversed(spoken):
        shown = f"<p><b>{WHO.get(message.role, 'Agent')}:</b> {html_text(message.text)}</p>"
        if len(shown) > left and kept:
            break
        kept.append(shown if len(shown) <= MAX_TRANSCRIPT else _cut(message))
        left -= len(kept[-1])
    omitted = len(spoken) - len(kept)
    if omitted:
        where = "; the whole conversation is at the link above" if url else ""
        kept.append(f"<p><i>{omitted} earlier messages are left out{where}.</i></p>")
    return kept[::-1]


def _cut(message: Spoken) -> str:
    shown = html_text(message.text[: MAX_TRANSCRIPT // 10])
    return f"<p><b>{WHO.get(message.role, 'Agent')}:</b> {shown} […]</p>"
