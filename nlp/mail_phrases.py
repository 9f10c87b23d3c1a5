"""The phrases of mail in common languages: greetings, closings, devices, disclaimers, quote headings.

Patterns only, every one bounded; ``nlp.mail_quotes`` and ``nlp.mail_parts`` decide what a match means.
"""

from __future__ import annotations

import re

LETTER = r"[^\W\d_]"
CAPITAL = r"[^\W\d_a-zß-öø-ÿ]"  # any letter that is not a small Latin one
PARTICLE = rf"(?:van|von|de|der|den|la|le|di|da|dos|bin|al|el|zu)(?=(?: [a-z]{{1,3}})?\s{CAPITAL})"
NAME = rf"(?:{CAPITAL}[\w'’.-]{{0,30}}|{PARTICLE})"
NAMES = rf"{NAME}(?: {NAME}){{0,4}}"

# Quotes -------------------------------------------------------------------------------------------------

REPLY_ABOVE = re.compile(
    r"^\W{0,8}(?:please )?(?:(?:type|write|enter|send) your reply|reply|your reply) above this line\b.{0,80}$"
    r"|^\W{0,8}bitte (?:antworten sie|geben sie ihre antwort) .{0,20}(?:ober|über).{0,20}(?:linie|"
    r"zeile).{0,40}$"
    r"|^\W{0,8}(?:veuillez )?(?:répondre|répondez|"
    r"saisir votre réponse) .{0,10}au-dessus de cette ligne.{0,40}$"
    r"|^\W{0,8}(?:por favor,? )?(?:escriba|responda|introduzca).{0,30}(?:encima|"
    r"arriba) de esta línea.{0,40}$",
    re.IGNORECASE,
)
ORIGINAL_MESSAGE = re.compile(
    r"^[-_=* ]{2,40}(?:original (?:message|e-?mail|appointment)|forwarded (?:message|by .{1,80})|"
    r"ursprüngliche (?:nachricht|e-?mail)|original-?nachricht|weitergeleitete nachricht|"
    r"message d'origine|message d’origine|message original|message transféré|courriel original|"
    r"mensaje original|mensaje reenviado|messaggio originale|messaggio inoltrato|mensagem original|"
    r"mensagem encaminhada|oorspronkelijk bericht|doorgestuurd bericht|ursprungligt meddelande|"
    r"oprindelig meddelelse|opprinnelig melding|wiadomość oryginalna|пересылаемое сообщение|"
    r"исходное сообщение|原始邮件|元のメッセージ)[-_=* ]{0,40}$"
    r"|^(?:begin forwarded message|anfang der weitergeleiteten nachricht|début du message réexpédié|"
    r"inicio del mensaje reenviado|inizio messaggio inoltrato) ?:$",
    re.IGNORECASE,
)
HEADERS = {
    "from": "from|von|de|da|van|från|fra|od|от|lähettäjä|kimden|发件人|差出人",
    "date": "sent|date|gesendet|datum|envoyé|enviado(?: el)?|fecha|data|inviato|enviada(?: em)?|verzonden|"
    "skickat|sendt|dato|wysłano|дата|отправлено|发送时间|送信日時",
    "to": "to|an|à|para|a|pour|aan|till|til|do|кому|收件人|宛先",
    "cc": "cc|kopie|copie|kopia|kopi|копия|抄送",
    "subject": "subject|betreff|objet|asunto|oggetto|assunto|onderwerp|ämne|emne|temat|тема|主题|件名",
    "reply": "reply-to|importance|priority|attachments",
}
HEADER = re.compile(
    r"^\*?(?:" + "|".join(f"(?P<{name}>{words})" for name, words in HEADERS.items()) + r") ?[:：]\*?(?: |$)",
    re.IGNORECASE,
)
RULE = re.compile(r"^[_=*─-]{8,200}$")
ATTRIBUTION_START = re.compile(
    r"^(?:on|am|le|el|il|em|op|den|på|w dniu|dnia|dne|в|于|在|at|\S{1,30},? \d|\d{1,4}[-./年]|"
    rf"[\"'“*]?{CAPITAL}|[\w.+-]{{1,64}}@|\[email\])",
    re.IGNORECASE,
)
ATTRIBUTION_END = re.compile(
    r"(?:\bwrote|\bsaid|\bschrieb(?:en)?(?: .{1,120})?|\ba écrit|\bescribió|\bha scritto|\bescreveu|"
    r"\bschreef(?: .{1,120})?|\bskrev(?: .{1,120})?|\bnapisał(?:a|\(a\))?|\bpisze|\bkirjoitti(?: .{1,120})?|"
    r"\bnapsala?|\bnapsal\(a\)|\bнаписала?|\bнаписал\(а\)|\bписала?|\bпише|\byazdı|\bezt írta|写道|"
    r"\bwrote on .{1,60}|(?:<[^<>\s]{3,100}>|\[email\]>?)) ?[:：]$",
    re.IGNORECASE,
)
TIMED = re.compile(r"\d{1,2}[:.h]\d{2}|\b(?:19|20)\d{2}\b|@|\[email\]|<[^<>]{3,100}>|\d年")

