anomalies-tab-open = Open
anomalies-tab-closed = Closed
anomalies-tab-silences = Silences
anomalies-least = Severity at least
anomalies-none-open = Nothing is wrong.
anomalies-none-closed = No closed anomaly is on record.
anomalies-none-silences = Nothing is silenced.
anomalies-none-fit = No anomaly fits the filter.
anomalies-count = { $count ->
    [one] 1 anomaly
   *[other] { $count } anomalies
}
anomalies-removed = a removed domain
anomalies-since = began
how-recovered = recovered
how-superseded = superseded by something worse
how-abandoned = not watched any more
acknowledge = Acknowledge
acknowledge-reason = Reason, such as: ordered a new one

# Silences.
silences-now = Silences that hold now
silences-new = Silence a tag
silence-hint = Nobody is notified until it ends. What is still wrong then is told then.
silence-span = For
silence-until = or until (UTC)
silence-reason = Reason
silence-begin = Silence
silence-ends = ends
silence-lift = Lift
silence-go = Silence
span-of-1h = 1 hour
span-of-8h = 8 hours
span-of-1d = 1 day
span-of-7d = 7 days
span-of-30d = 30 days
notice-silenced = Nobody is notified until it ends.
notice-lifted = The silence is lifted: what is wrong is told from now on.
