"""Phrases that a machine cannot act on, or that age. Data: what is looked for, and what to do instead."""

from __future__ import annotations

import re

VAGUE = re.compile(
    r"\b(?:contact (?:us|support|our team)(?: (?:if|when|as|whenever) (?:you need|needed|necessary|required)[^.,;]{0,20})?"
    r"|reach out(?: to (?:us|support))?|get in touch(?: with (?:us|support))?"
    r"|if (?:needed|necessary|required|applicable|in doubt)|as (?:needed|appropriate|required|necessary|applicable)"
    r"|when (?:appropriate|necessary)|where (?:appropriate|applicable|possible)|in (?:some|certain|most|special) cases"
    r"|may vary|might vary|it depends|and so on|etc\.?(?!\w)|a while|some time|in due course|in a timely manner"
    r"|(?<!as )soon(?! as)|shortly|usually|typically|generally|and/or"
    r"|under certain circumstances|for any questions|feel free to)\b",
    re.IGNORECASE,
)
# Words that only sometimes are vague: kept apart so that they are told, not warned of.
MILD = frozenset({"usually", "typically", "generally", "and/or", "a while", "some time", "where possible"})
AGEING = re.compile(
    r"\b(?:currently|recently|nowadays|at the moment|at present|coming soon|in the near future|"
    r"this (?:month|quarter|year)|next (?:month|quarter|year)|last (?:month|quarter|year))\b",
    re.IGNORECASE,
)
UNFINISHED = re.compile(
    r"\b(?:TODO|TBD|TBC|FIXME|XXX)\b|lorem ipsum|\[(?:insert|your|add|fill in)\b[^\]\n]{0,60}\](?![(:\[])",
    re.IGNORECASE,
)
FILLER = re.compile(
    r"^(?:in this (?:article|guide|section|page)|this (?:article|guide|page|section) (?:will|explains?|describes?|"
    r"shows?|covers?|helps?|walks?)|welcome\b|learn how|here(?: you|'s| is how you)|we(?:'ll| will) (?:show|explain|walk))",
    re.IGNORECASE,
)
SEQUENCE = re.compile(
    r"\b(?:first(?:ly)?|then|next|after that|afterwards|finally|lastly|second(?:ly)?|third(?:ly)?|once (?:done|that is done))\b",
    re.IGNORECASE,
)
ACTION = re.compile(
    r"(?:^|[.!?]\s+|,\s+(?:and |then )|\bthen\s+|\bnext,?\s+|\band\s+)"
    r"(?:click|choose|select|open|go to|enter|type|press|tap|log in|sign in|navigate|scroll|copy|paste|save|toggle|"
    r"drag|check|untick|tick|visit)\b",
    re.IGNORECASE,
)
STARTS_WITH_ACTION = re.compile(
    r"^\W*(?:click|choose|select|open|go to|enter|type|press|tap|log in|sign in|navigate|scroll|copy|paste|save|"
    r"toggle|drag|untick|tick|visit|first|then|next|finally)\b",
    re.IGNORECASE,
)
QUESTION = re.compile(
    r"\b(?:how|what|why|when|where|who|which|whose|can|could|do|does|did|is|are|will|should|may|am)\b.*\?\s*$",
    re.IGNORECASE | re.DOTALL,
)
