"""What people let through in the place of a reply that was held back."""

from __future__ import annotations

from runtime.models import Turn
from runtime.placement import ASSIST


def turn_sent(*, turn_id: int, text: str) -> bool:
    """Keep with a turn in assist mode what its customer got, once; return whether it was kept.

    From then on it is what the agent has said, in transcripts and packets. Called in the transaction in which
    it is sent.
    """
    waiting = Turn.objects.filter(pk=turn_id, mode=ASSIST, delivered=False, sent_text="")
    return bool(waiting.update(sent_text=text))
