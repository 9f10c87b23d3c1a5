"""Spanish."""

from escalation.wordings.shape import Wording, words

PERSON = (
    r"(?:agentes?|especialistas?|personas?|human[oa]s?|compañer[oa]s?|asesor(?:a|es|as)?|expert[oa]s?|equipos?|alguien"
    r"|técnic[oa]s?|ejecutiv[oa]s?|colegas?)\b"
)
BRINGS = (
    r"(?:pongo en contacto|poner en contacto|transf(?:er|ir|ier)\w*|pas[oaé]\w*|deriv\w*|conect\w*|compart\w*|envi\w*|asign\w*)"
)
DOES = (
    r"(?:se har[áa] cargo|se encarg\w*|contin[uú]\w*|respond\w*|contest\w*|escrib\w*|atend\w*|ayud\w*|revis\w*|contact\w*"
    r"|seguir\w*|retom\w*)"
)
WORDING = Wording(
    reassurance=words(
        r"(?:toda|completa) (?:la|nuestra|esta) (?:conversación|charla|información)|conversación completa",
        r"todos? (?:tus|sus|los) datos|todo lo que (?:hemos|has|ha)\b",
        r"(?:no|nada|sin)\b[^.!?]{0,30}\b(?:repetir|explicar\w*|empezar)\b",
        r"lament\w+|siento\b|disculp\w+|perdón|perdone|entiendo|entendemos|comprend\w+|no (?:te preocupes|se preocupe)",
        r"en buenas manos|vamos a (?:solucionar|resolver|ayudar)\w*|puede ayudar\w*|gracias por (?:tu|su) paciencia",
    ),
    takeover=words(
        rf"{BRINGS}\b[^.!?\n]{{0,60}}?(?<!\w){PERSON}",
        rf"{PERSON}[^.!?\n]{{0,50}}?(?<!\w){DOES}",
    ),
    wait=words(
        r"\{wait_minutes\}",
        r"tiempo de espera|espera (?:aproximada|estimada|media)|minutos?\b|horas?\b|en breve|lo antes posible|pronto\b|hoy\b"
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
    asks_for_email="Si quiere la respuesta por correo, escriba aquí su dirección.",
    email_noted="Gracias, hemos anotado {email} y también le escribiremos allí.",
)
