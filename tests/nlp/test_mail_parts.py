"""What is left of a mail when only the customer's own words are kept."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.mail_parts import Part, split

ON_TUESDAY = "On Tue, 3 May 2024 at 10:12, Jane <jane@example.com> wrote:"
QUOTED = "> Did you try again?\n> Kind regards"

QUOTES = [
    ON_TUESDAY,
    "On Tue, 3 May 2024 at 10:12, Jane Doe <\njane@example.com> wrote:",
    "On 03/05/2024 10:12 AM, ACME Support wrote:",
    "Am 03.05.2024 um 10:12 schrieb Max Muster <max@example.com>:",
    "Am Di., 3. Mai 2024 um 10:12 Uhr schrieb ACME <help@example.com>:",
    "Le mar. 3 mai 2024 à 10:12, Jane <jane@example.com> a écrit :",
    "El mar, 3 may 2024 a las 10:12, Jane (<jane@example.com>) escribió:",
    "Il giorno mar 3 mag 2024 alle ore 10:12 Jane <jane@example.com> ha scritto:",
    "Em ter., 3 de mai. de 2024 às 10:12, Jane <jane@example.com> escreveu:",
    "Op di 3 mei 2024 om 10:12 schreef Jane <jane@example.com>:",
    "Den tis 3 maj 2024 kl 10:12 skrev Jane <jane@example.com>:",
    "W dniu 3.05.2024 o 10:12, Jane pisze:",
    "вт, 3 мая 2024 г. в 10:12, Jane <jane@example.com>:",
    "2024-05-03 10:12 GMT+02:00 Jane <jane@example.com>:",
    "On Tue, 3 May 2024 at 10:12, Jane [email] wrote:",
    "-----Original Message-----",
    "---------- Forwarded message ---------",
    "-----Ursprüngliche Nachricht-----",
    "-------- Message d'origine --------",
    "Begin forwarded message:",
    "From: Jane <jane@example.com>\nSent: Tuesday, 3 May 2024 10:12\nTo: Max\nSubject: RE: Refund",
    "*From:* Jane\n*Date:* Tuesday\n*To:* Max\n*Subject:* Refund",
    "Von: Jane\nGesendet: Dienstag\nAn: Max\nBetreff: AW: Rückzahlung",
    "De : Jane\nEnvoyé : mardi\nÀ : Max\nObjet : RE: Remboursement",
    "De: Jane\nEnviado el: martes\nPara: Max\nAsunto: Reembolso",
    "________________________________\nFrom: Jane\nSent: Tuesday\nTo: Max\nSubject: Refund",
    "##- Please type your reply above this line -##",
    "--- Reply above this line ---",
]

SIGNATURES = [
    "--\nJohn Smith\nACME Inc.",
    "Sent from my iPhone",
    "Sent from my Samsung Galaxy smartphone.",
    "Sent from Mail for Windows",
    "Sent from Yahoo Mail on Android",
    "Get Outlook for iOS",
    "Von meinem iPhone gesendet",
    "Gesendet mit der GMX Mail App",
    "Envoyé de mon iPhone",
    "Enviado desde mi iPhone",
    "Inviato da iPhone",
    "John Smith\nACME Corp\n+1 (415) 555-0171",
]

FAREWELLS = [
    "Thanks!",
    "thx",
    "Thanks,\nJohn",
    "Thanks in advance for your help.",
    "Many thanks, Anna",
    "Best regards,\nJohn Smith\nHead of IT\nACME Inc.\n+1 415-555-0171\njohn@example.com",
    "Kind regards\nMary-Ann O'Neil | CFO",
    "Kind regards,\nAnna van der Berg",
    "Cheers,\njohn",
    "Looking forward to hearing from you.",
    "Mit freundlichen Grüßen\nMax Muster",
    "Vielen Dank im Voraus!\n\nViele Grüße\nAnna",
    "Merci d'avance,\nLuc",
    "Cordialement,\nLuc Martin",
    "Muchas gracias. Un saludo,\nAna",
    "Met vriendelijke groet,\nPieter",
]

GREETINGS = [
    "Hi team,\n",
    "Hi, ",
    "Hi Anna, ",
    "Hello Anna,\n\n",
    "Dear Sir or Madam,\n",
    "Dear Mr. Smith:\n",
    "To whom it may concern,\n",
    "Good morning!\n",
    "hey there, ",
    "Hello, support team!\n",
    "Hi there! I hope this email finds you well. ",
    "Hi Anna,\nHow are you?\n",
    "Hallo zusammen,\n",
    "Sehr geehrte Damen und Herren,\n",
    "Liebes ACME Team,\n",
    "Bonjour Madame, Monsieur,\n",
    "Hola, buenos días. ",
    "Estimados señores:\n",
    "Dear Anna,\nHello team,\n",
]

DISCLAIMERS = [
    "This e-mail is confidential and intended only for the addressee.",
    "This message and any attachments may contain privileged information.\n\n"
    "If you are not the intended recipient, please delete it.",
    "CONFIDENTIALITY NOTICE: the contents of this email are private.",
    "Please consider the environment before printing this e-mail.",
    "Diese E-Mail enthält vertrauliche Informationen.",
    "Ce message est confidentiel.",
    "This email is a service from ACME. Delivered by Zendesk.",
]

OWN = "my invoice is wrong.\n\nThe total should be 12 EUR"

KEPT = [
    "Thanks!",
    "Hello",
    "Hi,\n\nThanks,\nJohn",
    "Sent from my iPhone",
    "This e-mail is confidential and intended only for the addressee.",
    "From: 3 May to 7 May I was charged twice",
    "From: Berlin\nTo: Munich\nI cannot book this trip",
    "On 3 May your agent wrote:\nplease reinstall",
    "> 5 users cannot log in",
    ">= 3 seats fail",
    "> it fails",
    "it broke\n> npm start\n> node server.js",
    "in the console:\n>>> import acme\n>>> acme.run()",
    "error a->b > c\nSELECT 1 > 2",
    "Hey Siri integration is broken",
    "Hello Fresh box missing",
    "Hi-res images are blurry",
    "Dear customer is how your mail starts",
    "Problem:\nIt is broken",
    "No,\nit is still broken",
    "Thanks,\nI will try it tomorrow",
    "Thank you for the refund but I still want the order",
    "Which plan is best",
    "Steps:\n- open\n- click\n- fails",
    "I received an e-mail that is confidential to another customer",
    "Sent from my iPhone app: the invoice, twice, why?",
    "Please help\n\nJohn",
]


@pytest.mark.row("1.10")
@pytest.mark.parametrize("heading", QUOTES)
def test_what_stands_below_the_heading_of_a_quote_is_dropped(heading):
    result = split(f"{OWN}\n\n{heading}\n\nDid you try again?\nAnna")
    assert (result.own, [part.kind for part in result.dropped]) == (OWN, ["quote"])
    assert not result.only_quote


@pytest.mark.row("1.10")
@pytest.mark.parametrize("signature", SIGNATURES)
def test_a_signature_is_dropped(signature):
    result = split(f"{OWN}\n\n{signature}")
    assert (result.own, {part.kind for part in result.dropped}) == (OWN, {"signature"})


@pytest.mark.row("1.10")
@pytest.mark.parametrize("farewell", FAREWELLS)
def test_thanks_and_closings_are_dropped_with_the_name_below(farewell):
    result = split(f"{OWN}\n\n{farewell}")
    assert result.own == OWN
    assert {part.kind for part in result.dropped} <= {"closing", "signature"}


@pytest.mark.row("1.10")
@pytest.mark.parametrize("greeting", GREETINGS)
def test_a_greeting_is_dropped(greeting):
    result = split(f"{greeting}{OWN}")
    assert (result.own, {part.kind for part in result.dropped}) == (OWN, {"greeting"})


@pytest.mark.row("1.10")
@pytest.mark.parametrize("disclaimer", DISCLAIMERS)
def test_a_disclaimer_is_dropped(disclaimer):
    result = split(f"{OWN}\n\n{disclaimer}")
    assert (result.own, {part.kind for part in result.dropped}) == (OWN, {"disclaimer"})


@pytest.mark.row("1.10")
@pytest.mark.parametrize("text", KEPT)
def test_what_the_customer_said_is_never_taken_for_anything_else(text):
    assert split(text).own == text
    assert split(text).dropped == ()


@pytest.mark.row("1.10")
@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("Hi, I can't log in", "I can't log in"),
        ("Hi I can't log in", "I can't log in"),
        ("Hi there my app crashes", "my app crashes"),
        ("It fails. Thanks in advance!", "It fails."),
        ("The invoice is wrong, thanks", "The invoice is wrong"),
        ("Where is it? Best regards, Anna Müller", "Where is it?"),
        (f"> Did you restart?\nYes, twice.\n> Which version?\n2.1\n\n{ON_TUESDAY}\nx", "Yes, twice.\n2.1"),
        (f"{ON_TUESDAY}\n{QUOTED}\n\nIt works now.", "It works now."),
        ("##- Please type your reply above this line -##\n\nIt works now.", "It works now."),
        (f"Thanks!\n\n{ON_TUESDAY}\n{QUOTED}", "Thanks!"),
        (
            "It fails. Thanks!\nJohn\n\nPS: also the invoice is wrong",
            "It fails.\nPS: also the invoice is wrong",
        ),
        (f"It fails.\n\nThx\nBob\n\nSent from my iPhone\n\n{ON_TUESDAY}\n{QUOTED}", "It fails."),
        ("> 5 users cannot log in\n\n-----Original Message-----\nold", "> 5 users cannot log in"),
    ],
)
def test_own_words_are_kept_around_what_is_dropped(text, own):
    assert split(text).own == own


@pytest.mark.row("1.10")
@pytest.mark.parametrize(
    "text",
    [
        f"{ON_TUESDAY}\n{QUOTED}",
        f"{ON_TUESDAY}\nDid you try again?",
        "> Did you try again?\n> Please do.",
        f"Sent from my iPhone\n\n{ON_TUESDAY}\n{QUOTED}",
        "-----Original Message-----\nFrom: Jane",
    ],
)
def test_a_message_that_only_quotes_has_no_own_words_and_says_so(text):
    result = split(text)
    assert (result.own, result.only_quote) == ("", True)


def test_each_dropped_part_says_where_it_stood_and_what_it_was():
    text = f"Hi,\nit fails.\n\nThanks,\nJohn\n\n{ON_TUESDAY}\n{QUOTED}"
    assert [(part.kind, text[part.start : part.end].strip()) for part in split(text).dropped] == [
        ("greeting", "Hi,"),
        ("closing", "Thanks,"),
        ("signature", "John"),
        ("quote", f"{ON_TUESDAY}\n{QUOTED}"),
    ]
    assert split(text).dropped[0] == Part("greeting", 0, 4)


PIECES = [
    *[greeting.strip() for greeting in GREETINGS],
    *SIGNATURES,
    *FAREWELLS,
    *DISCLAIMERS,
    *QUOTES,
    QUOTED,
    "it fails",
    "\n",
    "\n\n",
    " ",
    ", ",
    ". ",
    "PS: ",
    "> ",
]


@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=5)), max_size=12).map("".join))
def test_own_words_are_the_message_less_the_parts_and_splitting_again_drops_nothing(text):
    result = split(text)
    end, rest = 0, ""
    for part in result.dropped:
        assert end <= part.start < part.end <= len(text)
        rest += text[end : part.start]
        end = part.end
    assert rest + text[end:] == result.own
    assert result.own.strip() or result.only_quote or not text.strip()
    assert split(result.own).dropped == ()


@pytest.mark.row("R15")
@pytest.mark.parametrize(
    "piece",
    [
        "\n",
        "Hi,\n",
        "Hi, ",
        "Thanks\n",
        "Thanks. ",
        "On Tue, wrote:\n",
        "> a\n",
        "> q\nx\n",
        "From: a\nSent: b\n",
        "--\n",
        "Best regards,\nJohn\n",
        "Anna ",
        "a",
        "this email is confidential\n\n",
        "— ",
        "Hello Anna ",
    ],
)
def test_a_hostile_message_of_100_kilobytes_takes_no_longer_than_a_second(piece):
    text = (piece * (100_000 // len(piece) + 1))[:100_000]
    started = time.process_time()
    split(text)
    assert time.process_time() - started < 10  # linear: takes about a second; quadratic would take minutes
