# Konto und Einladung.

account-title = Ihr Konto
account-notice-app-revoked = Die Anwendung hat keinen Zugriff mehr.
account-notice-password-changed = Ihr Passwort ist geändert. Jeder andere Browser ist abgemeldet.
account-notice-password-set = Ihr Passwort ist gesetzt.
account-notice-profile-changed = Ihr Profil ist gespeichert.
account-notice-session-ended = Die Sitzung ist beendet.
account-notice-not-me = Jeder andere Browser ist abgemeldet, und was seitdem hinzukam, ist entfernt. Wenn Sie ein Passwort haben, muss es bei der nächsten Anmeldung ersetzt werden: Ändern Sie es jetzt.
account-notice-recovery-stopped = Es ist angehalten. Ihre zweiten Faktoren bleiben, wie sie sind.
verified = bestätigt

next-step-go = Jetzt erledigen
next-add-factor = Als Nächstes: eine Authenticator-App einrichten
next-add-factor-text = Dann genügt ein gestohlenes Passwort allein nicht.
next-add-passkey = Als Nächstes: einen Passkey erstellen
next-add-passkey-text = Finger, Gesicht oder PIN schützen das Konto besser als ein Passwort allein.
next-add-spare-passkey = Als Nächstes: einen weiteren Passkey erstellen
next-add-spare-passkey-text = Der vorhandene ist Ihr einziger Zugang.
next-confirm-address = Als Nächstes: Ihre E-Mail-Adresse bestätigen
next-confirm-address-text = Nur eine bestätigte Adresse kann Ihnen wieder Zugang verschaffen.
next-make-recovery-codes = Als Nächstes: Wiederherstellungscodes erstellen
next-make-recovery-codes-text = Mit ihnen kommen Sie hinein, wenn Ihr Gerät verloren ist. Sie haben wenige oder keine mehr.
next-nothing = Ihr Konto ist gut geschützt
next-nothing-text = Es ist nichts zu tun.
recovery-stop-title = Ihre zweiten Faktoren sollen entfernt werden
recovery-stop-text = Jemand, der Ihr Passwort kennt und Ihre Mails liest, sagt, dass sie verloren sind. Waren Sie das nicht, halten Sie es an und ändern Sie Ihr Passwort.
recovery-stop-when = Kann ab diesem Zeitpunkt abgeschlossen werden
recovery-stop = Anhalten

sessions-title = Wo Sie angemeldet sind
sessions-text = Beenden Sie jede Sitzung, die Sie nicht kennen.
session-device = { $browser } unter { $system }
session-device-unknown = Unbekannter Browser
session-current = Dieser Browser
session-last-used = Zuletzt benutzt
session-started = Angemeldet
session-place = von { $place }
end-session = Sitzung beenden
sign-out-everywhere = Überall abmelden
sign-out-everywhere-text = Beendet alle Sitzungen oben, auch diese.
end-all-sessions = Alle Sitzungen beenden

apps-title = Verbundene Anwendungen
apps-text = Diese Anwendungen dürfen Ihr Konto so nutzen, wie Sie es erlaubt haben.
apps-empty = Keine Anwendung hat Zugriff. Sobald Sie einer zustimmen, steht sie hier.
app-granted = Erlaubt
app-scopes = Was sie darf
revoke-access = Zugriff widerrufen

identity-title = Ihre Identität
subject = Konto-ID

invite-heading = Passwort festlegen
invite-text = { $tenant } hat Sie eingeladen. Wählen Sie zuerst ein Passwort.
new-password = Neues Passwort
set-password = Passwort festlegen
invite-expires = Dieser Link gilt einmal, bis { $when }.

password-title = Passwort ändern
password-text = Jeder andere Browser wird abgemeldet.
current-password = Aktuelles Passwort
change-password = Passwort ändern
back-to-account = Zurück zu Ihrem Konto
password-rule-length = { $count ->
    [one] Mindestens { $count } Zeichen
   *[other] Mindestens { $count } Zeichen
}
password-rule-common = In keiner Liste häufiger oder bekannt gewordener Passwörter, ohne Ihren Namen, Ihre E-Mail-Adresse und den Namen dieses Dienstes
password-rule-any = Beliebige Zeichen, auch Leerzeichen: einige Wörter ohne Zusammenhang eignen sich gut
password-rule-classes = Mit Großbuchstaben, Kleinbuchstaben, Ziffern und anderen Zeichen
password-error-common = Dieses Passwort steht in einer Liste häufiger oder bekannt gewordener Passwörter. Wählen Sie ein anderes.
password-error-current = Das aktuelle Passwort ist falsch.
password-error-few-classes = Verwenden Sie Großbuchstaben, Kleinbuchstaben, Ziffern und andere Zeichen.
password-error-personal = Das Passwort enthält Ihren Namen, Ihre E-Mail-Adresse oder den Namen dieses Dienstes. Wählen Sie ein anderes.
password-error-too-long = { $count ->
    [one] Dieses Passwort ist zu lang. Höchstens { $count } Zeichen sind erlaubt.
   *[other] Dieses Passwort ist zu lang. Höchstens { $count } Zeichen sind erlaubt.
}

