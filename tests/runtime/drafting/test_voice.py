"""The voice stands around an answer and changes none of its facts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.drafting.contracts import FULL, MORE, Voice
from runtime.drafting.evidence import blocks_of
from runtime.drafting.voice import answer_reply, answering_blocks
from tests.runtime.conftest import HIT
from tests.runtime.drafting.conftest import demo_hits, url_of

pytestmark = pytest.mark.row("2.14")
VOICE = Voice("Here is how it is:", "These are the steps:", "Tell me if anything stays unclear.", FULL, MORE)
LONG = """The fee is waived for teachers.

Only the Owner may ask for that.

1. Open **Settings**.
2. Choose **Export**.

    Wait for the mail.
3. Download it.

```
export --all
```

Archives of large workspaces take longer, and a workspace of many thousand items is cut into numbered parts
that any current program joins again on the computer where they are needed.

Photos keep their size.

The colours of the labels stay."""


def test_the_voice_opens_closes_and_names_the_source() -> None:
    assert answer_reply([HIT], url_of, voice=VOICE) == (
        "These are the steps:\n\n**How do I export my workspace? › Steps**\n\n"
        "1. Open **Settings**.\n2. Choose **Export**.\n\nTell me if anything stays unclear.\n\n"
        "More about this: [How do I export my workspace?](https://help.example.com/export)"
    )
    prose = replace(HIT, heading_path=("When",), quote="It takes 4 hours.", url="")
    assert answer_reply([prose], url_of, voice=Voice("Here is how it is:", "These are the steps:")) == (
        "Here is how it is:\n\n**When**\n\nIt takes 4 hours.\n\nSource: How do I export my workspace?"
    )


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ((), ""),
        (("Steps",), ""),
        (("Overview", "What you can't do"), "**What you can't do**\n\n"),
        (("On iOS", "Steps"), "**On iOS**\n\n"),
        (("How do I export my workspace?",), ""),
    ],
)
def test_a_heading_stays_where_it_says_what_the_text_is_about(path: tuple[str, ...], shown: str) -> None:
    hit = replace(HIT, heading_path=path, quote="- Exports of single items.")
    reply = answer_reply([hit], url_of)
    assert reply.startswith(f"{shown}- Exports of single items.\n\nSource: ")


def test_a_long_section_is_trimmed_to_whole_blocks_around_the_answer() -> None:
    blocks = blocks_of(LONG)
    kept = [block.markdown for block in answering_blocks(blocks, "How do I download the export?")]
    whole = LONG.split("\n\n")
    assert kept[0] == "Only the Owner may ask for that."  # it restricts what follows
    assert kept[1].startswith("1. Open")
    assert kept[1].endswith("3. Download it.")
    assert "Wait for the mail." in kept[1]  # nothing is cut inside of a list
    assert kept[2] == "```\nexport --all\n```"
    assert len(kept) == 3
    assert whole[-1] == "The colours of the labels stay."


@pytest.mark.parametrize("question", ["", "xyzzy", "?"])
def test_without_anything_in_common_the_section_stays_whole(question: str) -> None:
    blocks = blocks_of(LONG)
    assert answering_blocks(blocks, question) == blocks


def test_blocks_hold_the_whole_section() -> None:
    for hit in demo_hits():
        parts = "".join(block.markdown for block in blocks_of(hit.quote))
        assert "".join(parts.split()) == "".join(hit.quote.split())


WORDS = sorted({word for hit in demo_hits() for word in hit.quote.split() if word.isalpha()})
LINES = st.text("abcdefg XYZ,:", max_size=60).map(str.strip)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(demo_hits()),
    st.lists(st.sampled_from(WORDS), max_size=8),
    st.builds(
        Voice, LINES, LINES, LINES, st.sampled_from(("section", FULL)), st.sampled_from(("source", MORE))
    ),
)
def test_every_line_of_an_answer_besides_its_frame_is_a_line_of_the_section(hit, words, voice) -> None:
    reply = answer_reply([hit], url_of, question=" ".join(words), voice=voice)
    frame = {voice.opening, voice.opening_steps, voice.closing, ""}
    lines = reply.split("\n")
    assert lines[-1].startswith(("Source: ", "More about this: "))
    section = hit.quote.split("\n")
    heading = " › ".join((hit.title, *hit.heading_path))
    for line in lines[:-1]:
        is_heading = line.startswith("**") and line.strip("*") in heading
        resolved = any(
            line == one or ("](kb:" in one and line.split("](")[0] == one.split("](")[0]) for one in section
        )
        assert line in frame or is_heading or resolved, line
    rest = iter(section)
    assert all(line in rest for line in lines if line and line in section)  # in the section's order
