"""Build the shipped detector of anger: `python scripts/build_anger_detector.py GOEMOTIONS INTENTS`.

GOEMOTIONS holds goemotions_{train,dev,test}.tsv and goemotions_labels.txt (google-research, Apache-2.0),
INTENTS banking77/{train,valid,test}.csv and clinc150/{train,valid,test}.csv (text,label; CC BY): the messages
of calm customers. Training uses the train parts, the demo's questions and scripts/anger_support.tsv (support
messages written for it); the mix is learnt on GoEmotions' dev part, half of the calm valid messages and the
development messages (tests/escalation/development/anger.jsonl); the threshold is laid on the other half. The
test parts are read with --final only, after everything is written. Writes nlp/data/anger.npz and its sha256:
the same bytes each time on the same machine. Takes about five minutes on one core; --cache keeps the token
vectors for another run.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import sys
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"  # sums in one order: the same bytes
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "supportadmin.settings")
ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import django  # noqa: E402

django.setup()

import numpy as np  # noqa: E402
import yaml  # noqa: E402
from sklearn.metrics import roc_auc_score  # noqa: E402

from escalation.meanings import Meanings, meanings_encode  # noqa: E402
from escalation.sensing import Senses, sense_with  # noqa: E402
from escalation.triggers import ANGER, TRIGGERS  # noqa: E402
from nlp.anger import DETECTOR_FILE, DIGEST_FILE, AngerDetector, detector_read, detector_write  # noqa: E402
from nlp.anger_signs import SIGNS, signs  # noqa: E402
from nlp.anger_training import AttentionSettings, averaged, fit_attention, fit_mix, fit_terms  # noqa: E402
from nlp.encoder import load_encoder  # noqa: E402

POSITIVE = ("anger", "annoyance", "disgust")
ALSO_REPORTED = {
    "anger alone": ("anger",),
    "anger or disgust": ("anger", "disgust"),
    "with sadness, grief and fear": (*POSITIVE, "sadness", "grief", "fear"),
}
CALM_SETS = ("banking77", "clinc150")
# A calm customers' text with one of these is left out of the training: some of them are annoyed indeed.
DOUBTFUL = (
    "outrage",
    "distress",
    "insistence",
    "sarcasm",
    "angry_emoji",
    "shouting",
    "exclamation",
    "asked_and_exclaimed",
)
ANGER_OF_CALM = 0.03  # the label of the others: rather a few of them than none are angry
REPEATS = 40  # of each support message among the training texts
REPEATS_OF_DEMO = 10  # of each question of the demo there
MESSAGE_WEIGHT = 3.0  # of a development message in the mix, against a comment
CALM_WEIGHT = 0.3  # of a calm text there
TERMS_SHARE = 0.6  # of what the attention weighs: left alone the messages would silence the terms
NEGATION = -2.0  # "not angry at all": too rare in the data to be learnt
FALSE_ALARMS = 0.01  # of the calm valid messages score THRESHOLD or more
SEEDS = (0, 1)  # of the attention, whose log-odds are averaged: wobbles less, tells apart better
FOLDS = 5
THRESHOLD = float(TRIGGERS[ANGER].defaults["minimum_anger"])


@dataclass(frozen=True)
class Texts:
    """Texts, whether each is angry (n,), all labels of GoEmotions (n, 28; NaN: unknown), token vectors."""

    texts: list[str]
    angry: np.ndarray
    labels: np.ndarray
    tokens: list[np.ndarray]

    def __getitem__(self, rows: np.ndarray | slice) -> Texts:
        places = np.arange(len(self.texts))[rows]
        return Texts(
            [self.texts[place] for place in places],
            self.angry[rows],
            self.labels[rows],
            [self.tokens[place] for place in places],
        )


def main() -> int:
    """Train, mix, lay the threshold, write, measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("goemotions", type=Path)
    parser.add_argument("intents", type=Path)
    parser.add_argument("--cache", type=Path, help="folder for token vectors")
    parser.add_argument("--final", action="store_true", help="also measure on the test parts")
    options = parser.parse_args()
    names = (options.goemotions / "goemotions_labels.txt").read_text().split()
    train, dev = (read_comments(options.goemotions, part, names, options.cache) for part in ("train", "dev"))
    calm = read_calm(options.intents, "train", len(names), options.cache)
    support = read_support(len(names))
    detector = trained(
        [
            train,
            not_doubtful(calm),
            *[not_doubtful(read_demo(len(names)))] * REPEATS_OF_DEMO,
            *[support] * REPEATS,
        ]
    )
    valid = read_calm(options.intents, "valid", len(names), options.cache)
    to_mix, to_lay = valid[::2], valid[1::2]
    messages = read_messages(len(names))
    places = np.arange(len(messages.texts)) % FOLDS
    held = np.zeros(len(places))
    for fold in range(FOLDS):
        part = mixed(detector, dev, to_mix, messages[places != fold], to_lay)
        held[places == fold] = scores(part, messages[places == fold].texts)
    say(f"development messages, each mixed without its fifth: {figures(held, messages.angry)}")
    detector = mixed(detector, dev, to_mix, messages, to_lay)
    detector.mix_of_text[-1] += move(scores(without_encoder(detector), to_lay.texts))
    content = detector_write(detector)
    DETECTOR_FILE.parent.mkdir(exist_ok=True)
    DETECTOR_FILE.write_bytes(content)
    DIGEST_FILE.write_text(f"{hashlib.sha256(content).hexdigest()}  {DETECTOR_FILE.name}\n")
    say(f"written: {DETECTOR_FILE} ({len(content):,} bytes)")
    detector = detector_read(content)
    report(detector, dev, names, "dev")
    report_calm(detector, options.intents, "valid")
    if options.final:
        report(detector, read_comments(options.goemotions, "test", names, options.cache), names, "test")
        report_calm(detector, options.intents, "test")
    return 0


