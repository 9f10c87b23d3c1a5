"""Build the shipped detector of anger: `python scripts/build_anger_detector.py PATH_TO_GOEMOTIONS`.

The folder holds goemotions_{train,dev,test}.tsv and goemotions_labels.txt (google-research, Apache-2.0).
Training uses train and half of scripts/anger_support.tsv (support messages written for the purpose); how the
parts are mixed is learnt on dev and the other half. test is used once, at the end, for the figures. Writes
nlp/data/anger.npz and its sha256. Takes about ten minutes on one core; --cache keeps the token vectors for
another run.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from sklearn.metrics import roc_auc_score  # noqa: E402

from nlp.anger import DETECTOR_FILE, DIGEST_FILE, AngerDetector, detector_read, detector_write  # noqa: E402
from nlp.anger_signs import SIGNS  # noqa: E402
from nlp.anger_training import AttentionSettings, fit_attention, fit_mix, fit_terms  # noqa: E402
from nlp.encoder import load_encoder  # noqa: E402

POSITIVE = ("anger", "annoyance", "disgust")
ALSO_REPORTED = {
    "anger alone": ("anger",),
    "anger or disgust": ("anger", "disgust"),
    "with sadness, grief and fear": (*POSITIVE, "sadness", "grief", "fear"),
}
REPEATS = 15  # of each support message among 43,410 comments
SUPPORT_WEIGHT = 6.0  # of a support message in the mix, against a comment
TERMS_SHARE = 0.6  # of what the attention weighs: left alone the support messages would silence the terms
RECALL = 0.92
NEGATION = -1.0  # "not angry at all": too rare in the data to be learnt


@dataclass(frozen=True)
class Texts:
    """Texts with their labels (n, 28) and token vectors."""

    texts: list[str]
    labels: np.ndarray
    tokens: list[np.ndarray]


def main() -> int:
    """Train, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("goemotions", type=Path)
    parser.add_argument("--cache", type=Path, help="folder for token vectors")
    parser.add_argument("--final", action="store_true", help="also measure on the test part")
    parser.add_argument("--epochs", type=int, default=AttentionSettings().epochs)
    options = parser.parse_args()
    names = (options.goemotions / "goemotions_labels.txt").read_text().split()
    train, dev = (read(options.goemotions, part, len(names), options.cache) for part in ("train", "dev"))
    support, support_y = read_support()
    support_tokens = [encoding.tokens for encoding in load_encoder("").encode_tokens(support)]
    learnt, held = np.arange(0, len(support), 2), np.arange(1, len(support), 2)
    angry = anger_of(train.labels, names, POSITIVE)
    unknown = np.full((len(learnt), len(names)), np.nan)
    labels = np.vstack(
        [np.column_stack([train.labels, angry])] + [np.column_stack([unknown, support_y[learnt]])] * REPEATS
    )
    texts = train.texts + [support[row] for row in learnt] * REPEATS
    tokens = train.tokens + [support_tokens[row] for row in learnt] * REPEATS
    terms = fit_terms(texts, labels[:, -1])
    say("terms: done")
    attention = fit_attention(tokens, labels, AttentionSettings(epochs=options.epochs), progress=say)
    empty = np.zeros(0)
    detector = AngerDetector(attention, terms, empty, empty, load_encoder("").fingerprint)
    y = np.concatenate([anger_of(dev.labels, names, POSITIVE), support_y[held]])
    features = np.stack(
        [
            detector.features(text, detector.read(vectors).contributions())
            for text, vectors in zip(
                dev.texts + [support[row] for row in held],
                dev.tokens + [support_tokens[row] for row in held],
                strict=True,
            )
        ]
    )
    mix, mix_of_text = mixes(features, y, len(held))
    content = detector_write(AngerDetector(attention, terms, mix, mix_of_text, detector.fingerprint))
    DETECTOR_FILE.parent.mkdir(exist_ok=True)
    DETECTOR_FILE.write_bytes(content)
    DIGEST_FILE.write_text(f"{hashlib.sha256(content).hexdigest()}  {DETECTOR_FILE.name}\n")
    say(f"written: {DETECTOR_FILE} ({len(content):,} bytes)")
    report(detector_read(content), dev, names, "dev")
    if options.final:
        report(
            detector_read(content), read(options.goemotions, "test", len(names), options.cache), names, "test"
        )
    return 0


