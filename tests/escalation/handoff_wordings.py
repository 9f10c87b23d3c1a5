# ruff: noqa: E501 - messages stand as they are sent, in one line
"""Handoff messages as support teams write them: good ones, and bad ones with the parts that they lack.

Written before the linter's wordings were widened. R reassures, T says that a person takes over, W says what
wait to expect.
"""

from __future__ import annotations

GOOD: tuple[tuple[str, str], ...] = (
    (
        "en",
        "I'm connecting you with a support specialist who can help with this. They'll have the full context of our conversation, so you won't need to repeat anything. Typical wait time is under {wait_minutes} minutes.",
    ),
    (
        "en",
        "I'm handing you over to one of our specialists now. They can see everything we've talked about. You'll hear back within {wait_minutes} minutes.",
    ),
    (
        "en",
        "A member of our team will take it from here. No need to explain again, they have the whole chat. Expect a reply in about {wait_minutes} minutes.",
    ),
    (
        "en",
        "Let me get a colleague to help you with this. They will see our conversation, so there's no need to start over. Someone usually answers within {wait_minutes} minutes.",
    ),
    (
        "en",
        "You're in good hands: a billing specialist is going to look into this personally. They normally reply in under {wait_minutes} minutes.",
    ),
    (
        "en",
        "I understand how frustrating this is. I've asked a human colleague to step in. The current wait is about {wait_minutes} minutes.",
    ),
    (
        "en",
        "I'm sorry this has been difficult. One of our engineers will pick this up and reply here. Most people hear from us in {wait_minutes} minutes.",
    ),
    (
        "en",
        "Thanks for your patience. I'm bringing in a real person from our support team. Your message history is already with them. Estimated waiting time: {wait_minutes} minutes.",
    ),
    (
        "en",
        "We'll get this sorted. I'm escalating your case to our technical support team, who will respond here within {wait_minutes} minutes.",
    ),
    (
        "en",
        "Don't worry, a teammate is joining this chat. They've got all the details you gave me. It should take no more than {wait_minutes} minutes.",
    ),
    (
        "en",
        "I've passed your question to our support team along with everything you told me. A person will get back to you in {wait_minutes} minutes or less.",
    ),
    (
        "en",
        "Of course, I'll find someone who can help. A live agent will be with you in roughly {wait_minutes} minutes, and they'll already know what we discussed.",
    ),
    (
        "en",
        "This deserves a person's attention, so I'm routing you to our account team. You don't have to tell your story twice. Average wait: {wait_minutes} minutes.",
    ),
    (
        "en",
        "I apologise for the trouble. Our customer care team is taking over this conversation and will write to you here in less than {wait_minutes} minutes.",
    ),
    (
        "en",
        "I apologize for the inconvenience. I am transferring this chat to a support representative, who has your details. You should hear from them in {wait_minutes} minutes.",
    ),
    (
        "en",
        "We're on it! An expert from our team will continue this conversation shortly and has all the context.",
    ),
    (
        "en",
        "I'm putting you through to a human advisor. They have the notes from our chat, so nothing is lost. They'll be with you as soon as they're free.",
    ),
    (
        "en",
        "Your request is now with our support specialists. They have the full transcript. The next available person will answer here.",
    ),
    (
        "en",
        "I want to make sure you get the right answer, so I'm looping in a specialist. They'll reply as soon as possible, usually the same day.",
    ),
    (
        "en",
        "I hear you, and I'm sorry. A senior support agent will personally handle this and contact you within the hour.",
    ),
    (
        "en",
        "Thank you for the details, you won't have to provide them again. A specialist is reviewing your case and will reply by the end of the day.",
    ),
    (
        "en",
        "Rest assured, our team has everything you've shared. One of us will jump in here in the next {wait_minutes} minutes.",
    ),
    (
        "en",
        "A support specialist will take this from here and make sure it's resolved. Replies usually take {wait_minutes} minutes.",
    ),
    (
        "en",
        "I can't sort this out myself, but my human colleagues can. I have shared our conversation with them and they'll answer you here in about {wait_minutes} minutes.",
    ),
    (
        "en",
        "Happy to get you to a person. You are next in the queue, and the agent will already have your order details in front of them.",
    ),
    (
        "en",
        "I'll leave you in the capable hands of our support crew: someone from the team will message you within {wait_minutes} minutes.",
    ),
    (
        "en",
        "We take this seriously. Your case has been assigned to a specialist from our legal team, who will be in touch within one business day.",
    ),
    (
        "en",
        "I know this is urgent. I have flagged it for our on-call engineer, a real human, who will respond in under {wait_minutes} minutes. They can read everything above.",
    ),
    (
        "en",
        "Our specialists can fix this for you. I've sent them the whole thread, so just stay here: somebody replies in {wait_minutes} minutes or so.",
    ),
    (
        "en",
        "To save you from repeating yourself I've shared this chat with our team. Anna or one of her colleagues will reply here soon.",
    ),
    (
        "en",
        "You’ll be speaking to a human in a moment. They’ll have our chat in front of them, so there’s nothing you need to re-enter.",
    ),
    (
        "en",
        "I'd like one of our people to take a closer look. They'll have the full picture. It takes {wait_minutes} minutes on average before somebody answers.",
    ),
    (
        "en",
        "Hold tight, we've got you covered. A customer success manager will take over and respond in {wait_minutes} minutes.",
    ),
    (
        "en",
        "Let's get you some human help. The person who answers will have all the information from this chat. Wait times are currently around {wait_minutes} minutes.",
    ),
    (
        "de",
        "Ich verbinde Sie mit einer Kollegin aus dem Support. Sie sieht unser ganzes Gespräch, Sie müssen also nichts wiederholen. Die Wartezeit liegt meist unter {wait_minutes} Minuten.",
    ),
    (
        "de",
        "Ein Mitarbeiter unseres Teams übernimmt ab hier. Alle Angaben liegen ihm schon vor. Sie bekommen in etwa {wait_minutes} Minuten eine Antwort.",
    ),
    (
        "de",
        "Das tut mir leid. Ich gebe Ihr Anliegen an unser Support-Team weiter, das sich in der Regel innerhalb von {wait_minutes} Minuten meldet.",
    ),
    (
        "de",
        "Keine Sorge, ein Mensch kümmert sich jetzt darum. Der nächste freie Mitarbeiter antwortet Ihnen hier.",
    ),
    (
        "de",
        "Ich verstehe, dass das ärgerlich ist. Eine Spezialistin schaut sich das persönlich an und schreibt Ihnen so bald wie möglich.",
    ),
    (
        "de",
        "Ich leite dich an einen Kollegen weiter. Er kennt den gesamten Chatverlauf, du musst nichts noch einmal erklären. Rechne mit rund {wait_minutes} Minuten.",
    ),
    (
        "de",
        "Unsere Experten helfen Ihnen gern weiter: Ich habe ihnen alles übergeben, was Sie geschrieben haben. Jemand aus dem Team antwortet in weniger als {wait_minutes} Minuten.",
    ),
    (
        "de",
        "Entschuldigen Sie die Umstände. Ich hole eine Person aus unserem Kundendienst dazu. Die durchschnittliche Wartezeit beträgt {wait_minutes} Minuten.",
    ),
    (
        "de",
        "Sie sind in guten Händen: Unser Technik-Team übernimmt diesen Chat und meldet sich heute noch bei Ihnen.",
    ),
    (
        "de",
        "Damit Sie nichts doppelt erzählen müssen, habe ich das Gespräch an eine Beraterin übergeben. Sie antwortet in Kürze.",
    ),
    (
        "fr",
        "Je vous mets en relation avec un conseiller. Il a toute notre conversation sous les yeux, vous n'aurez rien à répéter. Le temps d'attente est généralement inférieur à {wait_minutes} minutes.",
    ),
    (
        "fr",
        "Un membre de notre équipe prend le relais. Il dispose de toutes vos informations et vous répondra d'ici {wait_minutes} minutes.",
    ),
    (
        "fr",
        "Je suis désolé pour la gêne occasionnée. Je transfère votre demande à un spécialiste, qui vous répondra dans les {wait_minutes} minutes.",
    ),
    (
        "fr",
        "Ne vous inquiétez pas, une personne de l'équipe support va s'en occuper. Comptez environ {wait_minutes} minutes.",
    ),
    (
        "fr",
        "Je comprends votre frustration. Un collègue humain va reprendre cette conversation dès que possible.",
    ),
    (
        "fr",
        "Pas besoin de tout réexpliquer : notre conseillère voit l'historique de l’échange. Elle vous écrira ici dans quelques minutes.",
    ),
    (
        "fr",
        "Vous êtes entre de bonnes mains : je passe la main à notre équipe technique. Le prochain agent disponible vous répondra ici.",
    ),
    (
        "fr",
        "Nous allons régler cela. J'ai transmis votre dossier à une conseillère, qui revient vers vous sous {wait_minutes} minutes.",
    ),
    ("fr", "Veuillez nous excuser. Quelqu'un de l'équipe vous contacte aujourd'hui pour vous aider."),
    (
        "fr",
        "Je vous passe un expert qui pourra vous aider. Délai de réponse habituel : {wait_minutes} minutes.",
    ),
    (
        "es",
        "Le pongo en contacto con un especialista. Tendrá toda la conversación, así que no tendrá que repetir nada. El tiempo de espera suele ser inferior a {wait_minutes} minutos.",
    ),
    (
        "es",
        "Una persona de nuestro equipo se hará cargo. Ya tiene todos tus datos y te responderá en unos {wait_minutes} minutos.",
    ),
    (
        "es",
        "Lamento las molestias. Voy a transferir su caso a un agente humano, que le contestará en menos de {wait_minutes} minutos.",
    ),
    ("es", "No te preocupes, un compañero continúa contigo. Te escribirá aquí en breve."),
    (
        "es",
        "Entiendo tu frustración. Nuestro equipo de soporte va a revisar esto personalmente y te contesta lo antes posible.",
    ),
    (
        "es",
        "Siento mucho lo ocurrido. Te paso con un asesor, que verá todo lo que hemos hablado. Espera aproximada: {wait_minutes} minutos.",
    ),
    ("es", "Estás en buenas manos: una especialista se encarga de tu consulta y te responde hoy mismo."),
    (
        "es",
        "Para que no tengas que explicarlo otra vez, he compartido este chat con el equipo. Alguien te atenderá dentro de {wait_minutes} minutos.",
    ),
    ("es", "Disculpe la demora. El siguiente agente disponible atenderá su consulta aquí."),
    (
        "es",
        "Vamos a solucionarlo. He derivado su solicitud a una compañera, que le responde en {wait_minutes} minutos de media.",
    ),
)

