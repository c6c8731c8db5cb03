# Account and invitation.

account-title = Your account
account-notice-app-revoked = The application no longer has access.
account-notice-password-changed = Your password is changed. Every other browser is signed out.
account-notice-password-set = Your password is set.
account-notice-profile-changed = Your profile is saved.
account-notice-session-ended = The session has ended.
account-notice-not-me = Every other browser is signed out, and what was added since is removed. If you have a password, it has to be replaced at the next sign-in: change it now.
account-notice-recovery-stopped = It is stopped. Your second factors stay as they are.
verified = verified

next-step-go = Do it now
next-add-factor = Next: set up an authenticator app
next-add-factor-text = Then a stolen password alone is not enough.
next-add-passkey = Next: create a passkey
next-add-passkey-text = Your finger, face or PIN protects the account better than a password alone.
next-add-spare-passkey = Next: create another passkey
next-add-spare-passkey-text = The one you have is your only way in.
next-confirm-address = Next: confirm your mail address
next-confirm-address-text = Only a confirmed address can help you back in.
next-make-recovery-codes = Next: make recovery codes
next-make-recovery-codes-text = They let you in when your device is lost. You have few or none left.
next-nothing = Your account is well protected
next-nothing-text = There is nothing to do.
recovery-stop-title = Your second factors are to be removed
recovery-stop-text = Somebody who knows your password and reads your mail says that they are lost. If that was not you, stop it and change your password.
recovery-stop-when = Can be finished from this moment on
recovery-stop = Stop it

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
invite-expires = This link works once, until { $when }.

password-title = Change your password
password-text = Every other browser will be signed out.
current-password = Current password
change-password = Change password
back-to-account = Back to your account
password-rule-length = { $count ->
    [one] At least { $count } character
   *[other] At least { $count } characters
}
password-rule-common = Not in lists of common or leaked passwords, and without your name, your email address or the name of this service
password-rule-any = Any characters, spaces too: a few unrelated words work well
password-rule-classes = With capital letters, small letters, digits and other characters
password-error-common = This password is in a list of common or leaked passwords. Choose another.
password-error-current = The current password is wrong.
password-error-few-classes = Use capital letters, small letters, digits and other characters.
password-error-personal = The password contains your name, your email address or the name of this service. Choose another.
password-error-too-long = { $count ->
    [one] This password is too long. Use at most { $count } character.
   *[other] This password is too long. Use at most { $count } characters.
}
password-error-too-short = { $count ->
    [one] This password is too short. Use at least { $count } character.
   *[other] This password is too short. Use at least { $count } characters.
}

factors-title = Sign-in and factors
factors-notice-enrolled = Your authenticator app is set up. Make recovery codes next, in case you lose it.
factors-notice-removed = The authenticator app was removed. It no longer works anywhere.
factors-notice-required = A second factor is required here. Set one up; then you go on to where you were.
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
recovery-first = Set up an authenticator app or a passkey first.
recovery-codes-heading = Your recovery codes
recovery-codes-text = Print them or keep them where you keep your passwords. Each works once.
recovery-codes-once = These codes are shown only now.
recovery-codes-kept = I have kept them
password-more = Too short.
password-very-weak = It would be guessed at once.
password-weak = Easy to guess.
password-fair = Somewhat hard to guess.
password-strong = Hard to guess.
password-very-strong = Very hard to guess.
replace-title = Your password has to be changed
replace-text = Others know your password. Choose a new one to sign in.

account-pages = More of your account
profile-title = Profile
profile-text = Applications see this if you allow it.
profile-too-long = Use at most 200 characters in each field.
profile-name = Full name
profile-given-name = Given name
profile-family-name = Family name
profile-nickname = Nickname
profile-language = Language of mails and pages
profile-language-none = Not chosen
save = Save
theme = Appearance
theme-auto = As the system
theme-light = Light
theme-dark = Dark

activity-title = Activity
activity-text = What happened to your account in the last 90 days.
activity-empty = Nothing has happened yet.
activity-not-me = Was that not you?
activity-not-me-text = Change your password. Every other browser will be signed out.
activity-pages = More activity
activity-older = Older
activity-newest = Newest
activity-times = { $times } times
activity-account-denied = Something was reported as not your doing
activity-account-locked = Sign-in from unknown places was closed after too many failures
activity-account-unlocked = Sign-in is open from everywhere again
not-me-title = Was that not you?
not-me-ends = This ends
not-me-since = What was added since
not-me-text = Everything older stays as it is. What is removed and was yours can be made again.
not-me-do = It was not me
not-me-sessions = { $count ->
    [one] { $count } other session
   *[other] { $count } other sessions
}
not-me-recovery-codes = { $count ->
    [one] { $count } recovery code
   *[other] { $count } recovery codes
}
not-me-devices = { $count ->
    [one] { $count } known browser
   *[other] { $count } known browsers
}
not-me-password = Your password: it has to be replaced at the next sign-in
factor-suspended = set aside, opens nothing
totp-suspended = Set aside: its codes no longer count
activity-consent-granted = You allowed an application access
activity-consent-revoked = You took an application's access back
activity-invitation-accepted = The invitation was used
activity-login = Signed in
activity-login-failed = A sign-in failed
activity-logout = Signed out
activity-password-change-refused = A change of the password was refused
activity-password-changed = The password was changed
activity-password-compromised = The password was marked as known to others
activity-profile-changed = The profile was changed
activity-email-change-requested = A change of the mail address was asked for
activity-email-changed = The mail address was changed
activity-email-restored = The earlier mail address was put back
activity-email-verified = The mail address was confirmed
activity-factor-blocked = The second factor was closed after too many wrong codes
activity-factor-failed = A code for the second factor was refused
activity-factor-recovery-started = The removal of a lost second factor was asked for
activity-factor-recovery-stopped = The removal of a lost second factor was stopped
activity-login-unfamiliar = Signed in with an unknown browser or from an unknown network
activity-user-disabled = The account was switched off
activity-user-enabled = The account was switched on again
activity-factor-enrolled = An authenticator app was set up
activity-factor-removed = The authenticator app was removed
activity-passkey-added = A passkey was created
activity-passkey-counter-dropped = A passkey was refused: there may be a copy of it
activity-passkey-removed = A passkey was removed
activity-passkey-renamed = A passkey got another name
activity-recovery-code-used = A recovery code was used
activity-recovery-codes-made = New recovery codes were made
activity-session-ended = A session was ended
activity-other = The account was changed

passkey = Passkey
passkeys-title = Passkeys
passkeys-text = Sign in with your device's finger, face or PIN instead of a password. Nobody can phish it.
passkeys-empty = No passkey yet.
passkey-add = Create a passkey
passkey-name = Name, so that you recognise it
passkey-made = Created
passkey-unused = Never used
passkey-synced = kept on several devices
passkey-remove = Remove
passkey-rename = Rename
passkey-instead = Create a passkey instead
passkey-not-made = No passkey was made. Try again, or reload the page first.
factors-notice-last-way-in = This passkey is your only way in, so it stays. Create another first.
factors-notice-passkey-added = Your passkey is ready. Use it the next time you sign in.
factors-notice-passkey-removed = The passkey was removed. It opens nothing any more.
factors-notice-passkey-renamed = The passkey has its new name.
no-password-title = No password
no-password-text = You sign in with passkeys alone. Keep at least two, on two devices: nothing else opens your account. Authenticator apps and recovery codes count beside a password.
