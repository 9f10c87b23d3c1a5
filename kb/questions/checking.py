"""What the gate says about a text's test questions: too few, or too few of them find it."""

from __future__ import annotations

from kb.models import Revision
from kb.questions.asking import WITHIN
from kb.questions.running import AT_LEAST, GOOD_RECALL, Trial, trial


def questions_check(revision: Revision) -> list[str]:
    """Return sentences about what is wrong; none if at least three questions find the article well."""
    return problems(trial(revision.article, revision.title, revision.body))


def problems(done: Trial) -> list[str]:
    """Word what a trial shows."""
    asked = len(done.asked)
    said = []
    if asked < AT_LEAST:
        have = f"{asked or 'no'} test question{'' if asked == 1 else 's'}"
        said.append(f"It has {have}; give it at least {AT_LEAST}.")
    if done.recall is not None and done.recall < GOOD_RECALL:
        missed = next(one for one in done.asked if not one.found)
        instead = f"finds “{missed.first}” first" if missed.first else "finds nothing"
        said.append(
            f"{done.found} of its {asked} test questions find it among the first {WITHIN} "
            f"(recall@{WITHIN} {done.recall:.2f}, wanted {GOOD_RECALL}): “{missed.text}” {instead}."
        )
    return said
