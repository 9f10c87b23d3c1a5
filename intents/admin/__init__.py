"""Admin pages of intents: definitions, examples, model versions, releases."""

from intents.admin.definitions import IntentAdmin
from intents.admin.examples import ExampleAdmin

__all__ = ["ExampleAdmin", "IntentAdmin"]
