"""The words by which agents say how a ticket ended. Data for tickets.outcomes; every pattern is bounded.

Phrases are those of support teams in general, not of one product; a team whose agents write otherwise sees
more "unclassified", not wrong values.
"""

from __future__ import annotations

import re


def _any(*alternatives: str) -> re.Pattern[str]:
    return re.compile(r"\b(?:" + "|".join(alternatives) + r")", re.IGNORECASE)


WE = r"(?:i|we|our team|the team|support)(?:'ve| have| had)?(?: now| just| also| already| gone ahead and)?"
DONE = (
    r"(?:refunded|credited|reset|unlocked|re-?enabled|enabled|disabled|removed|deleted|cancell?ed|updated|changed|"
    r"corrected|fixed|extended|restored|reissued|re-?sent|resent|sent you a (?:new|fresh)|applied|processed|issued|"
    r"merged|moved|switched|added|activated|deactivated|upgraded|downgraded|adjusted|reversed|cleared|re-?ran|"
    r"triggered|generated|set|put|restarted|re-?issued|verified|attached|corrected|transferred|lifted|released|reopened|regenerated|exempted|set up|turned (?:on|off))"
)
TEAM = r"(?:team|department|dept|colleagues?|specialists?|people|folks)"

ENGINEERING = _any(
    rf"(?:our|the) (?:engineers?|engineering|developers?|dev(?:elopment)? {TEAM}|product engineers)",
    r"(?:with|to|from|by|for) (?:engineering|eng|dev|the devs|developers|r&d)\b",
    r"(?:filed|logged|raised|opened|created|reported) (?:a |this |it )?(?:as )?(?:a |an )?(?:bug|defect|engineering (?:ticket|issue))",
    r"known (?:bug|issue|defect)",
    r"(?:fault|bug|mistake|error|problem) on our side|regression|(?:is|was) (?:indeed )?a bug\b",
    r"(?:fix|change|patch|index|update|release) (?:went|goes|will go) live",
    r"(?:hot-?fix|bug ?fix|fix|patch) (?:is |was |has been |will be |went )?(?:live|deployed|released|shipped|out|rolled out|in the next)",
    r"incident (?:is |was |has been )?(?:declared|resolved|open)",
)
ENGINEERING_TEAM = re.compile(r"\b(?:engineering|developers?|dev ops|devops|r&d|tier ?3|l3)\b", re.IGNORECASE)
SPECIALIST = _any(
    rf"(?:our|the) (?:finance|billing|accounts|accounting|legal|security|compliance|privacy|sales|success|account management|contracts?|tax|data protection|risk|fraud) {TEAM}",
    r"(?:with|to|from|by) (?:finance|legal|security|compliance|accounting|our dpo|the dpo|sales|the account manager|your account manager)\b",
    r"data protection officer|account executive",
    r"(?:finance|legal|security|compliance|management|manager) (?:approved|declined|decided|signed off|confirmed|rejected|reviewed)",
)
ACTION = _any(
    rf"{WE} {DONE}",
    rf"(?:has|have) (?:now |just )?been (?:successfully )?{DONE}",
    r"(?:is|are) (?:now )?(?:refunded|credited|unlocked|cancell?ed|restored|active again|re-?enabled)",
    r"(?:go(?:es)?|went|is going) back to (?:your|the) (?:original )?(?:card|account|bank)",
    r"refund (?:is on its way|was issued|has been issued|will (?:arrive|show|appear))",
    r"(?:closed with )?(?:non-?)?monetary relief",
    r"done on (?:our|my) (?:side|end)",
    rf"^{DONE} (?:the|your|cx|acct|account|seat|pw)",
)
INFORMATION = _any(
    r"(?:you can|you could|you will need to|you'll need to|you need to|please (?:try|go|open|click|check|follow|use|make sure|see|have a look)|just (?:go|open|click))",
    r"(?:go to|head to|navigate to|click|open|select|under) (?:on )?(?:the |your |my )?[\w ]{0,30}(?:settings|page|menu|tab|button|profile|billing|people|security|reports?|export|import|workspace|account)",
    r"(?:here(?:'s| is| are)) (?:how|the (?:steps|article|guide|link)|what|our|an? )",
    r"(?:help|support|knowledge) ?(?:cent(?:er|re)|base)? ?article|/help/|/articles/|/hc/|docs?\.",
    r"(?:this|that|it) (?:article|guide|page) (?:explains|shows|describes|walks|covers)",
    r"(?:closed with )?explanation",
    r"(?:steps?|instructions) (?:below|above|are|to)",
    r"the reason (?:is|was|for)|this (?:is|happens) because|by design|is expected|works like this",
    r"(?:is|are) not (?:available|supported|possible|included)|isn't (?:available|supported|possible)|is (?:included|available|only available) (?:in|on|with|from)",
)
SELF_SOLVED = _any(
    r"never ?mind",
    r"(?:found|fixed) it\b",
    r"(?:i|we) (?:just |have |'ve )?(?:figured|worked|sorted|got) (?:it|this|that) (?:out|working|sorted)",
    r"(?:found|solved|fixed) (?:it|this|the (?:problem|issue|setting|button|cause)) (?:myself|ourselves|on my own|already|in the end)?",
    r"(?:it|that|this) (?:works|is working|resolved itself|went away|started working|seems to work) (?:again |now|by itself|on its own)",
    r"no longer (?:need|an issue|needed|a problem)|my (?:mistake|bad|own fault)",
)
ESCALATED = _any(
    r"escalat(?:ed|ing) (?:this|it|you|your|the|to|internally|with)",
    r"(?:have|has|had|'ve|been|was|is) escalated",
    r"(?:tier|level|l) ?[23] (?:will|is|are|team|support|has|have)",
    r"(?:passed|passing|handed|handing|moved|moving|forwarded) (?:this|it|you|your \w+) (?:on |over |up )?to (?:a |our |the )?(?:senior|tier|level|l[23]|manager|supervisor|lead|escalation)",
)
ESCALATED_TAG = re.compile(r"^(?:escalat\w*|tier[-_ ]?[23]|l[23]|level[-_ ]?[23])$", re.IGNORECASE)
JUDGEMENT = _any(
    r"case[ -]by[ -]case",
    r"(?:at|in) (?:our|my) discretion|judge?ment call",
    r"(?:check|checked|discuss(?:ed)?|review(?:ed)?|talk(?:ed)?|run (?:it|this) (?:by|past)) (?:\w+ ){0,3}(?:with |by )?my (?:manager|lead|supervisor|team lead)",
    r"(?:manager|lead|supervisor|management) (?:has |will |needs to |must |had to )?(?:approv|decid|review|sign|look)\w*",
    r"(?:under|needs?|requires?|pending) (?:a )?(?:manual |further |internal )?(?:investigation|review by|assessment)",
    r"(?:have|had) to (?:decide|weigh|judge)|made (?:a|the) decision|decided to",
    r"looked at (?:the|your) (?:whole )?(?:history|circumstances|situation)",
)
POLICY_EXCEPTION = _any(
    r"(?:one[- ]time |as an |an |make an |made an |goodwill )exception",
    r"goodwill|as a (?:one[- ]time )?courtesy|as a gesture",
    r"waiv(?:e|ed|ing)",
    r"(?:outside|beyond|past|after) (?:of )?(?:our|the) (?:policy|refund (?:window|period|policy)|\d+[- ]day (?:window|period)|deadline|terms)",
    r"(?:normally|usually|ordinarily) (?:we )?(?:don't|do not|can't|cannot|wouldn't|would not|not)",
    r"(?:bend|against|not in line with) (?:the |our )(?:rules?|policy)",
)
SYSTEM = _any(
    r"(?:stripe|salesforce|hubspot|netsuite|quickbooks|xero|sap|zuora|chargebee|paypal|braintree|adyen|marketo|"
    r"linear|jira|github|sentry|datadog|kibana|grafana|pagerduty|segment|snowflake|looker|intercom|zendesk|"
    r"okta|auth0|azure ad|entra|aws|s3|cloudwatch|twilio|sendgrid|mailgun|postmark|slack|zapier)\b",
    r"(?:admin panel|admin tool|back ?office|billing system|billing tool|crm|erp|data warehouse|audit log|access logs?|"
    r"server logs?|mail logs?|payment (?:provider|processor|gateway)|identity provider|status page|feature flags?)\b",
)
