"""How the admin looks: colours, and the sidebar in the order of the guide's steps."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse, reverse_lazy
from django.utils.text import format_lazy

PRIMARY = {  # a calm teal; 600 on white and 400 on near-black both pass WCAG AA for text
    "50": "oklch(97.8% .013 190)",
    "100": "oklch(94.5% .034 190)",
    "200": "oklch(89.5% .065 190)",
    "300": "oklch(82.5% .095 190)",
    "400": "oklch(73% .115 190)",
    "500": "oklch(61% .108 192)",
    "600": "oklch(51.5% .092 194)",
    "700": "oklch(44% .077 195)",
    "800": "oklch(37.5% .063 196)",
    "900": "oklch(32% .052 198)",
    "950": "oklch(23% .042 200)",
}


UNKNOWN = "?state__exact=unknown"  # a list's filter


def _allowed(permission: str) -> Any:
    def check(request: HttpRequest) -> bool:
        return request.user.has_perm(permission)

    return check


def _page(title: str, icon: str, model: str, permission: str = "") -> dict[str, Any]:
    """Return a sidebar entry to a model's list, shown to those who may view it."""
    app, name = model.split(".")
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{app}_{name}_changelist"),
        "permission": _allowed(permission or f"{app}.view_{name}"),
    }


def _among(list_name: str, *others: str) -> Any:
    """Return a check: the page is one of the list's own, and not one below it that has its own entry."""

    def check(request: HttpRequest) -> bool:
        own_entries = tuple(reverse(other) for other in others)
        return request.path.startswith(reverse(list_name)) and not request.path.startswith(own_entries)

    return check


def _of_lists(*models: str) -> Any:
    """Return a check: the page is one of any of these models' own."""

    def check(request: HttpRequest) -> bool:
        lists = (f"admin:{model.replace('.', '_')}_changelist" for model in models)
        return request.path.startswith(tuple(reverse(one) for one in lists))

    return check


def _figures(request: HttpRequest) -> bool:
    path = request.path
    return path.startswith(reverse("admin:pilot_weeklyreview_changelist")) and (
        "/figures/" in path or "/conversations/" in path
    )


def _weeks(request: HttpRequest) -> bool:
    weeks = request.path.startswith(reverse("admin:pilot_weeklyreview_changelist"))
    return weeks and not _figures(request)


def _unknown_calls(request: HttpRequest) -> bool:
    here = request.path == reverse("admin:runtime_actionledger_changelist")
    return here and request.GET.get("state__exact") == "unknown"


