# Words several pages share.

back-to-app = Back to { $app }
back-to-application = Back to the application
client-id = Client id
continue = Continue
copied = Copied
copy = Copy
email = Email
forgot-password = Forgot password?
hide-password = Hide
issuer = Issuer
language = Language
open-account = Open your account
or = or
password = Password
privacy-policy = Privacy policy
request-id = Request
show-password = Show
sign-in = Sign in
sign-in-again = Sign in again
sign-out = Sign out
signed-in-as = Signed in as { $user }
skip-to-content = Skip to content
start-again = Start again
terms-of-service = Terms of service

## Times

lifetime-seconds = { $count ->
    [one] { $count } second
   *[other] { $count } seconds
}
lifetime-minutes = { $count ->
    [one] { $count } minute
   *[other] { $count } minutes
}
lifetime-hours = { $count ->
    [one] { $count } hour
   *[other] { $count } hours
}
lifetime-days = { $count ->
    [one] { $count } day
   *[other] { $count } days
}
yes = Yes
no = No
ago-now = just now
ago-minutes = { $count ->
    [one] { $count } minute ago
   *[other] { $count } minutes ago
}
ago-hours = { $count ->
    [one] { $count } hour ago
   *[other] { $count } hours ago
}
ago-days = { $count ->
    [one] { $count } day ago
   *[other] { $count } days ago
}
when = { $day } { $month } { $year }, { $time } UTC
month-1 = January
month-2 = February
month-3 = March
month-4 = April
month-5 = May
month-6 = June
month-7 = July
month-8 = August
month-9 = September
month-10 = October
month-11 = November
month-12 = December
