"""The linter: each rule at its exact place, and fixes that mend what they say."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.lint.contracts import Context, Preferred
from kb.lint.running import RULES, apply_fix, count_by_severity, lint
from supportadmin.demo.content import read_articles

TITLE = "How do I reset my password?"
SCOPE = "\n## What this does NOT cover\n\n- Two-factor devices.\n"
CLEAN = f"# {TITLE}\n\n1. Open the sign-in page.\n2. Choose **Forgot password?**.\n{SCOPE}"
CONTEXT = Context(
    anchors={"invite": frozenset({"steps"})},
    rules={"7": "Refunds over 500"},
    voice={"utilise": Preferred("use", "plain words"), "guys": Preferred("")},
    has_audience=True,
)


def places(title: str, body: str, context: Context = CONTEXT) -> list[tuple[str, str, int, int]]:
    return [(f.rule, f.severity, f.line, f.column) for f in lint(title, body, context)]


@pytest.mark.row("2.1", "2.2", "2.3")
def test_a_clean_article_has_no_findings() -> None:
    assert places(TITLE, CLEAN) == []


def text(*lines: str) -> str:
    return f"# {TITLE}\n\n" + "\n".join(lines) + "\n" + SCOPE


@pytest.mark.row("2.1")
@pytest.mark.parametrize(
    ("body", "found"),
    [
        (f"Answer.\n{SCOPE}", [("H001", "error", 1, 1)]),
        (text("Answer.", "", "# Other topic", "", "More."), [("H001", "error", 5, 1)]),
        (text("Answer.", "", "### Deep", "", "More."), [("H002", "error", 5, 1)]),
        (text("Answer.", "", "## Two", "", "#### Four", "", "More."), [("H002", "error", 7, 1)]),
        (
            text("Answer.", "", "Click **Save**, then open the menu and choose **Done**."),
            [("S001", "warning", 5, 1)],
        ),
        (text("Answer.", "", "- Open the menu.", "- Choose **Save**."), [("S002", "warning", 5, 1)]),
        (text("Answer.", "", "- A menu.", "- A button."), []),
        (text("Answer.", "", "word " * 251), [("N001", "warning", 1, 1), ("N002", "info", 5, 1)]),
        (text("Answer.", "", "```", "# no heading", "soon TODO", "```"), []),
    ],
)
def test_the_structure_is_checked_at_its_line(body: str, found: list[tuple[str, str, int, int]]) -> None:
    assert places(TITLE, body) == found


@pytest.mark.row("2.2")
@pytest.mark.parametrize(
    ("title", "body", "found"),
    [
        ("Resetting passwords", CLEAN, [("Q001", "warning", 0, 1)]),
        ("I lost my phone. How do I sign in?", CLEAN, []),
        (TITLE, text("## First", "", "Text."), [("Q002", "error", 3, 1)]),
        (TITLE, text("In this article you learn it."), [("Q002", "warning", 3, 1)]),
        (TITLE, text("| a | b |", "|---|---|", "| 1 | 2 |"), [("Q002", "warning", 3, 1)]),
        (TITLE, f"{SCOPE}\n# {TITLE}\n", [("Q002", "error", 6, 1)]),
        (TITLE, f"# {TITLE}\n\n1. Open it.\n", [("X001", "warning", 4, 1)]),
    ],
)
def test_the_title_asks_and_the_first_block_answers(
    title: str, body: str, found: list[tuple[str, str, int, int]]
) -> None:
    assert places(title, body) == found


@pytest.mark.row("2.3")
@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("It is paid back soon.", [("V001", "warning", 3, 17)]),
        ("It is done as soon as it arrives.", []),
        ("Contact us if needed.", [("V001", "warning", 3, 1)]),
        ("Change it as appropriate.", [("V001", "warning", 3, 11)]),
        ("It usually works.", [("V001", "info", 3, 4)]),
        ("Above 500 € [a person decides](rule:7), contact us.", []),
        ("Above 500 € [a person decides](rule:8).", [("V002", "error", 3, 32)]),
        ("The code `soon` is fine.", []),
        ("It is currently so.", [("D001", "info", 3, 7)]),
        ("TODO: ask Kim.", [("P001", "error", 3, 1)]),
        ("Write to [insert address].", [("P001", "error", 3, 10)]),
        ("See [Add a device](kb:invite).", []),
    ],
)
def test_phrases_that_a_machine_cannot_act_on_are_found(
    line: str, found: list[tuple[str, str, int, int]]
) -> None:
    assert places(TITLE, text(line)) == found


def test_a_vague_phrase_names_a_rule_that_could_be_linked() -> None:
    (finding,) = lint(TITLE, text("It is paid back soon."), CONTEXT)
    assert finding.message == (
        "“soon” is vague: say exactly when, or link the escalation rule that decides, such as "
        "[Refunds over 500](rule:7)."
    )


@pytest.mark.row("2.1", "2.4")
@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("See [it](kb:invite).", []),
        ("See [it](kb:invite#steps).", []),
        ("See [it](kb:invite#gone).", [("L001", "error", 3, 10)]),
        ("See [it](kb:gone).", [("L001", "error", 3, 10)]),
        ("See [it](#nowhere).", [("L001", "error", 3, 10)]),
        ("See [it](#what-this-does-not-cover).", []),
        ("See [](kb:invite).", [("L002", "error", 3, 8)]),
        ("See [it]().", [("L002", "error", 3, 6)]),
        ("See ![](a.png) here.", [("L003", "warning", 3, 9)]),
        ("See ![the menu](a.png) here.", []),
    ],
)
def test_links_and_pictures_are_checked(line: str, found: list[tuple[str, str, int, int]]) -> None:
    assert places(TITLE, text(line)) == found


@pytest.mark.row("2.4")
def test_a_missing_audience_is_an_error_where_it_is_known() -> None:
    assert places(TITLE, CLEAN, Context(has_audience=False)) == [("A001", "error", 0, 1)]
    assert places(TITLE, CLEAN, Context()) == []


@pytest.mark.row("2.19")
def test_words_that_the_voice_guide_does_not_want_are_found_with_what_to_write() -> None:
    body = text("Utilise it, guys; utilised stays.")
    first, second = lint(TITLE, body, CONTEXT)
    assert (first.rule, first.line, first.column, second.column) == ("W001", 3, 1, 13)
    assert first.message == "“Utilise” is not how we speak: write “use” (plain words)."
    assert second.message == "“guys” is not how we speak: leave it out."
    assert "Use it, guys" in apply_fix(body, first)
    assert second.fix is None


@pytest.mark.row("2.1")
@pytest.mark.parametrize(
    ("body", "rule", "fixed"),
    [
        (f"Answer.\n{SCOPE}", "H001", f"# {TITLE}\n\nAnswer.\n{SCOPE}"),
        (text("A.", "", "# B", "", "C."), "H001", text("A.", "", "## B", "", "C.")),
        (text("A.", "", "### B", "", "C."), "H002", text("A.", "", "## B", "", "C.")),
        (text("- Open it.", "- Choose it."), "S002", text("1. Open it.", "2. Choose it.")),
    ],
)
def test_a_fix_mends_what_it_says_and_nothing_else(body: str, rule: str, fixed: str) -> None:
    finding = next(f for f in lint(TITLE, body, CONTEXT) if f.rule == rule)
    assert apply_fix(body, finding) == fixed
    assert rule not in {f.rule for f in lint(TITLE, fixed, CONTEXT)}


LINES = st.sampled_from(
    [
        "# A",
        "## B",
        "### C",
        "#### D",
        "Answer.",
        "- Open it.",
        "- Choose it.",
        "utilise it",
        "",
        "1. Step",
        "```",
    ]
)


@given(st.lists(LINES, max_size=15).map("\n".join))
@settings(max_examples=150, deadline=None)
def test_a_fix_never_adds_an_error(body: str) -> None:
    body = f"# {TITLE}\n\n{body}"  # without a topic there is nothing that an H3 could be too deep under
    before = lint(TITLE, body, CONTEXT)
    for finding in before:
        if finding.fix is not None:
            after = lint(TITLE, apply_fix(body, finding), CONTEXT)
            assert count_by_severity(after)["error"] <= count_by_severity(before)["error"]


@given(st.text(max_size=400))
@settings(max_examples=100, deadline=None)
def test_any_text_is_linted_and_every_place_is_in_it(body: str) -> None:
    lines = body.split("\n")
    for finding in lint(TITLE, body, CONTEXT):
        assert 0 <= finding.line <= len(lines)
        assert finding.column >= 1


@pytest.mark.row("R20")
def test_hostile_articles_are_linted_in_time() -> None:
    for body in (
        "# a\n" * 4_999,
        "- Open\n" * 4_999,
        "soon " * 19_999,
        "[x](kb:y)" * 11_000,
        "click then " * 9_000,
    ):
        began = time.perf_counter()
        lint(TITLE, body, CONTEXT)
        assert time.perf_counter() - began < 5


def test_every_rule_is_documented_once() -> None:
    ids = [rule for text in RULES for rule in text.ids]
    assert len(ids) == len(set(ids))
    page = (Path(__file__).parents[2] / "docs" / "kb-owner.md").read_text()
    assert [rule for rule in ids if f"| {rule}" not in page] == []


@pytest.mark.row("2.1")
def test_the_demos_articles_have_no_errors() -> None:
    for file in read_articles():
        counts = count_by_severity(lint(file.title, file.markdown))
        assert counts["error"] == 0, file.article_id


@pytest.mark.row("2.1")
def test_a_folder_is_linted_in_a_ci_with_places_in_the_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.md").write_text(f"---\ntitle: {TITLE}\nslug: a\n---\n{CLEAN}\nSee [it](kb:b).\n")
    (tmp_path / "b.md").write_text(f"---\ntitle: {TITLE}\nslug: b\n---\n# X\n\n## Y\n\nText soon.\n")
    result = tmp_path / "r.json"
    with pytest.raises(SystemExit) as end:
        call_command("lint_articles", str(tmp_path), json=result, ignore=["X001"])
    assert end.value.code == 1
    assert capsys.readouterr().out.splitlines() == [
        "b.md:7:1 error Q002 A heading follows the topic: answer first, in a sentence or as numbered steps.",
        "b.md:9:6 warning V001 “soon” is vague: say exactly when, or link the escalation rule that decides "
        "(“[…](rule:…)”).",
        "2 articles: 1 errors, 1 warnings, 0 notes",
    ]
    report = json.loads(result.read_text())
    assert (report["articles"], report["error"], report["findings"][0]["line"]) == (2, 1, 7)


def status_of(*words: str, **options: Any) -> int:
    """Run the command and return its exit status."""
    try:
        call_command("lint_articles", *words, **options)
    except SystemExit as end:
        return int(end.code or 0)
    return 0


@pytest.mark.parametrize(
    ("options", "status"), [({}, 0), ({"fail_on": "warning"}, 1), ({"fail_on": "never"}, 0)]
)
def test_the_exit_status_follows_what_is_asked_for(
    options: dict[str, str], status: int, tmp_path: Path
) -> None:
    (tmp_path / "a.md").write_text(f"# {TITLE}\n\nIt is paid soon.\n{SCOPE}")
    assert status_of(str(tmp_path), verbosity=0, **options) == status


def test_a_folder_without_articles_is_refused(tmp_path: Path) -> None:
    assert status_of(str(tmp_path / "nothing")) == 2


@pytest.mark.row("2.19")
def test_the_brands_words_are_looked_for_in_the_title_too() -> None:
    title = "How do I utilise a guys' lounge?"
    (first, second) = [finding for finding in lint(title, CLEAN, CONTEXT) if finding.rule == "W001"]
    assert (first.severity, first.line, first.column, first.fix) == ("warning", 0, 10, None)
    assert first.message == "“utilise” is not how we speak: write “use” (plain words)."
    assert (second.line, second.column) == (0, 20)
