"""The shapes of personal data and secrets: addresses, keys, passwords, numbers and the words before them.

Patterns only, every one bounded; ``nlp.redaction`` decides which match is masked.
"""

from __future__ import annotations

import re

EMAIL = re.compile(
    r"(?<![\w.%+'-])[\w.%+'-]{1,64}(?:@|\s?[\[(]\s?at\s?[\])]\s?)"
    r"(?:[\w-]{1,63}(?:\.|\s?[\[(]\s?dot\s?[\])]\s?)){1,8}[^\W\d_]{2,24}(?![\w@])",
    re.IGNORECASE,
)
URL = re.compile(
    r"\b[a-z][a-z0-9+.-]{1,15}://[^\s<>\"']{1,2000}|(?<![\w/.])/[\w./-]{1,200}\?[^\s<>\"']{1,2000}",
    re.IGNORECASE,
)
URL_USER = re.compile(r"://([^/?#@\s]{1,200}:[^/?#@\s]{1,200})@")
URL_SECRET = re.compile(
    r"[?&#;](?:[\w.-]{0,30}(?:token|secret|passw(?:or)?d|signature|apikey|api_key|api-key|session|auth|jwt|"
    r"credential)[\w.-]{0,20}|key|sig|sid|code|otp|pwd)=([^&#;\s]{4,1500})",
    re.IGNORECASE,
)
URL_PATH_SECRET = re.compile(
    r"/(?:[\w-]{0,30}(?:reset|verif|invit|magic|confirm|activat|unsubscribe|share|login)[\w-]{0,30}|"
    r"services|hooks|"
    r"webhooks?/\d{5,25})"
    r"/((?:[\w~.=-]{1,60}/){0,3}[\w~.=-]{20,500})",
    re.IGNORECASE,
)
TOKEN = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"(?:sk|pk|rk)[_-](?:live|test|proj|ant|or|[a-z]{2,4})?[\w-]{16,250}"  # Stripe, OpenAI, Anthropic
    r"|(?:whsec_|gh[oprsu]_|github_pat_|glpat-|xox[abeoprs]-|xapp-|shp(?:at|ca|pa|ss)_|dop_v1_|lin_api_|"
    r"hf_|npm_"
    r"|pypi-|dckr_pat_|figd_|sq0[a-z]{3}-|ya29\.|key-|pat-|rzp_(?:live|test)_)[\w./+-]{12,300}"
    r"|(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16}(?![A-Za-z0-9])"
    r"|AIza[\w-]{30,45}"
    r"|SG\.[\w-]{16,40}\.[\w-]{16,80}"
    r"|eyJ[\w-]{8,2000}\.[\w-]{8,4000}\.[\w-]{0,1000}"
    r"|\d{8,10}:AA[\w-]{33}"  # Telegram bots
    r")"
)
PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^-]{0,10000}(?:-----END [A-Z ]{0,30}-----)?"
)
AUTHORIZATION = re.compile(
    r"\b(?:bearer|basic|api-key|authorization:\s?token)\s{1,3}([\w.~+/=-]{16,2000})", re.IGNORECASE
)
NAMED_SECRET = re.compile(
    r"\b(?:[a-z]{1,20}[_ -])?(?:api[_ -]?keys?|secret(?:[_ -]?(?:access[_ -]?)?key)?|access[_ -]?key|"
    r"(?:access|auth|refresh|bot|bearer|session)?[_ -]?token|(?:client|webhook|signing|consumer)[_ -]?secret|"
    r"(?:integration|routing|service|encryption|private|signing|storage|consumer|subscription|deploy|master|"
    r"project)[_ -]?key|licen[cs]e key|"
    r"clave (?:de )?api|clé (?:d['’])?api|api[- ]?schlüssel)"
    r"\b[\"'`]?(?:\s(?:in|on|for|from|of)(?:\s\w{1,20}){1,3}?)?(?:\s{0,3}(?:[:=]|->|\b(?:is|was|es|est|ist|"
    r"lautet)\b)){1,2}\s{0,3}[\"'`]?([\w.~+/=!@#$%^&*-]{8,500})",
    re.IGNORECASE,
)
PASSWORD = re.compile(
    r"\b(?:pass(?:word|wd|code|phrase|wort)?|pwd|pw|kennwort|contraseña|clave|senha|wachtwoord|"
    r"mot de passe|pin(?: code)?|otp|cvv2?|"
    r"cvc|(?:security|verification|one-time|2fa|sms|login|backup|recovery) code)\b[\"'`]?"
    r"((?:\s{0,3}(?:[:=]|->|=>|\bis\b|\bwas\b|\bto\b|\b(?:est|ist|es|lautet|é)\b)){1,2})\s{0,3}"
    r"([\"'`“«]?)([^\s\"'`”»,;<>]{3,128})",
    re.IGNORECASE,
)
SECRET_NEXT = re.compile(r"\b(?:token|key|secret)\s{1,3}[\"'`]?([\w.~+/=-]{16,500})", re.IGNORECASE)
HEXADECIMAL = re.compile(r"[0-9a-f]{16,128}", re.IGNORECASE)
PASSWORD_NEAR = re.compile(
    r"\b(?:password|passwort|contraseña|mot de passe)\b[^.:\n]{1,40}?\s"
    r"(?=\S{0,40}[a-z])(?=\S{0,40}\d)(?=\S{0,40}[!#$%^&*+=~])([\w!#$%^&*+=~@-]{6,64})(?![\w/])"
)
PASSWORD_NEXT = re.compile(  # no word between: only what cannot be a word counts
    r"\b(?:pass(?:word|wd|code|phrase|wort)?|pwd|pw|kennwort|contraseña|mot de passe)\s{1,3}(?:"
    r"([\"“«])([^\s\"“”«»]{4,64})[\"”»]|([^\s\"'`”»,;<>()]{6,64}))",
    re.IGNORECASE,
)
CODE_NEXT = re.compile(
    r"\b(?:pin(?: code)?|otp|cvv2?|cvc|(?:security|verification|one-time|2fa|sms|login|backup|recovery) code)"
    r"\s{1,3}(?=[\w-]{0,20}\d{3}|\d[\w-]{0,12}\d[\w-]{0,12}\d)([\w-]{3,24})(?![\w-])",
    re.IGNORECASE,
)
CODE_IS = re.compile(  # other codes are errors, coupons and places: only "the code is 123456" is a password
    r"\b(?:my|the|der|den|mein|le|mon|el|mi|sms)[ -](?:code|código|codigo)\s{0,3}(?:[:=]|\b(?:is|was|ist|"
    r"war|est|es)\b)"
    r"\s{0,3}(\d{4,8})(?![\w.-])|\b(?:sms|text) (?:said|says)\s{1,3}(\d{4,8})(?![\w.-])",
    re.IGNORECASE,
)
ANOTHER_CODE = re.compile(r"(?:,? (?:and|or|then|und|oder|et|ou|y|o)|,) (\d{3,8})(?![\w.-])", re.IGNORECASE)
LOGIN_PAIR = re.compile(
    r"\b(?:log-?in|user(?:name)?|credentials|access|zugang)\s{0,2}[:=]\s{0,2}[^\s/|,;]{2,64} ?[/|] ?([^\s/|"
    r",;<>]{4,64})",
    re.IGNORECASE,
)
COOKIE = re.compile(
    r"\b(?:sid|session_?id|phpsessid|jsessionid|connect\.sid)=([^\s;,&\"'<>]{8,500})", re.IGNORECASE
)
LONG_RANDOM = re.compile(r"(?<![\w/+=.-])[A-Za-z0-9_+/=-]{32,512}(?![\w/+=-])")
DIGIT_GROUPS = re.compile(r"(?<![\w./-])\d{1,19}(?:[ .\u00a0\u202f-]\d{1,19}){0,400}(?![\w]|-\w)")
IBAN_START = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}", re.IGNORECASE)
IBAN = re.compile(
    r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[ \u00a0-]?[A-Z0-9]){11,30}(?![A-Za-z0-9])", re.IGNORECASE
)
CARD_PLAN = re.compile(  # issuer prefixes and lengths of ISO/IEC 7812 ranges in use
    r"4\d{15}(?:\d{3})?|5[1-5]\d{14}|2(?:2[2-9]|[3-6]\d|7[01]|720)\d{12,13}|3[47]\d{13}"
    r"|3(?:0[0-5]|[689]\d)\d{11}|35\d{14}|62\d{14,17}|(?:5[06-8]|6\d)\d{14}(?:\d{2,3})?"
)
MAX_CARD_GROUPS = 8
PHONE = re.compile(r"(?<![\w/.=#-])(?:\+|\(\+?)?\d(?:[ .()\u00a0\u202f/-]{0,2}\d){6,16}(?![\w/-]|[.,:]\d)")
PHONE_WORDS = re.compile(
    r"(?:\b(?:tele)?phone|\bmobile|\bcell|\btel|\bwhats ?app|\bfax|\bhandy|\bmy number|\b(?:call|ring|"
    r"reach|text|phone|contact) (?:me|us) (?:back )?(?:at|on)|\bcall(?:ing)?(?: me)?(?: at| on| from)?|"
    r"\bt[ée]l[ée]phone|\bportable|\btel[ée]fono|\bm[óo]vil|\bcelular|\btelefon(?:nummer)?|\b(?:ruf|"
    r"handy)nummer|"
    r"\btelefoon|\btelefone|\bll[áa]m[ae](?:me|nme) al|\bappelez-moi au|\b(?:phone|mobile|"
    r"cell)[\w ]{0,30} to)"
    r"(?: ?(?:number|no|nr|is|was|at|on|es|ist|est|:|\.|=|#|\()){0,4}\s{0,3}$",
    re.IGNORECASE,
)
PHONE_WORDS_AFTER = re.compile(
    r"\s{1,2}(?:is |was )?(?:still )?(?:my|your|his|her|our) (?:new |old |current |home |work )?"
    r"(?:phone|cell|mobile|number)\b",
    re.IGNORECASE,
)
EXTENSION = re.compile(r",? ?(?:ext(?:ension)?\.?|x|durchwahl|dw) ?\d{1,6}\b", re.IGNORECASE)
NORTH_AMERICAN = re.compile(r"(?:\+?1[ .-]?)?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[ .-])\d{3}[ .-]\d{4}")
DATE = re.compile(r"(?:\d{4}[ ./-]\d{1,2}[ ./-]\d{1,2}|\d{1,2}[ ./-]\d{1,2}[ ./-](?:19|20)?\d{2})\b")
DIGIT = re.compile(r"\d")
# What a text must have before the patterns above can match; tests hold each to its pattern.
SHORTEST_NAMED_SECRET, SHORTEST_TOKEN = 8, 16  # characters without white space
FEWEST_IBAN_DIGITS, FEWEST_CARD_DIGITS, FEWEST_PHONE_DIGITS = 2, 13, 7
SECRET_WORDS = ("key", "token", "secret", "api")
PASSWORD_WORDS = (
    *("pass", "pwd", "pw", "kennwort", "contrase", "clave", "senha", "wachtwoord"),  # nosec B105 - words
    *("pin", "otp", "cvv", "cvc", "code", "código", "codigo", "sms", "text sai", "text says"),
)
REGIONS = ("GB", "DE", "FR", "AU", "NL", "ES", "IT", "IE", "IN", "CH", "AT", "BE", "JP", "BR")
WORDS_AFTER_PASSWORD = frozenset(
    """
    reset resets resetting change changed changes changing not wrong incorrect invalid expired correct
    the and but for how why what when cannot can't doesn't won't required missing empty blank unknown
    lost forgotten weak strong protected never always still also too now please help being been set sent
    saved stored hidden visible case login log sign different same unlock recover make create access let
    enter have get see use work working keep
    """.split()  # noqa: SIM905 (a word list reads better)
)
