from django.apps import AppConfig


class EscalationConfig(AppConfig):
    name = "escalation"
    verbose_name = "Escalation"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from escalation.customer_texts import HANDOFF_MESSAGES, handoff_messages  # noqa: PLC0415
        from escalation.selectors import rule_names  # noqa: PLC0415 - models are there by now
        from kb.ports import offer_customer_texts, offer_escalation_rules  # noqa: PLC0415

        offer_escalation_rules(rule_names)
        offer_customer_texts(HANDOFF_MESSAGES, handoff_messages)
