"""The rules and messages that a new workspace starts with. Plain data; escalation.services installs it."""

from __future__ import annotations

from dataclasses import dataclass

from escalation.triggers import (
    ANGER,
    BILLING_DISPUTE,
    FLAGGED_CATEGORY,
    FLOW_ESCALATION,
    HARD,
    HUMAN_ONLY_INTENT,
    HUMAN_REQUEST,
    LEGAL,
    LOW_CONFIDENCE,
    NO_ANSWER,
    REPEATED_FAILURE,
    SOFT,
    STEP_FAILURE,
    TOOL_FAILURE,
)


@dataclass(frozen=True, slots=True)
class DefaultRule:
    """A rule's fields; its parameters are the trigger's defaults."""

    name: str
    kind: str
    trigger: str
    clarify_first: int
    priority: int


@dataclass(frozen=True, slots=True)
class DefaultTemplate:
    """A message's fields."""

    reason: str
    body: str
    body_without_wait: str
    body_off_hours: str
    locale: str = "en"


RULES = (
    DefaultRule("Legal or compliance language", HARD, LEGAL, 0, 1),
    DefaultRule("Billing dispute above 500 USD", HARD, BILLING_DISPUTE, 0, 2),
    DefaultRule("Angry or distressed customer", HARD, ANGER, 0, 3),
    DefaultRule("Two attempts at the same issue have failed", HARD, REPEATED_FAILURE, 0, 4),
    DefaultRule("A step of the agent failed", HARD, STEP_FAILURE, 0, 10),
    DefaultRule("An action in another system failed", HARD, TOOL_FAILURE, 0, 11),
    DefaultRule("A resolution flow ends with a person", HARD, FLOW_ESCALATION, 0, 12),
    DefaultRule("Customer asks for a person", SOFT, HUMAN_REQUEST, 0, 20),
    DefaultRule("Human-only issue", SOFT, HUMAN_ONLY_INTENT, 0, 30),
    DefaultRule("Intent not certain", SOFT, LOW_CONFIDENCE, 1, 40),
    DefaultRule("No good answer in the knowledge base", SOFT, NO_ANSWER, 1, 50),
)

CONTEXT = "They'll have our whole conversation, so you won't need to repeat anything."
WAIT = "Typical wait time is under {wait_minutes} minutes."
NO_WAIT = "The next available specialist will reply here as soon as possible."
CLOSED = "Our team is not here right now: a support specialist will take over {opens_at} and reply here."


def _template(reason: str, opening: str, closed: str = "") -> DefaultTemplate:
    return DefaultTemplate(
        reason,
        f"{opening} {CONTEXT} {WAIT}",
        f"{opening} {CONTEXT} {NO_WAIT}",
        f"{closed} {CLOSED} {CONTEXT}".lstrip(),
    )


GERMAN_TAKEOVER = "Ich verbinde Sie mit einer Kollegin oder einem Kollegen aus dem Support."
GERMAN_CONTEXT = "Unser ganzes Gespräch liegt dort vor, Sie müssen nichts wiederholen."
GERMAN = DefaultTemplate(
    "",
    f"{GERMAN_TAKEOVER} {GERMAN_CONTEXT} Die Wartezeit liegt meist unter {{wait_minutes}} Minuten.",
    f"{GERMAN_TAKEOVER} {GERMAN_CONTEXT} Sie bekommen hier so bald wie möglich eine Antwort.",
    "Unser Team ist gerade nicht da. Eine Kollegin oder ein Kollege übernimmt {opens_at} und antwortet Ihnen "
    f"hier. {GERMAN_CONTEXT}",
    "de",
)
FRENCH_TAKEOVER = "Je vous mets en relation avec un conseiller."
FRENCH_CONTEXT = "Il aura toute notre conversation sous les yeux, vous n'aurez rien à répéter."
FRENCH = DefaultTemplate(
    "",
    f"{FRENCH_TAKEOVER} {FRENCH_CONTEXT} L'attente est généralement inférieure à {{wait_minutes}} minutes.",
    f"{FRENCH_TAKEOVER} {FRENCH_CONTEXT} Il vous répondra ici dès que possible.",
    "Notre équipe n'est pas disponible pour le moment. Un conseiller prendra le relais {opens_at} et vous "
    f"répondra ici. {FRENCH_CONTEXT}",
    "fr",
)
SPANISH_TAKEOVER = "Le pongo en contacto con un especialista."
SPANISH_CONTEXT = "Tendrá toda la conversación, así que no tendrá que repetir nada."
SPANISH = DefaultTemplate(
    "",
    f"{SPANISH_TAKEOVER} {SPANISH_CONTEXT} La espera suele ser inferior a {{wait_minutes}} minutos.",
    f"{SPANISH_TAKEOVER} {SPANISH_CONTEXT} Le responderá aquí lo antes posible.",
    "Nuestro equipo no está disponible en este momento. Un especialista se hará cargo {opens_at} y le "
    f"responderá aquí. {SPANISH_CONTEXT}",
    "es",
)
TEMPLATES = (
    _template("", "I'm connecting you with a support specialist who can help with this."),
    _template(HUMAN_REQUEST, "Of course: I'm connecting you with a support specialist.", "Of course."),
    _template(
        LEGAL,
        "Thank you for telling us. This is for our team: I'm connecting you with a support specialist now.",
    ),
    _template(
        BILLING_DISPUTE,
        "I understand this is about a charge you don't agree with. I'm connecting you with a specialist who "
        "can look into it.",
    ),
    _template(
        ANGER,
        "I'm sorry for the trouble this has caused you. I'm connecting you with a support specialist right "
        "away.",
    ),
    _template(
        REPEATED_FAILURE,
        "I'm sorry that I haven't been able to solve this. I'm connecting you with a support specialist.",
    ),
    _template(
        HUMAN_ONLY_INTENT,
        "This is something our team handles personally: a support specialist will take over.",
        "This is something our team handles personally.",
    ),
    _template(
        FLAGGED_CATEGORY,
        "This often needs a closer look from our team, so I'm connecting you with a support specialist.",
        "This often needs a closer look from our team.",
    ),
    _template(
        LOW_CONFIDENCE,
        "I want to be sure you get the right help, so I'm connecting you with a support specialist.",
        "I want to be sure you get the right help.",
    ),
    _template(
        NO_ANSWER,
        "I don't have a reliable answer to this, so I'm connecting you with a support specialist.",
        "I don't have a reliable answer to this.",
    ),
    _template(
        STEP_FAILURE,
        "Something went wrong on my side, I'm sorry. I'm connecting you with a support specialist.",
        "Something went wrong on my side, I'm sorry.",
    ),
    _template(
        TOOL_FAILURE,
        "I couldn't finish that in our systems, I'm sorry. I'm connecting you with a support specialist.",
        "I couldn't finish that in our systems, I'm sorry.",
    ),
    _template(
        FLOW_ESCALATION,
        "Thank you for the details. A support specialist will take it from here.",
        "Thank you for the details.",
    ),
    GERMAN,
    FRENCH,
    SPANISH,
)

# Said in off hours where the templates of a language have no words for them.
OFF_HOURS_MESSAGES = {one.locale: one.body_off_hours for one in TEMPLATES if one.reason == ""}

# Said where no template is stored, or none can be read: a customer is never handed over in silence.
PLAIN_MESSAGE = (
    "I'm connecting you with a support specialist who can help with this. They'll have our whole "
    "conversation, so you won't need to repeat anything. The next available specialist will reply here as "
    "soon as possible."
)
