"""Admin pages of intents: definitions, examples, model versions, releases."""

from intents.admin.definitions import IntentAdmin
from intents.admin.examples import ExampleAdmin
from intents.admin.model_versions import DatasetSnapshotAdmin, ModelVersionAdmin, ReleaseAdmin

__all__ = ["DatasetSnapshotAdmin", "ExampleAdmin", "IntentAdmin", "ModelVersionAdmin", "ReleaseAdmin"]
