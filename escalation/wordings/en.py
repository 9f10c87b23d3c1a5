"""English."""

from escalation.wordings.shape import Wording, words

# Who takes over. "AI agent" and "agent software" are nobody.
PERSON = (
    r"(?:(?<!ai )(?<!virtual )(?<!automated )agents?\b(?! (?:software|desktop|app))|specialists?|persons?|people"
    r"|humans?|colleagues?|team(?: ?mates?)?|crew|experts?|someone|somebody|one of us|representatives?"
    r"|advis[oe]rs?|engineers?|managers?|reps?)\b"
)
NOBODY = r"(?!no\b|nobody\b)"
DOES = (
    r"(?:will (?!not\b|never\b)|'ll |can |is |are |has |have )?(?:going to |be |personally |now |already |usually |normally )*"
    r"(?:tak(?:e|es|ing)|pick(?:s|ing)?|continu(?:e|es|ing)|join(?:s|ing)?|step(?:s|ping)? in|jump(?:s|ing)? in|help(?:s|ing)?"
    r"|assist(?:s|ing)?|repl(?:y|ies|ying)|answer(?:s|ing)?|respond(?:s|ing)?|look(?:s|ing)?|handl(?:e|es|ing)|review(?:s|ing)?"
    r"|messag(?:e|es|ing)|contact(?:s|ing)?|writ(?:e|es|ing)|with you|in touch|get(?:s|ting)? back)\b"
)
BRINGS = (
    r"(?:connect|pass|hand|transferr?|bring|rout|forward|put|loop|escalat|assign|refer|flag|speak|talk|get|find|ask|send|sent"
    r"|shar|join)(?:e|es|ed|ing|s|ting)?"
)
WORDING = Wording(
    reassurance=words(
        r"(?:full|whole|entire|all (?:of )?the|all your) (?:context|conversation|exchange|chat|thread|transcript|picture|details"
        r"|information|story|history)\b",
        r"(?:everything|all) (?:you|we|above)\b(?: ?(?:'ve|have|told|wrote|gave|said|shared|discussed|talked))?",
        r"(?:all|everything) (?:the )?(?:details|information|context)\b",
        r"(?:won't|don't|do not|will not|not|no|nothing|without|never|save you from)\b[^.!?]{0,30}\b(?:repeat\w*|explain"
        r"|again|twice|worry|start over|re-?enter|lost)\b",
        r"no need to (?:repeat|explain|start)\b",
        r"(?:can|will|happy to|here to|who can) (?:help|fix|sort|solve)\b",
        r"look after|take (?:good )?care of|take(?:s)? (?:this|it) seriously|(?:in|the) (?:good|capable|safe) hands",
        r"sorry\b|apologi[sz]e|i understand\b|we understand\b|understand (?:how|that|your)\b|i hear you|i know this",
        r"rest assured|don't worry|no worries|got you covered|we're on it|thank(?:s| you) for your patience",
        r"have what (?:they|you) need|ha(?:ve|s) (?:your|the) (?:details|notes|full|whole|order)\b",
        r"(?:can )?(?:see|read|know|knows) (?:our|the|this|everything|what|all)\b",
        r"(?:get|gets|getting) (?:this|it|that) (?:solved|sorted|fixed|right|resolved)|be (?:solved|sorted|fixed|right)\b",
        r"make sure (?:it's|it is|this is|you get)\b|some human help|(?:your|our) (?:message history|chat|conversation) (?:is|in front)",
        r"in front of them",
    ),
    takeover=words(
        rf"{BRINGS}\b[^.!?\n]{{0,60}}?\b{PERSON}",
        rf"{PERSON}[^.!?\n]{{0,50}}?(?<!\w)(?<!')(?:{DOES})",
        rf"(?:with|to) (?:our|a|one of our) (?:[\w-]+ ){{0,3}}?{PERSON}",
        rf"{PERSON} can\b",
    ),
    wait=words(
        r"\{wait_minutes\}",
        r"wait(?:ing)?[ -]times?\b|(?:the |current |average |estimated |expected )wait\b|minutes?\b|hours?\b|within the hour",
        r"as soon as\b|(?:the )?next (?:free|available|in (?:the )?(?:line|queue))",
        r"shortly\b|soon\b|in a moment\b|in order\b|business days?\b|(?:same|end of the) day\b|today\b|tomorrow\b|queue\b",
    ),
    minutes=r"minutes?|mins?\b\.?",
    hours="{n} hours",
    today="today at {time} ({city} time)",
    within_a_week="on {day} at {time} ({city} time)",
    later="on {day}, {date} at {time} ({city} time)",
    days=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    months=(
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
    asks_for_email="If you would like the answer by e-mail, just write your address here.",
    email_noted="Thank you, we have noted {email} and will also write to you there.",
)