# Signatures ----------------------------------------------------------------------------------------------

DEVICE = re.compile(
    r"(?:sent (?:from|via|with|using) (?:my |the )?(?:\S{1,20} ){0,3}?(?:i-?phone|i-?pad|i-?pod|android|"
    r"samsung|galaxy|"
    r"blackberry|huawei|pixel|xiaomi|motorola|nokia|mobile|phone|smartphone|tablet|device|outlook|yahoo mail|"
    r"proton ?mail|mail for windows|gmail|hotmail|mailbird|spark|superhuman|airmail|aol|gmx|web\.de|"
    r"zoho mail|handheld)\b.{0,60}"
    r"|get outlook for .{1,40}|download outlook for .{1,40}|outlook für .{1,20} beziehen|"
    r"obtenez outlook pour .{1,20}|obtener outlook para .{1,20}"
    r"|(?:diese nachricht wurde )?von meinem .{1,40} gesendet|gesendet (?:von|mit|über) .{1,60}"
    r"|envoyé (?:de|depuis|à partir de) (?:mon|ma|l['’]) ?.{1,50}|envoyé depuis .{1,40}"
    r"|enviado (?:desde|do|de|a partir do) (?:mi|meu|el|o)? ?.{1,50}|inviato da(?:l mio)? .{1,40}"
    r"|verstuurd (?:vanaf|met) (?:mijn )?.{1,40}|verzonden (?:vanaf|met) .{1,40}|skickat från min .{1,40}"
    r"|sendt fra min .{1,40}|lähetetty .{1,40}|wysłane z .{1,40}|отправлено (?:с|из) .{1,40}"
    r"|发自我的 ?.{1,30}|iphoneから送信)[.!]?",
    re.IGNORECASE,
)
DASHES = re.compile(r"(?:--|—|–)")
DISCLAIMER = re.compile(
    r"(?:confidentiality (?:notice|note|statement)|(?:legal |e-?mail )?disclaimer ?:|important notice ?:)"
    r"|(?:the (?:information|contents?) (?:contained )?(?:in|of) )?this (?:e-?mail|message|communication|"
    r"transmission|correspondence)\b.{0,300}?\b(?:confidential|privileged|intended (?:only|solely|for|"
    r"recipient)|"
    r"scanned|legally protected|virus)"
    r"|.{0,200}?\b(?:if you (?:are|have) (?:not the (?:intended|named)|received this (?:e-?mail|message|"
    r"communication) (?:in error|by mistake))|not the intended recipient)"
    r"|(?:please )?(?:consider|think of) the environment before|think before you print|save a tree\b"
    r"|any views? or opinions?\b.{0,60}\b(?:solely|author|those of)|virus-free\b"
    r"|(?:registered (?:in|office)|company (?:number|registration))\b.{0,200}\b(?:no\.?|number|office|"
    r"england)"
    r"|this (?:e-?mail|message) (?:is a service|was sent|has been (?:sent|scanned))\b"
    r"|(?:diese|die in dieser) (?:e-?mail|nachricht)\b.{0,200}\b(?:vertraulich|bestimmt)"
    r"|(?:sitz der gesellschaft|geschäftsführer|amtsgericht|registergericht)\b ?.{0,3}:.{1,200}"
    r"|ce (?:message|courriel|mail)\b.{0,200}\b(?:confidentiel|destinataire)"
    r"|este (?:mensaje|correo)\b.{0,200}\b(?:confidencial|destinatario)"
    r"|(?:questo messaggio|la presente e-?mail)\b.{0,200}\b(?:riservat|confidenzial)"
    r"|esta mensagem\b.{0,200}\bconfidencia|dit bericht\b.{0,200}\bvertrouwelijk",
    re.IGNORECASE,
)
CONTACT = re.compile(
    r"\[(?:email|phone)\]|\S@\S|https?://|\bwww\.|(?:\+|\(|\b0)\d[\d ().\u00a0/-]{6,20}\d|"
    r"\b(?:tel|phone|mobile|cell|fax|office|direct|mob|tél|m|t|p) ?[.:]",
    re.IGNORECASE,
)
SENTENCE = re.compile(  # words of somebody who says or asks something
    r"[?!]$|\b(?:i|i['’]m|i['’]ve|we|you|my|me|(?-i:[Ii]t)|this|that|please|pls|can|could|will|would|is|"
    r"are|was|were|"
    r"not|don['’]t|doesn['’]t|can['’]t|but|because|when|if|still|get|got|have|has|need|want|"
    r"ich|wir|sie|mein|meine|bitte|nicht|ist|aber|wenn|je|j['’]ai|nous|vous|mon|ma|est|pas|mais|"
    r"yo|mi|es|pero|cuando|por favor|no puedo|he|ho|non|não|eu)\b",
    re.IGNORECASE,
)
POSTSCRIPT = re.compile(r"p\.? ?s\.?(?: |:|-)", re.IGNORECASE)

