"""Links between articles: ``[title](kb:slug)`` in Markdown names another article, wherever it is shown.

A link is resolved when text is shown, never in the stored revision, so quotes stay verbatim.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_LINK = re.compile(r"\]\(kb:([a-z0-9]+(?:-[a-z0-9]+)*)(#[\w-]*)?\)")


def resolve(markdown: str, url_of: Callable[[str], str]) -> str:
    """Return the Markdown with every link to an article pointing to ``url_of(slug)``."""
    return _LINK.sub(lambda match: f"]({url_of(match[1])}{match[2] or ''})", markdown)
