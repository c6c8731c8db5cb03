# Sign-in, consent, sign-out.

## Sign-in

login-heading = Sign in to { $app }
login-error-busy = Many people are signing in right now. Enter your password once more and try again in a few seconds.
login-error-challenged = Many attempts failed. Enter your password once more to go on.
challenge-wait = Without JavaScript, wait { $time } before you send this form.
challenge-work = Your browser is preparing a check. The form goes on by itself.
login-error-credentials = Email or password is not right. Check both and try again.
login-error-incomplete = Enter your email and your password.
login-error-throttled = Too many attempts. Wait a few minutes, then try again.
login-notice-no-passkey = No passkey could be used: that needs a browser with passkeys and JavaScript. Sign in with your email and password.
login-notice-reauthenticate = To go on, enter your password once more.
login-notice-signed-out = You are signed out. Sign in to go on.
sign-in-with-passkey = Sign in with a passkey
passkey-note = From this device, your phone or a security key.
passkey-failed = No passkey was used. Try again, or sign in another way.
passkey-needs-script = Passkeys need JavaScript.
use-passkey = Use a passkey

flow-done-title = You are already signed in
flow-done-text = This sign-in was finished, perhaps in another tab.
flow-done-next = Go back to the application. If it still asks, start again there.
flow-expired-title = This sign-in has expired
flow-expired-text = It stayed open too long, or it was started in another browser.
flow-expired-next = Go back to the application and start again.

## Consent

consent-heading = Allow { $app } to use your account?
consent-wants = It would be able to
consent-how-long = For how long
consent-lifetime = { $time }, then it has to ask again.
consent-lifetime-open = Until you take it back.
consent-take-back = Taking it back
consent-take-back-text = At any time, under connected applications.
consent-return = You return to
accept = Allow
deny = Deny

scope-openid = Recognise you when you come back
scope-profile = See your name and profile
scope-email = See your email address
scope-address = See your postal address
scope-phone = See your phone number
scope-offline-access = Keep this access while you are away
scope-other = Use “{ $scope }”

claim-sub = Account id
claim-name = Name
claim-given-name = First name
claim-family-name = Last name
claim-middle-name = Middle name
claim-nickname = Nickname
claim-preferred-username = User name
claim-profile = Profile page
claim-picture = Picture
claim-website = Website
claim-gender = Gender
claim-birthdate = Date of birth
claim-zoneinfo = Time zone
claim-locale = Language
claim-updated-at = Account last changed
claim-email = Email address
claim-email-verified = Address confirmed
claim-address = Postal address
claim-phone-number = Phone number
claim-phone-number-verified = Number confirmed

## Sign-out

logout-heading = Sign out?
logout-text = This ends your session in this browser.
logout-text-app = { $app } asks to end your session in this browser. Other applications here will ask you to sign in again.
stay-signed-in = Stay signed in
logged-out-heading = You are signed out
logged-out-text = Your session in this browser has ended. On a shared computer, close the browser as well.
stayed-heading = You are still signed in
stayed-text = Nothing has changed. You can close this page.

## Form post

form-post-heading = Back to { $app }
form-post-text = You are being sent back. If nothing happens, choose Continue.

## Second factor

factor-heading = Confirm that it is you
factor-text = You are signing in as { $email }. One more step.
totp-code = Code from your authenticator app
recovery-code = Recovery code
use-recovery-code = Use a recovery code
sign-in-as-other = Sign in as somebody else
factor-error-wrong = This code does not work. Enter the one your app shows now; each code works once.
factor-error-blocked = Too many wrong codes. This way is closed for a while; use another, or try again later.
