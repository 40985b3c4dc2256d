//! Records what is decided of threads, in the term of the one active notifier.

use std::sync::Arc;

use chassis::{
    context::Context,
    lease::Term,
    ledger::{Ledger, LedgerError},
};

use super::book::{self, Book};
use crate::domain::{
    plan::ThreadKey,
    thread::{Command, Refusal, step},
};

/// Why a decision was not recorded.
pub type PenError = LedgerError<Refusal>;

/// Writes to `DELIVERIES`, and keeps the book up to date with what it wrote.
#[derive(Clone)]
pub struct Pen {
    ledger: Ledger,
    book: Arc<Book>,
}

impl Pen {
    /// Writes for the length of a term.
    pub fn new(context: &Context, term: &Term, book: Arc<Book>) -> Self {
        let ledger = Ledger::on(term.bus(), context.clock.clone(), context.dice.clone());
        Self { ledger, book }
    }

    /// Records what a command comes to. Answers whether it changed anything.
    ///
    /// # Errors
    ///
    /// When the thread says no, or nothing could be recorded.
    pub async fn record(&self, key: &ThreadKey, command: &Command) -> Result<bool, PenError> {
        let mut known = self.book.known(key);
        let place = book::place(key);
        let decided =
            self.ledger.decide(&place, &mut known, |_| command.clone(), step::record).await;
        // Also when it failed: it may have caught up with what another wrote.
        self.book.learn(key, known);
        decided
    }
}
