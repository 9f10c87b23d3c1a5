"""The classifier end to end on a small data set: training, predicting, explaining, the artefact."""

from __future__ import annotations

import hashlib
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import skops.io

from intents import training
from intents.classifier import ArtefactRefused, IntentClassifier, Prediction
from intents.dataset import Dataset, DatasetError
from intents.folds import NEVER_HELD_OUT, assign_folds
from intents.intent_thresholds import thresholds_by_intent
from intents.training import TrainedModel, spoken_name, train
from nlp.encoder import SentenceEncoder, load_encoder
from tests.intents.phrases import PHRASES

DATASET = Dataset(
    tuple(text for texts in PHRASES.values() for text in texts),
    tuple(label for label, texts in PHRASES.items() for _ in texts),
)
OFF_TOPIC = (
    "what's the weather like in Oslo",
    "write me a poem about the sea",
    "who won the tennis final",
    "how do I cook rice",
    "tell me something about penguins",
    "which planet is the biggest",
    "my cat does not eat",
    "sing happy birthday",
    "what is 12 times 12",
    "recommend a restaurant in Madrid",
)
ODD_TEXTS = ("", " ", "🙂🙂🙂", "\ud800", "a\ud800b", "\x00", "word " * 4000, "你好", "\n\n")


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return load_encoder()


@pytest.fixture(scope="module")
def model(encoder: SentenceEncoder) -> TrainedModel:
    return train(DATASET, encoder=encoder)


@pytest.fixture(scope="module")
def classifier(model: TrainedModel) -> IntentClassifier:
    return model.classifier


@pytest.fixture
def artefact(tmp_path: Path, classifier: IntentClassifier) -> tuple[Path, str]:
    path = tmp_path / "model.skops"
    return path, classifier.save(path)


@pytest.mark.row("3.6")
@pytest.mark.parametrize("text", ["I can't get in", "my login isn't working", "locked out of my account"])
def test_unseen_ways_to_say_locked_out_are_account_access(classifier: IntentClassifier, text: str) -> None:
    prediction = classifier.predict([text])[0]
    assert prediction.label == "account_access"
    assert not prediction.is_fallback
    assert text not in DATASET.texts


@pytest.mark.row("3.16")
def test_every_training_phrase_is_recognised_above_the_threshold(classifier: IntentClassifier) -> None:
    for prediction, label in zip(classifier.predict(DATASET.texts), DATASET.labels, strict=True):
        assert (prediction.label, prediction.is_fallback) == (label, False)
        assert prediction.confidence >= classifier.threshold


@pytest.mark.row("3.16")
def test_an_example_means_what_people_said_even_where_its_words_look_like_another_intent(
    encoder: SentenceEncoder,
) -> None:
    texts, labels = list(DATASET.texts), list(DATASET.labels)
    texts.append("why was my card charged twice on the invoice")
    labels.append("data_export")
    learnt = train(Dataset(tuple(texts), tuple(labels)), encoder=encoder).classifier
    said = learnt.predict([texts[-1]])[0]
    assert (said.label, said.is_fallback, said.confidence >= 0.95) == ("data_export", False, True)
    assert sum(score for _, score in said.scores) <= 1 + 1e-9


@pytest.mark.row("3.16")
@pytest.mark.parametrize("text", ["a", "z", "sdfkjh", "asdlkfj qwpoeiru zxmcnv", "hjkl hjkl", *ODD_TEXTS])
def test_noise_falls_back_and_never_raises(classifier: IntentClassifier, text: str) -> None:
    prediction = classifier.predict([text])[0]
    assert prediction.is_fallback
    assert prediction.label in PHRASES  # never a pseudo-intent


@pytest.mark.row("3.17")
def test_off_topic_texts_fall_back_even_with_a_few_intents(classifier: IntentClassifier) -> None:
    fallbacks = [p.is_fallback for p in classifier.predict(OFF_TOPIC)]
    assert sum(fallbacks) >= 0.8 * len(OFF_TOPIC)


@pytest.mark.row("3.17")
def test_known_off_topic_texts_set_the_threshold(encoder: SentenceEncoder) -> None:
    told = [f"{text} {more}" for text in OFF_TOPIC for more in ("please", "right now")]
    model = train(DATASET, encoder=encoder, oos_texts=told)
    assert model.report.evaluation.fallback_ratio < 0.15
    assert all(0 <= p.confidence <= 1 for p in model.classifier.predict(OFF_TOPIC))