def _all_calls(request: HttpRequest) -> bool:
    calls = request.path.startswith(reverse("admin:runtime_actionledger_changelist"))
    return calls and not _unknown_calls(request)


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Support Admin",
    "SITE_HEADER": "Support Admin",
    "SITE_SUBHEADER": "Train, pilot and run your AI agent",
    "SITE_SYMBOL": "support_agent",
    "SITE_URL": None,
    "SHOW_BACK_BUTTON": True,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "8px",
    "COLORS": {"primary": PRIMARY},
    "STYLES": [lambda request: static("supportadmin/console.css")],
    "DASHBOARD_CALLBACK": "supportadmin.dashboard.add_to_context",
    "SIDEBAR": {
        "show_search": True,
        "show_all_applications": False,
        "navigation": [
            {
                "items": [
                    {"title": "Dashboard", "icon": "space_dashboard", "link": reverse_lazy("admin:index")},
                    {
                        "title": "Playground",
                        "icon": "science",
                        "link": reverse_lazy("playground"),
                        "permission": _allowed("runtime.view_turn"),
                    },
                    {
                        "title": "Customer chat",
                        "icon": "forum",
                        "link": reverse_lazy("demo-chat"),
                        "permission": _allowed("runtime.view_turn"),
                    },
                ],
            },
            {
                "title": "Step 1 · Audit",
                "separator": True,
                "items": [
                    _page("Imports", "upload_file", "tickets.importbatch"),
                    _page("Closed tickets", "confirmation_number", "tickets.ticket"),
                    _page("Glossary", "dictionary", "tickets.glossaryterm"),
                    _page("Categories", "category", "tickets.category"),
                    {
                        "title": "The map",
                        "icon": "map",
                        "link": reverse_lazy("audit-map"),
                        "permission": _allowed("tickets.view_auditreport"),
                    },
                ],
            },
            {
                "title": "Step 2 · Knowledge base",
                "separator": True,
                "items": [
                    {
                        **_page("Articles", "article", "kb.article"),
                        "active": _among(
                            "admin:kb_article_changelist", "admin:kb_freshness", "admin:kb_audience_tester"
                        ),
                    },
                    _page("Revisions", "history_edu", "kb.revision"),
                    {
                        "title": "Freshness",
                        "icon": "schedule",
                        "link": reverse_lazy("admin:kb_freshness"),
                        "permission": _allowed("kb.view_article"),
                    },
                    _page("Gaps", "help_center", "kb.gap"),
                    _page("Contradictions", "compare_arrows", "kb.pairfinding"),
                    _page("What articles state", "fact_check", "kb.articleclaim"),
                    _page("Test questions", "quiz", "kb.questionrun"),
                    {
                        "title": "Who sees what?",
                        "icon": "visibility",
                        "link": reverse_lazy("admin:kb_audience_tester"),
                        "permission": _allowed("kb.view_article"),
                    },
                    _page("Article imports", "move_to_inbox", "kb.articleimport", "kb.add_article"),
                    _page("Audiences", "groups", "kb.audiencevalue"),
                    _page("Product pages", "web", "kb.productpage"),
                    _page("Search synonyms", "swap_horiz", "kb.searchsynonyms"),
                    {
                        "title": "Brand voice",
                        "icon": "record_voice_over",
                        "link": reverse_lazy("admin:kb_voice"),
                        "permission": _allowed("kb.view_voiceguide"),
                    },
                    _page("Voice of answers", "edit_note", "runtime.draftvoice"),
                    _page("Publishing policy", "policy", "kb.publishingpolicy"),
                ],
            },
            {
                "title": "Step 3 · Intents",
                "separator": True,
                "items": [
                    {
                        "title": "Categories → intents",
                        "icon": "account_tree",
                        "link": reverse_lazy("admin:intents_mapping"),
                        "permission": _allowed("intents.view_intent"),
                    },
                    {
                        **_page("Intents", "label", "intents.intent"),
                        "active": _among(
                            "admin:intents_intent_changelist",
                            "admin:intents_mapping",
                            "admin:intents_health",
                            "admin:intents_why",
                        ),
                    },
                    _page("Tagging", "sell", "intents.taggingitem", "intents.tag_message"),
                    _page("Examples", "format_quote", "intents.example"),
                    {
                        "title": "Dataset health",
                        "icon": "health_and_safety",
                        "link": reverse_lazy("admin:intents_health"),
                        "permission": _allowed("intents.view_example"),
                    },
                    _page("Phrasing imports", "upload_file", "intents.phrasingimport", "intents.add_intent"),
                    _page("Test phrases", "checklist", "intents.evaluationcase"),
                    {
                        "title": "Why this intent?",
                        "icon": "psychology_alt",
                        "link": reverse_lazy("admin:intents_why"),
                        "permission": _allowed("intents.view_intent"),
                    },
                    _page("Models", "model_training", "intents.modelversion"),
                    _page("Releases", "rocket_launch", "intents.release"),
                    _page("Resolution flows", "account_tree", "runtime.resolutionflow"),
                    _page("Actions", "bolt", "runtime.action"),
                    {**_page("Action calls", "receipt", "runtime.actionledger"), "active": _all_calls},
                    {
                        "title": "Unknown outcomes",
                        "icon": "help",
                        "link": format_lazy(
                            "{}{}", reverse_lazy("admin:runtime_actionledger_changelist"), UNKNOWN
                        ),
                        "permission": _allowed("runtime.view_actionledger"),
                        "active": _unknown_calls,
                    },
                    _page("Connections", "cable", "runtime.connection"),
                ],
            },
            {
                "title": "Step 4 · Escalation",
                "separator": True,
                "items": [
                    {
                        "title": "Handoff desk",
                        "icon": "support_agent",
                        "link": reverse_lazy("admin:runtime_handoff_desk"),
                        "permission": _allowed("runtime.change_handoff"),
                    },
                    {
                        **_page("All handoffs", "inventory_2", "runtime.handoff"),
                        "active": _among(
                            "admin:runtime_handoff_changelist",
                            "admin:runtime_handoff_desk",
                            "admin:runtime_waiting",
                        ),
                    },
                    _page("Handoff destinations", "outbox", "runtime.handoffdestination"),
                    _page("Handoff deliveries", "forward_to_inbox", "runtime.handoffdelivery"),
                    _page("Rules", "rule", "escalation.rule"),
                    _page("Rule sets", "history", "escalation.rulesetversion"),
                    {
                        "title": "Try a change",
                        "icon": "tune",
                        "link": reverse_lazy("admin:escalation_backtest_dial"),
                        "permission": _allowed("escalation.view_backtestrun"),
                    },
                    {
                        **_page("Back-tests", "fact_check", "escalation.backtestrun"),
                        "active": _among(
                            "admin:escalation_backtestrun_changelist", "admin:escalation_backtest_dial"
                        ),
                    },
                    _page("Handoff messages", "chat_info", "escalation.handofftemplate"),
                    _page("Anger labels", "sentiment_very_dissatisfied", "runtime.angerlabel"),
                    _page("Anger recalibrations", "tune", "escalation.angercalibration"),
                    _page("Teams", "groups_2", "escalation.team"),
                    _page("Routing", "alt_route", "escalation.handoffroute"),
                    {
                        "title": "Waiting times",
                        "icon": "hourglass_top",
                        "link": reverse_lazy("admin:runtime_waiting"),
                        "permission": _allowed("runtime.view_handoff"),
                    },
                    {
                        "title": "Escalation figures",
                        "icon": "monitoring",
                        "link": reverse_lazy("admin:runtime_escalation_figures"),
                        "permission": _allowed("runtime.view_handoff"),
                    },
                    {
                        **_page("Judge turns", "gavel", "runtime.sampledturn", "runtime.judge_turn"),
                        "active": _among(
                            "admin:runtime_sampledturn_changelist",
                            "admin:runtime_escalation_figures",
                            "admin:runtime_repeats",
                        ),
                    },
                    {
                        "title": "Asked again",
                        "icon": "repeat",
                        "link": reverse_lazy("admin:runtime_repeats"),
                        "permission": _allowed("runtime.view_repeatfield"),
                    },
                ],
            },
            {
                "title": "Step 5 · Pilot",
                "separator": True,
                "items": [
                    {
                        **_page("Pilots", "flight_takeoff", "pilot.pilot"),
                        "active": _among("admin:pilot_pilot_changelist"),
                    },
                    {
                        "title": "Figures",
                        "icon": "query_stats",
                        "link": reverse_lazy("admin:pilot_figures_home"),
                        "permission": _allowed("pilot.view_weeklyreview"),
                        "active": _figures,
                    },
                    {
                        **_page("Weekly reviews", "event_available", "pilot.weeklyreview"),
                        "active": _weeks,
                    },
                    {
                        "title": "Review drafts",
                        "icon": "rate_review",
                        "link": reverse_lazy("admin:pilot_review_desk"),
                        "permission": _allowed("pilot.review_draft"),
                    },
                    {
                        **_page("Drafts", "draft", "pilot.draft"),
                        "active": _among("admin:pilot_draft_changelist", "admin:pilot_review_desk"),
                    },
                    _page("Reviews", "reviews", "pilot.review"),
                    _page("Corrections", "school", "pilot.correction"),
                    {
                        **_page("Simulations", "science", "pilot.suite"),
                        "active": _of_lists("pilot.suite", "pilot.scenario", "pilot.simulationrun"),
                    },
                    _page("Replays", "replay", "pilot.replayrun"),
                    _page("Conversations", "chat", "runtime.conversation"),
                    _page("Turns", "swap_vert", "runtime.turn"),
                    _page("Feedback", "thumbs_up_down", "runtime.feedback"),
                    _page("Inbound sources", "webhook", "runtime.inboundsource"),
                    _page("Inbound events", "input", "runtime.inboundevent"),
                ],
            },
            {
                "title": "System",
                "separator": True,
                "collapsible": True,
                "items": [
                    _page("People", "person", "core.user"),
                    _page("Roles", "badge", "auth.group"),
                    _page("API keys", "key", "core.apikey"),
                    _page("Jobs", "work_history", "core.job"),
                    _page("Activity log", "receipt_long", "core.activity"),
                    {
                        "title": "API reference",
                        "icon": "api",
                        "link": reverse_lazy("api-docs"),
                    },
                ],
            },
        ],
    },
}
