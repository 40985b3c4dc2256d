//! One domain: added, changed, enabled, disabled, removed.

use kernel::decider::Decider;
use proto::{
    host::Host,
    id::DomainId,
    v1::{self, Protocol, inventory_event::Event},
};

use super::{Ordered, options::Options};

/// What stands in the inventory of one domain.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Domain {
    place: Option<Place>,
    status: Status,
    /// Boxed and absent unless set: most of a hundred thousand domains have none.
    options: Option<Box<Options>>,
}

/// Whether a domain is monitored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Status {
    /// Never added, or removed.
    #[default]
    Absent,
    /// Monitored.
    Enabled,
    /// In the inventory, and not looked at.
    Disabled,
}

/// What makes a domain the one it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The host.
    pub host: Host,
    /// The port.
    pub port: u16,
    /// How it is spoken to before TLS begins.
    pub protocol: Protocol,
}

/// What may be asked of a domain.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Monitor it from now on.
    Add(Place, Options),
    /// Replace its options.
    Change(Options),
    /// Monitor it again.
    Enable,
    /// Stop monitoring it, and keep it.
    Disable,
    /// Forget it.
    Remove,
}

/// What happened to a domain.
#[derive(Debug, Clone, PartialEq)]
pub enum DomainEvent {
    /// It came, enabled.
    Added(Place, Options),
    /// Its options were replaced.
    OptionsChanged(Options),
    /// It is monitored again.
    Enabled,
    /// It is not monitored for now.
    Disabled,
    /// It went.
    Removed,
}

/// Why a domain says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is not in the inventory.
    #[error("the domain is not monitored")]
    Absent,
}

impl Domain {
    /// Host, port and protocol; `None` before it was ever added.
    pub fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    /// Whether it is monitored.
    pub fn status(&self) -> Status {
        self.status
    }

    /// Its options, if it has any.
    pub fn options(&self) -> Option<&Options> {
        self.options.as_deref()
    }
}

impl Place {
    /// The id of the domain at this place.
    pub fn id(&self) -> DomainId {
        DomainId::of(&self.host, self.port, self.protocol)
    }
}

/// The protocol that a port is known for; TLS from the first byte if it is known for none.
///
/// The ports are those of the IANA registry on which a conversation begins in the clear.
pub fn protocol_of_port(port: u16) -> Protocol {
    match port {
        25 | 587 => Protocol::Smtp,
        143 => Protocol::Imap,
        110 => Protocol::Pop3,
        21 => Protocol::Ftp,
        389 => Protocol::Ldap,
        5222 | 5269 => Protocol::Xmpp,
        5432 => Protocol::Postgres,
        3306 => Protocol::Mysql,
        4190 => Protocol::Sieve,
        119 => Protocol::Nntp,
        _ => Protocol::Tls,
    }
}

impl Decider for Domain {
    type Command = Command;
    type Event = DomainEvent;
    type Refusal = Refusal;

    fn decide(&self, command: Command) -> Result<Vec<DomainEvent>, Refusal> {
        let unchanged = |options: &Options| match &self.options {
            Some(have) => **have == *options,
            None => *options == Options::default(),
        };
        Ok(match (self.status, command) {
            (Status::Absent, Command::Add(place, options)) => {
                vec![DomainEvent::Added(place, options)]
            }
            (Status::Absent, _) => return Err(Refusal::Absent),
            (_, Command::Change(options)) if unchanged(&options) => vec![],
            (_, Command::Change(options)) => vec![DomainEvent::OptionsChanged(options)],
            (Status::Disabled, Command::Enable) => vec![DomainEvent::Enabled],
            (Status::Enabled, Command::Disable) => vec![DomainEvent::Disabled],
            (_, Command::Remove) => vec![DomainEvent::Removed],
            (Status::Enabled, Command::Add(..) | Command::Enable)
            | (Status::Disabled, Command::Add(..) | Command::Disable) => vec![],
        })
    }

    fn evolve(&mut self, event: &DomainEvent) {
        let boxed =
            |options: &Options| (*options != Options::default()).then(|| Box::new(options.clone()));
        match event {
            DomainEvent::Added(place, options) => {
                *self = Self {
                    place: Some(place.clone()),
                    status: Status::Enabled,
                    options: boxed(options),
                }
            }
            DomainEvent::OptionsChanged(options) => self.options = boxed(options),
            DomainEvent::Enabled => self.status = Status::Enabled,
            DomainEvent::Disabled => self.status = Status::Disabled,
            DomainEvent::Removed => (self.status, self.options) = (Status::Absent, None),
        }
    }
}