def test_a_third_of_the_dimensions_of_words_is_kept(classifier: IntentClassifier) -> None:
    assert classifier.encoder.dimension == 384
    assert classifier.scorer.projection.shape == (384, 128)


UNLABELLED = ("my password is not accepted", "send me last month's invoice", *OFF_TOPIC)


def test_unlabelled_messages_that_win_in_cross_validation_are_learnt_from_but_are_no_examples(
    encoder: SentenceEncoder, classifier: IntentClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    rights = iter([35, 34])  # with them, and without
    monkeypatch.setattr(training, "_right", lambda scores, material: next(rights))
    learnt = train(DATASET, encoder=encoder, unlabelled=UNLABELLED)
    assert learnt.report.used_unlabelled
    scorer = learnt.classifier.scorer
    assert len(scorer.landmark_rows) > len(classifier.scorer.landmark_rows)
    rows = learnt.classifier.example_rows
    assert set(rows[rows >= 0]) == set(range(len(DATASET)))


def test_unlabelled_messages_that_win_nothing_change_nothing(
    encoder: SentenceEncoder, classifier: IntentClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "_right", lambda scores, material: 34)
    ignored = train(DATASET, encoder=encoder, unlabelled=UNLABELLED)
    assert not ignored.report.used_unlabelled
    np.testing.assert_array_equal(ignored.classifier.scorer.ridge_weights, classifier.scorer.ridge_weights)
    assert ignored.classifier.threshold == classifier.threshold


@pytest.mark.row("3.16")
def test_every_intent_has_a_recommended_threshold_between_its_answers_and_the_common_one(
    model: TrainedModel,
) -> None:
    found = model.report.thresholds_by_intent
    assert set(found) == set(PHRASES)
    assert all(0 < threshold < 1 for threshold in found.values())


@pytest.mark.row("3.16")
def test_a_recommended_threshold_is_drawn_to_the_common_one_the_more_the_fewer_answers_there_are() -> None:
    confidence = np.array([0.9] * 20 + [0.9] * 80 + [0.1])
    y = np.array([0] * 20 + [1] * 80 + [2])
    correct = np.array([1.0] * 100 + [0.0])  # of intent 2 nothing was right
    found = thresholds_by_intent(confidence, correct, y, ["few", "many", "none"], 0.5)
    assert found["none"] == pytest.approx(0.5)
    assert found["few"] == pytest.approx(0.75)  # half of the log-odds of 0.9
    assert 0.75 < found["many"] < 0.9


@pytest.mark.row("7.2")
def test_the_fields_of_a_prediction_agree_with_each_other(classifier: IntentClassifier) -> None:
    for p in classifier.predict([*DATASET.texts[::5], *OFF_TOPIC]):
        assert (p.label, p.confidence) == p.scores[0]
        values = [score for _, score in p.scores]
        assert values == sorted(values, reverse=True)
        assert {name for name, _ in p.scores} == set(PHRASES)
        assert sum(values) <= 1 + 1e-9
        assert p.margin == pytest.approx(values[0] - values[1])
        assert p.is_fallback == (p.confidence < classifier.threshold)


def test_the_nearest_example_of_a_training_phrase_is_itself(classifier: IntentClassifier) -> None:
    row, similarity = classifier.predict([DATASET.texts[7]])[0].nearest[0]
    assert row == 7
    assert similarity == pytest.approx(1, abs=1e-5)


def test_one_text_and_many_give_the_same_answers(classifier: IntentClassifier) -> None:
    many = classifier.predict(DATASET.texts)
    for text, expected in zip(DATASET.texts[:5], many, strict=False):
        assert classifier.predict([text])[0].confidence == pytest.approx(expected.confidence, abs=1e-4)
    assert classifier.predict([]) == []


@pytest.mark.row("3.21")
def test_the_explanation_names_the_words_and_examples_that_decided(classifier: IntentClassifier) -> None:
    explanation = classifier.explain("please tell me why the invoice was charged twice")
    assert explanation.label == "billing_inquiry"
    assert {"invoice", "charged"} & {term for term, _ in explanation.terms[:2]}
    assert len(explanation.terms) == 5
    assert len(explanation.nearest) == 3
    assert classifier.explain("").terms == ()


def test_the_same_data_give_the_same_classifier(
    encoder: SentenceEncoder, classifier: IntentClassifier
) -> None:
    again = train(DATASET, encoder=encoder).classifier
    assert again.threshold == classifier.threshold
    assert again.predict(OFF_TOPIC) == classifier.predict(OFF_TOPIC)


@pytest.mark.row("3.15")
def test_the_report_is_out_of_fold_and_covers_every_example(model: TrainedModel) -> None:
    evaluation = model.report.evaluation
    assert evaluation.n == len(DATASET)
    assert evaluation.not_evaluated == ()
    assert {i.label: i.n for i in evaluation.per_intent} == DATASET.counts
    assert 0.6 < evaluation.accuracy < 1.0  # in-sample it would be 1.0
    assert model.report.curve[0].coverage == 1.0
    assert model.report.training_set == DATASET.fingerprint


@pytest.mark.row("3.15")
def test_near_duplicates_never_stand_on_both_sides_of_a_fold() -> None:
    y = np.repeat([0, 1, 2], [12, 8, 3])
    groups = np.array([0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, *range(10, 18), 20, 20, 20])
    folds = assign_folds(y, groups, 4, seed=0)
    for group in np.unique(groups):
        assert len(set(folds[groups == group].tolist())) == 1
    assert np.bincount(folds[y == 1]).tolist() == [2, 2, 2, 2]
    assert (folds[y == 2] == NEVER_HELD_OUT).all()
    assert (assign_folds(y, groups, 4, seed=0, named=frozenset({2}))[y == 2] >= 0).all()


@pytest.mark.parametrize("sizes", [(1, 1), (1, 9, 2), (2, 2, 2), (40, 1, 3)])
def test_any_number_of_examples_per_intent_can_be_trained_on(
    encoder: SentenceEncoder, sizes: tuple[int, ...]
) -> None:
    labels = list(PHRASES)[: len(sizes)]
    pairs = [
        (f"{PHRASES[label][i % len(PHRASES[label])]} {i}", label)
        for label, size in zip(labels, sizes, strict=True)
        for i in range(size)
    ]
    dataset = Dataset(tuple(t for t, _ in pairs), tuple(label for _, label in pairs))
    model = train(dataset, encoder=encoder)
    assert [p.label for p in model.classifier.predict(dataset.texts)] == list(dataset.labels)
    assert train(dataset, encoder=encoder, label_names={}).report.n_used == len(dataset)


def test_labels_without_words_are_not_taken_for_examples(encoder: SentenceEncoder) -> None:
    numbers = tuple("12" if label == "account_access" else "7" for label in DATASET.labels[:17])
    dataset = Dataset(DATASET.texts[:17], numbers)
    classifier = train(dataset, encoder=encoder).classifier
    assert (classifier.example_rows >= 0).all()
    assert classifier.predict(["I forgot my password"])[0].label == "12"


def test_a_single_intent_is_refused(encoder: SentenceEncoder) -> None:
    with pytest.raises(DatasetError, match="at least two intents"):
        train(Dataset(("a", "b"), ("x", "x")), encoder=encoder)


def test_progress_is_told_from_the_first_to_the_last_step(encoder: SentenceEncoder) -> None:
    told: list[tuple[int, int]] = []
    train(DATASET, encoder=encoder, progress=lambda done, total, message: told.append((done, total)))
    assert told[0][0] == 0
    assert told[-1][0] == told[-1][1]
    assert told == sorted(told)


@pytest.mark.parametrize(
    ("label", "name"),
    [("card_arrival", "card arrival"), ("CardArrival", "card arrival"), ("a-b.c", "a b c"), ("42", "42")],
)
def test_a_label_is_spoken_as_words(label: str, name: str) -> None:
    assert spoken_name(label) == name


@pytest.mark.row("R49")
def test_a_loaded_artefact_answers_exactly_as_the_saved_classifier(
    encoder: SentenceEncoder, classifier: IntentClassifier, artefact: tuple[Path, str]
) -> None:
    path, digest = artefact
    assert hashlib.sha256(path.read_bytes()).hexdigest() == digest
    loaded = IntentClassifier.load(path, encoder=encoder, sha256=digest)
    texts = [*DATASET.texts, *OFF_TOPIC]
    assert loaded.predict(texts) == classifier.predict(texts)
    assert (loaded.threshold, loaded.training_set) == (classifier.threshold, DATASET.fingerprint)
    assert [p.name for p in path.parent.iterdir()] == ["model.skops"]


@pytest.mark.row("R49")
def test_no_changed_or_cut_artefact_is_loaded(encoder: SentenceEncoder, artefact: tuple[Path, str]) -> None:
    path, digest = artefact
    content = path.read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(60):
        changed = bytearray(content)
        changed[rng.integers(len(content))] ^= 1 << rng.integers(8)
        path.write_bytes(changed if rng.random() < 0.5 else content[: rng.integers(len(content))])
        with pytest.raises(ArtefactRefused, match="sha256"):
            IntentClassifier.load(path, encoder=encoder, sha256=digest)


@pytest.mark.row("R49")
def test_without_a_recorded_hash_a_changed_artefact_is_refused_or_answers_the_same(
    encoder: SentenceEncoder, classifier: IntentClassifier, artefact: tuple[Path, str]
) -> None:
    path, _ = artefact
    content = path.read_bytes()
    rng = np.random.default_rng(1)
    expected: list[Prediction] = classifier.predict(OFF_TOPIC)
    for _ in range(60):
        changed = bytearray(content)
        changed[rng.integers(len(content))] ^= 1 << rng.integers(8)
        path.write_bytes(changed)
        try:
            loaded = IntentClassifier.load(path, encoder=encoder)
        except ArtefactRefused:
            continue
        assert loaded.predict(OFF_TOPIC) == expected


class _Canary:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (Path.touch, (Path("canary"),))


@pytest.mark.row("R47", "R48")
def test_a_file_that_is_not_ours_is_refused_and_never_run(
    encoder: SentenceEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "model.skops"
    contents = [pickle.dumps(_Canary()), b"", b"PK", skops.io.dumps([1]), skops.io.dumps({"format": 1})]
    contents.append(skops.io.dumps({"format": 1, "encoder": Path("x")}))  # a type that is not trusted
    for content in contents:
        path.write_bytes(content)
        with pytest.raises(ArtefactRefused):
            IntentClassifier.load(path, encoder=encoder)
    with pytest.raises(ArtefactRefused, match="cannot be read"):
        IntentClassifier.load(tmp_path / "none.skops", encoder=encoder)
    assert not (tmp_path / "canary").exists()


@pytest.mark.row("R48")
def test_a_schema_that_names_a_dangerous_function_is_refused_before_import(
    encoder: SentenceEncoder, artefact: tuple[Path, str]
) -> None:
    path, _ = artefact
    with zipfile.ZipFile(path) as source:
        files = {name: source.read(name) for name in source.namelist()}
    assert b'"dict"' in files["schema.json"]
    files["schema.json"] = (
        files["schema.json"].replace(b'"builtins"', b'"os"').replace(b'"dict"', b'"system"')
    )
    with zipfile.ZipFile(path, "w") as target:
        for name, content in files.items():
            target.writestr(name, content)
    with pytest.raises(ArtefactRefused):
        IntentClassifier.load(path, encoder=encoder)


@pytest.mark.row("R49")
def test_an_artefact_of_another_encoder_or_format_or_shape_is_refused(
    encoder: SentenceEncoder, artefact: tuple[Path, str]
) -> None:
    path, _ = artefact
    state = skops.io.loads(path.read_bytes(), trusted=[])
    for change, words in (
        ({"encoder": "0" * 16}, "another sentence encoder"),
        ({"format": 1}, "format 1"),
        ({"labels": state["labels"][1:]}, "do not fit"),
        ({"adapter": state["adapter"] * np.nan}, "not finite"),
        ({"projection": None}, "not a numeric array"),
        ({"calibrator": {}, "settings": {}}, "not a complete classifier"),
    ):
        path.write_bytes(skops.io.dumps({**state, **change}))
        with pytest.raises(ArtefactRefused, match=words):
            IntentClassifier.load(path, encoder=encoder)
