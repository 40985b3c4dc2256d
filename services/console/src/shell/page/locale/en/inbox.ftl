inbox-unread = { $count ->
    [0] Nothing unread
    [one] 1 unread message
   *[other] { $count } unread messages
}
inbox-only-unread = Unread only
inbox-empty = Nothing has come in yet: whoever a setting tells by internal message finds it here.
inbox-nothing-unread = Everything is read.
inbox-new = new
inbox-read = Mark as read
inbox-read-one = Mark as read: { $value }
inbox-read-all = Mark all as read
inbox-domain = To the domain
inbox-delivery = Delivery

notice-entry-read = The message is marked as read.
notice-all-read = All messages are marked as read.
