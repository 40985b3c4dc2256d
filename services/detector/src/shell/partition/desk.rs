//! Where one domain is decided on: the ledger, the court and the time, together.

use std::{collections::BTreeMap, sync::Arc};

use chassis::{
    bus::{AppendError, BusError},
    dice::Dice,
    ledger::LedgerError,
};
use jiff::Timestamp;
use proto::{
    id::DomainId,
    v1::{Chain, LogRecord, log_event::Event},
};

use super::{
    Office, Shared,
    entry::{self, Entry},
};
use crate::domain::{
    court::Terms,
    sight::{Fingerprint, Look, Showing},
    watch::{
        Refusal,
        command::{Ask, Command, Judgement},
    },
    wish::Wish,
};

/// One domain at one instant, and all that is needed to decide on it.
pub(super) struct Desk<'a> {
    pub(super) shared: &'a Shared,
    pub(super) office: &'a Office,
    pub(super) dice: &'a Arc<Dice>,
    pub(super) domain: DomainId,
    pub(super) now: Timestamp,
}

/// Why a decision did not come about.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeskError {
    /// It was not stored.
    #[error("the decision was not stored")]
    Store(#[source] Box<LedgerError<Refusal>>),
    /// What the log holds could not be read.
    #[error("the chains of the domain could not be loaded")]
    Load(#[from] BusError),
}

impl DeskError {
    /// Whether no repetition can help: what is to be stored is too large for the bus.
    pub(crate) fn is_permanent(&self) -> bool {
        match self {
            Self::Store(error) => {
                matches!(error.as_ref(), LedgerError::Append(AppendError::TooLarge { .. }))
            }
            Self::Load(_) => false,
        }
    }
}

impl<'a> Desk<'a> {
    pub(super) fn new(
        shared: &'a Shared,
        office: &'a Office,
        dice: &'a Arc<Dice>,
        domain: DomainId,
        now: Timestamp,
    ) -> Self {
        Self { shared, office, dice, domain, now }
    }

    /// Decides, and stores what was decided. Answers whether anything was.
    pub(super) async fn say(&self, entry: &mut Entry, ask: Ask) -> Result<bool, DeskError> {
        let command = |_: &_| Command { domain: self.domain, at: self.now, ask: ask.clone() };
        let record = entry.signed();
        let place = entry::place(&self.domain);
        match self.office.ledger.decide(&place, &mut entry.known, command, record).await {
            Ok(said) => {
                entry.dirty |= said;
                Ok(said)
            }
            Err(LedgerError::Refused(_)) => Ok(false),
            Err(error) => {
                // Others may have been first: what was loaded meanwhile is worth keeping.
                entry.dirty = true;
                Err(DeskError::Store(Box::new(error)))
            }
        }
    }

    /// Judges all that a look shows and all that is believed.
    pub(super) async fn judge(
        &self,
        entry: &Entry,
        wish: &Wish,
        look: Option<&Look>,
    ) -> Result<Judgement, DeskError> {
        let terms = Terms::from(wish);
        let believed = entry.known.state.faces().iter().map(|face| face.showing);
        let shown = look.map(Look::showings).unwrap_or_default();
        let all: Vec<Showing> = shown.into_iter().chain(believed).collect();
        let given = look.map(|look| &look.chains);
        let loaded = self.missing(&terms, &all, given).await?;
        let mut court = self.shared.court.lock();
        let mut showings = BTreeMap::new();
        for showing in all {
            let chain = given.and_then(|chains| chains.get(&showing.chain));
            let chain = chain.or_else(|| loaded.get(&showing.chain));
            if let Some(judged) = court.judge(&terms, showing, chain, self.now) {
                showings.insert(showing, judged);
            }
        }
        Ok(Judgement { showings, under: court.under(terms.private), clock: self.shared.clock() })
    }

    /// Chains that are neither held nor given, from the log.
    async fn missing(
        &self,
        terms: &Terms<'_>,
        showings: &[Showing],
        given: Option<&BTreeMap<Fingerprint, Chain>>,
    ) -> Result<BTreeMap<Fingerprint, Chain>, DeskError> {
        let is_missing = {
            let court = self.shared.court.lock();
            showings.iter().any(|showing| {
                let is_given = given.is_some_and(|chains| chains.contains_key(&showing.chain));
                !is_given && !court.holds(terms, &showing.chain)
            })
        };
        if !is_missing {
            return Ok(BTreeMap::new());
        }
        let place = entry::place(&self.domain);
        let messages = self.office.bus.load(place.stream, &place.subject, 0).await?;
        let records = messages.into_iter().filter_map(|m| m.read::<LogRecord>().ok());
        let events = records.flat_map(|record| record.events).filter_map(|event| event.event);
        let chains = events.filter_map(|event| {
            if let Event::ChainLearned(learned) = event { learned.chain } else { None }
        });
        Ok(chains
            .filter_map(|chain| Some((chain.fingerprint.as_ref().try_into().ok()?, chain)))
            .collect())
    }
}
