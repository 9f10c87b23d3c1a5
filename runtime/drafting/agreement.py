"""Whether one sentence says nothing that another does not say. Pure.

A drafted sentence agrees with a cited one only if its words are the cited ones in their order, with the same
figures, names, denials and conditions. What may differ is what changes no meaning: articles, inflection, a
contraction, "press" for "click", an opening such as "Next,", a condition that stands before or behind its
sentence, and a last clause that is left out and restricts nothing. Anything else is not supported: there is
no score that a lie could reach.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from kb.claims.wording import VERB
from runtime.drafting import wording
from runtime.drafting.tokens import Token, signs_of, tokens_of


@dataclass(frozen=True, slots=True)
class Said:
    """A plain sentence with what it is compared by."""

    text: str
    tokens: tuple[Token, ...]
    signs: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def of(cls, text: str) -> Said:
        """Read a plain sentence."""
        return cls(text, tuple(tokens_of(text)), signs_of(text))

    @property
    def forms(self) -> tuple[str, ...]:
        """The words that count, in order."""
        return tuple(token.form for token in self.tokens)


def agrees(draft: Said, cited: Said, *, whole: bool = False) -> bool:
    """Tell whether all that ``draft`` says is said by ``cited``, and with ``whole`` all of that too."""
    if not draft.tokens or not draft.signs <= cited.signs:
        return False
    if draft.text.rstrip().endswith("?") and not cited.text.rstrip().endswith("?"):
        return False
    for said in (draft, *_without_lead_in(draft, cited)):
        if said.forms == cited.forms or _is_turned(said, cited):
            return True
        if not whole and _lacks_a_tail(said, cited):
            return True
    return False


def parts_of(draft: str) -> list[str]:
    """Return the clauses of a sentence that may each say what another cited sentence says; [] for one."""
    parts = [part.strip() for part in wording.JOINS.split(draft)]
    return parts if len(parts) > 1 and all(parts) else []


def _without_lead_in(draft: Said, cited: Said) -> list[Said]:
    """Return the sentence without an opening that says nothing of its own."""
    found: list[Said] = []
    text = draft.text
    match = wording.LEAD_IN.match(text)
    if match is not None and not (wording.NEEDS_A_COMMA.match(text) and "," not in match.group()):
        text = text[match.end() :]
        found.append(Said.of(text))
    said = found[-1] if found else draft
    tells_to = len(said.tokens) > len(wording.YOU_CAN) and said.forms[:2] == wording.YOU_CAN
    if tells_to and cited.tokens and said.forms[2] == cited.forms[0]:
        found.append(Said(said.text, said.tokens[2:], said.signs))
    return found


def _is_turned(draft: Said, cited: Said) -> bool:
    """Tell whether the two differ in where a clause with its connective stands: "A if B", "If B, A"."""
    ours, theirs = draft.forms, cited.forms
    if len(ours) != len(theirs) or sorted(ours) != sorted(theirs) or wording.TWO_THOUGHTS.search(cited.text):
        return False
    return ours[-1] not in wording.BINDING and any(
        ours[cut:] + ours[:cut] == theirs and (_may_move(ours) or _may_move(ours[cut:]))
        for cut in range(1, len(ours))
    )


def _may_move(forms: Sequence[str]) -> bool:
    """Tell whether a clause begins with a connective, or with how long after; both sides have the same."""
    leads = forms[0] in wording.CONNECTIVES
    return leads or (forms[0].isdigit() and not wording.HOW_LONG.isdisjoint(forms[1:3]))


def _lacks_a_tail(draft: Said, cited: Said) -> bool:
    """Tell whether the draft is the cited sentence up to a last clause that restricts nothing."""
    kept = len(draft.tokens)
    if not wording.FEWEST_KEPT <= kept < len(cited.tokens) or draft.forms != cited.forms[:kept]:
        return False
    end, rest = cited.tokens[kept - 1].start, cited.tokens[kept]
    boundary = wording.TAIL.search(cited.text, end)
    if boundary is None or boundary.start() > rest.start:  # words that say nothing may stand between
        return False
    head = cited.text[: boundary.start()]
    if boundary.group().split()[-1] == "so":
        return True  # what follows from it restricts nothing
    is_a_list = "," in head or rest.form[0].isdigit() or ":" in head
    if ", and" in boundary.group() and not VERB.search(cited.text, boundary.end()):
        is_a_list = True
    return not is_a_list and not wording.RESTRICTING.intersection(cited.forms[kept:])
