"""Spanish."""

from escalation.wordings.shape import Wording, words

PERSON = (
    r"(?:agentes?|especialistas?|personas?|human[oa]s?|compañer[oa]s?|asesor(?:a|es|as)?"
    r"|expert[oa]s?|equipos?|alguien"
    r"|técnic[oa]s?|ejecutiv[oa]s?|colegas?)\b"
)
BRINGS = (
    r"(?:pongo en contacto|poner en contacto|transf(?:er|ir|ier)\w*|pas[oaé]\w*|deriv\w*|conect\w*"
    r"|compart\w*|envi\w*|asign\w*)"
)
DOES = (
    r"(?:se har[áa] cargo|se encarg\w*|contin[uú]\w*|respond\w*|contest\w*|escrib\w*|atend\w*"
    r"|ayud\w*|revis\w*|contact\w*"
    r"|seguir\w*|llam\w*|retom\w*)"
)
WORDING = Wording(
    reassurance=words(
        r"(?:toda|completa) (?:la|nuestra|esta) (?:conversación|charla|información)|conversación completa",
        r"todos? (?:tus|sus|los) datos|todo lo que (?:hemos|has|ha)\b",
        r"(?:no|nada|sin)\b[^.!?]{0,30}\b(?:repetir|explicar\w*|empezar)\b",
        r"lament\w+|siento\b|disculp\w+|perdón|perdone|entiendo|entendemos|comprend\w+"
        r"|no (?:te preocupes|se preocupe)|tranquil[oa]s?|no hay problema|sin problema",
        r"en buenas manos|vamos a (?:solucionar|resolver|ayudar)\w*|puede ayudar\w*"
        r"|gracias por (?:tu|su|la|tus|sus)\b",
    ),
    takeover=words(
        rf"{BRINGS}\b[^.!?\n]{{0,60}}?(?<!\w){PERSON}",
        rf"{PERSON}[^.!?:;\n]{{0,50}}?(?<!\w){DOES}",
    ),
    wait=words(
        r"\{wait_minutes\}",
        r"tiempo de espera|espera (?:aproximada|estimada|media)|minutos?\b|horas?\b|en breve"
        r"|lo antes posible|pronto\b|hoy\b"
        r"|mañana\b|en un momento",
        r"(?:siguiente|próxim[oa]) [^.!?]{0,20}\bdisponible|días? (?:hábil|laborable)\w*",
    ),
    minutes=r"minutos?|min\b\.?",
    hours="{n} horas",
    today="hoy a las {time} (hora de {city})",
    within_a_week="el {day} a las {time} (hora de {city})",
    later="el {day}, {date}, a las {time} (hora de {city})",
    days=("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
    months=(
        *("enero", "febrero", "marzo", "abril", "mayo", "junio"),
        *("julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"),
    ),
    date="{day} de {month}",
    asks_for_email="Si quiere la respuesta por correo, escriba aquí su dirección.",
    email_noted="Gracias, hemos anotado {email} y también le escribiremos allí.",
)
