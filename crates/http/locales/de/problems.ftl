# Die Fehlerseite: was geschah, warum, was als Nächstes zu tun ist.

problem-code = Code
problem-detail = Für die Betreiber der Anwendung

problem-not-found-title = Hier ist keine Seite
problem-not-found-cause = Vielleicht ist die Adresse vertippt, oder die Seite ist umgezogen.
problem-not-found-next = Prüfen Sie die Adresse, oder gehen Sie dorthin zurück, woher Sie kamen.

problem-method-not-allowed-title = Diese Adresse funktioniert anders
problem-method-not-allowed-cause = Die Seite wurde auf eine Art aufgerufen, auf die sie nicht antwortet, zum Beispiel durch Neuladen nach dem Absenden eines Formulars.
problem-method-not-allowed-next = Kehren Sie zur Anwendung zurück und beginnen Sie noch einmal.

problem-too-large-title = Die Anfrage war zu groß
problem-too-large-cause = Es wurde mehr gesendet, als diese Seite annimmt.
problem-too-large-next = Senden Sie weniger, oder fragen Sie die Betreiber der Anwendung.

problem-unsupported-media-type-title = Das Formular war nicht lesbar
problem-unsupported-media-type-cause = Es kam in einem Format, das diese Seite nicht annimmt.
problem-unsupported-media-type-next = Kehren Sie zur Anwendung zurück und beginnen Sie noch einmal.

problem-too-slow-title = Die Anfrage kam zu langsam an
problem-too-slow-cause = Die Verbindung war langsam oder brach ab, deshalb haben wir nur einen Teil der Daten. Nichts wurde geändert.
problem-too-slow-next = Prüfen Sie Ihre Verbindung und senden Sie es dann noch einmal.

problem-cross-site-title = Dieses Formular kam nicht von hier
problem-cross-site-cause = Zu Ihrem Schutz nehmen wir Formulare nur von unseren eigenen Seiten an. Dieses kam von einer anderen Seite, oder die Seite war zu lange offen.
problem-cross-site-next = Öffnen Sie die Seite noch einmal und senden Sie das Formular von dort.

problem-wrong-host-title = Bitte nutzen Sie die andere Adresse
problem-wrong-host-cause = Der Dienst ist für eine bestimmte Adresse eingerichtet, und dies ist eine andere. Die Anmeldung würde hier scheitern.
problem-wrong-host-next = Öffnen Sie die Adresse unten. Wer den Dienst betreibt, kann sie mit server.public_url ändern.

problem-invalid-request-title = Diese Anfrage können wir nicht beantworten
problem-invalid-request-cause = Die Anfrage der Anwendung ist unvollständig oder widersprüchlich. Deshalb wissen wir nicht, wohin wir Sie zurückschicken sollen.
problem-invalid-request-next = Kehren Sie zur Anwendung zurück und versuchen Sie es noch einmal. Hilft das nicht, sagen Sie den Betreibern der Anwendung Bescheid.

problem-unknown-client-title = Diese Anwendung kennen wir nicht
problem-unknown-client-cause = Sie ist hier nicht registriert oder wurde abgeschaltet.
problem-unknown-client-next = Geben Sie nirgends Ihr Passwort ein, wohin sie Sie schickt. Sagen Sie den Betreibern der Anwendung Bescheid.

problem-redirect-uri-title = Wir haben Sie nicht weitergeschickt
problem-redirect-uri-cause = Die Anwendung möchte Sie an eine Adresse schicken, die für sie nicht registriert ist.
problem-redirect-uri-next = Sagen Sie den Betreibern der Anwendung Bescheid: die Redirect-URI muss genau so registriert sein, wie sie gesendet wird.

problem-duplicate-parameter-title = Die Anwendung widerspricht sich
problem-duplicate-parameter-cause = Sie hat denselben Parameter mehrfach gesendet. Deshalb wissen wir nicht, welcher gilt.
problem-duplicate-parameter-next = Kehren Sie zur Anwendung zurück und versuchen Sie es noch einmal. Hilft das nicht, sagen Sie den Betreibern der Anwendung Bescheid.

problem-invite-ended-title = Diese Einladung gilt nicht mehr
problem-invite-ended-cause = Sie wurde schon benutzt, oder ihre Zeit ist abgelaufen.
problem-invite-ended-next = Bitten Sie um eine neue Einladung.

problem-internal-title = Bei uns ist etwas schiefgegangen
problem-internal-cause = Es lag nicht an Ihnen, und es wurde nichts verändert.
problem-internal-next = Versuchen Sie es noch einmal. Hilft das nicht, nennen Sie dem Betrieb die Anfragenummer unten.

problem-too-many-requests-title = Zu viele Anfragen
problem-too-many-requests-cause = Aus Ihrem Netz kamen in einer Minute mehr Anfragen, als beantwortet werden.
problem-too-many-requests-next = Warten Sie eine Minute und versuchen Sie es dann noch einmal.
problem-unavailable-title = Wir können gerade nicht antworten
problem-unavailable-cause = Ein Teil des Dienstes ist nicht erreichbar, oder er bekommt mehr Anfragen auf einmal, als er schafft.
problem-unavailable-next = Warten Sie eine Minute und versuchen Sie es dann noch einmal. Was schon erledigt ist, geht nicht verloren.

problem-link-ended-title = Dieser Link gilt nicht mehr
problem-link-ended-cause = Er wurde schon benutzt, seine Zeit ist abgelaufen, oder er wurde in einem anderen Browser verlangt.
problem-link-ended-next = Öffnen Sie ihn in dem Browser, in dem Sie ihn verlangt haben, oder verlangen Sie einen neuen.
