"""English."""

from escalation.wordings.shape import Wording, words

# Who takes over. "AI agent" and "agent software" are nobody.
PERSON = (
    r"(?<!no )(?:(?<!ai )(?<!virtual )(?<!automated )agents?\b(?! (?:software|desktop|app))"
    r"|specialists?|persons?|people"
    r"|humans?|colleagues?|team(?: ?mates?)?|crew|experts?|someone|somebody|one of us|representatives?"
    r"|advis[oe]rs?|engineers?|supervisors?|managers?|reps?|operators?|technicians?|staff"
    r"|support (?:desk|staff)|\w+ from (?:our )?[\w-]+)\b"
)
DOES = (
    r"(?:will (?!not\b|never\b)|'ll |can |is |are |has |have )?(?:going to |be |personally |now "
    r"|already |usually |normally )*"
    r"(?:tak(?:e|es|ing)|pick(?:s|ing)?|continu(?:e|es|ing)|join(?:s|ing)?|step(?:s|ping)? in"
    r"|jump(?:s|ing)? in|help(?:s|ing)?"
    r"|assist(?:s|ing)?|repl(?:y|ies|ying)|answer(?:s|ing)?|respond(?:s|ing)?|look(?:s|ing)?"
    r"|handl(?:e|es|ing)|review(?:s|ing)?"
    r"|messag(?:e|es|ing)|call(?:s|ing)?|be here|chat(?:s|ting)?|follow(?:s|ing)? up|reach(?:es"
    r"|ing)? out|contact(?:s|ing)?|writ(?:e|es|ing)|be assigned|check(?:s|ing)?|with you|in touch"
    r"|get(?:s|ting)? back)\b"
)
BRINGS = (
    r"(?:connect|pass|hand|transferr?|bring|rout|forward|put|loop|escalat|assign|refer|flag|speak"
    r"|talk|get|giv|let|find|ask|send|sent"
    r"|shar|join|notif|involv|ping|alert|invit|need|locat|hand(?:ed|ing)? off|pull)(?:e|es|ed|ing|s"
    r"|ting|y|ied|ying|ged|ging)?"
)
WORDING = Wording(
    reassurance=words(
        r"(?:full|whole|entire|all (?:of )?the|all your) (?:context|conversation|exchange|chat"
        r"|thread|transcript|picture|details"
        r"|information|story|history)\b",
        r"(?:everything|all) (?:you|we|above)\b(?: ?(?:'ve|have|told|wrote|gave|said|shared"
        r"|discussed|talked))?",
        r"(?:all|everything) (?:the )?(?:details|information|context)\b",
        r"(?:won't|don't|do not|will not|not|no|nothing|without|never|don't have to|needn't"
        r"|save you from)\b[^.!?]{0,30}\b(?:repeat\w*|explain"
        r"|again|twice|worry|start over|re-?enter|lost|else|anything)\b",
        r"no need to (?:repeat|explain|start)\b",
        r"(?:can|will|happy to|here to|who can) (?:help|fix|sort|solve)\b",
        r"look after|take (?:good )?care of|take(?:s)? (?:this|it) seriously|(?:in|the) (?:good"
        r"|capable|safe) hands",
        r"sorry\b|apolog\w+|waited long enough|i understand\b|we understand\b"
        r"|(?<!not )(?<!n't )understand (?:how|that|your)\b|(?:i|we) hear you|(?:i|we) know (?:this"
        r"|how|that)|you're not alone|no problem|bear with us|stay calm",
        r"rest assured|happy to help|glad to|safe with us|keep(?:s|ing)? your place|don't worry"
        r"|no worries|got you covered|we're on it|thank(?:s| you) for (?:your|being|bearing|the"
        r"|explaining|telling|sharing|letting)",
        r"have what (?:they|you) need|ha(?:ve|s) (?:your|the) (?:details|notes|full|whole|order)\b",
        r"(?:can )?(?:see|sees|read|reads|know|knows|has read|have read|'ve read) (?:our|your|the"
        r"|this|everything|what|all)\b",
        r"(?:get|gets|getting) (?:(?:this|it|that) )?(?:properly )?(?:solved|sorted|fixed|right"
        r"|resolved)|be (?:solved|sorted|fixed|right)\b",
        r"make sure (?:it's|it is|this is|you get)\b|(?:some|extra|more|right|best|human) help\b"
        r"|you did (?:everything|nothing)|not your fault|(?:all|see) your (?:earlier )?messages"
        r"|(?:your|our) (?:message history|chat|conversation) (?:is|in front)",
        r"in front of them|shared (?:with them )?(?:what|everything|all)\b",
        r"(?:shared|passed on|sent|forwarded) (?:them )?(?:our|the|your"
        r"|this) (?:whole )?(?:conversation|chat|thread|transcript)\b",
    ),
    takeover=words(
        rf"{BRINGS}\b[^.!?\n]{{0,60}}?\b{PERSON}",
        rf"{PERSON}[^.!?:;\n]{{0,50}}?(?<!\w)(?<!')(?:{DOES})",
        rf"(?:with|to) (?:our|a|one of our) (?:[\w-]+ ){{0,3}}?{PERSON}",
        rf"{PERSON} can\b",
    ),
    wait=words(
        r"\{wait_minutes\}",
        r"wait(?:ing)?[ -]times?\b|(?:the |exact |current |average |estimated |expected )wait\b|minutes?\b"
        r"|hours?\b|within the hour",
        r"as soon as\b|(?:the )?next (?:free|available|in (?:the )?(?:line|queue))",
        r"shortly\b|soon\b|in a moment\b|in order\b|business days?\b|(?:same|end of the) day\b"
        r"|today\b|tomorrow\b|queue\b",
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
    date="{day} {month}",
    asks_for_email="If you would like the answer by e-mail, just write your address here.",
    email_noted="Thank you, we have noted {email} and will also write to you there.",
)
