"""What a person looks at before they decide: the rendered text and what changed. Decides nothing itself."""

from __future__ import annotations

from typing import Any

from django.template.loader import render_to_string
from django.utils.html import format_html_join

from kb.admin.lint import lint_context
from kb.diff import Fold, folded, side_by_side
from kb.findings.services import conflicts_of
from kb.gate import obstacles
from kb.line_comments import Placed, open_comments, placed
from kb.markdown import render
from kb.models import Revision


class SanitisedHtml(str):
    """HTML that came out of the sanitiser of kb.markdown; templates show it as it is."""

    def __html__(self) -> str:
        return self


def preview(markdown: str) -> SanitisedHtml:
    """Return the article as a reader sees it; raise ValueError when it is too long."""
    return SanitisedHtml(render(markdown))


def base_of(revision: Revision) -> Revision | None:
    """Return what the revision is compared with: the published one, or for that one its predecessor."""
    published = revision.article.published_revision
    if published is not None and published.number < revision.number:
        return published
    return (
        Revision.objects.filter(article_id=revision.article_id, number__lt=revision.number)
        .order_by("-number")
        .first()
    )


def changes(revision: Revision, *, against: Revision | None = None) -> dict[str, Any]:
    """Return the template context of a comparison: the rows, what they are ``compared_with``, comments.

    Rows count as kb.line_comments does: 0 is the title, then the lines of the body.
    """
    base = against or base_of(revision)
    before = f"{base.title}\n{base.body}" if base is not None else ""
    rows = side_by_side(before, f"{revision.title}\n{revision.body}")
    comments = open_comments(revision.article).select_related("author", "revision")
    by_line: dict[int, list[Placed]] = {}
    elsewhere = []
    for comment in placed(comments, revision):
        if comment.line is None:
            elsewhere.append(comment)
        else:
            by_line.setdefault(comment.line, []).append(comment)
    return {
        "groups": [_with_comments(fold, by_line) for fold in folded(rows)],
        "is_unchanged": not any(row.is_changed for row in rows),
        "comments_elsewhere": elsewhere,
        "open_comments": len(elsewhere) + sum(map(len, by_line.values())),
        "compared_with": base,
        "revision": revision,
    }


def _with_comments(fold: Fold, by_line: dict[int, list[Placed]]) -> dict[str, Any]:
    rows = [
        {"row": row, "comments": [] if row.right_number is None else by_line.get(row.right_number, [])}
        for row in fold.rows
    ]
    is_folded = fold.is_folded and not any(entry["comments"] for entry in rows)
    return {"is_folded": is_folded, "rows": rows}


def decision_evidence(revision: Revision) -> str:
    """Return what stands beside a decision about the revision, as safe HTML."""
    context = {**changes(revision), **lint_context(revision, conflicts_of(revision))}
    parts = ("admin/kb/lint.html", "admin/kb/changes.html")
    return format_html_join("", "{}", ((render_to_string(part, context),) for part in parts))


def publication_evidence(revision: Revision) -> str:
    """Return what stands beside a publication: what the checks find wrong, then what changes."""
    context = {**changes(revision), "obstacles": obstacles(revision)}
    return render_to_string("admin/kb/publication.html", context)
