# Die Seite unter der Adresse der Konsole.

console-title = Konsole
console-lead = Hier gibt es noch keine Konsole. Ihre Aufgaben übernehmen die Admin-API und die Befehle von rsp.
console-today = Was es heute gibt
console-today-text = Und wer es nutzen darf.
console-api = Admin-API
console-api-text = Listet Personen und Anwendungen auf, legt sie an, sperrt sie und gibt sie wieder frei.
console-api-who = Für Clients mit dem Scope rsp.admin.
console-api-manual = Das Handbuch beschreibt sie unter „Admin API“.
console-commands = Befehle
console-commands-text = Mandanten, Personen, Anwendungen, Schlüssel und eine Prüfung der Installation.
console-commands-who = Für alle, die rsp auf dem Server mit dessen Konfiguration ausführen dürfen.
console-account-text = Ihre eigenen Sitzungen und die Anwendungen, denen Sie zugestimmt haben.
console-account-who = Für alle mit einem Konto.
console-tenant = Dieser Mandant
