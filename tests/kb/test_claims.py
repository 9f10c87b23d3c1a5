"""What a sentence claims, and which claims cannot both hold."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from kb.claims.benchmark import run
from kb.claims.comparison import conflicts
from kb.claims.extraction import article_claims, claims_of
from kb.claims.quantities import Quantity, quantities
from nlp.encoder import load_encoder

pytestmark = pytest.mark.row("2.8")
PAIRS = Path(__file__).parent / "contradiction_pairs.jsonl"
DAY = 86_400


@pytest.fixture(scope="module")
def encode():
    return load_encoder(settings.ENCODER_PATH).encode


@pytest.mark.parametrize(
    ("sentence", "dimension", "low", "high", "bound"),
    [
        ("within 14 days", "duration", 14 * DAY, 14 * DAY, "at most"),
        ("for two weeks", "duration", 14 * DAY, 14 * DAY, "exactly"),
        ("a 14-day trial", "duration", 14 * DAY, 14 * DAY, "exactly"),
        ("5 to 10 business days", "business days", 5, 10, "exactly"),
        ("after an hour", "duration", 3_600, 3_600, "exactly"),
        ("costs $1,200.50 a year", "money $", 1_200.5, 1_200.5, "exactly"),
        ("€2k per seat", "money €", 2_000, 2_000, "exactly"),
        ("at least 15 %", "percent", 15, 15, "at least"),
        ("up to 25 MB", "size", 25e6, 25e6, "at most"),
        ("from 9 am", "time of day", 540, 540, "exactly"),
        ("until 17:30", "time of day", 1_050, 1_050, "exactly"),
        ("at 12 a.m.", "time of day", 0, 0, "exactly"),
        ("up to 5 users", "count of user", 5, 5, "at most"),
        ("100 requests per minute", "count of request", 100, 100, "exactly"),
        ("needs version 3.2", "version", 3.2, 3.2, "exactly"),
    ],
)
def test_figures_are_read_with_their_dimension_and_bound(
    sentence: str, dimension: str, low: float, high: float, bound: str
) -> None:
    (found,) = quantities(sentence)
    assert (found.dimension, found.low, found.high, found.bound) == (dimension, low, high, bound)


@pytest.mark.parametrize("sentence", ["60 requests a minute"[12:], "in 2026 everything", "ASEC-23 updates"])
def test_a_rate_a_year_and_a_part_of_a_code_are_no_figures(sentence: str) -> None:
    assert list(quantities(sentence)) == []


@pytest.mark.parametrize(
    ("sentence", "rate"),
    [
        ("$24 per user a month", ("month", "user")),
        ("$24/user/month", ("month", "user")),
        ("$240 per year", ("year", "")),
        ("€5 for each active location", ("", "location")),
        ("$9", ("", "")),
    ],
)
def test_an_amount_is_read_with_what_it_is_paid_for(sentence: str, rate: tuple[str, str]) -> None:
    (found,) = quantities(sentence)
    assert (found.period, found.per) == rate


def figure(low: float, bound: str, high: float | None = None) -> Quantity:
    return Quantity("duration", low, high or low, bound, 0, 1)


@pytest.mark.parametrize(
    ("one", "other", "excludes"),
    [
        (figure(14, "at most"), figure(30, "at most"), True),
        (figure(30, "exactly"), figure(30.9, "exactly"), False),  # a month is 30 or 31 days
        (figure(14, "exactly"), figure(30, "at most"), False),
        (figure(45, "exactly"), figure(30, "at most"), True),
        (figure(14, "at least"), figure(30, "at most"), False),
        (figure(31, "at least"), figure(30, "at most"), True),
        (figure(5, "exactly", 10), figure(7, "exactly"), False),
        (figure(5, "exactly", 10), figure(12, "exactly"), True),
    ],
)
def test_bounds_and_ranges_decide_whether_two_figures_exclude_each_other(
    one: Quantity, other: Quantity, excludes: bool
) -> None:
    assert (one.excludes(other), other.excludes(one)) == (excludes, excludes)


@pytest.mark.parametrize(
    ("one", "other", "differs_in"),
    [
        ("Refunds are paid within 14 days.", "Refunds are paid within 30 days.", ["duration"]),
        ("Refunds are paid within 14 days.", "Refunds are paid within two weeks.", []),
        ("Members can invite people.", "Members cannot invite people.", ["yes or no"]),
        ("Gift cards are non-refundable.", "Gift cards are not refundable.", []),
        ("Backups are optional for admins.", "Backups are required for admins.", ["yes or no"]),
        (
            "Open Settings > Billing to change your card.",
            "Open Account > Cards to change your card.",
            ["place"],
        ),
        ("SSO is available on the Pro plan.", "SSO is only available on the Enterprise plan.", ["plan"]),
        ("The Pro plan keeps logs for 30 days.", "The Starter plan keeps logs for 7 days.", []),
        ("Orders from the EU take 3 days.", "Orders from the US take 9 days.", []),
        ("Orders before 11 am CET (GMT+1) ship today.", "Orders before 2 pm ET (GMT-5) ship today.", []),
        ("The selector is not available in IDE 1.", "The selector is only available in IDE 2.", []),
        ("Open Tools > Board to pick a board.", "In the selector or Tools > Board you pick a board.", []),
        ("If a network is set, its name is shown.", "If a network is not set, its name is shown.", []),
        ("Exports are kept for 7 days.", "Shipping costs 7 dollars.", []),
        ("Team: $24 per user a month.", "A paid seat on the Team plan is $22 per user a month.", ["money $"]),
        ("Team: $24 per user a month.", "A paid seat on the Team plan is $240 per user a year.", []),
        ("Team: $24 per user a month.", "A paid seat on the Starter plan is $12 per user a month.", []),
        ("Viewers can't export lists.", "Viewers can export lists from a tile as well.", ["yes or no"]),
    ],
)
def test_the_same_thing_said_otherwise_is_a_conflict_and_another_reader_or_thing_is_none(
    one: str, other: str, differs_in: list[str], encode
) -> None:
    assert [conflict.differs_in for conflict in conflicts(one, other, encode)] == differs_in
    assert [conflict.differs_in for conflict in conflicts(other, one, encode)] == differs_in


def test_headings_code_and_questions_claim_nothing() -> None:
    markdown = "# Refunds in 14 days\n\n```\nwait 9 seconds\n```\n\nCan I wait 3 days?\n\n- Wait 5 days.\n"
    assert [claim.sentence for claim in article_claims(markdown)] == ["Wait 5 days."]


def test_hand_written_pairs_are_told_apart(encode) -> None:
    result = run(PAIRS, encode)
    assert (result["n_pairs"], result["n_contradictions"]) == (100, 54)
    assert result["precision"] >= 0.9
    assert result["recall"] >= 0.8


def test_the_benchmark_says_which_line_is_no_pair(tmp_path: Path) -> None:
    bad = tmp_path / "bad.jsonl"
    for content, words in (
        ('{"a": "x", "b": "y", "label": 1}\nnope\n', "Line 2 is not JSON"),
        ('{"a": "x", "label": 1}\n', 'Line 1 needs the texts "a" and "b"'),
        ('{"a": "x", "b": "y", "label": 2}\n', "Line 1 needs a label"),
        ("\n", "holds no pairs"),
    ):
        bad.write_text(content)
        with pytest.raises(CommandError, match=words):
            call_command("benchmark", "contradictions", pairs=bad)


def test_the_benchmark_command_gives_the_promised_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "pairs.jsonl"
    file.write_text(json.dumps({"a": "It takes 2 days.", "b": "It takes 9 days.", "label": 0}) + "\n")
    call_command("benchmark", "contradictions", pairs=file)
    assert {"precision", "recall", "f1", "n_pairs"} <= json.loads(capsys.readouterr().out).keys()


@given(st.text(max_size=300))
def test_any_text_is_read_without_an_error(text: str) -> None:
    for claim in claims_of(text):
        assert claim.words


def test_a_hostile_text_is_read_in_time() -> None:
    began = time.perf_counter()
    for text in ("1 " * 50_000, "Settings > " * 9_000, "no not " * 15_000, "a 1 day " * 12_000):
        list(claims_of(text))
        article_claims(text)
    assert time.perf_counter() - began < 5
