notification-tab = Public Domain Name Monitoring
notification-default = Default setting
notification-default-hint = Applies to every domain that has no setting of its own.
notification-no-default = There is no default setting: nobody is told of the domains that have none of their own.
notification-edit = Edit
notification-edit-default = Edit the default setting
notification-edit-of = Edit the notification of { $value }
notification-switch = Switch
notification-on = On
notification-off = Off
notification-contact = Contact
notification-method = Notification Method
notification-time = Anomaly Time
notification-repeat = Repeat
notification-kinds = Kinds
notification-escalate = Escalation
notification-domain = Domain
notification-setting = Setting
notification-own = Own
notification-of-default = Default
notification-nobody = Nobody is told: there is no default setting.
notification-total = { $count ->
    [one] 1 domain
   *[other] { $count } domains
}
notification-no-domains = No domain is watched yet.
notification-none-found = No domain contains “{ $value }”.
notification-gaps = { $count ->
    [one] 1 not reached
   *[other] { $count } not reached
}
notification-all-day = All day
notification-critical-too = { $value }; critical at any time
notification-daily = Daily
notification-every = Every { $count } days
notification-never = Never
notification-all-kinds = All anomalies
notification-escalation = After { $count } min: { $value }

# The panel.
edit-notification = Edit Notification
edit-begins-with-default = It follows the default setting. Saving gives it one of its own.
edit-switch = Send notifications
edit-switch-hint = Off: nothing is sent, also nothing that is on its way already.
edit-contacts-hint = 1 to 10. Whoever a chosen method does not reach is marked.
edit-window = Only from – to
edit-from = From
edit-to = To
edit-window-hint = Outside of it news is held, and judged again when it begins. To before From is of the next day.
edit-critical-any-time = Let critical through at any time
edit-every = Every … days
edit-days = Days
edit-repeat-hint = While an anomaly is open and nobody has acknowledged it. A rise in severity is told at once.
edit-all-kinds = All anomalies, but not that a certificate changed
edit-some-kinds = Only these
edit-no-escalation = Nobody else
edit-escalation = Others, when nobody acknowledges it
edit-minutes = Minutes
edit-escalation-hint = Only for what is critical, by the same methods.
edit-use-default = Use the default setting

# Methods.
method-email = Email
method-internal = Internal message
method-dingtalk = DingTalk
method-wecom = WeCom
method-feishu = Feishu
method-lark = Lark
method-slack = Slack
method-webhook = Webhook
lacks-address = no address for { $value }
lacks-verification = { $value } is not verified

# Mistakes.
wrong-contacts = Tick 1 to 10 contacts.
wrong-methods = Tick at least one method.
wrong-anomaly-time-from = A time from 00:00 to 23:59.
wrong-anomaly-time-to = A time from 00:00 to 23:59, and another than the beginning.
wrong-time-zone = The IANA name of a time zone, such as Asia/Shanghai.
wrong-repeat-days = 1 to 60 days.
wrong-kinds = Tick at least one kind.
wrong-escalation-minutes = 1 to 10080 minutes (a week).
wrong-escalation-contacts = Tick 1 to 10 contacts.

notice-setting-saved = The setting is saved.
notice-setting-cleared = The default setting applies again.
