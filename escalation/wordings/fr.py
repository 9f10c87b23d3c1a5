"""French."""

from escalation.wordings.shape import Wording, words

PERSON = (
    r"(?:conseill(?:er|ers|ère|ères)|collègues?|spécialistes?|personnes?|humaine?s?|agents?"
    r"|experte?s?|équipes?"
    r"|quelqu'un|technicien(?:ne)?s?|interlocut(?:eur|rice))\b"
)
BRINGS = (
    r"(?:mets en relation|mettre en relation|transf[eèé]r\w*|transmi\w*|passe\w*|confi\w*|orient\w*"
    r"|dirig\w*|connect\w*)"
)
DOES = (
    r"(?:prend\w*|repren\w*|répond\w*|s'en occup\w*|s'occup\w*|aide\w*|contact\w*|écri\w*|revien\w*"
    r"|rappel\w*|appel\w*|continu\w*|va vous"
    r"|traite\w*|rejoin\w*)"
)
WORDING = Wording(
    reassurance=words(
        r"(?:toute|l'ensemble de|l'intégralité de) (?:notre|la|cette|votre) (?:conversation"
        r"|discussion|demande)",
        r"(?:toutes|l'ensemble de) (?:vos|les) (?:informations|détails)|voit l'historique"
        r"|historique (?:de|du)\b",
        r"(?:rien|pas|sans|inutile)\b[^.!?]{0,30}\b(?:répéter|réexpliquer|expliquer|recommencer)\b",
        r"désolée?s?\b|excus\w+|pardon|je comprends|nous comprenons|ne vous inquiétez pas"
        r"|pas d'inquiétude|pas de (?:souci|panique|problème)|on s'en occupe|nous nous en occupons"
        r"|rassure\w*",
        r"entre de bonnes mains|(?:pourra|peut|pour|va) vous aider|allons (?:régler|résoudre)"
        r"|merci (?:de|pour) (?:votre|ta|vos)\b",
    ),
    takeover=words(
        rf"{BRINGS}\b[^.!?\n]{{0,60}}?(?<!\w){PERSON}",
        r"transfert (?:vers|à) [^.!?\n]{0,20}?(?<!\w)" + PERSON,
        rf"{PERSON}[^.!?:;\n]{{0,50}}?(?<!\w){DOES}",
        rf"{PERSON}[^!?\n]{{0,80}}?(?<!\w)(?:ils?|elles?) (?:vous|te) {DOES}",
    ),
    wait=words(
        r"\{wait_minutes\}",
        r"temps d'attente|délai|minutes?\b|heures?\b|dès que possible|bientôt|rapidement|aujourd'hui"
        r"|demain|dans un instant",
        r"prochaine?s? (?:agent|conseill\w+|personne)[^.!?]{0,20}\bdisponible|jours? ouvr\w+",
    ),
    minutes=r"minutes?|min\b\.?",
    hours="{n} heures",
    today="aujourd'hui à {time} (heure de {city})",
    within_a_week="{day} à {time} (heure de {city})",
    later="{day} {date} à {time} (heure de {city})",
    days=("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    months=(
        *("janvier", "février", "mars", "avril", "mai", "juin"),
        *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
    ),
    date="{day} {month}",
    asks_for_email="Si vous souhaitez la réponse par e-mail, écrivez simplement votre adresse ici.",
    email_noted="Merci, nous avons noté {email} et vous y écrirons aussi.",
)