# The letters of the parts that are missing.
BAD: tuple[tuple[str, str, str], ...] = (
    ("en", "Transferring to agent.", "RW"),
    ("en", "Transferring you now.", "RTW"),
    ("en", "Please hold.", "RTW"),
    ("en", "Please wait.", "RTW"),
    ("en", "One moment please.", "RTW"),
    ("en", "Connecting to an agent...", "RW"),
    ("en", "Agent requested.", "RTW"),
    ("en", "You will be transferred.", "RTW"),
    ("en", "Your ticket has been created.", "RTW"),
    ("en", "Ticket #{}. An agent will respond.".replace("{}", "4711"), "RW"),
    ("en", "I can't help with that.", "RTW"),
    ("en", "I don't understand your question.", "RTW"),
    ("en", "This conversation has been escalated.", "RTW"),
    ("en", "A specialist will join you shortly.", "R"),
    ("en", "An agent will be with you in {wait_minutes} minutes.", "R"),
    ("en", "Our team will get back to you within 24 hours.", "R"),
    ("en", "I'm connecting you with a support specialist.", "RW"),
    ("en", "Someone from our team will take over.", "RW"),
    ("en", "Sorry about that.", "TW"),
    ("en", "I understand your frustration.", "TW"),
    ("en", "You won't need to repeat anything.", "TW"),
    ("en", "We apologise for the inconvenience. Please try again later.", "TW"),
    ("en", "We're sorry. Typical wait time is {wait_minutes} minutes.", "T"),
    (
        "en",
        "Don't worry, your request is in the queue and will be processed within {wait_minutes} minutes.",
        "T",
    ),
    ("en", "I'm sorry you're upset. I'm handing you over to a colleague.", "W"),
    ("en", "Don't worry, a specialist can help and you won't need to repeat anything.", "W"),
    ("en", "I'm passing you to our support team. They'll have the full context of this conversation.", "W"),
    ("en", "A human agent will assist you. They can see everything you wrote.", "W"),
    ("en", "I understand. Let me transfer you to a representative.", "W"),
    ("en", "Estimated wait: {wait_minutes} minutes.", "RT"),
    ("en", "You are number three in the queue.", "RT"),
    ("en", "All our lines are busy. Try again in {wait_minutes} minutes.", "RT"),
    ("en", "Visit our help center for more information.", "RTW"),
    ("en", "The agent software is being updated.", "RTW"),
    ("en", "Sorry, the AI agent will answer in {wait_minutes} minutes.", "T"),
    ("en", "I'm sorry. No human will look at this today.", "T"),
    ("de", "Weiterleitung an Mitarbeiter.", "RW"),
    ("de", "Bitte warten.", "RTW"),
    ("de", "Sie werden verbunden.", "RTW"),
    ("de", "Einen Moment bitte.", "RTW"),
    ("de", "Ich verbinde Sie mit einem Mitarbeiter.", "RW"),
    ("de", "Ein Mitarbeiter meldet sich in {wait_minutes} Minuten.", "R"),
    ("de", "Das tut mir leid.", "TW"),
    ("de", "Die Wartezeit beträgt {wait_minutes} Minuten.", "RT"),
    ("de", "Keine Sorge, Ihre Anfrage wird in {wait_minutes} Minuten bearbeitet.", "T"),
    ("de", "Ich verstehe. Eine Kollegin übernimmt und sieht unser ganzes Gespräch.", "W"),
    ("fr", "Transfert vers un agent.", "RW"),
    ("fr", "Veuillez patienter.", "RTW"),
    ("fr", "Un instant, s'il vous plaît.", "RTW"),
    ("fr", "Vous allez être transféré.", "RTW"),
    ("fr", "Un conseiller vous répondra dans {wait_minutes} minutes.", "R"),
    ("fr", "Je vous mets en relation avec un conseiller.", "RW"),
    ("fr", "Je suis désolé.", "TW"),
    ("fr", "Temps d'attente : {wait_minutes} minutes.", "RT"),
    ("fr", "Je comprends. Un collègue prend le relais, vous n'aurez rien à répéter.", "W"),
    ("fr", "Ne vous inquiétez pas, votre demande sera traitée d'ici {wait_minutes} minutes.", "T"),
    ("es", "Transfiriendo a un agente.", "RW"),
    ("es", "Espere, por favor.", "RTW"),
    ("es", "Un momento.", "RTW"),
    ("es", "Será transferido.", "RTW"),
    ("es", "Un agente le atenderá en {wait_minutes} minutos.", "R"),
    ("es", "Le pongo en contacto con un especialista.", "RW"),
    ("es", "Lo siento.", "TW"),
    ("es", "Tiempo de espera: {wait_minutes} minutos.", "RT"),
    ("es", "Entiendo. Una compañera se hará cargo y verá toda la conversación.", "W"),
    ("es", "No te preocupes, tu consulta se tramitará en {wait_minutes} minutos.", "T"),
)

