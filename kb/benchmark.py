"""Retrieval measured on a folder of articles and judged queries, through the product's own index and search.

Decides nothing: no setting is fitted here.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import TypedDict

import numpy as np

from kb.article_files import read_articles
from kb.embedding import Encoder, index_article
from kb.ranking import METHODS
from kb.snapshot import IndexSnapshot

DEPTH = 10


class Query(TypedDict):
    """One judged query: the ids of the articles that answer it, and where the query comes from."""

    query: str
    relevant: list[str]
    source: str


def run(
    articles_dir: Path, queries_jsonl: Path, *, method: str = "hybrid", encoder: Encoder
) -> dict[str, object]:
    """Return nDCG@10, recall, MRR (ratios 0–1) and timings of ``method``.

    Raise ValueError for an unknown method, an empty folder, or a malformed or empty query file.
    """
    if method not in METHODS:
        raise ValueError(f"Unknown method {method!r}; one of {', '.join(METHODS)}.")
    queries = _read_queries(Path(queries_jsonl))
    files = read_articles(Path(articles_dir))
    if not files:
        raise ValueError(f"{articles_dir} holds no *.md file.")
    started = perf_counter()
    articles = [index_article(file.article_id, None, file.title, file.markdown, encoder) for file in files]
    snapshot = IndexSnapshot.build(articles, encoder)
    index_seconds = perf_counter() - started
    everyone = frozenset(snapshot.article_ids)
    snapshot.search("warm up", allowed_articles=everyone, limit=DEPTH, method=method)
    rankings, times_ms = [], []
    for query in queries:
        started = perf_counter()
        found = snapshot.search(query["query"], allowed_articles=everyone, limit=DEPTH, method=method)
        times_ms.append((perf_counter() - started) * 1000)
        rankings.append([hit.article_id for hit in found.hits])
    p50, p95 = np.percentile(times_ms, [50, 95])
    return {
        **_quality(rankings, queries),
        "index_seconds": round(index_seconds, 3),
        "p50_ms": round(float(p50), 3),
        "p95_ms": round(float(p95), 3),
        "n_articles": len(files),
        "n_queries": len(queries),
        "ndcg_at_10_by_source": _by_source(rankings, queries),
    }


def ndcg(ranking: Sequence[str], relevant: Sequence[str], *, depth: int = DEPTH) -> float:
    """Return the normalised discounted cumulative gain with binary relevance (Järvelin & Kekäläinen 2002)."""
    wanted = set(relevant)
    gain = sum(1 / math.log2(rank + 2) for rank, found in enumerate(ranking[:depth]) if found in wanted)
    ideal = sum(1 / math.log2(rank + 2) for rank in range(min(depth, len(wanted))))
    return gain / ideal


def recall(ranking: Sequence[str], relevant: Sequence[str], *, depth: int) -> float:
    """Return the share of the relevant articles among the first ``depth``."""
    wanted = set(relevant)
    return len(wanted.intersection(ranking[:depth])) / len(wanted)


def reciprocal_rank(ranking: Sequence[str], relevant: Sequence[str], *, depth: int = DEPTH) -> float:
    """Return 1/rank of the first relevant article, 0 if none is among the first ``depth``."""
    wanted = set(relevant)
    return next((1 / rank for rank, found in enumerate(ranking[:depth], start=1) if found in wanted), 0.0)


def _quality(rankings: Sequence[Sequence[str]], queries: Sequence[Query]) -> dict[str, float]:
    pairs = [(ranking, query["relevant"]) for ranking, query in zip(rankings, queries, strict=True)]
    measures = {
        "ndcg_at_10": [ndcg(*pair) for pair in pairs],
        "recall_at_1": [recall(*pair, depth=1) for pair in pairs],
        "recall_at_3": [recall(*pair, depth=3) for pair in pairs],
        "recall_at_5": [recall(*pair, depth=5) for pair in pairs],
        "mrr_at_10": [reciprocal_rank(*pair) for pair in pairs],
    }
    return {name: round(sum(values) / len(values), 4) for name, values in measures.items()}


def _by_source(rankings: Sequence[Sequence[str]], queries: Sequence[Query]) -> dict[str, float]:
    groups: defaultdict[str, list[float]] = defaultdict(list)
    for ranking, query in zip(rankings, queries, strict=True):
        if query["source"]:
            groups[query["source"]].append(ndcg(ranking, query["relevant"]))
    return {source: round(sum(values) / len(values), 4) for source, values in sorted(groups.items())}


def _read_queries(path: Path) -> list[Query]:
    queries: list[Query] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            relevant = [str(article_id) for article_id in row["relevant"]]
            query = Query(query=str(row["query"]), relevant=relevant, source=str(row.get("source") or ""))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path}, line {number}: not a query with its relevant ids.") from error
        if not relevant:
            raise ValueError(f"{path}, line {number}: no relevant article.")
        queries.append(query)
    if not queries:
        raise ValueError(f"{path} holds no query.")
    return queries
