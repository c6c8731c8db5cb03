# Account and invitation.

account-title = Your account
account-notice-app-revoked = The application no longer has access.
account-notice-password-set = Your password is set.
account-notice-session-ended = The session has ended.
verified = verified

sessions-title = Where you are signed in
sessions-text = End any session you do not recognise.
session-device = { $browser } on { $system }
session-device-unknown = Unknown browser
session-current = This browser
session-last-used = Last used
session-started = Signed in
session-place = from { $place }
end-session = End session
sign-out-everywhere = Sign out everywhere
sign-out-everywhere-text = Ends every session above, this one included.
end-all-sessions = End all sessions

apps-title = Connected applications
apps-text = These applications can use your account as you allowed.
apps-empty = No application has access. One appears here after you allow it.
app-granted = Allowed
app-scopes = What it may do
revoke-access = Revoke access

identity-title = Your identity
subject = Account id

invite-heading = Set your password
invite-text = You are invited to { $tenant }. Choose a password to begin.
new-password = New password
set-password = Set password
invite-rule-length = { $count ->
    [one] At least { $count } character
   *[other] At least { $count } characters
}
invite-rule-common = Not one of the passwords attackers try first, and without your email address
invite-rule-any = Any characters, spaces too: a few unrelated words work well
invite-error-common = This password is one of the first an attacker would try. Choose another.
invite-error-personal = The password contains your email address or the name of this service. Choose another.
invite-error-too-long = This password is too long. Use at most 1024 characters.
invite-error-too-short = { $count ->
    [one] This password is too short. Use at least { $count } character.
   *[other] This password is too short. Use at least { $count } characters.
}
invite-expires = This link works once, until { $when }.

factors-title = Sign-in and factors
factors-notice-enrolled = Your authenticator app is set up. Make recovery codes next, in case you lose it.
factors-notice-removed = The authenticator app was removed. It no longer works anywhere.
factors-notice-required = A second factor is required here. Set one up, then go back to where you came from.
totp-title = Authenticator app
totp-text = Shows a new code every 30 seconds. You enter it after your password.
totp-on = Set up
totp-off = Not set up
totp-begin = Set up
totp-remove = Remove
totp-remove-text = Without it your password alone signs you in. Your recovery codes go with it.
totp-heading = Set up your authenticator app
totp-scan = Scan this picture with your app, then enter the code it shows.
totp-picture = QR code for your authenticator app
totp-type = Or type this key into the app:
totp-confirm = Confirm
recovery-title = Recovery codes
recovery-text = Each signs you in once in place of your app.
recovery-left = { $count ->
    [one] { $count } code left
   *[other] { $count } codes left
}
recovery-make = Make new codes
recovery-make-text = New codes replace all earlier ones.
recovery-first = Set up an authenticator app first.
recovery-codes-heading = Your recovery codes
recovery-codes-text = Print them or keep them where you keep your passwords. Each works once.
recovery-codes-once = These codes are shown only now.
recovery-codes-kept = I have kept them
