//! Who leaves whom alone, and for how long.

use proto::{
    id::ContactId,
    subject::Entity,
    v1::{ContactAddress, ContactRemoved, InventoryEvent, inventory_event::Event as Ordered},
};

use super::*;
use crate::domain::sample::{self, delivery, minute};

const LIMITS: [Limit; 1] = [Limit { messages: 1, within: Duration::from_mins(1) }];

/// Contacts 1 and 2 share robot `a`, and the roads know it.
struct Yard {
    roster: Roster,
    roads: Roads,
}

impl Yard {
    fn new() -> Self {
        let mut yard = Self { roster: Roster::default(), roads: Roads::default() };
        yard.save(1, "a", 0);
        yard.save(2, "a", 0);
        yard
    }

    fn save(&mut self, contact: u8, robot: &str, minutes: i64) {
        let mut saved = sample::contact_saved("Ops", &[]);
        saved.addresses.push(ContactAddress {
            channel: "wecom".to_owned(),
            sealed: b"sealed".to_vec().into(),
            robot: robot.to_owned(),
            verified: true,
            ..ContactAddress::default()
        });
        self.order(contact, Ordered::ContactSaved(saved), minutes);
    }

    fn order(&mut self, contact: u8, ordered: Ordered, minutes: i64) {
        let entity = Entity::Contact(ContactId::from_bytes([contact; 16]));
        let event = InventoryEvent { event: Some(ordered) };
        self.roster.evolve(&entity, &event, minute(minutes));
        self.roads.share(self.roster.robots(), minute(minutes));
    }

    fn answers(&mut self, contact: u8, outcome: &Outcome, minutes: i64) {
        let at = minute(minutes);
        self.roads.concluded(&recipient(contact), delivery(1), outcome, 1.0, at);
    }

    /// From which minute on there is room for a contact.
    fn room(&self, contact: u8, limits: &[Limit]) -> i64 {
        self.room_for(Urgency::Critical, contact, limits)
    }

    fn room_for(&self, urgency: Urgency, contact: u8, limits: &[Limit]) -> i64 {
        match self.roads.room(&recipient(contact), urgency, &self.roster, limits, minute(3)) {
            Room::Now => 3,
            Room::From(at) => at.duration_since(minute(0)).as_mins(),
            Room::Busy => panic!("nothing is in hand"),
        }
    }
}

fn recipient(contact: u8) -> Recipient {
    let contact = ContactId::from_bytes([contact; 16]);
    Recipient { contact, channel: "wecom".parse().unwrap() }
}

fn too_fast() -> Outcome {
    Outcome::TooFast { reply: "130101".to_owned(), rest: Duration::from_mins(10) }
}

fn taken() -> Outcome {
    Outcome::Delivered { reply: "0 ok".to_owned(), inbox: None }
}

fn removed() -> Ordered {
    Ordered::ContactRemoved(ContactRemoved {})
}

#[test]
fn a_limit_is_shared_also_with_who_has_left_the_robot() {
    for leave in
        [(|_| {}) as fn(&mut Yard), |yard| yard.order(1, removed(), 3), |yard| yard.save(1, "b", 3)]
    {
        let mut yard = Yard::new();
        yard.roads.sent(&recipient(1), delivery(1), minute(3));
        leave(&mut yard);
        assert_eq!(yard.room(2, &LIMITS), 4);
        yard.roads.sent(&recipient(1), delivery(2), minute(4));
    }
    let mut yard = Yard::new();
    yard.save(1, "b", 2);
    yard.roads.sent(&recipient(1), delivery(1), minute(3));
    assert_eq!(yard.room(2, &LIMITS), 3, "that went to the other robot");
}

#[test]
fn a_robot_that_was_spoken_to_too_fast_forgets_nothing_when_a_contact_is_saved() {
    let mut yard = Yard::new();
    yard.answers(1, &too_fast(), 1);
    assert_eq!(yard.room(2, &[]), 11, "who has the same robot leaves it alone as well");
    yard.save(1, "a", 2);
    assert_eq!((yard.room(1, &[]), yard.room(2, &[])), (11, 11));
    yard.save(1, "b", 2);
    assert_eq!((yard.room(1, &[]), yard.room(2, &[])), (3, 11), "only who moves is free");
}

