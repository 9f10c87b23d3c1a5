"""How much of what is true a grounding check keeps, how much of what is not, and what it costs."""

from __future__ import annotations

import json
import statistics
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kb.article_files import read_articles
from kb.chunking import chunk
from runtime.drafting.evidence import Block, blocks_of
from runtime.drafting.grounding import grounded, is_supported


def run(articles: Path, sentences: Path) -> dict[str, Any]:
    """Judge labelled sentences (JSONL: article, heading, draft, supported, kind) by their section."""
    rows = [json.loads(line) for line in sentences.read_text(encoding="utf-8").splitlines() if line.strip()]
    sections = sections_of(articles)
    kept: Counter[bool] = Counter()
    total: Counter[bool] = Counter()
    by_kind: Counter[str] = Counter()
    wrong: list[str] = []
    spent: list[float] = []
    for row in rows:
        blocks = sections[row["article"], row["heading"]]
        started = time.perf_counter()
        found = is_supported(row["draft"], blocks)
        spent.append((time.perf_counter() - started) * 1000)
        total[row["supported"]] += 1
        kept[row["supported"]] += found
        if row["supported"] and not found:
            by_kind[row["kind"]] += 1
        if found and not row["supported"]:
            wrong.append(row["draft"])
    return {
        "true_kept_ratio": round(kept[True] / max(total[True], 1), 4),
        "false_kept": kept[False],
        "n_true": total[True],
        "n_false": total[False],
        "true_dropped_by_kind": dict(sorted(by_kind.items())),
        "false_kept_sentences": wrong,
        "p50_ms_per_sentence": round(statistics.median(spent), 3) if spent else 0.0,
        "ms_per_answer": round(statistics.median(_answers(sections.values())), 3),
    }


def sections_of(folder: Path) -> dict[tuple[str, str], list[Block]]:
    """Return the blocks of every section by article and last heading, "" for what stands before the first."""
    found: dict[tuple[str, str], list[Block]] = {}
    for article in read_articles(folder):
        for piece in chunk(article.title, article.markdown):
            if piece.kind == "answer":
                key = (str(article.metadata["slug"]), piece.heading_path[-1] if piece.heading_path else "")
                found.setdefault(key, []).extend(blocks_of(piece.quote))
    return found


def _answers(sections: Iterable[list[Block]]) -> Iterable[float]:
    """Yield the milliseconds of checking each section repeated word by word."""
    for blocks in sections:
        text = "\n\n".join(block.markdown for block in blocks)
        started = time.perf_counter()
        grounded(text, blocks)
        yield (time.perf_counter() - started) * 1000
