overview-title = Overview
overview-all = All domains
overview-open = Open now
overview-none-open = Nothing is wrong.
overview-more = { $count ->
    [one] 1 more
   *[other] { $count } more
}
overview-expiries = Coming expiries
overview-no-expiries = No certificate expires within the next { $count } days.
overview-chart = Certificates that expire in each of the coming weeks: { $count ->
    [one] 1 in all
   *[other] { $count } in all
}
overview-table = The same as a table
overview-week = Week from
overview-lately = What happened lately
overview-nothing-yet = Nothing has happened yet.
overview-health = certherald itself
overview-ready = Everything works.
overview-unready = Something does not work:
overview-nobody = nobody
overview-not-known = not known
overview-last-look = Last look at a domain
overview-no-look = none yet
leads-detector = Leading detector
leads-notifier = Leading notifier
trouble-bus-silent = The broker does not answer: what is shown may be out of date.
trouble-nobody-leads-detector = No detector works: no domain is looked at, and nothing is judged.
trouble-nobody-leads-notifier = No notifier works: nobody is notified.
trouble-no-looks = No look at any domain came in for longer than is normal: the probers may not work.
overview-version = Version
overview-instance = Instance
overview-contacts = Contacts
overview-first = Name the domains that are to be watched: every address of each is looked at within seconds.
overview-add = Add domains
overview-acknowledged = in hand: { $value }
