"""Admin pages of intents: definitions, examples, model versions, releases."""

from intents.admin.definitions import IntentAdmin
from intents.admin.examples import ExampleAdmin
from intents.admin.exchange import PhrasingImportAdmin
from intents.admin.model_versions import DatasetSnapshotAdmin, ModelVersionAdmin, ReleaseAdmin
from intents.admin.test_phrases import EvaluationCaseAdmin

__all__ = [
    "DatasetSnapshotAdmin",
    "EvaluationCaseAdmin",
    "ExampleAdmin",
    "IntentAdmin",
    "ModelVersionAdmin",
    "PhrasingImportAdmin",
    "ReleaseAdmin",
]