impl Ordered for Domain {
    fn write(event: &DomainEvent) -> Event {
        match event {
            DomainEvent::Added(place, options) => Event::DomainAdded(v1::DomainAdded {
                host: place.host.to_string(),
                port: u32::from(place.port),
                protocol: place.protocol as i32,
                options: Some(options.as_wire().clone()),
            }),
            DomainEvent::OptionsChanged(options) => {
                Event::DomainOptionsChanged(v1::DomainOptionsChanged {
                    options: Some(options.as_wire().clone()),
                })
            }
            DomainEvent::Enabled => Event::DomainEnabled(v1::DomainEnabled {}),
            DomainEvent::Disabled => Event::DomainDisabled(v1::DomainDisabled {}),
            DomainEvent::Removed => Event::DomainRemoved(v1::DomainRemoved {}),
        }
    }

    fn read(event: &Event) -> Option<DomainEvent> {
        let recalled = |options: &Option<_>| Options::recalled(options.clone().unwrap_or_default());
        match event {
            Event::DomainAdded(added) => Some(DomainEvent::Added(
                Place {
                    host: added.host.parse().ok()?,
                    port: u16::try_from(added.port).ok()?,
                    protocol: added.protocol(),
                },
                recalled(&added.options),
            )),
            Event::DomainOptionsChanged(changed) => {
                Some(DomainEvent::OptionsChanged(recalled(&changed.options)))
            }
            Event::DomainEnabled(_) => Some(DomainEvent::Enabled),
            Event::DomainDisabled(_) => Some(DomainEvent::Disabled),
            Event::DomainRemoved(_) => Some(DomainEvent::Removed),
            Event::ContactSaved(_)
            | Event::ContactRemoved(_)
            | Event::SettingSaved(_)
            | Event::SettingCleared(_)
            | Event::TokenIssued(_)
            | Event::TokenRevoked(_)
            | Event::InboxRead(_)
            | Event::AddressVerified(_)
            | Event::SilenceSaved(_)
            | Event::SilenceLifted(_)
            | Event::AnomalyAcknowledged(_)
            | Event::Account(_)
            | Event::LinkUsed(_)
            | Event::KeyRotated(_)
            | Event::KeyRetired(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use kernel::scenario::given;

    use super::*;
    use crate::domain::inventory::options::OptionsDraft;

    fn place() -> Place {
        Place { host: "example.com".parse().unwrap(), port: 443, protocol: Protocol::Tls }
    }

    fn tagged(tag: &str) -> Options {
        let draft = OptionsDraft { tags: vec![tag.to_owned()], ..OptionsDraft::default() };
        Options::read(&draft).unwrap()
    }

    fn added() -> DomainEvent {
        DomainEvent::Added(place(), tagged("web"))
    }

    #[test]
    fn a_domain_is_added_once() {
        let add = || Command::Add(place(), tagged("web"));
        given::<Domain>(&[]).when(add()).then(&[added()]);
        given::<Domain>(&[added()]).when(add()).then(&[]);
        given::<Domain>(&[added(), DomainEvent::Disabled]).when(add()).then(&[]);
    }

    #[test]
    fn a_removed_domain_can_be_added_again() {
        given::<Domain>(&[added(), DomainEvent::Removed])
            .when(Command::Add(place(), Options::default()))
            .then(&[DomainEvent::Added(place(), Options::default())]);
    }

    #[test]
    fn what_is_so_already_is_no_event() {
        given::<Domain>(&[added()]).when(Command::Enable).then(&[]);
        given::<Domain>(&[added(), DomainEvent::Disabled]).when(Command::Disable).then(&[]);
        given::<Domain>(&[added()]).when(Command::Change(tagged("web"))).then(&[]);
        given::<Domain>(&[added()])
            .when(Command::Change(Options::default()))
            .then(&[DomainEvent::OptionsChanged(Options::default())]);
    }

    #[test]
    fn a_domain_is_switched_off_and_on() {
        given::<Domain>(&[added()])
            .when(Command::Disable)
            .and()
            .when(Command::Enable)
            .then(&[DomainEvent::Enabled]);
    }

    #[test]
    fn nothing_can_be_asked_of_a_domain_that_is_not_there() {
        for command in
            [Command::Change(tagged("x")), Command::Enable, Command::Disable, Command::Remove]
        {
            given::<Domain>(&[added(), DomainEvent::Removed])
                .when(command)
                .then_refused(&Refusal::Absent);
        }
    }

    #[test]
    fn events_survive_the_wire() {
        for event in [
            added(),
            DomainEvent::OptionsChanged(tagged("x")),
            DomainEvent::Enabled,
            DomainEvent::Disabled,
            DomainEvent::Removed,
        ] {
            assert_eq!(Domain::read(&Domain::write(&event)), Some(event));
        }
    }

    #[test]
    fn ports_of_the_clear_begin_in_the_clear() {
        assert_eq!(protocol_of_port(443), Protocol::Tls);
        assert_eq!(protocol_of_port(465), Protocol::Tls);
        assert_eq!(protocol_of_port(587), Protocol::Smtp);
    }
}
