"""The knowledge base's background jobs."""

from __future__ import annotations

from typing import Any

from core.jobs import Progress, handler
from kb.indexing import index_rebuild, sync_article


@handler("kb.tasks.sync_article")
def sync(*, progress: Progress, article_id: int) -> dict[str, Any]:
    """Bring one article's part of the index up to date."""
    outcome = sync_article(article_id)
    return {"action": outcome.action, "chunks": outcome.chunks, "embedded": outcome.embedded}


@handler("kb.tasks.rebuild_index")
def rebuild(*, progress: Progress, force: bool = False) -> dict[str, Any]:
    """Bring the whole index up to date."""
    return index_rebuild(progress=progress, force=force)
