delivery-title = Delivery
delivery-when = Due
delivery-contact = Contact
delivery-method = Method
delivery-about = About
delivery-news = News
delivery-cause = Cause
delivery-state = State
delivery-words = What the channel said
delivery-domain = Domain
delivery-id = Id
delivery-steps = What was done
delivery-attempt = Attempt { $count }
delivery-retry = Next attempt:
delivery-broken = The address is out of order: it is paused until it is saved again or a test is delivered.
delivery-rests = The address is paused; end of the pause:
delivery-lead = Travels in the message of
delivery-again = Send again
deliveries-none = Nothing was told yet: what is wrong with a domain is told by its notification setting.
deliveries-none-found = No delivery fits the filter.

delivery-is-due = Due
delivery-is-attempted = Under way
delivery-is-delivered = Delivered
delivery-is-failed = Failed for now
delivery-is-parked = Parked
delivery-is-dropped = Dropped
delivery-means-due = It is to be told, and waits for its turn or its window.
delivery-means-attempted = The channel is being spoken to.
delivery-means-delivered = The channel has it.
delivery-means-failed = The channel did not take it; it is tried again by itself.
delivery-means-parked = Nothing more is tried by itself: mend what the channel names, then send it again.
delivery-means-dropped = It need not be told any more.

told-for-event = Event
told-for-reminder = Reminder
told-for-test = Test
told-for-again = Sent again
told-for-escalation = Escalation
told-for-verification = Verification
told-for-channel-broken = Channel out of order
told-for-unspecified = Unknown


notice-sent-again = It is sent again: what comes of it appears below.
wrong-domain = The name or the id of a domain that is there.