def read_comments(folder: Path, part: str, names: list[str], cache: Path | None) -> Texts:
    """Return one part of GoEmotions, encoded."""
    texts, labels = [], []
    with (folder / f"goemotions_{part}.tsv").open(encoding="utf-8", newline="") as stream:
        for text, ids, _ in csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE):
            texts.append(text)
            labels.append([float(str(kind) in ids.split(",")) for kind in range(len(names))])
    array = np.asarray(labels)
    return Texts(texts, anger_of(array, names, POSITIVE), array, token_vectors(texts, part, cache))


def read_calm(folder: Path, part: str, kinds: int, cache: Path | None) -> Texts:
    """Return one part of the calm customers' messages, encoded."""
    texts: list[str] = []
    tokens: list[np.ndarray] = []
    for name in CALM_SETS:
        found = read_intents(folder, name, part)
        texts += found
        tokens += token_vectors(found, f"{name}_{part}", cache)
    return Texts(texts, np.zeros(len(texts)), np.full((len(texts), kinds), np.nan), tokens)


def read_demo(kinds: int) -> Texts:
    """Return the questions and example messages of the demo workspace: customers of a product like ours."""
    demo = ROOT / "supportadmin" / "demo"
    asked = yaml.safe_load((demo / "test_questions.yaml").read_text(encoding="utf-8"))
    intents = yaml.safe_load((demo / "intents.yaml").read_text(encoding="utf-8"))["intents"]
    texts = [question for article in asked["articles"] for question in article["questions"]]
    texts += [row["text"] for row in asked["utterances"]]
    texts += [row["text"] for intent in intents for row in intent["examples"]]
    return written(list(dict.fromkeys(texts)), [False] * len(set(texts)), kinds)


def read_intents(folder: Path, name: str, part: str) -> list[str]:
    """Return the messages of one part of one set."""
    with (folder / name / f"{part}.csv").open(encoding="utf-8", newline="") as stream:
        return [row["text"] for row in csv.DictReader(stream)]


