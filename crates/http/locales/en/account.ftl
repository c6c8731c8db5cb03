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
