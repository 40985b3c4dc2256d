//! Forms on `DELIVERIES`.

use proto::v1::{
    DeliveryAttempted, DeliveryDelivered, DeliveryDropped, DeliveryDue, DeliveryEvent,
    DeliveryFailed, DeliveryParked, DeliveryRecord, InboxEntry, Kind, Severity,
    delivery_dropped::Why, delivery_due::Cause, delivery_event::Event,
};

use crate::{Form, event::event, sample::at};

pub(crate) fn forms() -> Vec<Form> {
    let reply = || "250 2.0.0 Ok: queued".to_owned();
    let one = |name, event| Form::new(name, record(event));
    vec![
        one(
            "due",
            Event::Due(DeliveryDue {
                event: Some(event()),
                cause: Cause::Reminder.into(),
                not_before: Some(at(3_600)),
                reminder: 2,
            }),
        ),
        one("attempted", Event::Attempted(DeliveryAttempted { attempt: 1 })),
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
            }),
        ),
        one(
            "parked",
            Event::Parked(DeliveryParked { attempt: 3, reason: "550 no such user".to_owned() }),
        ),
        one("dropped", Event::Dropped(DeliveryDropped { why: Why::ClosedBefore.into() })),
    ]
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
