"""Who may do what: five groups and their permissions, kept in step with this file by ``roles_sync``.

A permission that a later version adds is granted where it is named here; one that is named nowhere is
nobody's but a superuser's.
"""

from __future__ import annotations

from django.contrib.auth.models import Group, Permission
from django.db import transaction

VIEW_PILOTS = (
    *("pilot.view_pilot", "pilot.view_stagemove", "pilot.view_draft", "pilot.view_review"),
    *("pilot.view_correction", "pilot.view_weeklyreview", "pilot.view_replayrun"),
    *("pilot.view_suite", "pilot.view_scenario", "pilot.view_simulationrun", "pilot.view_simulationresult"),
)
VIEW_WORK = (
    "tickets.view_ticket",
    "tickets.view_category",
    "tickets.view_glossaryterm",
    "tickets.view_auditreport",
    "kb.view_article",
    "kb.view_revision",
    "kb.view_gap",
    "kb.view_questionrun",
    "kb.view_pairfinding",
    "kb.view_articleclaim",
    "kb.view_audiencevalue",
    "kb.view_productpage",
    "kb.view_voiceterm",
    "kb.view_searchsynonyms",
    "kb.view_voiceguide",
    "kb.view_publishingpolicy",
    "intents.view_intent",
    "intents.view_example",
    "intents.view_evaluationcase",
    "escalation.view_rule",
    "escalation.view_rulesetversion",
    "escalation.view_handofftemplate",
    "escalation.view_team",
    "escalation.view_handoffroute",
    "escalation.view_backtestrun",
    "runtime.view_conversation",
    "runtime.view_turn",
    "runtime.view_handoff",
    "runtime.view_handoffdelivery",
    "runtime.view_feedback",
    "runtime.view_angerlabel",
    "escalation.view_angercalibration",
    "runtime.view_resolutionflow",
    "runtime.view_draftvoice",
    "runtime.view_flowversion",
    "runtime.view_repeatfield",
    *VIEW_PILOTS,
)
TAKE_HANDOFFS = (
    "runtime.change_handoff",
    "runtime.label_anger",
    "runtime.view_action",
    "runtime.view_actionledger",
)
RUN_ACTIONS = (
    *("runtime.view_connection", "runtime.add_action", "runtime.change_action"),
    *("runtime.run_action", "runtime.settle_actionledger"),
)
SEE_WEBHOOKS = ("runtime.view_inboundsource", "runtime.view_inboundevent", "runtime.change_inboundevent")
RESEND_HANDOFFS = ("runtime.view_handoffdestination", "runtime.change_handoffdelivery")
IMPORT_TICKETS = ("tickets.view_importbatch", "tickets.add_importbatch", "tickets.change_importbatch")
CURATE = (
    *("tickets.change_category", "tickets.label_category"),
    *("tickets.add_glossaryterm", "tickets.change_glossaryterm"),
)
TAG = ("intents.tag_message", "intents.view_taggingitem", "intents.view_taggingdecision")
REVIEW = ("kb.review_revision", "kb.publish_revision")
JUDGE_TURNS = ("runtime.judge_turn", "runtime.view_sampledturn", "runtime.view_verdict")

