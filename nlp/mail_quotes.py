"""Which lines of a message quote somebody else: marked lines, attributions, header blocks, separators.

Knows lines only; what becomes of a quote, and of signatures and greetings, is ``nlp.mail_parts``'s business.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from nlp import mail_phrases as phrases

MAX_ATTRIBUTION_LINES = 4  # mail programs wrap "On … wrote:" at 78 characters
MAX_ATTRIBUTION_CHARACTERS = 400
MARKED = re.compile(r"^\s?>")
COMPARISON = re.compile(r"^\s?>\s?(?:=|[$€£]?\d)")
PROMPT = re.compile(
    r"^\s?>(?:>>)?\s?(?:[\w./@-]{1,40}@\d|(?:npm|npx|node|yarn|pip|git|cd|ls|dir|curl|ping|docker|python|php|cat|"
    r"sudo|ssh|make|import|from \w+ import|print|select|show|use|set|echo|let|const|var|db)\b|"
    r"[^ ]{0,60}[({;=|$\\]|.{0,300}(?:[;{}$\\]|::|\(\)|=>| --?\w))",
    re.IGNORECASE,
)


def quoted_lines(lines: Sequence[str]) -> list[bool]:
    """Return for each line whether it belongs to a quote, the heading of the quote included."""
    quoted = [False] * len(lines)
    attributed = False
    number = 0
    while number < len(lines):
        heading = _heading(lines, number)
        if heading:
            attributed = attributed or not phrases.REPLY_ABOVE.match(lines[number])
            quoted[number : number + heading] = [True] * heading
            number += heading
        elif _ends_the_message(lines, number):
            first = number
            while first and (not lines[first - 1] or phrases.RULE.match(lines[first - 1])):
                first -= 1
            quoted[first:] = [True] * (len(lines) - first)
            break
        else:
            number += 1
    _mark_blocks(lines, quoted, attributed=attributed)
    return quoted


def _ends_the_message(lines: Sequence[str], number: int) -> bool:
    """Tell whether all from this line on is somebody else's: a separator, a header block, an attribution."""
    line = lines[number]
    return bool(
        phrases.REPLY_ABOVE.match(line)
        or phrases.ORIGINAL_MESSAGE.match(line)
        or _is_header_block(lines, number)
        or _unmarked_attribution(lines, number)
    )


def _is_header_block(lines: Sequence[str], number: int) -> bool:
    """Tell whether From:, Sent:, To: and Subject: follow each other here; one such line alone is prose."""
    match = phrases.HEADER.match(lines[number])
    if match is None or match.lastgroup != "from":
        return False
    names = {"from"}
    for line in lines[number + 1 : number + 8]:
        following = phrases.HEADER.match(line)
        if following is not None:
            names.add(str(following.lastgroup))
        elif not line:
            break
    return len(names) >= 3


def _heading(lines: Sequence[str], number: int) -> int:
    """Return how many lines the heading of a quote takes that own words may follow; 0 where none is."""
    if number == 0 and phrases.REPLY_ABOVE.match(lines[number]):
        return 1  # at the very top the answer stands below it
    size = _attribution_size(lines, number) if lines[number] else 0
    if not size:
        return 0
    following = number + size
    while following < len(lines) - 1 and not lines[following]:
        following += 1
    is_marked = following < len(lines) and MARKED.match(lines[following])
    return size if is_marked and not COMPARISON.match(lines[following]) else 0


def _unmarked_attribution(lines: Sequence[str], number: int) -> bool:
    """Tell whether an attribution with a time or an address begins here: the quote needs no marks then."""
    size = _attribution_size(lines, number)
    return bool(size) and bool(phrases.TIMED.search(" ".join(lines[number : number + size])))


def _attribution_size(lines: Sequence[str], number: int) -> int:
    if MARKED.match(lines[number]) or not phrases.ATTRIBUTION_START.match(lines[number]):
        return 0
    length = 0
    for size in range(1, MAX_ATTRIBUTION_LINES + 1):
        if number + size > len(lines) or not lines[number + size - 1]:
            return 0
        length += len(lines[number + size - 1])
        if length > MAX_ATTRIBUTION_CHARACTERS:
            return 0
        if phrases.ATTRIBUTION_END.search(lines[number + size - 1]):
            return size
    return 0


def _mark_blocks(lines: Sequence[str], quoted: list[bool], *, attributed: bool) -> None:
    """Mark the runs of lines with ``>`` that are no comparison and no console output."""
    is_single = sum(map(bool, lines)) == 1  # "> it fails" as a whole message quotes nobody that we know of
    number = 0
    while number < len(lines):
        end = number
        while end < len(lines) and MARKED.match(lines[end]):
            end += 1
        block = lines[number:end]
        if block and (attributed or not (_is_own(block) or is_single)):
            quoted[number:end] = [True] * len(block)
        number = max(end, number + 1)


def _is_own(block: Sequence[str]) -> bool:
    """Tell lines that the customer typed: ``> 5 users cannot log in``, or what a console printed."""
    if len(block) == 1 and COMPARISON.match(block[0]):
        return True
    return all(PROMPT.match(line) or line.startswith(">>>") or line.strip() == ">" for line in block)
