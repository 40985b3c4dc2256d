//! Addresses that are left alone for a while, because they were spoken to too fast, seem dead, or
//! are out of order.

use std::collections::BTreeMap;

use jiff::Timestamp;
use proto::{id::ContactId, subject::Entity};

use super::{
    Board,
    delivery::{DeliveryState, Step},
};

/// The addresses that are left alone now, each with the end of that, which is
/// [`NO_END`](proto::time::NO_END) if somebody must mend it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Rests(BTreeMap<(ContactId, Box<str>), Timestamp>);

impl Rests {
    /// Finds them.
    pub fn of(board: &Board, now: Timestamp) -> Self {
        let mut last: BTreeMap<(ContactId, &str), &Step> = BTreeMap::new();
        for delivery in board.deliveries().latest(None) {
            let saying = delivery.steps.iter().filter(|step| says(step));
            let Some(step) = saying.max_by_key(|step| step.at) else { continue };
            let last = last.entry((delivery.contact, &delivery.channel)).or_insert(step);
            if last.at <= step.at {
                *last = step;
            }
        }
        let resting = last.into_iter().filter_map(|((contact, channel), step)| {
            let until = step.rests_until.filter(|until| *until > now)?;
            // What is out of order may be mended by saving its contact.
            let is_mended = step.state == DeliveryState::Parked
                && saved_at(board, contact).is_some_and(|at| at > step.at);
            (!is_mended).then(|| ((contact, channel.into()), until))
        });
        Self(resting.collect())
    }

    /// Until when an address is left alone, if it is.
    pub fn until(&self, contact: ContactId, channel: &str) -> Option<Timestamp> {
        self.0.get(&(contact, channel.into())).copied()
    }
}

/// Whether a step says how the address fares: a message that failed by itself does not.
fn says(step: &Step) -> bool {
    step.rests_until.is_some() || step.state == DeliveryState::Delivered
}

fn saved_at(board: &Board, contact: ContactId) -> Option<Timestamp> {
    let mut entries = board.audit().entries();
    let last = entries.find(|entry| entry.entity == Entity::Contact(contact))?;
    Some(last.signature.at)
}

#[cfg(test)]
mod tests {
    use proto::{
        id::DeliveryId,
        time::{self, NO_END},
        v1::{
            ContactSaved, DeliveryDelivered, DeliveryDue, DeliveryEvent, DeliveryFailed,
            DeliveryParked, DeliveryRecord, InventoryEvent, InventoryRecord, delivery_event::Event,
            inventory_event,
        },
    };

    use super::*;

    fn contact() -> ContactId {
        ContactId::from_bytes([1; 16])
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// Tells one delivery: it is due, and then something comes of it.
    fn tell(board: &mut Board, second: u8, event: Event) {
        let delivery_id = DeliveryId::from_bytes([second; 16]).to_string();
        let events = [Event::Due(DeliveryDue::default()), event]
            .map(|event| DeliveryEvent { delivery_id: delivery_id.clone(), event: Some(event) });
        let record = DeliveryRecord {
            recorded_at: Some(time::write(at(second.into()))),
            events: events.to_vec(),
        };
        board.told(&"email".parse().unwrap(), contact(), None, second.into(), &record);
    }

    fn save(board: &mut Board, second: u8) {
        let saved = ContactSaved { name: "Ada".to_owned(), ..ContactSaved::default() };
        let event = Some(inventory_event::Event::ContactSaved(saved));
        let record = InventoryRecord {
            recorded_at: Some(time::write(at(second.into()))),
            actor: "system".to_owned(),
            events: vec![InventoryEvent { event }],
        };
        board.ordered(Entity::Contact(contact()), second.into(), &record);
    }

    fn parked() -> Event {
        let rests_until = Some(time::write(NO_END));
        Event::Parked(DeliveryParked { rests_until, ..DeliveryParked::default() })
    }

    fn until(board: &Board, now: i64) -> Option<Timestamp> {
        Rests::of(board, at(now)).until(contact(), "email")
    }

    #[test]
    fn an_address_that_is_out_of_order_is_left_alone_until_its_contact_is_saved() {
        let mut board = Board::default();
        save(&mut board, 1);
        tell(&mut board, 10, parked());
        assert_eq!(until(&board, 1_000_000), Some(NO_END));
        assert_eq!(Rests::of(&board, at(20)).until(contact(), "wecom"), None);
        save(&mut board, 30);
        assert_eq!(until(&board, 40), None);
    }

    #[test]
    fn what_it_takes_shows_that_it_is_well_and_what_fails_by_itself_does_not() {
        let mut board = Board::default();
        tell(&mut board, 10, parked());
        tell(&mut board, 12, Event::Failed(DeliveryFailed::default()));
        assert_eq!(until(&board, 20), Some(NO_END));
        tell(&mut board, 15, Event::Delivered(DeliveryDelivered::default()));
        assert_eq!(until(&board, 20), None);
    }

    #[test]
    fn saving_does_not_help_who_was_spoken_to_too_fast() {
        let mut board = Board::default();
        let rests_until = Some(time::write(at(100)));
        let failed = DeliveryFailed { rests_until, ..DeliveryFailed::default() };
        tell(&mut board, 10, Event::Failed(failed));
        save(&mut board, 30);
        assert_eq!(until(&board, 40), Some(at(100)));
        assert_eq!(until(&board, 100), None);
    }
}
