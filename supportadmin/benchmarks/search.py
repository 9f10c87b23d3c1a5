"""``benchmark search``: the whole search over many sections, on the kind of database that DATABASE_URL names.

Text is drawn from a vocabulary of invented words by Zipf's law; vectors are those of a stand-in for the
encoder (a fixed random direction a word, their mean a text; spread over the directions as the encoder's own
vectors of a public help centre are), and the time that encoding takes is left out.
The rows are filled in and changed by other processes, so that the one measured does what a web process does.
"""

from __future__ import annotations

import gc
import hashlib
import multiprocessing
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast
from unittest import mock

import numpy as np
from django.db import connection, connections

from kb import index_loading, indexing
from kb.contracts import Audience
from kb.retrieval import search
from nlp.encoder import Encoding, SentenceEncoder
from supportadmin.benchmarks.search_corpus import Corpus, fill, publish

READERS = {"1": Audience(tier="few"), "50": Audience(tier="half"), "100": Audience(tier="all")}
WARM_UP, TIMES = 20, 300
REPLACED = 15
UPDATES, PAUSE = 20, 0.5  # seconds between two publications
PATIENCE = 120  # seconds for the other process
BULK = 400  # articles that change at once while nobody searches
# 83 % of the variance lies along the first 96 of 384 directions.
SPREAD = np.exp(-np.arange(384) / (2 * 53))
FORK = multiprocessing.get_context("fork")


class WordDirections:
    """A stand-in for the encoder: a word is a fixed random direction, a text the mean of its words."""

    dimension = 384
    fingerprint = "word-directions1"

    def __init__(self) -> None:
        self._known: dict[str, np.ndarray] = {}
        self._kept: dict[str, Encoding] = {}

    def encode(self, texts: list[str]) -> np.ndarray:
        """Return sentence vectors (n, d)."""
        rows = [self._tokens(text).mean(axis=0) for text in texts]
        rows = [row / np.linalg.norm(row) for row in rows]
        return np.array(rows, dtype=np.float32).reshape(len(texts), self.dimension)

    def encode_tokens(self, texts: list[str]) -> list[Encoding]:
        """Return token and sentence vectors, kept by text."""
        return [self._kept.get(text) or self._kept.setdefault(text, self._encoding(text)) for text in texts]

    def _encoding(self, text: str) -> Encoding:
        return Encoding(self._tokens(text), self.encode([text])[0])

    def _tokens(self, text: str) -> np.ndarray:
        words = ["[start]", *text.lower().replace(".", " ").split(), "[end]"]
        return np.stack([self._direction(word) for word in words])

    def _direction(self, word: str) -> np.ndarray:
        known = self._known.get(word)
        if known is None:
            seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
            known = (np.random.default_rng(seed).normal(size=self.dimension) * SPREAD).astype(np.float32)
            known /= np.linalg.norm(known)
            self._known[word] = known
        return known


def measure(chunks: int) -> dict[str, Any]:
    """Fill a database of its own, search it as three kinds of readers, at rest and while articles change."""
    encoder = cast(SentenceEncoder, WordDirections())
    with (
        _own_database(),
        mock.patch.object(index_loading, "encoder", return_value=encoder),
        mock.patch.object(indexing, "encoder", return_value=encoder),
    ):
        corpus = Corpus(chunks)
        _elsewhere(fill, corpus, encoder).join()
        gc.collect()
        before, started = _memory_mb(), time.perf_counter()
        index = index_loading.fresh_index()
        load_seconds = time.perf_counter() - started
        gc.collect()
        memory = _memory_mb() - before
        rest = {share: _at_rest(corpus, reader) for share, reader in READERS.items()}
        return {
            "database": connection.vendor,
            "chunks": index.snapshot.section_count,
            "articles": len(index.snapshot.article_ids),
            "load_seconds": round(load_seconds, 1),
            "memory_mb": round(memory),
            **{f"{name}_{share}": value for share, found in rest.items() for name, value in found.items()},
            "p50_ms": rest["100"]["p50_ms"],
            "p95_ms": rest["100"]["p95_ms"],
            "p99_ms": rest["100"]["p99_ms"],
            "replace_ms": _replacing(),
            **_while_articles_change(corpus, encoder),
            **_after_many_changes(corpus, encoder),
        }


