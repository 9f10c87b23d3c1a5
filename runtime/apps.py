from django.apps import AppConfig


class RuntimeConfig(AppConfig):
    name = "runtime"
    verbose_name = "Runtime"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from escalation.backtest.ports import offer_cases  # noqa: PLC0415 - models are there by now
        from escalation.ports import offer_channels, offer_promise_line  # noqa: PLC0415
        from intents.ports import offer_live_interactions  # noqa: PLC0415
        from kb.ports import offer_customer_texts  # noqa: PLC0415
        from runtime.customer_texts import (  # noqa: PLC0415
            ANSWER_LINES,
            CHOICES,
            FLOWS,
            REPLIES,
            choices,
            lines_around_answers,
            lines_of_flows,
            replies,
        )
        from runtime.live_interactions import live_interactions  # noqa: PLC0415
        from runtime.replay.source import Source  # noqa: PLC0415
        from runtime.selectors import channels_seen  # noqa: PLC0415
        from runtime.waiting.readouts import promises_kept_line  # noqa: PLC0415

        offer_customer_texts(REPLIES, replies)
        offer_customer_texts(CHOICES, choices)
        offer_customer_texts(ANSWER_LINES, lines_around_answers)
        offer_customer_texts(FLOWS, lines_of_flows)
        offer_promise_line(promises_kept_line)
        offer_cases(Source())
        offer_live_interactions(live_interactions)
        offer_channels(channels_seen)
