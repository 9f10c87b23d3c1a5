"""German."""

from escalation.wordings.shape import Wording, words

PERSON = (
    r"(?:mitarbeiter(?:in|innen|n)?|kolleg(?:e|en|in|innen)|mensch(?:en)?|person(?:en)?"
    r"|spezialist(?:en|in|innen)?"
    r"|expert(?:e|en|in|innen)|berater(?:in|innen|n)?|(?:[\w-]+-)?teams?|support-?team|jemand(?:em"
    r"|en)?|techniker(?:in)?"
    r"|kundendienst|kundenbetreu(?:er|ung)\w*)\b"
)
BRINGS = (
    r"(?:verbind|leite|weiterleit|weiterleitung|übergeb|übergab|übergib|weitergeb|geb|hol|vermittl|reich)\w*"
)
DOES = (
    r"(?:übernimm|übernehm|meld|antwort|kümmer|schau|schreib|hilf|helf|steig|beantwort|sieht|sehen|prüf"
    r"|ruf|bearbeit|kontaktier)\w*"
)
WORDING = Wording(
    reassurance=words(
        r"(?:ganze[ns]?|gesamte[ns]?|komplette[ns]?|vollständige[ns]?) (?:gespräch|chat|chatverlauf"
        r"|verlauf|unterhaltung|nachricht)\w*",
        r"(?:nichts|nicht|nicht alles|ohne)\b[^.!?]{0,30}\b(?:wiederhol|erklär|erzähl|schildern|doppelt)\w*",
        r"(?:alle|alles)\b[^.!?]{0,30}\b(?:angaben|informationen|details|geschrieben|besprochen"
        r"|vor(?:liegen)?)\b",
        r"leid\b|entschuld\w+|verzeih\w+|ich verstehe|wir verstehen|verständlich|keine sorge"
        r"|kein problem|(?:wir|ich) kümmern? (?:uns|mich)|keine angst|ganz in ruhe",
        r"in guten händen|nicht allein|kennt (?:ihre|deine|den|die|unser)\w*|gern(?:e)? weiter"
        r"|helfen ihnen|helfen dir|hilft ihnen|hilft dir|finden (?:wir )?eine lösung",
        r"(?:danke|dank) für (?:ihre|deine|ihr|dein|die|das)\b",
    ),
    takeover=words(
        rf"{BRINGS}\b[^.!?\n]{{0,60}}?(?<!\w){PERSON}",
        rf"{PERSON}[^.!?:;\n]{{0,50}}?(?<!\w){DOES}\b",
        rf"an (?:ein|unser|das|die|den)[^.!?\n]{{0,30}}(?<!\w){PERSON}[^.!?\n]{{0,20}}?(?:über"
        rf"|weiterge|vermittel)\w+",
        rf"{DOES}\b[^.!?\n]{{0,20}}?(?<!\w){PERSON}",
    ),
    wait=words(
        r"\{wait_minutes\}",
        r"wartezeit|minuten?\b|stunden?\b|so (?:bald|schnell) wie|sobald|in kürze|gleich\b|bald\b"
        r"|heute\b|morgen\b|werktag\w*",
        r"nächste[rn]? (?:freie|verfügbare)\w*|der reihe nach|warteschlange",
    ),
    minutes=r"minuten?|min\b\.?",
    hours="{n} Stunden",
    today="heute um {time} Uhr (Ortszeit {city})",
    within_a_week="am {day} um {time} Uhr (Ortszeit {city})",
    later="am {day}, {date}, um {time} Uhr (Ortszeit {city})",
    days=("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
    months=(
        *("Januar", "Februar", "März", "April", "Mai", "Juni"),
        *("Juli", "August", "September", "Oktober", "November", "Dezember"),
    ),
    date="{day}. {month}",
    asks_for_email="Wenn Sie die Antwort per E-Mail möchten, schreiben Sie hier einfach Ihre Adresse.",
    email_noted="Vielen Dank, wir haben {email} notiert und schreiben Ihnen auch dorthin.",
)
