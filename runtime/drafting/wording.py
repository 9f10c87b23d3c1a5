"""The words that the comparison of a drafted sentence with a cited one goes by. Plain English lists.

Whatever is not listed here must stand in the citation as it stands in the draft.
"""

from __future__ import annotations

import re

# Say nothing by themselves, on either side.
WEAK = frozenset("a an the your please simply also then".split())  # noqa: SIM905 - a word list
# One act, whatever the guide calls it.
SAME: dict[str, str] = {
    **dict.fromkeys(("click", "press", "tap", "select", "pick", "choose"), "choose"),
    **dict.fromkeys(("is", "are", "am", "be"), "be"),
    **dict.fromkeys(("e-mail", "e-mails", "emails"), "email"),
}
PAIRS: dict[tuple[str, str], tuple[str, ...]] = {
    ("go", "to"): ("open",),
    ("navigate", "to"): ("open",),
    ("log", "in"): ("sign", "in"),
    ("logged", "in"): ("signed", "in"),
    ("log", "out"): ("sign", "out"),
    ("e", "mail"): ("email",),
}
CONTRACTIONS: dict[str, tuple[str, ...]] = {
    "cannot": ("can", "not"),
    "can't": ("can", "not"),
    "won't": ("will", "not"),
    "shan't": ("shall", "not"),
    "let's": ("let", "us"),
}
CONTRACTED_ENDINGS: dict[str, str] = {"n't": "not", "'ll": "will", "'re": "be", "'ve": "have", "'m": "be"}
IS_CONTRACTED = frozenset({"it", "that", "there", "here", "what", "who", "he", "she"})  # it's = it is
_NUMBERS = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen twenty
"""
NUMBERS: dict[str, str] = {word: str(number) for number, word in enumerate(_NUMBERS.split())}
# A drafted sentence may begin with one of these; what follows must be cited.
LEAD_IN = re.compile(
    r"^(?:(?:to do (?:this|so|that)|first|next|then|finally|lastly|after that|in short|please note that|"
    r"note that),?|please|simply|just)\s+(?=\S)",
    re.IGNORECASE,
)
NEEDS_A_COMMA = re.compile(r"^(?:first|next|finally|lastly|in short|to do (?:this|so|that))\s", re.IGNORECASE)
YOU_CAN = ("you", "can")
# A clause that begins with one of these may stand before or behind the rest of its sentence.
CONNECTIVES = frozenset(
    """
    if when whenever once unless until till after before while during within without with for on in at from
    because since as by under to
    """.split()  # noqa: SIM905 - a word list
)
# What these say must not be left out, wherever it stands.
RESTRICTING = frozenset(
    """
    not never no none nobody nothing neither nor only unless except excluding without if when whenever once
    until till while provided before after during must cannot just at up least most
    """.split()  # noqa: SIM905 - a word list
)
# The rest of a sentence that may be left out begins like this.
TAIL = re.compile(r"(?:,\s+(?:and|which|so)\s|;\s)")
# In a sentence of two thoughts a condition belongs to one of them, and nothing moves.
TWO_THOUGHTS = re.compile(r"[;:]|\s–\s|\b(?:but|while|whereas)\b", re.IGNORECASE)
# What stands right before a clause and is said of it.
BINDING = RESTRICTING | {"or", "and", "but", "than", "even", "also"}
HOW_LONG = frozenset({"after", "before"})  # "30 minutes after …" may stand in front, too
FEWEST_KEPT = 4  # words of a sentence whose rest is left out
# A sentence that begins with one of these, or soon has one of the others, speaks of the one before it.
ANAPHOR = re.compile(
    r"^(?:that|such|both|neither|either|none|otherwise|instead|afterwards|also|but|and|or|so|however|here|"
    r"another|others?|each one|the (?:same|latter|former|others?|rest))\b"
    r"|^(?:\S+\s+){0,6}(?:it|its|they|their|them|these|those|this|then|there|he|she)\b"
    r"|^(?:after|before|until|for|in|on|with|without|from) that\b",
    re.IGNORECASE,
)
# Where a drafted sentence says what several cited ones say.
THEN = re.compile(r"\bthen\b", re.IGNORECASE)  # says an order, which only steps have
JOINS = re.compile(r",?\s+and\s+then\s+|,\s+then\s+|;\s+(?:then\s+)?|,\s+and\s+")
SENTENCE_END = re.compile(r"(?<=[.!?…])[\"”’)*_]*\s+(?=[^a-z\s])|\n+")
NEUTRAL_HEADINGS = frozenset(
    {
        *(
            "steps",
            "the steps",
            "step by step",
            "instructions",
            "overview",
            "answer",
            "the answer",
            "solution",
        ),
        *("summary", "introduction", "details", "short answer", "in short", "general", "how it works"),
    }
)
