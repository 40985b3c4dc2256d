domains-title = Domains
domains-add = Add domains
domains-export = Export
domains-text = Name contains
domains-state = State
domains-kind = Anomaly
domains-tag = Tag
domains-issuer = Issuer
domains-first = Name the domains that are to be watched: every address of each is looked at within seconds.
domains-none = No domain fits the filter.
domains-count = { $count ->
    [one] 1 domain
   *[other] { $count } domains
}
domains-of = of { $count }
domains-ticked = With all that are ticked
domains-tick-all = Tick all on this page
domains-scan = Scan now
domains-enable = Enable
domains-disable = Disable
domains-new-tag = Tag
domains-do-tag = Tag
domains-untag = Untag
domains-remove = Remove
domains-sure = Remove all that are ticked? Their history is kept.
domains-name = Domain
domains-wrong = What is wrong
domains-expires = Expiry
domains-endpoints = Addresses
domains-tags = Tags
domains-looked = Last look
domains-never = not yet
domains-silent = silenced
domains-no-action = Choose what to do.
domains-none-ticked = Tick the domains first.
domains-done-title = Not all of it could be done
domains-done = { $count ->
    [one] Done for 1 domain.
   *[other] Done for { $count } domains.
}
domains-unchanged = { $count ->
    [one] 1 domain was so already.
   *[other] { $count } domains were so already.
}
domains-rejected = { $count ->
    [one] It could not be done for 1 domain:
   *[other] It could not be done for { $count } domains:
}
domains-reason = Reason
domains-and-more = and { $count } more
domains-back = Back to the list
domains-cancel = Cancel
notice-domains-changed = Done for all that were ticked.
notice-domain-removed = The domain was removed. Its history is kept, and goes on if it is added again.
notice-scan-asked = The scan is on its way: its answer appears within seconds.

# Adding.
add-title = Add domains
add-names = Names
add-names-hint = One or many, divided by commas or lines: name, name:port, [address]:port, or a URL. What follows a # is ignored.
add-file = CSV file
add-file-hint = The first line names the columns; at most 16 MiB.
add-template = Download the template
add-options = Options for all of them
add-options-hint = In a file they hold for what a line leaves open.
add-protocol = Protocol
add-by-port = By the port
add-update = Replace the options of domains that are monitored already
add-nothing = Name at least one domain, or choose a file.
add-answer = Result
add-line = Line
add-text = Text
add-on-line = Line { $count },
add-rejected = { $count ->
    [one] 1 line was rejected
   *[other] { $count } lines were rejected
}
add-remarks = { $count ->
    [one] 1 line was partly ignored
   *[other] { $count } lines were partly ignored
}
add-added = { $count ->
    [one] 1 domain was added
   *[other] { $count } domains were added
}
add-updated = { $count ->
    [one] 1 domain has new options
   *[other] { $count } domains have new options
}
add-existing = { $count ->
    [one] 1 domain was there already
   *[other] { $count } domains were there already
}
add-see = See the domains
