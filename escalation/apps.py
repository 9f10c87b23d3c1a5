from django.apps import AppConfig


class EscalationConfig(AppConfig):
    name = "escalation"
    verbose_name = "Escalation"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from escalation.selectors import rule_names  # noqa: PLC0415 - models are there by now
        from kb.ports import offer_escalation_rules  # noqa: PLC0415

        offer_escalation_rules(rule_names)
