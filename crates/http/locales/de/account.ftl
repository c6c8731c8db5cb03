# Konto und Einladung.

account-title = Ihr Konto
account-notice-app-revoked = Die Anwendung hat keinen Zugriff mehr.
account-notice-password-set = Ihr Passwort ist gesetzt.
account-notice-session-ended = Die Sitzung ist beendet.
verified = bestätigt

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
invite-rule-length = { $count ->
    [one] Mindestens { $count } Zeichen
   *[other] Mindestens { $count } Zeichen
}
invite-rule-common = Keines der Passwörter, die Angreifer zuerst probieren, und ohne Ihre E-Mail-Adresse
invite-rule-any = Alle Zeichen sind erlaubt, auch Leerzeichen: einige Wörter ohne Zusammenhang eignen sich gut
invite-error-common = Dieses Passwort würde ein Angreifer als eines der ersten probieren. Wählen Sie ein anderes.
invite-error-personal = Das Passwort enthält Ihre E-Mail-Adresse oder den Namen dieses Dienstes. Wählen Sie ein anderes.
invite-error-too-long = Dieses Passwort ist zu lang. Verwenden Sie höchstens 1024 Zeichen.
invite-error-too-short = { $count ->
    [one] Dieses Passwort ist zu kurz. Verwenden Sie mindestens { $count } Zeichen.
   *[other] Dieses Passwort ist zu kurz. Verwenden Sie mindestens { $count } Zeichen.
}
invite-expires = Dieser Link gilt einmal, bis { $when }.

factors-title = Anmeldung und Faktoren
factors-notice-enrolled = Ihre Authenticator-App ist eingerichtet. Erstellen Sie jetzt Wiederherstellungscodes, falls Sie sie verlieren.
factors-notice-removed = Die Authenticator-App wurde entfernt. Sie gilt nirgends mehr.
factors-notice-required = Hier ist ein zweiter Faktor Pflicht. Richten Sie einen ein und gehen Sie dann dorthin zurück, woher Sie kamen.
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
recovery-first = Richten Sie zuerst eine Authenticator-App ein.
recovery-codes-heading = Ihre Wiederherstellungscodes
recovery-codes-text = Drucken Sie sie aus oder bewahren Sie sie bei Ihren Passwörtern auf. Jeder gilt einmal.
recovery-codes-once = Diese Codes werden nur jetzt gezeigt.
recovery-codes-kept = Ich habe sie aufbewahrt