def read_support(kinds: int) -> Texts:
    """Return the support messages to train with."""
    with (ROOT / "scripts" / "anger_support.tsv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))
    return written([row["text"] for row in rows], [row["label"] == "1" for row in rows], kinds)


def read_messages(kinds: int) -> Texts:
    """Return the development messages, with which the parts are mixed."""
    file = ROOT / "tests" / "escalation" / "development" / "anger.jsonl"
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return written([row["text"] for row in rows], [ANGER in row["triggers"] for row in rows], kinds)


def written(texts: list[str], angry: list[bool], kinds: int) -> Texts:
    """Return texts that were written for the purpose, encoded."""
    return Texts(
        texts,
        np.asarray(angry, dtype=np.float64),
        np.full((len(texts), kinds), np.nan),
        token_vectors(texts, "", None),
    )


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
    say(f"{part or 'messages'}: {len(vectors):,} encoded")
    if kept and lengths:
        np.save(kept, np.concatenate(vectors))
        np.save(lengths, np.asarray([len(text) for text in vectors]))
    return vectors


def not_doubtful(calm: Texts) -> Texts:
    """Return calm customers' messages without those that may be angry after all, the rest as nearly calm."""
    places = [SIGNS.index(name) for name in DOUBTFUL]
    kept = calm[np.asarray([not signs(text)[places].any() for text in calm.texts])]
    return replace(kept, angry=kept.angry + ANGER_OF_CALM)


def trained(parts: list[Texts]) -> AngerDetector:
    """Return a detector that is not mixed yet."""
    texts = [text for part in parts for text in part.texts]
    tokens = [vectors for part in parts for vectors in part.tokens]
    angry = np.concatenate([part.angry for part in parts])
    terms = fit_terms(texts, angry >= 0.5)
    say("terms: done")
    labels = np.column_stack([np.vstack([part.labels for part in parts]), angry])
    attention = averaged(
        [fit_attention(tokens, labels, AttentionSettings(seed=seed), progress=say) for seed in SEEDS]
    )
    empty = np.zeros(0)
    return AngerDetector(attention, terms, empty, empty, load_encoder("").fingerprint)


def mixed(
    detector: AngerDetector, comments: Texts, calm: Texts, messages: Texts, calm_to_lay: Texts
) -> AngerDetector:
    """Return the detector with its parts weighed, with and without attention.

    The mix with attention is moved so that FALSE_ALARMS of ``calm_to_lay``, read as a turn is, score at least
    THRESHOLD.
    """
    parts = [comments, calm, messages]
    features = np.vstack([features_of(detector, part) for part in parts])
    y = np.concatenate([part.angry for part in parts])
    weights = np.repeat([1.0, CALM_WEIGHT, MESSAGE_WEIGHT], [len(part.texts) for part in parts])
    tied = np.column_stack([features[:, 0] + TERMS_SHARE * features[:, 1], features[:, 2:]])
    both = fit_mix(tied, y, weights)
    mix = np.concatenate([[both[0], TERMS_SHARE * both[0]], both[1:]])
    mix_of_text = fit_mix(features[:, 1:], y, weights)
    negated = SIGNS.index("negated") - len(SIGNS) - 1
    for each in (mix, mix_of_text):
        each[negated] = min(each[negated], NEGATION)
    found = replace(detector, mix=mix, mix_of_text=mix_of_text)
    mix[-1] += move(scores(found, calm_to_lay.texts))
    return found


def without_encoder(detector: AngerDetector) -> AngerDetector:
    """Return the detector as it is beside another encoder: words alone decide."""
    return replace(detector, fingerprint="")


def move(calm: np.ndarray) -> float:
    """Return by how many log-odds to move scores for FALSE_ALARMS of these to be THRESHOLD or more."""
    score = float(np.quantile(calm, 1 - FALSE_ALARMS))
    return float(np.log(THRESHOLD / (1 - THRESHOLD)) - np.log(score / (1 - score)))


def features_of(detector: AngerDetector, part: Texts) -> np.ndarray:
    """Return what the mix weighs, of each text as a whole."""
    return np.stack(
        [
            detector.features(text, detector.read(vectors).contributions())
            for text, vectors in zip(part.texts, part.tokens, strict=True)
        ]
    )


@lru_cache(maxsize=1)
def meanings() -> Meanings:
    """Return what a turn compares sentences with; it does not matter to the anger."""
    return meanings_encode(load_encoder("").encode)


def scores(detector: AngerDetector, texts: list[str]) -> np.ndarray:
    """Return the score of each text as a turn reads it: as a whole and sentence by sentence."""
    senses = Senses(load_encoder(""), detector, meanings())
    return np.asarray(
        [
            next(sign.score for sign in sense_with(senses, text).signs if sign.trigger == ANGER)
            for text in texts
        ]
    )


def anger_of(labels: np.ndarray, names: list[str], positive: tuple[str, ...]) -> np.ndarray:
    """Return which rows have one of the ``positive`` labels, whatever others they have."""
    return np.asarray(labels[:, [names.index(name) for name in positive]].max(axis=1))


def figures(found: np.ndarray, angry: np.ndarray) -> str:
    """Return precision and recall at the threshold, and AUC."""
    fired, wanted = found >= THRESHOLD, angry >= 0.5
    return (
        f"precision {wanted[fired].mean():.3f}, recall {fired[wanted].mean():.3f}, "
        f"AUC {roc_auc_score(wanted, found):.4f}"
    )


def report(detector: AngerDetector, part: Texts, names: list[str], title: str) -> None:
    """Print AUC for what counts as anger, and for other ways to draw the line."""
    found = scores(detector, part.texts)
    by_text = scores(without_encoder(detector), part.texts)
    say(f"{title}: {figures(found, part.angry)}")
    for meaning, positive in {"anger, annoyance, disgust": POSITIVE, **ALSO_REPORTED}.items():
        y = anger_of(part.labels, names, positive)
        say(
            f"{title}: AUC {roc_auc_score(y, found):.4f} ({meaning}; {int(y.sum())} of {len(y)}); "
            f"without encoder {roc_auc_score(y, by_text):.4f}"
        )


def report_calm(detector: AngerDetector, folder: Path, part: str) -> None:
    """Print the share of each set's messages that are taken for angry."""
    for name in CALM_SETS:
        texts = read_intents(folder, name, part)
        share = (scores(detector, texts) >= THRESHOLD).mean()
        say(f"{name}, {part}: {share:.2%} of {len(texts):,} taken for angry")


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
