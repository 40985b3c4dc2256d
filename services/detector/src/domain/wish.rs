//! What the inventory wants of one domain: who it is, whether it is watched, and how.

use std::{sync::Arc, time::Duration};

use proto::{
    host::Host,
    v1::{DomainAdded, DomainOptions, InventoryRecord, Protocol, inventory_event::Event},
};
use sha2::{Digest, Sha256};

use super::assess::{anchors::Anchors, rungs::OwnRung};

/// Time between looks: no shorter, whatever is asked.
pub const INTERVAL_MIN: Duration = Duration::from_mins(1);
/// Time between looks: no longer, whatever is asked.
pub const INTERVAL_MAX: Duration = Duration::from_hours(7 * 24);

/// What is wanted of one domain, folded from its orders.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Position of the last order in `INVENTORY`.
    pub revision: u64,
    /// Position of the last order that changed by what it is judged.
    pub terms_at: u64,
    /// Its host.
    pub host: Host,
    /// Its port.
    pub port: u16,
    /// How it is spoken to.
    pub protocol: Protocol,
    /// Whether it is watched.
    pub standing: Standing,
    /// Time between looks, if it has one of its own.
    pub interval: Option<Duration>,
    /// What few domains have.
    pub special: Option<Box<Special>>,
}

/// Whether a domain is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is.
    Enabled,
    /// Not now.
    Disabled,
    /// Not any more.
    Removed,
}

/// Options that few domains have.
#[derive(Debug, Clone, Default)]
pub struct Special {
    /// Name that is sent and judged instead of the host.
    pub sni: Option<Host>,
    /// Address that is dialled instead of resolving. Empty: resolve.
    pub fixed_address: String,
    /// Trust anchors beside the usual ones.
    pub private: Option<PrivateAnchors>,
    /// Own expiry rungs.
    pub rungs: Vec<OwnRung>,
    /// The options as they were ordered.
    pub options: DomainOptions,
}

/// Trust anchors of one domain.
#[derive(Debug, Clone)]
pub struct PrivateAnchors {
    /// Tells sets apart.
    pub name: u64,
    /// The anchors.
    pub anchors: Arc<Anchors>,
}

impl Wish {
    /// What is wanted after one more record of orders, at a position of `INVENTORY`. `None` while
    /// the domain has never been added.
    pub fn after(before: Option<Self>, record: &InventoryRecord, sequence: u64) -> Option<Self> {
        if before.as_ref().is_some_and(|wish| wish.revision >= sequence) {
            return before;
        }
        let events = record.events.iter().filter_map(|event| event.event.as_ref());
        let mut wish = events.fold(before.clone(), Self::follow)?;
        wish.revision = sequence;
        wish.terms_at = match before {
            Some(before) if before.is_judged_like(&wish) => before.terms_at,
            Some(_) | None => sequence,
        };
        Some(wish)
    }

    /// Whether both are judged by the same name, rungs and trust anchors.
    fn is_judged_like(&self, other: &Self) -> bool {
        let anchors = |wish: &Self| wish.private().map(|private| private.name);
        self.judged_host() == other.judged_host()
            && self.rungs() == other.rungs()
            && anchors(self) == anchors(other)
    }

    /// The name that is judged: the host, or what is sent instead.
    pub fn judged_host(&self) -> &Host {
        self.special.as_ref().and_then(|special| special.sni.as_ref()).unwrap_or(&self.host)
    }

    /// Its own expiry rungs; empty for the default ones.
    pub fn rungs(&self) -> &[OwnRung] {
        self.special.as_ref().map_or(&[], |special| &special.rungs)
    }

    /// Trust anchors beside the usual ones.
    pub fn private(&self) -> Option<&PrivateAnchors> {
        self.special.as_ref().and_then(|special| special.private.as_ref())
    }

    /// The order that makes this wish, but for its standing and revision.
    pub fn order(&self) -> DomainAdded {
        let options = self.special.as_ref().map(|special| special.options.clone());
        let interval = self.interval.map(proto::time::write_span);
        DomainAdded {
            host: self.host.to_string(),
            port: self.port.into(),
            protocol: self.protocol.into(),
            options: Some(DomainOptions { interval, ..options.unwrap_or_default() }),
        }
    }

    fn follow(wish: Option<Self>, event: &Event) -> Option<Self> {
        match event {
            Event::DomainAdded(added) => {
                let mut wish = Self {
                    revision: 0,
                    terms_at: 0,
                    host: added.host.parse().ok()?,
                    port: u16::try_from(added.port).ok()?,
                    protocol: added.protocol(),
                    standing: Standing::Enabled,
                    interval: None,
                    special: None,
                };
                wish.set(added.options.as_ref());
                Some(wish)
            }
            Event::DomainOptionsChanged(changed) => wish.map(|mut wish| {
                wish.set(changed.options.as_ref());
                wish
            }),
            Event::DomainEnabled(_) => wish.map(|wish| wish.stand(Standing::Enabled)),
            Event::DomainDisabled(_) => wish.map(|wish| wish.stand(Standing::Disabled)),
            Event::DomainRemoved(_) => wish.map(|wish| wish.stand(Standing::Removed)),
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
            | Event::KeyRetired(_) => wish,
        }
    }

    fn stand(mut self, standing: Standing) -> Self {
        self.standing = standing;
        self
    }

