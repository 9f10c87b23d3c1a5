"""The fields that a person may ask for again, and the words for them. Pure data, English only.

``noun`` is what stands behind a request ("could you send me …"); ``question`` asks by itself. All patterns
run on one short sentence of a person's reply, so their time is bounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

EMAIL, ORDER_NUMBER, AMOUNT, DATE, PLAN = "email", "order_number", "amount", "date", "plan"
PAGE, TRIED, ACCOUNT_ID, ERROR_TEXT = "page", "tried", "account_id", "error_text"


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its label, the words for it behind a request, and questions that need no request."""

    name: str
    label: str
    noun: re.Pattern[str]
    question: re.Pattern[str]


def _field(name: str, label: str, noun: str, question: str) -> Field:
    return Field(name, label, re.compile(noun, re.IGNORECASE), re.compile(question, re.IGNORECASE))


_ID = r"(?:id\b|number\b|no\b\.?|nr\b\.?|identifier\b|name\b|ref(?:erence)?\b|#)"
_WHAT = r"\b(?:what(?:'s| is| was| were)?|which(?: is)?)\s+(?:exactly\s+)?(?:(?:your|the|an?)\s+)?(?:\w+\s+)?"
_ACCOUNT = r"(?:account|customer|workspace|organi[sz]ation|client|user|tenant|team)"
_ORDER = r"(?:invoice|order|reference|booking|receipt|purchase|transaction)"
_MAIL = r"(?:e-?mail|mail (?:id|address))"
_PLAN = r"(?:plan|tier|package|edition)"
_PAID = r"(?:charged?|charges|pay|paid|bill|debited|billed|payment|taken|deducted|withdrawn|cost|spent|spend)"
_TRIED = (
    r"(?:clear(?:ed)?|reset|restart(?:ed)?|reinstall(?:ed)?|reboot(?:ed)?|refresh(?:ed)?|logged out|log out|"
    r"tried|try|attempted|updated? your|disabled?|reconnect(?:ed)?)"
)

# In the order in which a packet shows them until people's questions say otherwise.
FIELDS: tuple[Field, ...] = (
    _field(
        ACCOUNT_ID,
        "Account or customer ID",
        rf"\b{_ACCOUNT}(?:'s)?\s+{_ID}|\b(?:which|what) {_ACCOUNT}\b|\b(?:name|id|number) of (?:your|the) {_ACCOUNT}\b",
        rf"{_WHAT}{_ACCOUNT}(?:'s)?\s+{_ID}|\b(?:which|what) {_ACCOUNT} (?:is|are|was|do|does|did)\b"
        rf"|\bwhich of your {_ACCOUNT}s\b",
    ),
    _field(
        EMAIL,
        "E-mail address",
        rf"(?<!to )(?<!by )(?<!via )(?<!from )(?<!in )"
        rf"\b(?:your|the|an?|which|what|best)\s+(?:\w+\s+){{0,2}}{_MAIL}\b(?!\s+(?:we|i)\b)|\b{_MAIL} address\b",
        rf"{_WHAT}{_MAIL}\b",
    ),
    _field(
        ORDER_NUMBER,
        "Order or invoice number",
        rf"\b{_ORDER}\s*{_ID}|\bnumber (?:of|on) (?:the|your) {_ORDER}\b|\b{_ORDER} in question"
        rf"|\b(?:which|what) {_ORDER}\b",
        rf"{_WHAT}{_ORDER}\s+{_ID}|{_WHAT}number (?:of|on) (?:the|your) {_ORDER}\b"
        rf"|\b(?:which|what) {_ORDER} (?:is|are|was|were|do|does|did|shows?)\b|\bwhich of (?:the|your) {_ORDER}s\b",
    ),
    _field(
        AMOUNT,
        "Amount",
        rf"\b(?:amount|sum|total)\b|\bhow much\b.{{0,40}}\b{_PAID}\b",
        rf"\bhow much\b.{{0,60}}\b{_PAID}\b|{_WHAT}(?:amount|sum|total|value of the)\b",
    ),
    _field(
        DATE,
        "Date",
        r"\bdate\b|\b(?:which|what) day\b|^\W*(?:me|us)?\s*(?:exactly\s+)?(?:since )?when (?:it|this|that|you|the)\b"
        r".{0,40}\b(?:happened|started|began|charged|noticed|paid|occurred)\b",
        r"\bwhen (?:exactly |roughly )?(?:did|was|were|has|have)\b.{1,50}\b(?:happen|start|begin|occur|go through|"
        r"made|charged|billed|notice|see|pay|paid|place|ordered?|purchased?|appear|stop)\b|\bsince when\b"
        rf"|{_WHAT}date\b|\b(?:on )?(?:which|what) day (?:did|was|were)\b"
        r"|\bhow long (?:has|have) (?:this|it|that|you)\b",
    ),
    _field(
        PLAN,
        "Plan",
        rf"\b(?:your|which|what|the)\s+(?:\w+\s+){{0,2}}(?:{_PLAN}|subscription)\b",
        rf"\b(?:which|what)(?:'s| is)?\s+(?:your\s+|the\s+)?(?:\w+\s+)?{_PLAN}\b|\b(?:which|what) subscription\b"
        rf"|\b(?:are you|is this|is it|do you have)\b.{{1,40}}\bor\b.{{1,40}}\b(?:{_PLAN}|workspace|subscription)\b",
    ),
    _field(
        PAGE,
        "Page",
        r"\burl\b|\b(?:link|address) (?:to|of) the page\b|\b(?:which|what) (?:page|screen|part)\b"
        r"|\bthe (?:page|screen) you\b",
        r"\b(?:which|what) (?:page|screen|tab|(?:part|section|area) of the (?:app|product|interface|site))\b"
        rf"|\bwhere in the (?:app|product|interface|console)\b|{_WHAT}url\b",
    ),
    _field(
        TRIED,
        "What they tried",
        r"\bwhat you(?:'ve| have)?\s+(?:already\s+)?(?:tried|done|attempted)\b|\btroubleshooting\b"
        r"|\bsteps (?:that )?you(?:'ve| have)?\b",
        r"\bwhat (?:else )?(?:have|did) you (?:already )?(?:tried|try|done|do|attempted)\b"
        r"|\b(?:which|what) (?:steps|troubleshooting)\b.{0,20}\byou\b"
        rf"|\b(?:have|did) you (?:already |yet |by any chance |perhaps )?{_TRIED}\b|\bdid \w+ing\b.{{0,30}}\bhelp\b",
    ),
    _field(
        ERROR_TEXT,
        "Error message",
        r"\berrors?\b",
        r"\b(?:what|which)\s+(?:\w+\s+){0,2}errors?\b|\bwhat (?:exactly )?(?:does|did|is) the (?:error|message)\b"
        r"|\b(?:do|did) you (?:get|see|receive|have) (?:an?|any) error\b|\b(?:is|was) (?:there )?(?:an?|any) error\b"
        r"|^any errors?\b",
    ),
)
BY_NAME = {field.name: field for field in FIELDS}
LABELS = {field.name: field.label for field in FIELDS}
