//! Forms on `DELIVERIES`.

use proto::{
    time::{self, NO_END},
    v1::{
        BrokenChannel, DeliveryAttempted, DeliveryDelivered, DeliveryDropped, DeliveryDue,
        DeliveryEvent, DeliveryFailed, DeliveryParked, DeliveryRecord, InboxEntry, Kind, Severity,
        delivery_dropped::Why, delivery_due::Cause, delivery_event::Event,
    },
};

use crate::{
    Form,
    event::event,
    sample::{at, hash},
};

pub(crate) fn forms() -> Vec<Form> {
    begun().into_iter().chain(ended()).collect()
}

/// Of deliveries under way.
fn begun() -> Vec<Form> {
    vec![
        one(
            "due",
            Event::Due(DeliveryDue {
                event: Some(event()),
                cause: Cause::Reminder.into(),
                not_before: Some(at(3_600)),
                reminder: 2,
                ..DeliveryDue::default()
            }),
        ),
        one(
            "due_to_verify",
            Event::Due(DeliveryDue {
                event: Some(event()),
                cause: Cause::Verification.into(),
                not_before: Some(at(0)),
                sealed_link: hash(7),
                ..DeliveryDue::default()
            }),
        ),
        one(
            "due_of_a_broken_channel",
            Event::Due(DeliveryDue {
                event: Some(event()),
                cause: Cause::ChannelBroken.into(),
                not_before: Some(at(0)),
                broken_channel: Some(BrokenChannel {
                    channel: "wecom".to_owned(),
                    reason: "93000 invalid webhook url".to_owned(),
                }),
                ..DeliveryDue::default()
            }),
        ),
        one("attempted", Event::Attempted(attempted(""))),
        one("attempted_together", Event::Attempted(attempted("0123456789abcdef"))),
    ]
}

/// What came of them.
fn ended() -> Vec<Form> {
    let reply = || "250 2.0.0 Ok: queued".to_owned();
    vec![
        one(
            "delivered",
            Event::Delivered(DeliveryDelivered { attempt: 1, reply: reply(), inbox_entry: None }),
        ),
        one(
            "delivered_to_the_inbox",
            Event::Delivered(DeliveryDelivered {
                attempt: 1,
                reply: String::new(),
                inbox_entry: Some(InboxEntry {
                    title: "shop.example.com:443 has expired".to_owned(),
                    text: "Renew the certificate.".to_owned(),
                    kind: Kind::Expired.into(),
                    severity: Severity::Critical.into(),
                }),
            }),
        ),
        one(
            "failed",
            Event::Failed(DeliveryFailed {
                attempt: 2,
                reply: "421 try again".to_owned(),
                retry_at: Some(at(120)),
                perhaps_told: true,
                rests_until: None,
            }),
        ),
        one(
            "failed_too_fast",
            Event::Failed(DeliveryFailed {
                attempt: 1,
                reply: "130101 send too fast".to_owned(),
                retry_at: Some(at(600)),
                perhaps_told: false,
                rests_until: Some(at(600)),
            }),
        ),
        one("parked", Event::Parked(parked(3, "550 no such user"))),
        one(
            "parked_out_of_order",
            Event::Parked(DeliveryParked {
                rests_until: Some(at(3_600)),
                ..parked(1, "300005 token is not exist")
            }),
        ),
        one(
            "parked_until_mended",
            Event::Parked(DeliveryParked {
                rests_until: Some(time::write(NO_END)),
                ..parked(1, "93000 invalid webhook url")
            }),
        ),
        one("dropped", Event::Dropped(DeliveryDropped { why: Why::ClosedBefore.into() })),
    ]
}

fn one(name: &str, event: Event) -> Form {
    Form::new(name, record(event))
}

fn attempted(lead: &str) -> DeliveryAttempted {
    DeliveryAttempted { attempt: 1, lead: lead.to_owned() }
}

fn parked(attempt: u32, reason: &str) -> DeliveryParked {
    DeliveryParked { attempt, reason: reason.to_owned(), rests_until: None }
}

fn record(event: Event) -> DeliveryRecord {
    DeliveryRecord {
        recorded_at: Some(at(0)),
        events: vec![DeliveryEvent {
            delivery_id: "0123456789abcdef0123456789abcdef".to_owned(),
            event: Some(event),
        }],
    }
}
