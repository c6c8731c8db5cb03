# Anmeldung, Zustimmung, Abmeldung.

## Anmeldung

login-heading = Bei { $app } anmelden
login-error-busy = Gerade melden sich sehr viele an. Geben Sie Ihr Passwort noch einmal ein und versuchen Sie es in einigen Sekunden wieder.
login-error-challenged = Viele Versuche sind fehlgeschlagen. Geben Sie Ihr Passwort noch einmal ein, um fortzufahren.
challenge-wait = Ohne JavaScript: Warten Sie { $time }, bevor Sie dieses Formular senden.
challenge-work = Ihr Browser bereitet eine Prüfung vor. Danach geht es von selbst weiter.
login-error-credentials = E-Mail-Adresse oder Passwort stimmt nicht. Prüfen Sie beides und versuchen Sie es noch einmal.
login-error-incomplete = Geben Sie Ihre E-Mail-Adresse und Ihr Passwort ein.
login-error-throttled = Zu viele Versuche. Warten Sie einige Minuten und versuchen Sie es dann noch einmal.
login-notice-no-passkey = Es konnte kein Passkey verwendet werden: Dazu braucht es einen Browser mit Passkeys und JavaScript. Melden Sie sich mit E-Mail-Adresse und Passwort an.
login-notice-reauthenticate = Geben Sie zum Fortfahren Ihr Passwort noch einmal ein.
login-notice-signed-out = Sie sind abgemeldet. Melden Sie sich an, um fortzufahren.
sign-in-with-passkey = Mit Passkey anmelden
passkey-note = Von diesem Gerät, Ihrem Telefon oder einem Sicherheitsschlüssel.
passkey-failed = Es wurde kein Passkey verwendet. Versuchen Sie es noch einmal, oder melden Sie sich anders an.
passkey-needs-script = Passkeys brauchen JavaScript.
use-passkey = Passkey verwenden

flow-done-title = Sie sind bereits angemeldet
flow-done-text = Diese Anmeldung ist schon abgeschlossen, vielleicht in einem anderen Tab.
flow-done-next = Kehren Sie zur Anwendung zurück. Fragt sie weiterhin, beginnen Sie dort noch einmal.
flow-expired-title = Diese Anmeldung ist abgelaufen
flow-expired-text = Sie war zu lange offen oder wurde in einem anderen Browser begonnen.
flow-expired-next = Kehren Sie zur Anwendung zurück und beginnen Sie noch einmal.

## Zustimmung

consent-heading = Darf { $app } Ihr Konto nutzen?
consent-wants = Die Anwendung könnte dann
consent-how-long = Wie lange
consent-lifetime = { $time }, danach muss sie erneut fragen.
consent-lifetime-open = Bis Sie die Zustimmung widerrufen.
consent-take-back = Widerruf
consent-take-back-text = Jederzeit, unter „Verbundene Anwendungen“.
consent-return = Danach zurück zu
accept = Zustimmen
deny = Ablehnen

scope-openid = Sie bei der Rückkehr wiedererkennen
scope-profile = Ihren Namen und Ihr Profil sehen
scope-email = Ihre E-Mail-Adresse sehen
scope-address = Ihre Postanschrift sehen
scope-phone = Ihre Telefonnummer sehen
scope-offline-access = Den Zugriff behalten, auch wenn Sie nicht da sind
scope-other = „{ $scope }“ nutzen

claim-sub = Konto-ID
claim-name = Name
claim-given-name = Vorname
claim-family-name = Nachname
claim-middle-name = Zweiter Vorname
claim-nickname = Spitzname
claim-preferred-username = Benutzername
claim-profile = Profilseite
claim-picture = Bild
claim-website = Website
claim-gender = Geschlecht
claim-birthdate = Geburtsdatum
claim-zoneinfo = Zeitzone
claim-locale = Sprache
claim-updated-at = Konto zuletzt geändert
claim-email = E-Mail-Adresse
claim-email-verified = Adresse bestätigt
claim-address = Postanschrift
claim-phone-number = Telefonnummer
claim-phone-number-verified = Nummer bestätigt

## Abmeldung

logout-heading = Abmelden?
logout-text = Damit endet Ihre Sitzung in diesem Browser.
logout-text-app = { $app } möchte Ihre Sitzung in diesem Browser beenden. Andere Anwendungen werden hier wieder nach der Anmeldung fragen.
stay-signed-in = Angemeldet bleiben
logged-out-heading = Sie sind abgemeldet
logged-out-text = Ihre Sitzung in diesem Browser ist beendet. Schließen Sie an einem gemeinsam genutzten Rechner auch den Browser.
stayed-heading = Sie sind weiterhin angemeldet
stayed-text = Es hat sich nichts geändert. Sie können diese Seite schließen.

## Rückkehr per Formular

form-post-heading = Zurück zu { $app }
form-post-text = Sie werden weitergeleitet. Wenn nichts geschieht, wählen Sie „Weiter“.

## Second factor

factor-heading = Bestätigen Sie, dass Sie es sind
factor-text = Sie melden sich als { $email } an. Noch ein Schritt.
totp-code = Code aus Ihrer Authenticator-App
recovery-code = Wiederherstellungscode
use-recovery-code = Wiederherstellungscode verwenden
sign-in-as-other = Als jemand anderes anmelden
factor-error-wrong = Dieser Code gilt nicht. Geben Sie den ein, den Ihre App jetzt zeigt; jeder Code gilt einmal.
factor-error-blocked = Zu viele falsche Codes. Dieser Weg ist eine Weile geschlossen; nehmen Sie einen anderen oder versuchen Sie es später wieder.
