"""What a person looks at before they decide: the rendered text and what changed. Decides nothing itself."""

from __future__ import annotations

from typing import Any

from django.template.loader import render_to_string

from kb.diff import Line, compare
from kb.gate import obstacles
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


def changes(revision: Revision) -> dict[str, Any]:
    """Return the template context of a comparison: ``lines``, and what they were ``compared_with``."""
    base = base_of(revision)
    before = f"{base.title}\n\n{base.body}" if base is not None else ""
    lines: list[Line] = compare(before, f"{revision.title}\n\n{revision.body}")
    return {"lines": lines, "compared_with": base, "revision": revision}


def decision_evidence(revision: Revision) -> str:
    """Return what stands beside a decision about the revision, as safe HTML."""
    return render_to_string("admin/kb/changes.html", changes(revision))


def publication_evidence(revision: Revision) -> str:
    """Return what stands beside a publication: what the checks find wrong, then what changes."""
    context = {**changes(revision), "obstacles": obstacles(revision)}
    return render_to_string("admin/kb/publication.html", context)