factors-title = Anmeldung und Faktoren
factors-notice-enrolled = Ihre Authenticator-App ist eingerichtet. Erstellen Sie jetzt Wiederherstellungscodes, falls Sie sie verlieren.
factors-notice-removed = Die Authenticator-App wurde entfernt. Sie gilt nirgends mehr.
factors-notice-required = Hier ist ein zweiter Faktor Pflicht. Richten Sie einen ein, dann geht es dort weiter, wo Sie waren.
totp-title = Authenticator-App
totp-text = Zeigt alle 30 Sekunden einen neuen Code. Sie geben ihn nach Ihrem Passwort ein.
totp-on = Eingerichtet
totp-off = Nicht eingerichtet
totp-begin = Einrichten
totp-remove = Entfernen
totp-remove-text = Ohne sie genügt Ihr Passwort zur Anmeldung. Ihre Wiederherstellungscodes entfallen mit ihr.
totp-heading = Authenticator-App einrichten
totp-scan = Scannen Sie dieses Bild mit Ihrer App und geben Sie den Code ein, den sie zeigt.
totp-picture = QR-Code für Ihre Authenticator-App
totp-type = Oder tippen Sie diesen Schlüssel in die App:
totp-confirm = Bestätigen
recovery-title = Wiederherstellungscodes
recovery-text = Jeder ersetzt einmal den Code Ihrer App.
recovery-left = { $count ->
    [one] Noch { $count } Code
   *[other] Noch { $count } Codes
}
recovery-make = Neue Codes erstellen
recovery-make-text = Neue Codes ersetzen alle früheren.
recovery-first = Richten Sie zuerst eine Authenticator-App oder einen Passkey ein.
recovery-codes-heading = Ihre Wiederherstellungscodes
recovery-codes-text = Drucken Sie sie aus oder bewahren Sie sie bei Ihren Passwörtern auf. Jeder gilt einmal.
recovery-codes-once = Diese Codes werden nur jetzt gezeigt.
recovery-codes-kept = Ich habe sie aufbewahrt
password-error-too-short = { $count ->
    [one] Dieses Passwort ist zu kurz. Mindestens { $count } Zeichen sind nötig.
   *[other] Dieses Passwort ist zu kurz. Mindestens { $count } Zeichen sind nötig.
}
password-more = Zu kurz.
password-very-weak = Es wäre sofort erraten.
password-weak = Leicht zu erraten.
password-fair = Mäßig schwer zu erraten.
password-strong = Schwer zu erraten.
password-very-strong = Sehr schwer zu erraten.
replace-title = Ihr Passwort muss geändert werden
replace-text = Andere kennen Ihr Passwort. Wählen Sie ein neues, um sich anzumelden.

account-pages = Mehr zu Ihrem Konto
profile-title = Profil
profile-text = Anwendungen sehen dies, wenn Sie es erlauben.
profile-too-long = Höchstens 200 Zeichen in jedem Feld.
profile-name = Voller Name
profile-given-name = Vorname
profile-family-name = Nachname
profile-nickname = Spitzname
profile-language = Sprache von E-Mails und Seiten
profile-language-none = Nicht gewählt
save = Speichern
theme = Aussehen
theme-auto = Wie das System
theme-light = Hell
theme-dark = Dunkel

