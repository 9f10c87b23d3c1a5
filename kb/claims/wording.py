"""The words that a comparison of claims goes by: negations, opposites, plans, and those that say nothing.

Plain lists of English support prose; nothing here is of one company or data set.
"""

from __future__ import annotations

import re

NEGATION = re.compile(
    r"\b(?:not|never|no|none|nobody|nothing|neither|nor|cannot|without|unable|isn['’]?t|aren['’]?t|doesn['’]?t|"
    r"don['’]?t|won['’]?t|can['’]?t|couldn['’]?t|wasn['’]?t|didn['’]?t|shouldn['’]?t|mustn['’]?t|refuse[sd]?|"
    r"prohibit(?:s|ed)?|forbid(?:s|den)?|exclude[sd]?)\b",
    re.IGNORECASE,
)
# "non-refundable" says "not refundable".
NEGATIVE_PREFIX = re.compile(
    r"\b(?P<verb>is|are|be|was|were)\s+(?:non-?|un|in|ir|im)(?=(?:refundable|available|supported|eligible|possible|"
    r"reversible|encrypted|limited|able|necessary|valid|active|changed|restricted|verified|compatible|"
    r"transferable|recoverable)\b)",
    re.IGNORECASE,
)
# Without their "not" two sentences are as near as their subjects are.
CANNOT = re.compile(r"\b(?:cannot|can['’]t|can not)\b", re.IGNORECASE)
NOT = re.compile(r"\b(?:not|never)\b", re.IGNORECASE)
CONTRACTED = re.compile(r"(?P<verb>\b(?:is|are|does|do|could|was|did|should|must))n['’]t\b", re.IGNORECASE)
CONDITION = re.compile(
    r"\b(?:outside|except|unless|other than|apart from|excluding|if|when|whenever|until|once|in case)\b",
    re.IGNORECASE,
)
NOT_A_NEGATION = re.compile(
    r"\b(?:no (?:more|less|later|fewer|matter|longer than)|not (?:more|less|only|later)|no-reply)\b",
    re.IGNORECASE,
)
_OPPOSITES = """
free paid; free charged; automatic manual; automatically manually; included extra; included separate;
allowed forbidden; allowed prohibited; permitted prohibited; enabled disabled; enable disable; before after;
monthly yearly; monthly annually; monthly annual; required optional; mandatory optional; required
unnecessary; always never; public private; everyone owner; shared separate; permanent temporary; permanently
temporarily; immediately later; instantly later; accept reject; accepted rejected; increase decrease; undone
permanent; daily weekly; hourly daily; weekly monthly; same different; keep lose; kept deleted; kept lost;
retained deleted; visible hidden; online offline; same next
"""
OPPOSITES = frozenset(
    frozenset(pair.split()) for pair in _OPPOSITES.replace("\n", " ").split(";") if pair.strip()
)
OPPOSITE_WORDS = frozenset(word for pair in OPPOSITES for word in pair)

PLAN = re.compile(
    r"\b(free|starter|basic|essentials?|standard|plus|pro|professional|premium|team|teams|business|growth|scale|"
    r"advanced|enterprise|ultimate|trial)\b(?=[^.]{0,24}\b(?:plan|plans|tier|tiers|edition|subscription|customers?|accounts?|workspaces?|users?)\b)"
    r"|\b(?:on|in|for|with|of)\s+(Free|Starter|Basic|Standard|Plus|Pro|Premium|Team|Business|Growth|Enterprise)\b",
    re.IGNORECASE,
)
# What a claim may be limited to, besides plans: two claims that name different ones are not compared.
SCOPES = (
    re.compile(
        r"\b(?:EU|UK|US|USA|Europe|European|Germany|France|Canada|Australia|domestic|international)\b"
    ),
    re.compile(r"\b(?:CET|CEST|ET|EST|EDT|PT|PST|PDT|CT|BST|(?:GMT|UTC)(?:\s?[+−-]\d{1,2})?)\b"),
    re.compile(r"\b(?:Windows|macOS|Mac|Linux|iOS|iPhone|Android|Chrome|Firefox|Safari)\b"),
    re.compile(  # a product with its version: "IDE 2"
        r"\b(?!(?:Within|After|For|In|To|Until|About|Every|Over|Under|At|From|On|By|Only|Step|Day)\b)"
        r"[A-Z][A-Za-z]{1,20} \d{1,2}(?:\.\d{1,3})*\b(?!\s?[a-z%])"
    ),
    re.compile(r"\b(?:Mon|Tues?|Wed|Thu(?:rs)?|Fri|Sat|Sun)(?:days?|day|nesday|urday)?\b"),
)
PATH = re.compile(
    r"\b[A-Z][\w&]*(?: (?:and |& )?[A-Z][\w&]*){0,3}(?:\s?(?:>|→|›|»)\s?[A-Z][\w&]*(?: [A-Z][\w&]*){0,3})+"
)
PLACE = re.compile(
    r"\b(?:in|under|from|on|open|to)\s+(?:the\s+)?((?:[A-Z][\w&]*\s?){1,3})\s(?:tab|page|menu|section|screen)\b"
)
LEADS_TO_A_PATH = re.compile(
    r"^(?:open|select|choose|go to|in|under|from|see|visit|click|use)\s+", re.IGNORECASE
)
# Without one of these words a clause is a heading or a fragment, which denies and affirms nothing.
VERB = re.compile(
    r"\b(?:is|are|was|were|be|can|could|may|might|must|should|will|would|do|does|did|has|have|need|needs|work|works|"
    r"accept|accepts|offer|offers|support|supports|allow|allows|include|includes|require|requires|count|counts|get|"
    r"gets|pay|pays|see|share|expires?|cannot)\b|n['’]t\b",
    re.IGNORECASE,
)
# What a sentence is made of that says what a plan costs.
_PRICE = """
plan price prices pricing cost costs fee charge charged bill billed billing pay paid seat user member agent
person licence license subscription starts
"""
PRICE_WORDS = frozenset(_PRICE.split())
ONLY_THERE = re.compile(
    r"\b(?:available|includ\w+|requires?|needs?|comes? with|part of|limited to|only|exclusive\w*|offered)\b",
    re.IGNORECASE,
)
# Words that a sentence has whatever it is about.
_EMPTY = """
also may can could will would shall should must might please simply just only currently generally usually
within least most maximum minimum first per each every any all more less than about around total amount day
days week weeks month months year years hour hours minute minutes business working calendar time times have
has get gets make makes use uses using want need needs able let lets short note
"""
EMPTY_WORDS = frozenset(_EMPTY.split())