    fn set(&mut self, options: Option<&DomainOptions>) {
        let Some(options) = options else {
            (self.interval, self.special) = (None, None);
            return;
        };
        let interval = options.interval.as_ref().map(proto::time::read_span);
        self.interval = interval.map(|asked| asked.clamp(INTERVAL_MIN, INTERVAL_MAX));
        let special = Special {
            sni: options.sni.parse().ok(),
            fixed_address: options.fixed_address.clone(),
            private: PrivateAnchors::read(&options.private_ca_pem),
            rungs: OwnRung::read(&options.rungs),
            options: DomainOptions {
                tags: vec![],
                owner_note: String::new(),
                interval: None,
                ..options.clone()
            },
        };
        self.special = (!special.is_usual()).then(|| Box::new(special));
    }
}

impl Special {
    fn is_usual(&self) -> bool {
        let Self { sni, fixed_address, private, rungs, options: _ } = self;
        sni.is_none() && fixed_address.is_empty() && private.is_none() && rungs.is_empty()
    }
}

impl PrivateAnchors {
    /// The anchors of a PEM bundle that the console has checked; `None` if there are none in it.
    fn read(text: &str) -> Option<Self> {
        let mut anchors = Anchors::default();
        for certificate in certificate::pem::certificates(text).ok()? {
            anchors.insert(certificate);
        }
        let hash: [u8; 32] = Sha256::digest(text).into();
        let name = u64::from_be_bytes(std::array::from_fn(|at| hash[at]));
        (!anchors.is_empty()).then(|| Self { name, anchors: Arc::new(anchors) })
    }
}

#[cfg(test)]
mod tests {
    use proto::v1::{DomainDisabled, DomainOptionsChanged, DomainRemoved, InventoryEvent};

    use super::*;

    fn record(event: Event) -> InventoryRecord {
        let events = vec![InventoryEvent { event: Some(event) }];
        InventoryRecord { events, ..InventoryRecord::default() }
    }

    fn added(interval_secs: Option<i64>) -> InventoryRecord {
        let interval = interval_secs.map(|seconds| prost_types::Duration { seconds, nanos: 0 });
        record(Event::DomainAdded(DomainAdded {
            host: "example.com".to_owned(),
            port: 443,
            protocol: Protocol::Tls.into(),
            options: Some(DomainOptions { interval, ..DomainOptions::default() }),
        }))
    }

    fn folded(records: &[InventoryRecord]) -> Wish {
        let numbered = records.iter().zip(1..);
        numbered.fold(None, |wish, (record, at)| Wish::after(wish, record, at)).unwrap()
    }

    #[test]
    fn an_added_domain_is_wanted_until_it_is_disabled_or_removed() {
        let disabled = record(Event::DomainDisabled(DomainDisabled {}));
        let removed = record(Event::DomainRemoved(DomainRemoved {}));
        assert_eq!(folded(&[added(None)]).standing, Standing::Enabled);
        assert_eq!(folded(&[added(None), disabled.clone()]).standing, Standing::Disabled);
        assert_eq!(folded(&[added(None), disabled, removed.clone()]).standing, Standing::Removed);
        let again = folded(&[added(None), removed, added(None)]);
        assert_eq!((again.standing, again.revision), (Standing::Enabled, 3));
    }

    #[test]
    fn an_interval_stays_within_what_is_allowed() {
        assert_eq!(folded(&[added(Some(1))]).interval, Some(INTERVAL_MIN));
        assert_eq!(folded(&[added(Some(i64::MAX / 4))]).interval, Some(INTERVAL_MAX));
        assert_eq!(folded(&[added(None)]).interval, None);
    }

    #[test]
    fn options_are_replaced_as_a_whole() {
        let sni = DomainOptions { sni: "other.example".to_owned(), ..DomainOptions::default() };
        let changed =
            |options| record(Event::DomainOptionsChanged(DomainOptionsChanged { options }));
        let wish = folded(&[added(Some(60)), changed(Some(sni))]);
        assert_eq!(wish.judged_host().to_string(), "other.example");
        assert_eq!(wish.interval, None);
        assert_eq!(folded(&[added(None), changed(None)]).judged_host().to_string(), "example.com");
    }

    #[test]
    fn an_order_says_since_when_it_is_judged_by_what_it_wants() {
        let changed = |options| {
            record(Event::DomainOptionsChanged(DomainOptionsChanged { options: Some(options) }))
        };
        let noted = DomainOptions {
            tags: vec!["shop".to_owned()],
            owner_note: "ask Ada".to_owned(),
            fixed_address: "192.0.2.1".to_owned(),
            ..DomainOptions::default()
        };
        let named = DomainOptions { sni: "other.example".to_owned(), ..noted.clone() };
        let disabled = record(Event::DomainDisabled(DomainDisabled {}));
        let orders = [added(None), changed(noted), disabled, added(Some(60)), changed(named)];
        let since = |count: usize| folded(&orders[..count]).terms_at;
        assert_eq!([1, 2, 3, 4, 5].map(since), [1, 1, 1, 1, 5]);
    }

    #[test]
    fn an_order_that_comes_again_changes_nothing() {
        let removed = record(Event::DomainRemoved(DomainRemoved {}));
        let wish = Wish::after(Some(folded(&[added(None), removed])), &added(None), 1).unwrap();
        assert_eq!((wish.standing, wish.revision), (Standing::Removed, 2));
    }

    #[test]
    fn what_was_never_added_is_not_wanted() {
        let removed = record(Event::DomainRemoved(DomainRemoved {}));
        assert!(Wish::after(None, &removed, 1).is_none());
    }
}
