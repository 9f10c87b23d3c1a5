"""Chunks: verbatim quotes, sections, sizes, and what an article says it does not cover."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.chunking import MAX_CHUNKS, MAX_WORDS, chunk, is_exclusion_heading
from kb.markdown import outline

ARTICLE = """# How do I change my plan?

1. Open **Settings**.
2. Choose a plan.

## Upgrades

You pay the difference at once.

### Yearly plans

The new year starts today.

## What this does NOT cover

This page does not cover:

- Refunds for annual plans
- Plans bought through a *reseller*
"""
BLOCKS = [
    "# Title",
    "## Part",
    "### Sub",
    "Some words here.",
    "- a\n- b",
    "1. one\n2. two",
    "```\ncode\n```",
    "> q",
    "| a | b |\n|---|---|\n| 1 | 2 |",
    "<div>raw</div>",
    "## Not covered",
    "---",
    "word " * 250,
    "  ",
    "[x]: /y",
]


def summary(markdown, title="How do I change my plan?"):
    return [(c.kind, c.heading_path, c.anchor, c.quote) for c in chunk(title, markdown)]


@pytest.mark.row("2.13", "2.14")
def test_an_article_becomes_a_title_and_its_sections():
    assert summary(ARTICLE) == [
        ("title", (), "", "# How do I change my plan?"),
        ("answer", (), "how-do-i-change-my-plan", "1. Open **Settings**.\n2. Choose a plan."),
        ("answer", ("Upgrades",), "upgrades", "You pay the difference at once."),
        ("answer", ("Upgrades", "Yearly plans"), "yearly-plans", "The new year starts today."),
        (
            "exclusion",
            ("What this does NOT cover",),
            "what-this-does-not-cover",
            "- Refunds for annual plans",
        ),
        (
            "exclusion",
            ("What this does NOT cover",),
            "what-this-does-not-cover",
            "- Plans bought through a *reseller*",
        ),
    ]


def test_what_is_embedded_names_title_and_headings_but_an_exclusion_stands_alone():
    texts = [item.embed_text for item in chunk("How do I change my plan?", ARTICLE)]
    assert texts == [
        "How do I change my plan?",
        "How do I change my plan?. Open Settings. Choose a plan.",
        "How do I change my plan?. Upgrades. You pay the difference at once.",
        "How do I change my plan?. Upgrades. Yearly plans. The new year starts today.",
        "Refunds for annual plans",
        "Plans bought through a reseller",
    ]


@pytest.mark.row("2.6")
@pytest.mark.parametrize(
    "heading",
    [
        "What this does NOT cover",
        "What this article doesn't cover",
        "Not covered",
        "Not covered here",
        "What's not covered in this article",
        "Out of scope",
        "Out-of-scope topics",
        "This guide does not include",
        "Beyond the scope of this page",
        "Exclusions",
    ],
)
def test_headings_that_mark_the_limits_of_an_article(heading):
    assert is_exclusion_heading(heading)


@pytest.mark.parametrize(
    "heading",
    [
        "What this covers",
        "Covered devices",
        "Why does it not work?",
        "Scope of the API key",
        "Cover image",
        "Repairs",
    ],
)
def test_headings_that_do_not(heading):
    assert not is_exclusion_heading(heading)


@pytest.mark.row("2.6")
def test_exclusions_without_a_list_are_taken_by_paragraph_and_sub_headings_belong_to_them():
    markdown = "Answer.\n\n## Out of scope\n\nRefunds.\n\n### Details\n\nTaxes.\n\n## Next\n\nMore."
    assert [(kind, quote) for kind, _, _, quote in summary(markdown)] == [
        ("title", "Answer."),
        ("answer", "Answer."),
        ("exclusion", "Refunds."),
        ("exclusion", "Taxes."),
        ("answer", "More."),
    ]


def test_a_long_section_is_cut_between_blocks():
    paragraph = " ".join(["word"] * 70)
    pieces = [item for item in chunk("T", "\n\n".join([paragraph] * 5)) if item.kind == "answer"]
    assert [len(item.quote.split()) for item in pieces] == [140, 140, 70]


def test_a_long_list_is_cut_between_its_items():
    items = "\n".join(f"- item {number} " + "word " * 28 for number in range(12))
    pieces = [item for item in chunk("T", items) if item.kind == "answer"]
    assert len(pieces) == 3
    assert all(piece.quote.startswith("- item") for piece in pieces)


@pytest.mark.parametrize(
    "block", ["Sentence number one is here. " * 400, "word " * 2000, "```\n" + "x = 1\n" * 900 + "```"]
)
def test_one_endless_block_is_cut_too(block):
    pieces = [item for item in chunk("T", block) if item.kind == "answer"]
    assert len(pieces) > 5
    assert max(len(piece.quote.split()) for piece in pieces) <= MAX_WORDS + 1


def test_a_blank_article_has_nothing_to_cite():
    assert chunk("Title", " \n\n ") == []


def test_a_hostile_article_gives_a_bounded_number_of_chunks():
    assert len(chunk("T", "## a\n\nb\n\n" * 5000)) == MAX_CHUNKS


@pytest.mark.row("2.13")
def test_an_edit_changes_the_hash_of_its_own_section_only():
    before = {item.text_hash for item in chunk("T", ARTICLE)}
    after = {item.text_hash for item in chunk("T", ARTICLE.replace("difference", "diference"))}
    assert len(before - after) == len(after - before) == 1


@pytest.mark.row("2.14")
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_quotes_are_verbatim_with_every_kind_of_line_end(newline):
    markdown = ARTICLE.replace("\n", newline)
    chunks = chunk("How do I change my plan?", markdown)
    assert len(chunks) == 6
    assert all(item.quote in markdown for item in chunks)


@pytest.mark.row("2.14")
@given(st.text(max_size=40), st.lists(st.one_of(st.sampled_from(BLOCKS), st.text(max_size=60)), max_size=8))
def test_every_quote_occurs_in_the_source_and_every_anchor_in_the_outline(title, blocks):
    markdown = "\n\n".join(blocks)
    chunks = chunk(title, markdown)
    anchors = {heading.anchor for heading in outline(markdown)} | {""}
    assert [item.ordinal for item in chunks] == list(range(len(chunks)))
    for item in chunks:
        assert item.quote
        assert item.quote in markdown
        assert item.anchor in anchors
        assert item.embed_text.strip()
