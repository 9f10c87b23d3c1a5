"""``benchmark retraining``: how long a training takes, and what it does to those who classify meanwhile."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np

from intents.classifier import IntentClassifier
from intents.dataset import Dataset, load_texts
from intents.training import train
from nlp.encoder import load_encoder

ALONE_SECONDS = 5.0
PAUSE_SECONDS = 0.005  # between two messages: one client that asks as a customer's channel does


def measure(
    train_csv: Path, test_csv: Path, folder: str, *, alone_seconds: float = ALONE_SECONDS
) -> dict[str, Any]:
    """Classify one message after another, alone and while another process trains on ``train_csv``.

    Times are in ms a message, the encoder's work included, with nothing cached; ``folder`` names the encoder
    ("" for the bundled one).
    """
    encoder = load_encoder(folder)
    classifier = train(Dataset.from_csv(train_csv), encoder=encoder).classifier
    messages = cycle(load_texts(test_csv))
    alone = _times(classifier, messages, _for(alone_seconds))
    context = multiprocessing.get_context("spawn")
    done = context.Queue()
    trainer = context.Process(target=_train, args=(str(train_csv), folder, done))
    trainer.start()
    meanwhile = _times(classifier, messages, trainer.is_alive)
    trainer.join()
    before, during = np.percentile(alone, [50, 95]), np.percentile(meanwhile, [50, 95])
    return {
        "train_seconds": round(float(done.get(timeout=1)), 2),
        "p50_ms_alone": round(float(before[0]), 2),
        "p95_ms_alone": round(float(before[1]), 2),
        "p50_ms_meanwhile": round(float(during[0]), 2),
        "p95_ms_meanwhile": round(float(during[1]), 2),
        "p95_ratio": round(float(during[1] / before[1]), 2),
        "n_meanwhile": len(meanwhile),
    }


def _train(path: str, folder: str, done: multiprocessing.Queue[float]) -> None:
    """Train in a process of its own, as a worker does, and say how long it took."""
    encoder = load_encoder(folder)
    started = time.perf_counter()
    train(Dataset.from_csv(path), encoder=encoder)
    done.put(time.perf_counter() - started)


def _for(seconds: float) -> Callable[[], bool]:
    until = time.perf_counter() + seconds
    return lambda: time.perf_counter() < until


def _times(classifier: IntentClassifier, messages: Iterator[str], goes_on: Callable[[], bool]) -> list[float]:
    times_ms = []
    while goes_on():
        classifier.encoder.clear_cache()
        text = next(messages)
        started = time.perf_counter()
        classifier.predict([text])
        times_ms.append((time.perf_counter() - started) * 1000)
        time.sleep(PAUSE_SECONDS)
    return times_ms