# Greetings and closings ----------------------------------------------------------------------------------

TO_WHOM = (
    r"(?:there|team|all|every(?:one|body)|folks|guys|friends?|support|customer (?:service|support|care)|"
    r"sirs?|madam|ma['’]am|mr|mrs|ms|mx|dr|or|and|to|the|whom it may concern|again|"
    r"damen|herren|herr|frau|zusammen|leute|und|liebes|à tous|tous|toutes?|et|madame|monsieur|mesdames|"
    r"messieurs|"
    r"l['’]équipe|équipe|a todos|todos|equipo|señor(?:es|a|as)?|señores|y|tutti|ragazzi|a tutti|pessoal|e|"
    r"allemaal|heer|mevrouw)"
)
ADDRESSEE = rf"(?:(?i:{TO_WHOM})\.?(?![\w'’])|{NAME})"
OPENING = (
    r"(?:hi|hello|hey|hiya|heya|howdy|greetings|good (?:morning|afternoon|evening|day)|dear|"
    r"to whom it may concern|"
    r"hallo|hi|guten (?:tag|morgen|abend)|moin(?: moin)?|servus|grüß (?:gott|dich|euch)|grüezi|"
    r"sehr geehrte[rs]?|"
    r"bonjour|bonsoir|salut|coucou|hola|buen(?:os)? (?:días?|dias?)|buenas(?: (?:tardes|noches))?|"
    r"estimad[oa]s?|ciao|salve|buongiorno|buonasera|gentil[ei]|olá|oi|bom dia|boa (?:tarde|noite)|"
    r"prezad[oa]s?|"
    r"goede(?:morgen|middag|navond|ndag)|geachte|hej|hei|god (?:morgon|dag)|cześć|dzień dobry|"
    r"szanowni państwo|"
    r"привет|здравствуйте|добрый (?:день|вечер)|merhaba|您好|你好|こんにちは)"
)
STARTER = (
    r"(?:i|i['’](?:m|ve|d|ll)|we|we['’](?:re|ve)|my|our|can|could|please|pls|how|why|what|when|where|"
    r"there|ich|wir|mein|meine|je|j['’]ai|mon|ma|tengo|necesito|no puedo)\b"
)
GREETING = re.compile(
    rf"(?i:{OPENING})(?:"
    rf"(?:[ ,]{{0,2}}{ADDRESSEE}(?:,? {ADDRESSEE}){{0,6}})?\s?(?:[,!.:;。！，–—-]{{1,4}}(?:\s+|$)|$)"
    rf"|(?<![^\W\d_])\s"
    rf"|[ ,]{{1,2}}(?i:there|team|all|everyone|everybody|guys|folks)\s+(?=(?i:{STARTER}))"
    rf"|\s+(?=(?i:{STARTER})))"
)
GREETING_LINE = re.compile(  # words that begin other sentences too: only a line of their own is a greeting
    rf"(?:(?i:liebe[rs]?|beste|cher|chère|chers|chères|querid[oa]s?|car[oai]|madame|monsieur)"
    rf"(?:,? {ADDRESSEE}){{0,5}} ?[,:!]|(?i:{OPENING}) {LETTER}{{2,20}} ?[,:!]|"
    rf"{NAME}(?: {NAME})?(?i: (?:support )?team),)$"
)
PLEASANTRY = re.compile(
    r"(?:i |we )?(?:hope|trust) (?:(?:that )?(?:this|my) (?:e-?mail|message|note|letter) finds you|"
    r"(?:that )?you(?:['’]re| are)|"
    r"(?:that )?(?:all|everything) is|you (?:had|have|are having))[\w ]{0,40}[.!,]{1,3}(?:\s+|$)"
    r"|how are you(?: doing)?(?: today)? ?[?!.]{1,3}(?:\s+|$)"
    r"|ich hoffe,? (?:dass )?es geht (?:ihnen|euch|dir) gut[.!]{1,2}(?:\s+|$)"
    r"|j['’]espère que vous allez bien[.!]{1,2}(?:\s+|$)|espero que (?:est[ée]n?|"
    r"se encuentren?) bien[.!]{1,2}(?:\s+|$)",
    re.IGNORECASE,
)
FOR_HELP = (
    r"(?: for (?:(?:your|the|any|all|all the|all your|all of your) )?(?:(?:kind|prompt|quick|fast|great|"
    r"continued|"
    r"excellent|valuable) ){0,2}(?:help|support|assistance|time|attention|understanding|patience|reply|"
    r"response|answer|consideration|cooperation|service)(?: (?:and|&) (?:(?:your|prompt|quick) )?\w{3,15})?"
    r"(?: (?:in|with|on) (?:this|that|advance|the matter|this matter))?)"
)
GRATITUDE = (
    r"(?:(?:many |much |big |a million )?thanks?(?: you| u)?|thanx|thx|tysm|tyvm|tks|ty|tia|cheers|ta|"
    r"much appreciated|"
    r"(?:i |we )?(?:really |greatly |would )?appreciate (?:it|your (?:help|time|support)|any help)|"
    r"(?:herzlichen |vielen |besten |lieben |schönen )?dank(?:e)?(?: (?:schön|sehr|dir|ihnen|euch))?|"
    r"merci(?: (?:beaucoup|bien|infiniment))?|(?:muchas |muchísimas |mil )?gracias|"
    r"(?:molte |mille |tante )?grazie(?: mille)?|(?:muito )?obrigad[oa]|(?:hartelijk |alvast )?(?:be)?dankt?|"
    r"tack(?: så mycket)?|(?:mange )?tak(?:k)?|dziękuję|спасибо|谢谢|ありがとうございます)"
    r"(?:,? (?:you )?(?:so much|very much|a lot|a bunch|a ton|a million|again|in advance|in anticipation|"
    r"all|team|"
    r"im voraus|vorab|schon mal|für (?:ihre|eure|die|deine) (?:hilfe|unterstützung|mühe|antwort)|"
    r"d['’]avance|par avance|pour votre (?:aide|réponse|retour)|de antemano|por (?:su|la|vuestra) (?:ayuda|"
    r"atención)|"
    r"anticipatamente|in anticipo|desde já|pela ajuda|alvast|op voorhand|på förhand)){0,3}"
    rf"{FOR_HELP}?(?: in advance)?"
)
REGARDS = (
    r"(?:(?:with )?(?:my )?(?:(?:very )?(?:best|kind|kindest|warm|warmest|many|friendly) )?(?:regards|"
    r"wishes)|all the best|"
    r"all best|best|regards|rgds|brgds|br|kr|(?:yours )?(?:sincerely|faithfully|truly)(?: yours)?|yours|"
    r"take care|have a (?:nice|great|good|lovely|wonderful) (?:day|week|weekend|one|evening|afternoon)|"
    r"(?:i(?:['’]m| am) |we(?:['’]re| are) )?look(?:ing)? forward to (?:hearing from you|your (?:reply|"
    r"response|answer|help))"
    r"(?: soon)?|"
    r"(?:mit )?(?:freundlich(?:e|en|em)|viele(?:n)?|beste(?:n)?|lieb(?:e|en)|schöne(?:n)?|"
    r"herzliche(?:n)?) (?:grüße(?:n)?|"
    r"grüsse(?:n)?|gruß|gruss)(?: aus \w{2,20})?|mfg|lg|vg|gruß|gruss|hochachtungsvoll|"
    r"(?:bien |très )?cordialement|bien à vous|(?:meilleures |sincères )?salutations(?: distinguées)?|"
    r"bonne (?:journée|soirée)|(?:un |muchos |atentos |cordiales )?(?:saludos?)(?: cordiales?)?|atentamente|"
    r"(?:cordiali |distinti )?saluti|atenciosamente|att|abraços?|cumprimentos|(?:met )?(?:vriendelijke|"
    r"hartelijke) "
    r"groet(?:en)?|groet(?:en|jes)?|mvg|(?:med )?vänliga? hälsning(?:ar)?|(?:med )?venlig hilsen|"
    r"(?:med )?vennlig "
    r"hilsen|mvh|pozdrawiam|z poważaniem|с уважением|saygılarımla)"
)
CLOSING = re.compile(
    rf"(?i:{GRATITUDE}|{REGARDS})(?:(?: and| &|,|\.|!| -|;| und| et| y) (?i:{GRATITUDE}|{REGARDS})){{0,2}}"
    rf"(?:(?:,| -|–|—|!|\.)? ?{NAMES})?[ ,.!;:)🙂😊🙏👍-]{{0,6}}"
)