#[test]
fn what_was_asked_for_may_take_what_is_kept_for_the_critical_and_goes_to_a_robot_that_rests() {
    let limits = [Limit { messages: 3, within: Duration::from_mins(1) }];
    let mut yard = Yard::new();
    yard.roads.sent(&recipient(1), delivery(1), minute(3));
    let room = |yard: &Yard| {
        [Urgency::News, Urgency::Critical, Urgency::Asked]
            .map(|urgency| yard.room_for(urgency, 2, &limits))
    };
    assert_eq!(room(&yard), [4, 3, 3]);
    yard.answers(1, &too_fast(), 3);
    assert_eq!(room(&yard), [13, 13, 3]);
}

/// How something is mended.
type Mend = (&'static str, fn(&mut Yard));

fn reason(yard: &Yard, contact: u8) -> Option<&str> {
    yard.roads.pause(&recipient(contact), &yard.roster).map(|pause| &*pause.reason)
}

#[test]
fn what_is_out_of_order_is_so_for_all_until_one_of_them_mends_it() {
    let broken = Outcome::Broken { reply: "93000".to_owned() };
    let mends: [Mend; 6] = [
        ("it is saved", |yard| yard.save(1, "a", 2)),
        ("the other is saved", |yard| yard.save(2, "a", 2)),
        ("a third comes to it", |yard| yard.save(3, "a", 2)),
        ("it is removed", |yard| yard.order(1, removed(), 2)),
        ("a test is taken", |yard| yard.answers(1, &taken(), 2)),
        ("a test of the other is taken", |yard| yard.answers(2, &taken(), 2)),
    ];
    for (how, mend) in mends {
        let mut yard = Yard::new();
        yard.answers(1, &broken, 1);
        assert_eq!([1, 2].map(|one| reason(&yard, one)), [Some("93000"); 2], "{how}");
        assert_eq!(yard.room(2, &[]), 3, "what may go all the same goes");
        mend(&mut yard);
        assert_eq!([1, 2].map(|one| reason(&yard, one)), [None; 2], "{how}");
    }
}

#[test]
fn what_is_out_of_order_stays_so_whatever_else_happens() {
    let mut yard = Yard::new();
    yard.answers(1, &Outcome::Broken { reply: "93000".to_owned() }, 1);
    let again = Outcome::Again { reply: String::new(), wait_min: None, perhaps_told: true };
    yard.answers(1, &again, 2);
    yard.answers(1, &Outcome::Never { reply: "40058".to_owned() }, 2);
    yard.roads.sent(&recipient(1), delivery(9), minute(2));
    yard.roads.begin_term();
    assert_eq!(reason(&yard, 1), Some("93000"));
    yard.save(1, "b", 2);
    assert_eq!((reason(&yard, 1), reason(&yard, 2)), (None, None), "it was another's word");
}

#[test]
fn what_was_refused_to_us_is_tried_again_by_whoever_leads_next() {
    let mut yard = Yard::new();
    yard.save(4, "", 0);
    yard.answers(4, &Outcome::Broken { reply: "535".to_owned() }, 1);
    assert_eq!(reason(&yard, 4), Some("535"));
    yard.roads.begin_term();
    assert_eq!(reason(&yard, 4), None);
}

#[test]
fn what_we_are_not_set_up_for_is_tried_after_a_while_or_when_its_contact_is_saved_or_gone() {
    let unready = Outcome::Unready { reply: "the host is not public".to_owned() };
    for mend in [(|yard| yard.save(1, "a", 2)) as fn(&mut Yard), |yard| {
        yard.order(1, removed(), 2);
    }] {
        let mut yard = Yard::new();
        yard.answers(1, &unready, 1);
        assert_eq!(yard.room(2, &[]), 16);
        mend(&mut yard);
        assert_eq!(yard.room(2, &[]), 3);
    }
}
