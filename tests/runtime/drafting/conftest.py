"""Every section of the demo's articles as a search would find it."""

from __future__ import annotations

from functools import lru_cache

from kb.chunking import chunk
from kb.contracts import SearchHit
from supportadmin.demo.content import read_articles


@lru_cache
def demo_hits() -> tuple[SearchHit, ...]:
    """Return one hit a section, in the articles' order."""
    return tuple(
        SearchHit(
            article_id=number,
            revision_id=number,
            title=article.title,
            heading_path=piece.heading_path,
            anchor=piece.anchor,
            quote=piece.quote,
            score=0.8,
            url=f"https://help.example.com/{article.metadata['slug']}",
        )
        for number, article in enumerate(read_articles(), 1)
        for piece in chunk(article.title, article.markdown)
        if piece.kind == "answer"
    )


def url_of(slug: str) -> str:
    return f"https://help.example.com/{slug}"
