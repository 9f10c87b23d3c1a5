"""Admin pages of intents: definitions, examples, model versions, releases, tagging."""

from intents.admin.definitions import IntentAdmin
from intents.admin.examples import ExampleAdmin
from intents.admin.exchange import PhrasingImportAdmin
from intents.admin.model_versions import DatasetSnapshotAdmin, ModelVersionAdmin, ReleaseAdmin
from intents.admin.tagging import TaggingItemAdmin
from intents.admin.tagging_decisions import TaggingDecisionAdmin, TaggingPolicyAdmin
from intents.admin.test_phrases import EvaluationCaseAdmin

__all__ = [
    "DatasetSnapshotAdmin",
    "EvaluationCaseAdmin",
    "ExampleAdmin",
    "IntentAdmin",
    "ModelVersionAdmin",
    "PhrasingImportAdmin",
    "ReleaseAdmin",
    "TaggingDecisionAdmin",
    "TaggingItemAdmin",
    "TaggingPolicyAdmin",
]
