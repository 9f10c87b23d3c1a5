"""What the policy makes of a failed check at publication."""

import pytest

from core.errors import Conflict
from kb import gate
from kb.models import PublishingPolicy, Revision

pytestmark = pytest.mark.django_db


def checks(*messages):
    return {"readiness_mode": lambda revision: list(messages)}


def test_a_failed_check_warns_until_the_policy_says_block():
    revision = Revision()
    assert gate.obstacles(revision, checks("No question in the title.")) == [
        gate.Obstacle("No question in the title.", blocks=False)
    ]
    gate.refuse_blocked(revision, checks("No question in the title."))
    PublishingPolicy.objects.update(readiness_mode="block")
    with pytest.raises(Conflict) as refusal:
        gate.refuse_blocked(revision, checks("No question in the title.", "No audience."))
    assert refusal.value.code == "publication_blocked"
    assert refusal.value.extra == {"obstacles": ["No question in the title.", "No audience."]}


def test_nothing_wrong_is_no_obstacle_in_any_mode():
    PublishingPolicy.objects.create(pk=1, readiness_mode="block", questions_mode="block")
    assert gate.obstacles(Revision(), checks()) == []
    gate.refuse_blocked(Revision(), checks())
