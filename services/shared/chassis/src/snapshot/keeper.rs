//! The thread of a snapshot: it alone touches the store.

use std::{collections::BTreeMap, io};

use tokio::sync::{mpsc, oneshot};
use tracing::{info, warn};

use super::{
    BATCH, Batch, Change, Order,
    entries::{self, Held, MARK, Sum},
    store::{Store, Stores},
};

pub(super) struct Keeper {
    stores: Stores,
    format: u32,
    kept: Kept,
}

/// What is known of the store.
enum Kept {
    /// It is open, and what it must add up to is known once it has been read.
    Open { store: Store, sum: Option<Sum> },
    /// It failed, and was discarded: a part of the changes alone would be a lie, so that none is
    /// kept until the next start.
    Lost,
}

impl Keeper {
    /// Opens the store, or a new one if it is not of this format or will not open.
    pub(super) fn open(mut stores: Stores, format: u32) -> Self {
        let kept = match opened(&mut stores, format) {
            Ok(store) => Kept::Open { store, sum: None },
            Err(error) => {
                warn!(%stores, %error, "The snapshot is lost: everything is folded.");
                Kept::Lost
            }
        };
        Self { stores, format, kept }
    }

    /// Does as told, until it is told to close or nobody can tell it anything any more; then closes
    /// the store. Answers who waits for that.
    pub(super) fn run(mut self, mut orders: mpsc::Receiver<Order>) -> Option<oneshot::Sender<()>> {
        while let Some(order) = orders.blocking_recv() {
            match order {
                Order::Restore(batches) => self.restore(&batches),
                Order::Write(change, written) => {
                    self.write(change);
                    // Whoever has stopped waiting does not need to know.
                    written.send(()).unwrap_or_default();
                }
                Order::Discard(discarded) => {
                    self.renew(&io::Error::other("it does not fit to the streams"));
                    discarded.send(()).unwrap_or_default();
                }
                Order::Close(closed) => {
                    self.close();
                    return Some(closed);
                }
            }
        }
        self.close();
        None
    }

    fn restore(&mut self, batches: &mpsc::Sender<Batch>) {
        let Kept::Open { store, sum } = &mut self.kept else {
            return send(batches, Batch::End(BTreeMap::new())).unwrap_or_default();
        };
        let end = match scan(store, self.format, |entries| send(batches, Batch::Entries(entries))) {
            Ok((total, positions)) => {
                *sum = Some(total);
                Batch::End(positions)
            }
            // The reader has gone away: nothing is wrong with the store.
            Err(_) if batches.is_closed() => return,
            Err(error) => {
                self.renew(&error);
                Batch::Torn
            }
        };
        send(batches, end).unwrap_or_default();
    }

    fn write(&mut self, change: Change) {
        if let Err(error) = self.apply(change) {
            self.lose(&error);
        }
    }

    fn apply(&mut self, change: Change) -> io::Result<()> {
        let Kept::Open { store, sum } = &mut self.kept else { return Ok(()) };
        let mut total = match *sum {
            Some(total) => total,
            // It was not read, as somebody should have: what is added must be added to something.
            None => scan(store, self.format, |_| Ok(()))?.0,
        };
        let mut changes: Vec<_> = entries::changes(change).into_iter().collect();
        for (key, value) in &changes {
            if let Some(before) = store.get(key)? {
                total.take(key, &before);
            }
            if let Some(value) = value {
                total.add(key, value);
            }
        }
        changes.push((MARK.to_vec(), Some(entries::mark(self.format, total))));
        store.apply(changes)?;
        *sum = Some(total);
        Ok(())
    }

    fn close(mut self) {
        if let Kept::Open { store, .. } = &self.kept
            && let Err(error) = store.sync()
        {
            self.lose(&error);
        }
        if let Kept::Open { store, .. } = self.kept
            && let Err(error) = store.close()
        {
            warn!(stores = %self.stores, %error, "The snapshot was not closed in order.");
        }
    }

    /// Puts an empty store in the place of one that is torn.
    fn renew(&mut self, why: &io::Error) {
        self.lose(why);
        if let Ok(store) = self.stores.begin() {
            self.kept = Kept::Open { store, sum: Some(Sum::default()) };
        }
    }

    fn lose(&mut self, why: &io::Error) {
        warn!(stores = %self.stores, error = %why, "The snapshot is discarded.");
        if let Kept::Open { store, .. } = std::mem::replace(&mut self.kept, Kept::Lost)
            && let Err(error) = store.discard()
        {
            warn!(stores = %self.stores, %error, "The snapshot cannot be deleted.");
        }
    }
}

/// Opens the store that is there, if it is of this format; else a new one.
fn opened(stores: &mut Stores, format: u32) -> io::Result<Store> {
    match stores.open() {
        Ok(store) => match store.get(MARK) {
            Ok(None) => return Ok(store),
            Ok(Some(mark)) if same_format(&mark, format) => return Ok(store),
            Ok(Some(_)) => {
                info!(%stores, "The snapshot is of another format: beginning anew.");
                store.discard()?;
            }
            Err(error) => {
                warn!(%stores, %error, "The snapshot cannot be read: beginning anew.");
                store.discard()?;
            }
        },
        Err(error) => warn!(%stores, %error, "The snapshot will not open: beginning anew."),
    }
    stores.begin()
}

fn same_format(mark: &[u8], format: u32) -> bool {
    let head = entries::mark(format, Sum::default());
    mark.len() == head.len() && mark.iter().zip(&head).take(8).all(|(have, want)| have == want)
}

/// Reads a store whole. Fails if it does not add up to what its mark says.
fn scan(
    store: &Store,
    format: u32,
    mut each: impl FnMut(Vec<(Vec<u8>, Vec<u8>)>) -> io::Result<()>,
) -> io::Result<(Sum, BTreeMap<String, u64>)> {
    let mut total = Sum::default();
    let mut positions = BTreeMap::new();
    let mut entries = Vec::with_capacity(BATCH);
    let mut marked = None;
    store.scan(|key, value| {
        match entries::read(key, value) {
            Held::Mark => {
                marked = Some(value.to_vec());
                return Ok(());
            }
            Held::Entry(key) => entries.push((key.to_vec(), value.to_vec())),
            Held::Position(name, position) => drop(positions.insert(name, position)),
            Held::Unknown => return Err(io::Error::other("a key is not understood")),
        }
        total.add(key, value);
        if entries.len() < BATCH {
            return Ok(());
        }
        each(std::mem::replace(&mut entries, Vec::with_capacity(BATCH)))
    })?;
    each(entries)?;
    let empty = marked.is_none() && total == Sum::default();
    if empty || marked == Some(entries::mark(format, total)) {
        return Ok((total, positions));
    }
    Err(io::Error::other("what is there is not all that was written"))
}

fn send(batches: &mpsc::Sender<Batch>, batch: Batch) -> io::Result<()> {
    batches.blocking_send(batch).map_err(|_| io::Error::other("the reader has gone away"))
}
