"""Which stages and states follow which in a pilot; what reviewers and corrections may say. No logic."""

from __future__ import annotations

from runtime.placement import ASSIST, FULL, LIMITED, SHADOW

PLANNED, RUNNING, HALTED, ENDED = "planned", "running", "halted", "ended"
PILOT = {PLANNED: (RUNNING, ENDED), RUNNING: (HALTED, ENDED), HALTED: (RUNNING, ENDED), ENDED: ()}
CURRENT = (RUNNING, HALTED)  # in which it decides about conversations
STAGES = (SHADOW, ASSIST, LIMITED, FULL)  # in this order; one step forward at a time, back at will

LIVE_SOURCE, REPLAY_SOURCE = "live", "replay"

# What a reviewer says of a draft.
CORRECT, WRONG_FACT, WRONG_TONE, WRONG_SEGMENT = "correct", "wrong_fact", "wrong_tone", "wrong_segment"
INCOMPLETE, OUTDATED, UNSAFE = "incomplete", "outdated", "unsafe"
APPROVED, EDITED, REJECTED = "approved", "edited", "rejected"
FIRST, SECOND = "first", "second"

# What a correction proposes, where it comes from, and what became of it.
PHRASING, ARTICLE, RULE, FLOW, VOICE, POSITIVE = "phrasing", "article", "rule", "flow", "voice", "positive"
FROM_REVIEW, NOT_UNDERSTOOD, INCORRECT = "review", "not_understood", "incorrect"
PROPOSED, ACCEPTED, DECLINED = "proposed", "accepted", "declined"
CORRECTION = {PROPOSED: (ACCEPTED, DECLINED), DECLINED: (PROPOSED,), ACCEPTED: (PROPOSED,)}
HIGHEST_PRIORITY, USUAL_PRIORITY, LOWEST_PRIORITY = 1, 2, 3
