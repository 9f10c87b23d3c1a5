"""Links between articles: ``[title](kb:slug)`` in Markdown names another article, wherever it is shown.

A link is resolved when text is shown, never in the stored revision, so quotes stay verbatim.
"""

from __future__ import annotations

import re
from collections.abc import Callable

# The title may be missing from a match (it holds brackets of its own); the address never is.
_LINK = re.compile(r"(?:\[([^\[\]]{0,300}))?\]\(kb:([a-z0-9]+(?:-[a-z0-9]+)*)(#[\w-]*)?\)")


def resolve(markdown: str, url_of: Callable[[str], str]) -> str:
    """Return the Markdown with links to articles pointing to ``url_of(slug)``; where that is "", as words."""

    def replace(match: re.Match[str]) -> str:
        title, slug, anchor = match.groups()
        url = url_of(slug)
        if url:
            return f"{'' if title is None else '[' + title}]({url}{anchor or ''})"
        return "]" if title is None else str(title)

    return _LINK.sub(replace, markdown)


def names_article(markdown: str) -> bool:
    """Tell whether the Markdown links to another article."""
    return _LINK.search(markdown) is not None
