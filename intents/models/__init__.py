"""Rows of intents: what customers may want, how they say it, what was trained on it, and what is live.

The database is the last guard: one phrasing once per intent, no invented phrasing without saying so, one
live release.
"""

from intents.models.definitions import Example, Intent
from intents.models.exchange import PhrasingImport
from intents.models.health import HealthReport, IgnoredFinding, IntentMerge
from intents.models.judging import CaseRun, EvaluationCase, HeldOutRun
from intents.models.mapping import IntentLimitOverride, OutOfScopeCategory, ServedCategory
from intents.models.tagging import TaggingDecision, TaggingItem, TaggingPolicy
from intents.models.training import DatasetSnapshot, ModelVersion, Release

__all__ = [
    "CaseRun",
    "DatasetSnapshot",
    "EvaluationCase",
    "Example",
    "HealthReport",
    "HeldOutRun",
    "IgnoredFinding",
    "Intent",
    "IntentLimitOverride",
    "IntentMerge",
    "ModelVersion",
    "OutOfScopeCategory",
    "PhrasingImport",
    "Release",
    "ServedCategory",
    "TaggingDecision",
    "TaggingItem",
    "TaggingPolicy",
]
