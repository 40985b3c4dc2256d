# Around every page.
skip-to-content = Skip to content
menu = Menu
find-a-domain = Find a domain
sign-out = Sign out
live-over = Your session is over: this page is not kept up to date any more.
live-sign-in = Sign in again
live-lost = The connection is lost: this page may be out of date. It is tried again.
unread-entries = { $count ->
    [0] Inbox, nothing unread
    [one] Inbox, 1 unread message
   *[other] Inbox, { $count } unread messages
}
section-overview = Overview
section-domains = Domains
section-anomalies = Anomalies
section-notification = Notification
section-contacts = Contacts
section-inbox = Inbox
section-deliveries = Deliveries
section-audit = Audit
section-settings = Settings
section-account = Account

# Time.
moment-now = now
moment-ago = { $value } ago
moment-in = in { $value }
span-seconds = { $count ->
    [one] 1 second
   *[other] { $count } seconds
}
span-minutes = { $count ->
    [one] 1 minute
   *[other] { $count } minutes
}
span-hours = { $count ->
    [one] 1 hour
   *[other] { $count } hours
}
span-days = { $count ->
    [one] 1 day
   *[other] { $count } days
}
span-years = { $count ->
    [one] 1 year
   *[other] { $count } years
}

# States of a domain.
state-enabling = Enabling
state-secure = Secure
state-abnormal = Abnormal
state-enable-failed = Enabling failed
state-unknown = Unknown
state-disabled = Disabled

# Severities.
severity-info = Info
severity-warning = Warning
severity-critical = Critical

# Kinds.
kind-enable-failed = Enabling failed
kind-expired = Expired
kind-expiring = Expiring
kind-chain-incomplete = Chain incomplete
kind-name-mismatch = Wrong name
kind-recovered = Recovered
kind-untrusted = Untrusted
kind-not-yet-valid = Not yet valid
kind-revoked = Revoked
kind-unreachable = Unreachable
kind-mixed-certificates = Mixed certificates
kind-weak = Weak
kind-renewal-overdue = Renewal overdue
kind-not-observed = Not observed
kind-certificate-changed = Certificate changed
kind-prober-blind = Prober blind

# When it does not work.
oops-absent = Not found
oops-stranger = Sign in first
oops-forbidden = You may not do that
oops-conflict = It does not fit what is there
oops-too-many = Too many at once
oops-ours = That went wrong on our side
oops-invalid = Something is not allowed
oops-no-page = There is no such page. It may have been moved, or the address is mistyped.
oops-home = Back to the overview

# Lists and forms.
filter = Filter
search = Search
show-all = Show all
all = All
actions = Actions
pages = Pages
page-first = First page
page-next = Next page
colon = {":"}{" "}
list-comma = {", "}
list-more = {" "}and { $count } more
save = Save
cancel = Cancel
close = Close
language = Language
language-en = English
language-zh-CN = 简体中文
time-zone = Time zone
form-mistakes = Something is not allowed: look below.
form-outrun = Somebody has changed it meanwhile. Cancel to see how, or save once more to replace that.
wrong-version = The page is out of date: load it again.
