# The error page: what happened, why, what to do next.

problem-code = Code
problem-detail = For whoever runs the application

problem-not-found-title = There is no page here
problem-not-found-cause = The address may be mistyped, or the page has moved.
problem-not-found-next = Check the address, or go back to where you came from.

problem-method-not-allowed-title = This address works differently
problem-method-not-allowed-cause = The page was called in a way it does not answer, for example by reloading it after a form was sent.
problem-method-not-allowed-next = Go back to the application and start again.

problem-too-large-title = The request was too large
problem-too-large-cause = More was sent than this page accepts.
problem-too-large-next = Send less, or ask whoever runs the application.

problem-unsupported-media-type-title = The form could not be read
problem-unsupported-media-type-cause = It was sent in a format this page does not accept.
problem-unsupported-media-type-next = Go back to the application and start again.

problem-too-slow-title = The request took too long to arrive
problem-too-slow-cause = The connection was slow or broke off, so we have only a part of what was sent. Nothing was changed.
problem-too-slow-next = Check your connection, then send it again.

problem-cross-site-title = This form did not come from here
problem-cross-site-cause = To protect you, forms are accepted only from our own pages. Another site sent this one, or the page was open too long.
problem-cross-site-next = Open the page again and send the form from there.

problem-wrong-host-title = Please use the other address
problem-wrong-host-cause = The service is set up for one address, and this is a different one. Sign-in would fail here.
problem-wrong-host-next = Open the address below. Whoever runs the service can change it with server.public_url.

problem-invalid-request-title = The application asked in a way we cannot answer
problem-invalid-request-cause = Its request is incomplete or contradictory, so we do not know where to send you back.
problem-invalid-request-next = Go back to the application and try again. If it stays like this, tell whoever runs the application.

problem-unknown-client-title = We do not know this application
problem-unknown-client-cause = It is not registered here, or it has been switched off.
problem-unknown-client-next = Do not enter your password anywhere it sends you. Tell whoever runs the application.

problem-redirect-uri-title = We stopped before sending you on
problem-redirect-uri-cause = The application wants you sent to an address that is not registered for it.
problem-redirect-uri-next = Tell whoever runs the application: the redirect URI has to be registered exactly as it is sent.

problem-duplicate-parameter-title = The application contradicted itself
problem-duplicate-parameter-cause = It sent the same parameter more than once, so we do not know which one is meant.
problem-duplicate-parameter-next = Go back to the application and try again. If it stays like this, tell whoever runs the application.

problem-invite-ended-title = This invitation no longer works
problem-invite-ended-cause = It was already used, or its time is over.
problem-invite-ended-next = Ask whoever invited you for a new one.

problem-internal-title = Something broke on our side
problem-internal-cause = Nothing you did caused it, and nothing was changed.
problem-internal-next = Try again. If it stays like this, tell the operator the request id below.

problem-too-many-requests-title = Too many requests
problem-too-many-requests-cause = More requests came from your network in a minute than are answered.
problem-too-many-requests-next = Wait a minute, then try again.
problem-unavailable-title = We cannot answer right now
problem-unavailable-cause = A part of the service is not reachable, or too much is asked of it at once.
problem-unavailable-next = Wait a minute, then try again. What was already done is not lost.

problem-link-ended-title = This link no longer works
problem-link-ended-cause = It was already used, its time is over, or it was asked for in another browser.
problem-link-ended-next = Open it in the browser in which you asked for it, or ask for a new one.
