//! What is done under names that no account has: refused, and counted.

use std::convert::Infallible;

use kernel::decider::Decider;
use proto::v1::{account_event, inventory_event::Event};

use super::{AccountEvent, Refused, wire};
use crate::domain::inventory::Ordered;

/// What stands in the inventory of strangers: nothing that a decision would need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Strangers;

impl Decider for Strangers {
    type Command = Refused;
    type Event = Refused;
    type Refusal = Infallible;

    fn decide(&self, refused: Refused) -> Result<Vec<Refused>, Infallible> {
        Ok(vec![refused])
    }

    fn evolve(&mut self, _: &Refused) {}
}

impl Ordered for Strangers {
    fn write(refused: &Refused) -> Event {
        wire::write(&AccountEvent::SignInsRefused(*refused))
    }

    fn read(event: &Event) -> Option<Refused> {
        let Event::Account(event) = event else { return None };
        let Some(account_event::Event::SignInsRefused(refused)) = &event.event else {
            return None;
        };
        Some(wire::refused(refused))
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use kernel::scenario::given;

    use super::*;

    #[test]
    fn strangers_are_counted() {
        let refused = Refused { count: 3, address: Ipv4Addr::LOCALHOST.into() };
        given::<Strangers>(&[]).when(refused).then(&[refused]);
        assert_eq!(Strangers::read(&Strangers::write(&refused)), Some(refused));
    }
}