# Three further sets, each written after the wordings had been widened for the ones before. At first sight 10 of 21,
# 12 of 20 and 10 of 16 were judged rightly. No bad message passed; good ones were refused whose wording was new.
LATER_GOOD: tuple[tuple[str, str], ...] = (
    (
        "en",
        "We hear you. I'm getting one of our senior people involved right away; they've read your messages and usually reply inside {wait_minutes} minutes.",
    ),
    (
        "en",
        "Got it, this one needs a human. Priya from Support is picking up the conversation and will see your earlier messages. Typical response: {wait_minutes} minutes.",
    ),
    (
        "en",
        "Sorry for the runaround! I've pinged a support engineer. They'll be here in ~{wait_minutes} min.",
    ),
    (
        "en",
        "Our billing team will take this over. You can leave this window open, your chat is saved and they'll respond in under {wait_minutes} minutes.",
    ),
    (
        "en",
        "That's beyond what I can do, but you're not alone: a specialist will step in and reply within {wait_minutes} minutes.",
    ),
    (
        "en",
        "I'll bring a teammate into the loop who can sort this out. Expect to hear back in {wait_minutes} minutes or so.",
    ),
    (
        "en",
        "Thanks for explaining all of this. I've handed it to a person on our team, so please bear with us for about {wait_minutes} minutes.",
    ),
    (
        "de",
        "Kein Problem, ich hole jemanden aus dem Team dazu, der Ihnen in rund {wait_minutes} Minuten schreibt.",
    ),
    (
        "de",
        "Wir kümmern uns darum: Frau Lenz aus unserem Support-Team übernimmt und antwortet binnen {wait_minutes} Minuten.",
    ),
    (
        "fr",
        "Pas de souci, un conseiller reprend la conversation et vous répond en {wait_minutes} minutes environ.",
    ),
    ("es", "Tranquilo, un agente retoma la conversación y te responde en {wait_minutes} minutos."),
    (
        "en",
        "I'm sorry this has taken so long. I'll get our payments team to look at it; they respond in about {wait_minutes} minutes.",
    ),
    (
        "en",
        "Thanks for bearing with me. A real person from our team is taking a look and will answer within {wait_minutes} minutes.",
    ),
    (
        "en",
        "It looks like you need some extra help. One of our specialists will continue here, with all your messages in view. Usual wait: {wait_minutes} minutes.",
    ),
    (
        "en",
        "I've asked Dana, our account manager, to join. She knows your setup and replies in around {wait_minutes} minutes.",
    ),
    (
        "en",
        "Let me hand this to a specialist so it gets fixed properly. They'll write back in {wait_minutes} minutes or sooner.",
    ),
    (
        "en",
        "You did everything right. Our engineers need to check this themselves, and they usually answer in {wait_minutes} minutes.",
    ),
    (
        "en",
        "No need to type it all out again: the agent taking over has this chat. Waiting time is about {wait_minutes} minutes.",
    ),
    (
        "de",
        "Entschuldigung für die Wartezeit. Ein Kollege aus der Buchhaltung schaut sich Ihren Fall an und antwortet in etwa {wait_minutes} Minuten.",
    ),
    (
        "fr",
        "Merci pour votre patience. Une collègue du service facturation vous répondra d'ici {wait_minutes} minutes.",
    ),
    (
        "es",
        "Gracias por la paciencia. Un especialista de facturación te responderá en {wait_minutes} minutos.",
    ),
    (
        "en",
        "Good news: a specialist from our payments desk can take this on. Your conversation is attached, and replies come in about {wait_minutes} minutes.",
    ),
    (
        "en",
        "I've let our on-duty colleague know and shared what you've told me. She'll reply in less than {wait_minutes} minutes.",
    ),
    (
        "en",
        "You've waited long enough. A supervisor will read through this chat and answer in {wait_minutes} minutes.",
    ),
    (
        "en",
        "We'd rather have a person check this. You don't have to send anything else; an agent answers within {wait_minutes} minutes.",
    ),
    (
        "en",
        "Apologies for the back and forth. I'm giving this to a colleague, who'll write in around {wait_minutes} minutes.",
    ),
    (
        "en",
        "I understand this is important. Our compliance team will read it in person and reply within one business day.",
    ),
    (
        "de",
        "Verständlich, dass Sie sich ärgern. Unser Support-Team meldet sich in rund {wait_minutes} Minuten persönlich.",
    ),
    ("fr", "Je comprends votre inquiétude. Une conseillère vous rappelle d'ici {wait_minutes} minutes."),
    ("es", "Comprendo la situación. Un agente revisará su caso y le escribirá en {wait_minutes} minutos."),
)

