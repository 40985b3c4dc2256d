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
door-lost = No password, or forgotten? An administrator makes you a link; on the machine itself run
door-wrong = The name or the password is wrong.
door-wrong-field = { $field }: want { $value }.
door-too-often = That was tried too often. Wait { $count ->
    [one] 1 second
   *[other] { $count } seconds
} and try again.
door-not-now = Signing in does not work at the moment. Try again in a while.
door-over = Your session is over. Sign in again.
door-undone = Your session was over, so that what you sent was not done. Sign in again, and send it once more.
door-differ = The two passwords differ.
door-welcome = Welcome to certherald
door-first = Nobody has an account here yet. Make yours: it may do everything.
door-reset = Make an administrator's account, or set the password of yours anew.
door-invited = Set the password of your account.
door-spent = This link opens nothing any more: it was used, or another was.
door-expired = This link has expired.
door-garbled = This is no link that was made here, or not all of it.
door-new-link = For a new link ask an administrator, or run on the machine itself
door-closed = Nobody signs in with a password here.
door-out = You are signed out here
door-out-there = Sign out of { $value } as well
door-openid = Sign in with { $value }
door-openid-lost = This sign-in was not begun in this browser, was used already, or took longer than ten minutes. Begin again.
door-openid-declined = { $value } did not let you in, or you said no there. Begin again, or ask who runs it.
door-openid-unreachable = { $value } cannot be reached at the moment. Try again in a while.
door-openid-unwilling = { $value } refuses this console. Ask an administrator: the log of the console says why.
door-openid-untrusted = What { $value } answered proves nothing, so nobody was let in. Ask an administrator: the log of the console says why.
door-openid-unknown = You have no account here. Ask an administrator for one.
door-openid-no-role = None of your groups may enter here. Ask an administrator.
door-openid-disabled = Your account is disabled. Ask an administrator.
door-openid-unverified = { $value } does not say that your mail address is verified. Verify it there, then begin again.
door-openid-nameless = { $value } names neither a mail address nor a user name of yours that could name an account. Ask an administrator.
door-openid-taken = There is an account of your name already, and it belongs to somebody else. Ask an administrator.
door-openid-full = There is no room for another account. Ask an administrator.
