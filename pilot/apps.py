from django.apps import AppConfig


class PilotConfig(AppConfig):
    name = "pilot"
    verbose_name = "Pilot"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from intents.ports import offer_version_evidence  # noqa: PLC0415 - models are there by now
        from pilot.selectors import names_of, scopes_running  # noqa: PLC0415
        from pilot.simulations.selectors import simulations_of_version  # noqa: PLC0415
        from runtime.ports import offer_pilot_names, offer_scopes  # noqa: PLC0415

        offer_scopes(scopes_running)
        offer_pilot_names(names_of)
        offer_version_evidence(simulations_of_version)
