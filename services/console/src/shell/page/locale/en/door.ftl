# Signing in, and following a one-time link.
door-title = Sign in
door-name = Name
door-name-hint = Letters, digits and . - _ @ +. Your mail address is a good one.
door-password = Password
door-new-password = New password
door-password-hint = 10 characters at least. A sentence is easy to remember.
door-again = The same again
door-sign-in = Sign in
door-begin = Set password and sign in
door-lost = No password, or forgotten? An administrator makes you a link; on the machine itself do
door-wrong = The name or the password is wrong.
door-too-often = That was tried too often. Wait { $count ->
    [one] 1 second
   *[other] { $count } seconds
} and try again.
door-not-now = Signing in does not work at the moment. Try again in a while.
door-over = Your session is over. Sign in again.
door-differ = The two passwords differ.
door-welcome = Welcome to certherald
door-first = Nobody has an account here yet. Make yours: it may do everything.
door-reset = Make an administrator's account, or set the password of yours anew.
door-invited = Set the password of your account.
door-spent = This link opens nothing any more: it was used, or another was.
door-expired = This link has expired.
door-garbled = This is no link that was made here, or not all of it.
door-new-link = For a new link ask an administrator, or do on the machine itself
