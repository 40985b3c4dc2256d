//! An entry as it stands in a snapshot.

use bytes::Bytes;
use chassis::ledger::Known;
use prost::Message;
use proto::{
    id::DomainId,
    v1::{
        DomainAdded, DomainDisabled, DomainRemoved, InventoryEvent, InventoryRecord,
        inventory_event::Event,
    },
};

use super::entry::{About, Entry};
use crate::domain::{
    watch::{Watch, memory},
    wish::{Standing, Wish},
};

/// Changes with every change of what is kept.
pub(crate) const FORM: u32 = memory::FORM;

/// What is to be kept of a domain.
pub(crate) type Change = (DomainId, Vec<u8>);

/// An entry, as kept.
#[derive(Clone, PartialEq, Message)]
struct KeptEntry {
    #[prost(uint64, tag = "1")]
    version: u64,
    #[prost(message, optional, tag = "2")]
    watch: Option<memory::Kept>,
    #[prost(message, optional, tag = "3")]
    order: Option<DomainAdded>,
    #[prost(uint64, tag = "4")]
    ordered_at: u64,
    #[prost(uint32, tag = "5")]
    standing: u32,
    #[prost(string, tag = "6")]
    prober: String,
}

/// An entry as it is kept.
pub(super) fn write(entry: &Entry) -> Vec<u8> {
    let mut kept = KeptEntry {
        version: entry.known.version,
        watch: Some(entry.known.state.keep()),
        ..KeptEntry::default()
    };
    match &entry.about {
        About::Unknown => {}
        About::Prober(name) => kept.prober = name.to_string(),
        About::Domain(wish) => {
            kept.order = Some(wish.order());
            kept.ordered_at = wish.revision;
            kept.standing = wish.standing as u32;
        }
    }
    kept.encode_to_vec()
}

/// The domain and entry of a pair in a snapshot; `None` if it does not read.
pub(crate) fn read(key: &[u8], value: &[u8]) -> Option<(DomainId, Box<Entry>)> {
    let domain = DomainId::from_bytes(key.try_into().ok()?);
    let kept = KeptEntry::decode(Bytes::copy_from_slice(value)).ok()?;
    let state = Watch::recall(&kept.watch.unwrap_or_default())?;
    let about = match kept.order {
        Some(order) => About::Domain(wish(order, kept.standing, kept.ordered_at)?),
        None if kept.prober.is_empty() => About::Unknown,
        None => About::Prober(kept.prober.into()),
    };
    let known = Known { state, version: kept.version };
    Some((domain, Box::new(Entry { about, known, ..Entry::default() })))
}

/// The wish that its order and standing make, by the one way in which wishes come about.
fn wish(order: DomainAdded, standing: u32, revision: u64) -> Option<Wish> {
    let disabled = Event::DomainDisabled(DomainDisabled {});
    let removed = Event::DomainRemoved(DomainRemoved {});
    let then = [(Standing::Disabled, disabled), (Standing::Removed, removed)];
    let then = then.into_iter().find(|(stands, _)| *stands as u32 == standing);
    let events = [Event::DomainAdded(order)].into_iter().chain(then.map(|(_, event)| event));
    let events = events.map(|event| InventoryEvent { event: Some(event) }).collect();
    let record = InventoryRecord { events, ..InventoryRecord::default() };
    Wish::after(None, &record, revision)
}
