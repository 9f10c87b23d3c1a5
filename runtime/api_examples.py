"""Example bodies of the runtime endpoints, for their documents. Data only."""

from __future__ import annotations

CONVERSATION_ID = "2f6c3f0e-6a0d-4a51-9b8a-0c5a35d9b8f1"
AT = "2026-03-02T09:15:04.120000Z"
CITATION = {
    "article_id": 12,
    "revision_id": 31,
    "title": "How do I export my workspace?",
    "heading_path": ["Steps"],
    "anchor": "steps",
    "quote": "1. Open **Settings → Data**.\n2. Choose **Export workspace**.",
    "url": "https://help.example.com/export-workspace",
    "score": 0.71,
}
VERSIONS = {"release": 3, "model_version": 5, "index": 12, "rule_set": 4}
TIMINGS = {
    "rules": 0.6,
    "classify": 9.1,
    "intent": 0.5,
    "search": 11.8,
    "decide": 0.1,
    "reply": 0.1,
    "total": 22.2,
}
RULE = {
    "kind": "soft",
    "trigger": "human_request",
    "rule_id": 2,
    "rule_version": 1,
    "matched_text": "talk to a human",
}
TURN_ANSWER = {
    "conversation_id": CONVERSATION_ID,
    "turn_id": 41,
    "decision": "answer",
    "reason": "answered",
    "mode": "live",
    "delivered": True,
    "reply": "1. Open **Settings → Data**.\n"
    "2. Choose **Export workspace**.\n\n"
    "Source: [How do I export my workspace?](https://help.example.com/export-workspace)",
    "intent": "data_export",
    "confidence": 0.93,
    "is_fallback": False,
    "also": None,
    "citations": [CITATION],
    "options": [],
    "out_of_scope": None,
    "flow": {"step": None, "missing": []},
    "actions": [],
    "escalation": None,
    "handoff_id": None,
    "versions": VERSIONS,
    "timings_ms": TIMINGS,
}
TURN_CLARIFY = {
    **TURN_ANSWER,
    "decision": "clarify",
    "reason": "low_confidence",
    "reply": "Just so I get this right, which of these is it about?\n\n1. Data export\n2. Billing inquiry\n\n"
    "Answer with the number, or tell me in your own words.",
    "confidence": 0.44,
    "citations": [],
    "options": [
        {"intent": "data_export", "label": "Data export"},
        {"intent": "billing_inquiry", "label": "Billing inquiry"},
    ],
}
TURN_ACT = {
    **TURN_ANSWER,
    "decision": "act",
    "reason": "flow_step",
    "reply": "Invoice INV-204 is open. Due: 120.00 usd, paid: 0.00 usd.\n\nDoes that answer your question?",
    "intent": "billing_inquiry",
    "citations": [],
    "flow": {"step": "solved", "missing": []},
    "actions": [
        {
            "action": "stripe_find_invoice",
            "state": "succeeded",
            "message": "Invoice INV-204 found.",
            "data": {"invoice_status": "open", "amount_due": "120.00", "currency": "usd"},
        }
    ],
    "timings_ms": {**TIMINGS, "flow": 184.0, "total": 206.2},
}
TURN_ESCALATE = {
    **TURN_ANSWER,
    "decision": "escalate",
    "reason": "human_request",
    "reply": "Of course: I'm connecting you with a support specialist. They'll have our whole conversation, "
    "so you won't need to repeat anything. Typical wait time is under 4 minutes.",
    "citations": [],
    "escalation": {**RULE, "wait_estimate_seconds": 212},
    "handoff_id": 7,
}
TURN_SHADOW = {**TURN_ANSWER, "mode": "shadow", "delivered": False}
TURN_ASSIST = {**TURN_ANSWER, "mode": "assist", "delivered": False}
TURN_NOT_IN_PILOT = {
    **TURN_ANSWER,
    "decision": "not_in_pilot",
    "reason": "out_of_pilot",
    "mode": "shadow",
    "delivered": False,
    "reply": "",
    "intent": None,
    "confidence": None,
    "is_fallback": None,
    "citations": [],
    "timings_ms": {"total": 0.1},
}
HANDOFF_BODY = {
    "id": 7,
    "conversation_id": CONVERSATION_ID,
    "turn_id": 42,
    "state": "queued",
    "reason": "human_request",
    "team_id": 3,
    "team": "Customer support",
    "off_hours": False,
    "complete": True,
    "requested_at": AT,
    "queued_at": AT,
    "accepted_at": None,
    "accepted_by": "",
    "finished_at": None,
    "finished_by": "",
    "outcome": None,
    "note": "",
}
TRANSCRIPT = [
    {"turn": 1, "role": "customer", "text": "I want to talk to a human", "at": AT},
    {"turn": 1, "role": "agent", "text": TURN_ESCALATE["reply"], "at": AT},
]
PACKET = {
    **HANDOFF_BODY,
    "transcript": TRANSCRIPT,
    "intent": {
        "intent": "data_export",
        "label": "Data export",
        "confidence": 0.93,
        "threshold": 0.5,
        "is_fallback": False,
        "chosen_by_customer": False,
    },
    "alternatives": [{"intent": "billing_inquiry", "confidence": 0.04}],
    "attempted_steps": [{"turn": 1, "at": AT, "step": "classify", "outcome": "done"}],
    "data_pulled": [{"source": "knowledge_base", "at": AT, "data": {"article_id": 12, "score": 0.71}}],
    "rule": RULE,
    "customer": {
        "external_id": "c-1007",
        "user_type": "admin",
        "tier": "pro",
        "verified": True,
        "locale": "en",
        "channel": "chat",
        "page": "/settings/data",
    },
    "assigned_team": {"id": 3, "name": "Customer support", "available": True, "opens_at": None},
    "missing": [],
    "suggested_reply": "Hello, I'm from the support team and I'm taking over here. I've read your "
    "conversation, so you don't need to repeat anything. You asked for a person, and now you have one.\n\n"
    "I'm looking into it now and will write to you here.",
    "messages": [],
}
MESSAGE_FROM_CUSTOMER = {
    "id": 18,
    "handoff_id": 7,
    "sender": "customer",
    "text": "It is about invoice INV-204.",
    "sent_by": "",
    "sent_at": AT,
}
MESSAGE_FROM_PERSON = {
    **MESSAGE_FROM_CUSTOMER,
    "id": 19,
    "sender": "human",
    "text": "Thank you, I see it. One moment.",
    "sent_by": "tara",
}
NEWS = {
    "state": "with_human",
    "handoff_id": 7,
    "handoff_state": "accepted",
    "agent": "tara",
    "messages": [MESSAGE_FROM_CUSTOMER, MESSAGE_FROM_PERSON],
    "next_after": 19,
}
CONVERSATION_BODY = {
    "id": CONVERSATION_ID,
    "channel": "chat",
    "state": "waiting_for_human",
    "customer": {
        "external_id": "c-1007",
        "user_type": "admin",
        "tier": "pro",
        "verified": True,
        "locale": "en",
    },
    "turn_count": 1,
    "created_at": AT,
    "updated_at": AT,
    "transcript": TRANSCRIPT,
    "turns": [
        {
            "turn_id": 42,
            "number": 1,
            "decision": "escalate",
            "reason": "human_request",
            "mode": "live",
            "delivered": True,
            "pilot_id": None,
            "intent": "data_export",
            "confidence": 0.93,
            "created_at": AT,
        }
    ],
}
EVENT = {
    "id": 41,
    "type": "turn.decided",
    "at": AT,
    "conversation_id": CONVERSATION_ID,
    "number": 1,
    "channel": "chat",
    "customer_external_id": "c-1007",
    "text": "How do I export everything?",
    "page": "/settings/data",
    "mode": "live",
    "delivered": True,
    "pilot_id": None,
    "ticket_id": None,
    "decision": "answer",
    "reason": "answered",
    "reply": TURN_ANSWER["reply"],
    "rule": None,
    "options": [],
    "alternatives": [{"intent": "billing_inquiry", "confidence": 0.04}],
    "citations": [CITATION],
    "exclusion": None,
    "facts": {"intent": "data_export", "confidence": 0.93, "answer_score": 0.71},
    "versions": VERSIONS,
    "total_ms": 22.2,
}
ACCEPTED = {"state": "accepted", "accepted_at": AT, "accepted_by": "Ada"}
FINISHED = {**ACCEPTED, "finished_at": AT, "finished_by": "helpdesk", "note": "Reset by hand."}
RESOLVED = {**FINISHED, "state": "resolved", "outcome": "otherwise"}
FEEDBACK_BODY = {"turn_id": 41, "rating": "down", "csat": 2, "reopened": True, "comment": "Outdated."}