LATER_BAD: tuple[tuple[str, str, str], ...] = (
    ("en", "Your chat has been placed in the queue.", "RT"),
    ("en", "Handing off to support.", "RTW"),
    ("en", "A person will call.", "RW"),
    ("en", "Sorry, the wait is long today.", "T"),
    ("en", "Let me transfer you. Thank you for your patience.", "TW"),
    ("en", "I've notified the team.", "RW"),
    ("de", "Wir haben Ihre Nachricht erhalten.", "RTW"),
    ("fr", "Votre message a bien été reçu.", "RTW"),
    ("es", "Hemos recibido su mensaje.", "RTW"),
    ("en", "Chat ended.", "RTW"),
    ("en", "Please call us on Monday.", "RTW"),
    ("en", "Your request was forwarded.", "RTW"),
    ("en", "An advisor will be assigned.", "RW"),
    ("en", "Escalating to tier 2.", "RTW"),
    ("en", "Wait time: unknown", "RT"),
    ("de", "Ihre Anfrage wurde weitergeleitet.", "RTW"),
    ("de", "Ein Berater ruft zurück.", "RW"),
    ("fr", "Votre demande est en cours de traitement.", "RTW"),
    ("es", "Su solicitud fue enviada.", "RTW"),
    ("en", "Request received. Reference 55.", "RTW"),
    ("en", "All agents are busy.", "RTW"),
    ("en", "Transferring to the next available agent.", "R"),
    ("en", "Thanks! Someone will contact you.", "RW"),
    ("de", "Ein Kollege meldet sich.", "RW"),
    ("fr", "Un agent va vous répondre.", "RW"),
    ("es", "Un asesor le llamará.", "RW"),
)
