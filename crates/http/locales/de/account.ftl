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
