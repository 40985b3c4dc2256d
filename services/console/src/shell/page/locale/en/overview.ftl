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
overview-version = Version
overview-instance = Instance
overview-contacts = Contacts
overview-first = Name the domains that are to be watched: every address of each is looked at within seconds.
overview-add = Add domains
overview-acknowledged = in hand: { $value }
