from django.apps import AppConfig


class RuntimeConfig(AppConfig):
    name = "runtime"
    verbose_name = "Runtime"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from intents.ports import offer_live_interactions  # noqa: PLC0415 - models are there by now
        from kb.ports import offer_customer_texts  # noqa: PLC0415
        from runtime.customer_texts import CHOICES, REPLIES, choices, replies  # noqa: PLC0415
        from runtime.live_interactions import live_interactions  # noqa: PLC0415

        offer_customer_texts(REPLIES, replies)
        offer_customer_texts(CHOICES, choices)
        offer_live_interactions(live_interactions)