activity-title = Aktivität
activity-text = Was in den letzten 90 Tagen mit Ihrem Konto geschah.
activity-empty = Bisher ist nichts geschehen.
activity-not-me = Waren Sie das nicht?
activity-not-me-text = Ändern Sie Ihr Passwort. Jeder andere Browser wird abgemeldet.
activity-pages = Weitere Aktivität
activity-older = Ältere
activity-newest = Neueste
activity-times = { $times }-mal
activity-account-denied = Etwas wurde als nicht von Ihnen gemeldet
activity-account-locked = Die Anmeldung von unbekannten Orten wurde nach zu vielen Fehlversuchen gesperrt
activity-account-unlocked = Die Anmeldung ist wieder von überall möglich
not-me-title = Waren Sie das nicht?
not-me-ends = Das endet damit
not-me-since = Was hinzukam seit
not-me-text = Alles Ältere bleibt, wie es ist. Was entfernt wird und Ihnen gehörte, lässt sich neu einrichten.
not-me-do = Das war nicht ich
not-me-sessions = { $count ->
    [one] { $count } andere Sitzung
   *[other] { $count } andere Sitzungen
}
not-me-recovery-codes = { $count ->
    [one] { $count } Wiederherstellungscode
   *[other] { $count } Wiederherstellungscodes
}
not-me-devices = { $count ->
    [one] { $count } bekannter Browser
   *[other] { $count } bekannte Browser
}
not-me-password = Ihr Passwort: Es muss bei der nächsten Anmeldung ersetzt werden
factor-suspended = beiseitegelegt, öffnet nichts
totp-suspended = Beiseitegelegt: Ihre Codes gelten nicht mehr
activity-consent-granted = Sie haben einer Anwendung Zugriff erlaubt
activity-consent-revoked = Sie haben einer Anwendung den Zugriff entzogen
activity-invitation-accepted = Die Einladung wurde verwendet
activity-login = Angemeldet
activity-login-failed = Eine Anmeldung ist gescheitert
activity-logout = Abgemeldet
activity-password-change-refused = Eine Änderung des Passworts wurde abgelehnt
activity-password-changed = Das Passwort wurde geändert
activity-password-compromised = Das Passwort wurde als bekannt geworden markiert
activity-profile-changed = Das Profil wurde geändert
activity-email-change-requested = Eine Änderung der E-Mail-Adresse wurde verlangt
activity-email-changed = Die E-Mail-Adresse wurde geändert
activity-email-restored = Die frühere E-Mail-Adresse gilt wieder
activity-email-verified = Die E-Mail-Adresse wurde bestätigt
activity-factor-blocked = Der zweite Faktor wurde nach zu vielen falschen Codes gesperrt
activity-factor-failed = Ein Code des zweiten Faktors wurde abgelehnt
activity-factor-recovery-started = Das Entfernen eines verlorenen zweiten Faktors wurde verlangt
activity-factor-recovery-stopped = Das Entfernen eines verlorenen zweiten Faktors wurde gestoppt
activity-login-unfamiliar = Angemeldet mit einem unbekannten Browser oder aus einem unbekannten Netz
activity-user-disabled = Das Konto wurde abgeschaltet
activity-user-enabled = Das Konto wurde wieder eingeschaltet
activity-factor-enrolled = Eine Authenticator-App wurde eingerichtet
activity-factor-removed = Die Authenticator-App wurde entfernt
activity-passkey-added = Ein Passkey wurde erstellt
activity-passkey-counter-dropped = Ein Passkey wurde abgelehnt: Vielleicht gibt es eine Kopie davon
activity-passkey-removed = Ein Passkey wurde entfernt
activity-passkey-renamed = Ein Passkey wurde umbenannt
activity-recovery-code-used = Ein Wiederherstellungscode wurde verwendet
activity-recovery-codes-made = Neue Wiederherstellungscodes wurden erstellt
activity-session-ended = Eine Sitzung wurde beendet
activity-other = Das Konto wurde geändert

passkey = Passkey
passkeys-title = Passkeys
passkeys-text = Melden Sie sich mit Finger, Gesicht oder PIN Ihres Geräts an statt mit einem Passwort. Niemand kann ihn abfischen.
passkeys-empty = Noch kein Passkey.
passkey-add = Passkey erstellen
passkey-name = Name, an dem Sie ihn erkennen
passkey-made = Erstellt
passkey-unused = Nie verwendet
passkey-synced = auf mehreren Geräten
passkey-remove = Entfernen
passkey-rename = Umbenennen
passkey-instead = Stattdessen einen Passkey erstellen
passkey-not-made = Es wurde kein Passkey erstellt. Versuchen Sie es noch einmal, oder laden Sie zuerst die Seite neu.
factors-notice-last-way-in = Dieser Passkey ist Ihr einziger Zugang, deshalb bleibt er. Erstellen Sie zuerst einen anderen.
factors-notice-passkey-added = Ihr Passkey ist bereit. Verwenden Sie ihn bei der nächsten Anmeldung.
factors-notice-passkey-removed = Der Passkey wurde entfernt. Er öffnet nichts mehr.
factors-notice-passkey-renamed = Der Passkey hat seinen neuen Namen.
no-password-title = Kein Passwort
no-password-text = Sie melden sich nur mit Passkeys an. Behalten Sie mindestens zwei auf zwei Geräten: Nichts anderes öffnet Ihr Konto. Authenticator-Apps und Wiederherstellungscodes zählen nur neben einem Passwort.