def _at_rest(corpus: Corpus, reader: Audience) -> dict[str, float]:
    times = [_milliseconds(query, reader) for query in corpus.queries(WARM_UP + TIMES)]
    p50, p95, p99 = np.percentile(times[WARM_UP:], [50, 95, 99])
    return {"p50_ms": round(p50, 2), "p95_ms": round(p95, 2), "p99_ms": round(p99, 2)}


def _replacing() -> float:
    """Return the milliseconds that putting one article in place of another takes, the median."""
    snapshot = index_loading.fresh_index().snapshot
    times = []
    for article_id in snapshot.article_ids[:REPLACED]:
        state = index_loading.ArticleIndexState.objects.get(pk=article_id)
        article = index_loading._read_articles([state], index_loading.encoder())[0]
        started = time.perf_counter()
        snapshot = snapshot.replace(article)
        times.append((time.perf_counter() - started) * 1000)
    return round(float(np.median(times)), 2)


def _while_articles_change(corpus: Corpus, encoder: SentenceEncoder) -> dict[str, float]:
    """Search in two threads while another process publishes; also measure how soon what is new is found."""
    news: Any = FORK.Queue()
    times: list[float] = []
    done = threading.Event()
    reader = READERS["100"]
    queries = corpus.queries(200)

    def searching() -> None:
        place = 0
        while not done.is_set():
            times.append(_milliseconds(queries[place % len(queries)], reader))
            place += 1
        connection.close()

    waits = []
    writer = _elsewhere(publish, corpus, encoder, UPDATES, PAUSE, news)
    threads = [threading.Thread(target=searching) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(UPDATES):
        word, published = news.get(timeout=PATIENCE)
        while not search(word, audience=reader, method="bm25").hits:
            time.sleep(0.01)
        waits.append(time.monotonic() - published)
    done.set()
    for thread in threads:
        thread.join()
    writer.join()
    return {
        "updating_p50_ms": round(float(np.percentile(times, 50)), 2),
        "updating_p95_ms": round(float(np.percentile(times, 95)), 2),
        "updating_max_ms": round(max(times), 1),
        "found_after_ms": round(max(waits) * 1000, 1),
    }


def _after_many_changes(corpus: Corpus, encoder: SentenceEncoder) -> dict[str, float]:
    """Search on after so many articles have changed that a thread of its own reads them."""
    news: Any = FORK.Queue()
    writer = _elsewhere(publish, corpus, encoder, BULK, 0.0, news)
    word = [news.get(timeout=PATIENCE)[0] for _ in range(BULK)][-1]
    writer.join()
    started, times = time.monotonic(), []
    while True:
        begun = time.perf_counter()
        found = search(word, audience=READERS["100"], method="bm25").hits
        times.append((time.perf_counter() - begun) * 1000)
        if found:
            break
    return {
        "bulk_articles": BULK,
        "bulk_max_ms": round(max(times), 1),
        "bulk_found_after_ms": round((time.monotonic() - started) * 1000, 1),
    }


def _milliseconds(query: str, reader: Audience) -> float:
    index_loading.encoder().encode_tokens([" ".join(query.split())])  # kept: the search finds it there
    started = time.perf_counter()
    search(query, audience=reader, limit=5)
    return (time.perf_counter() - started) * 1000


def _elsewhere(act: Callable[..., None], *args: Any) -> Any:
    """Start ``act`` in another process."""
    connections.close_all()
    process = FORK.Process(target=act, args=args)
    process.start()
    return process


@contextmanager
def _own_database() -> Iterator[None]:
    """Work on an empty database of the same kind as the product's, thrown away afterwards."""
    before, test = str(connection.settings_dict["NAME"]), connection.settings_dict["TEST"]
    with tempfile.TemporaryDirectory() as folder:
        is_file = connection.vendor == "sqlite"
        name = str(Path(folder) / "db.sqlite3") if is_file else f"benchmark_{before}"
        with mock.patch.dict(test, {"NAME": name}):
            connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
            try:
                yield
            finally:
                connection.creation.destroy_test_db(before, verbosity=0)


def _memory_mb() -> float:
    """Return what this process holds in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6