def read(folder: Path, part: str, kinds: int, cache: Path | None) -> Texts:
    """Return one part of the data, encoded."""
    texts, labels = [], []
    with (folder / f"goemotions_{part}.tsv").open(encoding="utf-8", newline="") as stream:
        for text, ids, _ in csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE):
            texts.append(text)
            labels.append([float(str(kind) in ids.split(",")) for kind in range(kinds)])
    return Texts(texts, np.asarray(labels), token_vectors(texts, part, cache))


def token_vectors(texts: list[str], part: str, cache: Path | None) -> list[np.ndarray]:
    """Return the token vectors of each text, as half floats."""
    kept = cache / f"{part}.tok.npy" if cache else None
    lengths = cache / f"{part}.n.npy" if cache else None
    if kept and lengths and kept.exists():
        return np.split(np.load(kept), np.cumsum(np.load(lengths))[:-1])
    encoder = load_encoder("")
    vectors: list[np.ndarray] = []
    for start in range(0, len(texts), 500):
        batch = encoder.encode_tokens(texts[start : start + 500])
        vectors += [encoding.tokens.astype(np.float16) for encoding in batch]
        encoder.clear_cache()
        say(f"{part}: {len(vectors):,} of {len(texts):,} encoded")
    if kept and lengths:
        np.save(kept, np.concatenate(vectors))
        np.save(lengths, np.asarray([len(text) for text in vectors]))
    return vectors


def read_support() -> tuple[list[str], np.ndarray]:
    """Return the support messages and whether each is angry."""
    with (ROOT / "scripts" / "anger_support.tsv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [row["text"] for row in rows], np.asarray([float(row["label"]) for row in rows])


def mixes(features: np.ndarray, y: np.ndarray, support: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the weights of the features with and without attention; the last ``support`` rows are messages.

    Both are moved so that RECALL of the angry messages among those score 0.5 or more.
    """
    weights = np.concatenate([np.ones(len(y) - support), np.full(support, SUPPORT_WEIGHT)])
    tied = np.column_stack([features[:, 0] + TERMS_SHARE * features[:, 1], features[:, 2:]])
    both = fit_mix(tied, y, weights)
    found = []
    for mix in (
        np.concatenate([[both[0], TERMS_SHARE * both[0]], both[1:]]),
        fit_mix(features[:, 1:], y, weights),
    ):
        negated = SIGNS.index("negated") - len(SIGNS) - 1
        mix[negated] = min(mix[negated], NEGATION)
        angry = features[-support:, -len(mix) :][y[-support:] == 1] @ mix
        mix[-1] -= np.quantile(angry, 1 - RECALL)
        found.append(mix)
    return found[0], found[1]


def anger_of(labels: np.ndarray, names: list[str], positive: tuple[str, ...]) -> np.ndarray:
    """Return which rows have one of the ``positive`` labels, whatever others they have."""
    return np.asarray(labels[:, [names.index(name) for name in positive]].max(axis=1))


def report(detector: AngerDetector, part: Texts, names: list[str], title: str) -> None:
    """Print AUC for what counts as anger, and for other ways to draw the line."""
    read = [detector.read(vectors).contributions() for vectors in part.tokens]
    scores = [detector.score(text, tokens) for text, tokens in zip(part.texts, read, strict=True)]
    by_text = [detector.score(text, None) for text in part.texts]
    for meaning, positive in {"anger, annoyance, disgust": POSITIVE, **ALSO_REPORTED}.items():
        y = anger_of(part.labels, names, positive)
        say(
            f"{title}: AUC {roc_auc_score(y, scores):.4f} ({meaning}; {int(y.sum())} of {len(y)}); "
            f"without encoder {roc_auc_score(y, by_text):.4f}"
        )


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