GROUPS: dict[str, tuple[str, ...]] = {
    "Admin": (
        *VIEW_WORK,
        *IMPORT_TICKETS,
        *("core.view_user", "core.add_user", "core.change_user", "auth.view_group"),
        *("core.view_apikey", "core.add_apikey", "core.change_apikey"),
        *("core.view_job", "core.change_job", "core.view_activity"),
        *("runtime.view_connection", "runtime.add_connection", "runtime.change_connection"),
        *("runtime.view_action", "runtime.view_actionledger"),
        *("runtime.add_handoffdestination", "runtime.change_handoffdestination"),
        *RESEND_HANDOFFS,
        *SEE_WEBHOOKS,
        *("runtime.add_inboundsource", "runtime.change_inboundsource"),
        "pilot.halt_pilot",
    ),
    "KB owner": (
        *VIEW_WORK,
        *("kb.add_article", "kb.change_article", "kb.archive_article", "kb.publish_revision"),
        *("kb.add_audiencevalue", "kb.change_audiencevalue"),
        *("kb.add_searchsynonyms", "kb.change_searchsynonyms", "kb.delete_searchsynonyms"),
        *("kb.add_voiceterm", "kb.change_voiceterm", "kb.delete_voiceterm", "kb.change_voiceguide"),
        *("kb.add_productpage", "kb.change_productpage", "kb.delete_productpage"),
        "pilot.decide_correction",
    ),
    "Support lead": (
        *VIEW_WORK,
        *REVIEW,
        *TAKE_HANDOFFS,
        *JUDGE_TURNS,
        "runtime.change_draftvoice",
        *("runtime.draw_verdicts", "runtime.view_verdictpolicy", "runtime.change_verdictpolicy"),
        *RUN_ACTIONS,
        *RESEND_HANDOFFS,
        *SEE_WEBHOOKS,
        *IMPORT_TICKETS,
        *CURATE,
        *("tickets.view_rawtext", "tickets.sign_auditreport"),
        *("kb.add_article", "kb.change_article", "kb.archive_article", "kb.change_publishingpolicy"),
        *("intents.add_intent", "intents.change_intent", "intents.add_example", "intents.change_example"),
        "intents.override_intent_limit",
        *("intents.view_modelversion", "intents.add_modelversion", "intents.change_modelversion"),
        *("intents.view_release", "intents.release_model", "intents.view_datasetsnapshot"),
        *("intents.override_gate", "intents.add_evaluationcase", "intents.change_evaluationcase"),
        *(*TAG, "intents.adjudicate_tagging", "intents.view_taggingpolicy", "intents.change_taggingpolicy"),
        *("escalation.add_rule", "escalation.change_rule", "escalation.calibrate_anger"),
        *("escalation.add_handofftemplate", "escalation.change_handofftemplate"),
        *("escalation.delete_handofftemplate", "escalation.add_team", "escalation.change_team"),
        *("escalation.add_handoffroute", "escalation.change_handoffroute", "escalation.delete_handoffroute"),
        "escalation.add_backtestrun",
        *("runtime.add_resolutionflow", "runtime.change_resolutionflow"),
        *("pilot.add_pilot", "pilot.change_pilot", "pilot.sign_pilot", "pilot.halt_pilot"),
        *("pilot.review_draft", "pilot.decide_correction", "pilot.sign_week", "pilot.add_replayrun"),
        *("pilot.run_simulation", "pilot.add_suite", "pilot.change_suite"),
        *("pilot.add_scenario", "pilot.change_scenario", "pilot.delete_scenario"),
        *("core.view_job", "core.change_job", "core.view_activity"),
    ),
    "Tagger": (
        *VIEW_WORK,
        *TAKE_HANDOFFS,
        *JUDGE_TURNS,
        *TAG,
        *("pilot.review_draft", "pilot.halt_pilot"),
        "tickets.change_category",
        *("intents.add_example", "intents.change_example", "intents.add_evaluationcase"),
    ),
    "Reviewer": (
        *VIEW_WORK,
        *REVIEW,
        *TAKE_HANDOFFS,
        *JUDGE_TURNS,
        *("pilot.review_draft", "pilot.halt_pilot"),
    ),
}
GROUP_OF_ROLE = {
    "admin": "Admin",
    "kb_owner": "KB owner",
    "support_lead": "Support lead",
    "tagger": "Tagger",
    "reviewer": "Reviewer",
}


@transaction.atomic
def roles_sync() -> None:
    """Create the groups and set their permissions to those above; idempotent."""
    known = {
        f"{permission.content_type.app_label}.{permission.codename}": permission
        for permission in Permission.objects.select_related("content_type")
    }
    for name, granted in GROUPS.items():
        group, _ = Group.objects.get_or_create(name=name)
        group.permissions.set(known[codename] for codename in granted if codename in known)
