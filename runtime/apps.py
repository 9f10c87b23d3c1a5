from django.apps import AppConfig


class RuntimeConfig(AppConfig):
    name = "runtime"
    verbose_name = "Runtime"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from kb.ports import offer_customer_texts  # noqa: PLC0415 - models are there by now
        from runtime.customer_texts import (  # noqa: PLC0415
            CHOICES,
            FLOWS,
            REPLIES,
            choices,
            lines_of_flows,
            replies,
        )

        offer_customer_texts(REPLIES, replies)
        offer_customer_texts(CHOICES, choices)
        offer_customer_texts(FLOWS, lines_of_flows)
