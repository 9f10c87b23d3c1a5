from django.apps import AppConfig


class PilotConfig(AppConfig):
    name = "pilot"
    verbose_name = "Pilot"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from pilot.selectors import names_of, scopes_running  # noqa: PLC0415 - models are there by now
        from runtime.ports import offer_pilot_names, offer_scopes  # noqa: PLC0415

        offer_scopes(scopes_running)
        offer_pilot_names(names_of)
