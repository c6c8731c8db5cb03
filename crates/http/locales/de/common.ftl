# Wörter, die mehrere Seiten teilen.

back-to-app = Zurück zu { $app }
back-to-application = Zurück zur Anwendung
client-id = Client-ID
continue = Weiter
copied = Kopiert
copy = Kopieren
email = E-Mail-Adresse
forgot-password = Passwort vergessen?
hide-password = Verbergen
issuer = Aussteller (Issuer)
language = Sprache
open-account = Zum eigenen Konto
or = oder
password = Passwort
privacy-policy = Datenschutzerklärung
request-id = Anfrage
show-password = Anzeigen
sign-in = Anmelden
sign-in-again = Erneut anmelden
sign-out = Abmelden
signed-in-as = Angemeldet als { $user }
skip-to-content = Zum Inhalt springen
start-again = Neu beginnen
terms-of-service = Nutzungsbedingungen

## Zeiten

lifetime-seconds = { $count ->
    [one] { $count } Sekunde
   *[other] { $count } Sekunden
}
lifetime-minutes = { $count ->
    [one] { $count } Minute
   *[other] { $count } Minuten
}
lifetime-hours = { $count ->
    [one] { $count } Stunde
   *[other] { $count } Stunden
}
lifetime-days = { $count ->
    [one] { $count } Tag
   *[other] { $count } Tage
}
yes = Ja
no = Nein
ago-now = gerade eben
ago-minutes = { $count ->
    [one] vor { $count } Minute
   *[other] vor { $count } Minuten
}
ago-hours = { $count ->
    [one] vor { $count } Stunde
   *[other] vor { $count } Stunden
}
ago-days = { $count ->
    [one] vor { $count } Tag
   *[other] vor { $count } Tagen
}
when = { $day }. { $month } { $year }, { $time } UTC
month-1 = Januar
month-2 = Februar
month-3 = März
month-4 = April
month-5 = Mai
month-6 = Juni
month-7 = Juli
month-8 = August
month-9 = September
month-10 = Oktober
month-11 = November
month-12 = Dezember
