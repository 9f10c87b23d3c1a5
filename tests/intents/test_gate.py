"""The release gate, in pure figures."""

from __future__ import annotations

import pytest

from intents.gate import Answer, Check, GateReport, chance, gate_report, pair, recall_changes


def answer(key: str, expected: str, predicted: str, *, confidence: float = 0.9, **more: bool) -> Answer:
    falls_back = more.get("is_fallback", False)
    return Answer(
        key,
        f"text {key}",
        expected,
        predicted,
        confidence,
        falls_back,
        more.get("must_pass", False),
    )


def many(intent: str, right: int, wrong: int) -> list[Answer]:
    """Return answers to ``right + wrong`` texts of an intent; the wrong ones come last."""
    return [answer(f"{intent}:{n}", intent, intent if n < right else "other") for n in range(right + wrong)]


def check(report: GateReport, code: str) -> Check:
    return next(check for check in report.checks if check.code == code)


def gate(after: list[Answer], before: list[Answer] | None, **more: object) -> GateReport:
    options = {"fallback_ratio": 0.01, "judged_now": True, **more}
    return gate_report(after, before, **options)  # type: ignore[arg-type]


@pytest.mark.row("3.15")
@pytest.mark.parametrize(
    ("right_before", "right_after", "is_open"),
    [(100, 100, True), (100, 98, True), (100, 97, False), (97, 100, True), (50, 47, False)],
)
def test_a_drop_of_more_than_two_points_in_one_intent_closes_the_gate(
    right_before: int, right_after: int, is_open: bool
) -> None:
    before = [*many("billing", right_before, 100 - right_before), *many("bugs", 100, 0)]
    after = [*many("billing", right_after, 100 - right_after), *many("bugs", 100, 0)]
    report = gate(after, before)
    assert report.is_open is is_open
    assert [c.code for c in report.blockers] == ([] if is_open else ["recall_drop"])
    change = next(r for r in report.recalls if r.intent == "billing")
    assert (change.n, change.before, change.after) == (100, right_before / 100, right_after / 100)


@pytest.mark.row("3.15")
def test_a_gain_in_one_intent_does_not_pay_for_a_loss_in_another() -> None:
    before = [*many("billing", 10, 0), *many("bugs", 0, 10)]
    after = [*many("billing", 9, 1), *many("bugs", 10, 0)]
    report = gate(after, before)
    assert not report.is_open
    assert check(report, "recall_drop").message == (
        "Recall falls by more than 2 points: billing from 100 to 90 % (n = 10)."
    )
    assert check(report, "recall_drop").texts == ("billing: text billing:9",)
    assert report.counts == {"fixed": 10, "broken": 1, "moved": 0, "wrong": 0, "right": 9}


def test_only_texts_that_mean_the_same_to_both_are_compared() -> None:
    before = [answer("example:1", "billing", "billing"), answer("example:2", "billing", "billing")]
    after = [answer("example:2", "bugs", "bugs"), answer("example:3", "bugs", "billing")]
    assert pair(before, after) == ()
    report = gate(after, before)
    assert report.is_open
    assert "nothing could be compared" in check(report, "recall_drop").message


@pytest.mark.row("3.15")
@pytest.mark.parametrize(
    ("said", "is_open"),
    [
        (answer("case:1", "billing", "billing", must_pass=True), True),
        (answer("case:1", "billing", "bugs", must_pass=True), False),
        (answer("case:1", "billing", "billing", must_pass=True, is_fallback=True), False),
        (answer("case:1", "billing", "bugs"), True),
        (answer("case:1", "", "billing", must_pass=True, is_fallback=True), True),
        (answer("case:1", "", "billing", must_pass=True), False),
    ],
)
def test_a_phrase_that_must_pass_and_does_not_closes_the_gate(said: Answer, is_open: bool) -> None:
    report = gate([said], None)
    assert report.is_open is is_open
    assert [c.code for c in report.blockers] == ([] if is_open else ["must_pass"])


def test_a_version_that_has_not_answered_the_phrases_of_today_waits() -> None:
    report = gate(many("billing", 9, 0), None, judged_now=False)
    assert [c.code for c in report.blockers] == ["test_phrases_answered"]


@pytest.mark.row("3.14")
@pytest.mark.parametrize(("ratio", "is_met"), [(0.05, True), (0.051, False), (None, True)])
def test_a_high_share_that_falls_back_is_said_and_blocks_nothing(ratio: float | None, is_met: bool) -> None:
    report = gate(many("billing", 9, 0), None, fallback_ratio=ratio)
    assert check(report, "fallback_ratio").is_met is is_met
    assert report.is_open


def test_intents_that_the_live_version_knows_and_this_one_does_not_are_named() -> None:
    report = gate(many("billing", 9, 0), None, left_out=["bugs", "exports"])
    assert check(report, "intents_known").message.endswith("this one does not: bugs, exports.")
    assert report.is_open


def test_off_topic_texts_count_for_no_intents_recall() -> None:
    before = [answer("case:1", "", "billing", is_fallback=True)]
    after = [answer("case:1", "", "billing")]
    assert recall_changes(pair(before, after)) == ()
    assert gate(after, before).counts["broken"] == 1


@pytest.mark.parametrize(
    ("fixed", "broken", "p"), [(0, 0, 1.0), (1, 0, 1.0), (6, 0, 0.03125), (9, 1, 0.021484375)]
)
def test_chance_is_mcnemars_exact_test(fixed: int, broken: int, p: float) -> None:
    assert chance(fixed, broken) == pytest.approx(p)


def test_the_report_is_plain_json() -> None:
    kept = gate(many("billing", 8, 2), many("billing", 10, 0)).as_json()
    assert kept["is_open"] is False
    assert kept["recalls"] == [{"intent": "billing", "n": 10, "before": 1.0, "after": 0.8}]
    assert [row["code"] for row in kept["checks"] if row["blocks"] and not row["is_met"]] == ["recall_drop"]
