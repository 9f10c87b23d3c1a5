"""Phrases and patterns that people write: found in linear time, or refused with advice."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from escalation.contracts import Rule, RuleSet, TurnFacts
from escalation.engine import decide
from escalation.patterns import pattern_find, phrase_find
from escalation.triggers import parameters_validate

LIMIT_MS = 50
REDOS = (
    r"(a+)+$", r"(a*)*b", r"(a|a)*$", r"(a|aa)+$", r"(.*a){20}", r"^(([a-z])+.)+[A-Z]([a-z])+$",
    r"^(a+)+$", r"([a-zA-Z]+)*$", r"(a|a?)+$", r"(x+x+)+y", r"(.*)*=.*", r"^(\d+)*$",
    r"^([a-zA-Z0-9_.+-])+@(([a-zA-Z0-9-])+\.)+([a-zA-Z0-9]{2,4})+$", r"(\w+\s*)+:", r"^(.*?,){11}P",
    r"((a{0,100}){0,10})", r"(\s*\w+\s*)*!", r"<(\w+)(\s+[^>]*)*>", r"([^\"]|\\\")*\"x", r"(ab|a|b)*c",
)  # fmt: skip


def patterns(count: int, seed: int = 1) -> list[str]:
    """Return classic catastrophic patterns and variations of them."""
    draw = random.Random(seed)
    made = list(REDOS)
    while len(made) < count:
        a, b = draw.choice("abx0 -"), draw.choice(["a", "[a-z]", r"\w", ".", r"\s", "(a|b)"])
        shape = draw.choice(
            [
                "({b}+)+{a}$",
                "({b}*)*{a}{{3}}",
                "(({b}|{a})+)+!$",
                "^(({b}+{a}?)+)+#",
                "({b}{{1,30}}){{1,9}}{a}z",
            ]
        )
        made.append(shape.format(a=a, b=b))
    return made[:count]


def texts(size: int) -> list[str]:
    return ["a" * size, ("ab " * size)[:size], ("x1 -\n" * size)[:size] + "!"]


def worst_ms(pattern: str, text: str) -> float:
    """Return how long saving takes, or a search, whichever is longer; a refusal counts as a save."""
    started = time.perf_counter()
    try:
        settings = parameters_validate("pattern", {"patterns": [pattern]})
    except InvalidInput as refusal:
        assert refusal.code == "bad_pattern"  # noqa: PT017
        return (time.perf_counter() - started) * 1000
    saved = time.perf_counter()
    pattern_find(text, settings["patterns"], ignore_case=True)
    return max(saved - started, time.perf_counter() - saved) * 1000


@pytest.mark.row("R15", "4.8")
def test_patterns_that_hang_other_engines_take_linear_time() -> None:
    slow = {}
    for pattern in patterns(30):
        for text in texts(100_000)[:2]:
            ms = min(worst_ms(pattern, text) for _ in range(2))
            if ms > LIMIT_MS:
                slow[pattern] = ms
    assert not slow


@pytest.mark.soak
@pytest.mark.row("R15")
@pytest.mark.parametrize("text", texts(100_000), ids=["a", "ab", "mixed"])
def test_two_hundred_patterns_on_a_long_text_take_fifty_milliseconds_each_at_most(text: str) -> None:
    slow = {pattern: ms for pattern in patterns(200) if (ms := worst_ms(pattern, text)) > LIMIT_MS}
    assert not slow


@pytest.mark.row("4.8")
@pytest.mark.parametrize(
    ("written", "ignore_case", "text", "found"),
    [
        (["charge ?back"], True, "I will do a Chargeback!", "Chargeback"),
        (["charge ?back"], False, "I will do a Chargeback!", None),
        (["charge ?back"], False, "a charge back", "charge back"),
        ([r"INV-\d{4,6}"], True, "about inv-00123 please", "inv-00123"),
        (["x", "ß.ü"], True, "Grüße: ß-ü 😀", "ß-ü"),
        (["ü😀"], True, "ü😀ü", "ü😀"),
        (["^a", "b$"], True, "ab", "a"),
        (["zz"], True, "z\ud83dzz", "zz"),
        (["\ufffd"], True, "z\ud83dzz", "\ud83d"),
        (["end"], True, "." * 20_000 + "end", None),
        (["end"], True, "." * 19_997 + "end", "end"),
    ],
)
def test_the_evidence_of_a_pattern_is_what_the_customer_wrote(written, ignore_case, text, found) -> None:
    assert pattern_find(text, written, ignore_case=ignore_case) == found


@pytest.mark.row("4.8")
@pytest.mark.parametrize(
    ("phrase", "text", "found"),
    [
        ("data breach", "Was there a Data  BREACH?", "Data  BREACH"),
        ("sue", "an issue", None),
        ("sue", "I will sue.", "sue"),
        ("lawyer", "my l a w y e r says", "l a w y e r"),
        ("lawyer", "my lаwyer says", "lаwyer"),  # a Cyrillic а
        ("Überweisung", "die uberweisung fehlt", "uberweisung"),
        ("c++ (api)", "the C++ (API) fails", "C++ (API)"),
        ("...a", "a", None),
    ],
)
def test_a_phrase_is_found_whole_in_any_case_and_disguise(phrase, text, found) -> None:
    assert phrase_find(text, [phrase]) == found


@pytest.mark.row("4.8", "R15")
@pytest.mark.parametrize(
    ("settings", "field", "says"),
    [
        ({"patterns": ["(?=a)b"]}, "patterns", "look-ahead and look-behind are not possible"),
        ({"patterns": ["(?<!a)b"]}, "patterns", "look-ahead and look-behind are not possible"),
        ({"patterns": [r"(a)\1"]}, "patterns", "back-references"),
        ({"patterns": ["fine", "("]}, "patterns", "not a pattern that can be read"),
        ({"patterns": ["a*"]}, "patterns", "would match every message"),
        ({"patterns": ["\ud83d"]}, "patterns", "cannot be stored"),
        ({"patterns": ["x" * 501]}, "patterns", "at most 500 characters"),
        ({"patterns": ["x"] * 21}, "patterns", "at most 20"),
        ({"patterns": ["(((a{90}){90}){90}){9}"]}, "patterns", "not a pattern that can be read"),
        ({"phrases": ["..."]}, "phrases", "does not match"),
        ({"phrases": [], "patterns": []}, "phrases", "never fire"),
        ({}, "phrases", "never fire"),
    ],
)
def test_what_cannot_be_matched_is_refused_beside_its_field(settings, field, says) -> None:
    with pytest.raises(InvalidInput) as refusal:
        parameters_validate("pattern", settings)
    assert refusal.value.extra["field"] == field
    assert says in refusal.value.message


@pytest.mark.row("4.8")
@pytest.mark.parametrize("kind", ["hard", "soft"])
def test_a_rule_on_words_escalates_with_the_words_as_evidence(kind: str) -> None:
    rule = Rule(7, 2, "words", kind, "pattern", 0, {"phrases": ["data breach"], "patterns": [r"CVE-\d+"]})
    for text, found in (("a data breach", "data breach"), ("see cve-2026", "cve-2026")):
        decision = decide(TurnFacts(text=text, failed_step="classify"), RuleSet(1, (rule,)))
        if kind == "hard":  # words are known even where the classifier is not
            assert (decision.action, decision.reason) == ("escalate", "pattern")
            assert (decision.escalation.rule_id, decision.escalation.matched_text) == (7, found)
    quiet = TurnFacts(text="hello", answer_score=1.0)
    assert decide(quiet, RuleSet(1, (rule,))).action == "answer"


@pytest.mark.row("R15")
@given(st.text(alphabet=st.characters(), max_size=60), st.text(alphabet=st.characters(), max_size=200))
def test_no_pattern_and_no_text_ever_raises_but_the_refusal(pattern: str, text: str) -> None:
    try:
        settings = parameters_validate("pattern", {"patterns": [pattern]})
    except InvalidInput:
        return
    found = pattern_find(text, settings["patterns"], ignore_case=True)
    assert found is None or found in text
