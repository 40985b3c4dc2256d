//! Keeps the board in a snapshot, so that a restart folds only what is new.
//!
//! What is written together is the board of one moment, with how far each stream was folded into
//! it. That moment is short: no more than [`CHANGES_MAX`] parts are written out under the board's
//! lock, on a thread that may block, and others may look meanwhile; whoever folds faster than the
//! disk takes it waits.

use std::{path::Path, sync::Arc, time::Duration};

use chassis::{
    bus::BusError,
    context::Context,
    error::Chain,
    snapshot::{Change, Snapshot, SnapshotError},
};
use parking_lot::RwLockWriteGuard;
use proto::{stream, stream::Stream};
use tokio::sync::{Notify, watch};
use tracing::{info, warn};

use super::SharedBoard;
use crate::domain::board::{Board, memory};

/// How often what has changed is kept. What is not is folded again.
const KEEPING: Duration = Duration::from_secs(10);
/// Changes that may wait to be kept: two milliseconds of writing out, and what 100,000 domains
/// change in ten seconds of a quiet day.
pub(super) const CHANGES_MAX: usize = 2_000;
/// Wait before the bus is asked again.
const AGAIN_AFTER: Duration = Duration::from_secs(1);
/// The stream by which a board is known to be of these streams: nothing of it is ever deleted.
const TOUCHSTONE: &Stream = &stream::LOG;

/// Opens the snapshot in a directory, and recalls the board; an empty one if what is kept does not
/// read, or is that of other streams.
///
/// # Errors
///
/// When another process uses the directory, or it cannot be used.
pub(super) async fn open(
    context: &Context,
    directory: &Path,
) -> Result<(Snapshot, Board), SnapshotError> {
    let snapshot = Snapshot::open(directory, memory::FORM).await?;
    let recall = |board: &mut Option<Board>, key: &[u8], value: &[u8]| {
        // The rest without what does not read would be misread.
        if board.as_mut().is_some_and(|board| board.recall(key, value).is_none()) {
            *board = None;
        }
    };
    let restored = snapshot.restore(|| Some(Board::default()), recall).await;
    let board = match restored.state {
        Some(board) if is_of(context, &board).await => board,
        Some(_) | None => {
            warn!("The board that was kept is of no use: all streams are folded anew.");
            snapshot.discard().await;
            Board::default()
        }
    };
    info!("The board was recalled.");
    Ok((snapshot, board))
}

/// Whether a board was folded from the streams of this bus: its last message is where it was.
/// Streams that were restored from an older copy, or moved, number their messages otherwise.
async fn is_of(context: &Context, board: &Board) -> bool {
    let Some(far) = board.how_far(TOUCHSTONE) else { return true };
    let stopping = context.tasks.stopping();
    loop {
        let above = far.sequence.saturating_sub(1);
        match context.bus.load(TOUCHSTONE, &far.subject, above).await {
            Ok(messages) => {
                let there = messages.first();
                return there
                    .is_some_and(|there| (there.sequence, &there.id) == (far.sequence, &far.id));
            }
            Err(error) => {
                let name = TOUCHSTONE.name;
                warn!(stream = name, error = %Chain(&error), "Cannot look at `{name}` yet.");
            }
        }
        if stopping.run_until_cancelled(context.clock.sleep(AGAIN_AFTER)).await.is_none() {
            return true;
        }
    }
}

/// What those who fold know of the keeper.
#[derive(Clone)]
pub(super) struct Pace {
    wanted: Arc<Notify>,
    kept: watch::Receiver<()>,
}

impl Pace {
    /// Waits until what has changed so far is kept.
    pub(super) async fn wait(&self) {
        let mut kept = self.kept.clone();
        kept.mark_unchanged();
        self.wanted.notify_one();
        // An error means that nothing is kept any more: the process is about to end.
        kept.changed().await.unwrap_or_default();
    }
}

/// Who writes. Nobody else does, so that a later moment is never written before an earlier one.
pub(super) struct Keeper {
    snapshot: Snapshot,
    board: SharedBoard,
    wanted: Arc<Notify>,
    kept: watch::Sender<()>,
}

impl Keeper {
    /// Keeps a board in a snapshot, at the pace that is answered.
    pub(super) fn new(snapshot: Snapshot, board: SharedBoard) -> (Self, Pace) {
        let wanted = Arc::new(Notify::new());
        let (kept, receiver) = watch::channel(());
        let pace = Pace { wanted: wanted.clone(), kept: receiver };
        (Self { snapshot, board, wanted, kept }, pace)
    }

    /// Keeps what changes until the process stops, and then once more.
    ///
    /// # Errors
    ///
    /// Never: a snapshot that fails is done without.
    pub(super) async fn run(self, context: Context) -> Result<(), BusError> {
        let stopping = context.tasks.stopping();
        while !stopping.is_cancelled() {
            tokio::select! {
                biased;
                () = stopping.cancelled() => {}
                () = self.wanted.notified() => {}
                () = context.clock.sleep(KEEPING) => {}
            }
            // Never given up half way: what was taken from the board is written, or is lost.
            self.keep().await;
            self.kept.send_replace(());
        }
        self.snapshot.close().await;
        Ok(())
    }

    async fn keep(&self) {
        let board = self.board.clone();
        let changes = tokio::task::spawn_blocking(move || {
            let mut board = board.write();
            let parts = board.take_changes();
            // From here on others may look, and nobody may change anything.
            RwLockWriteGuard::downgrade(board).kept(&parts)
        });
        let memory::Changes { puts, removals } =
            changes.await.expect("writing out does not panic, and is not cancelled");
        self.snapshot.write(Change { puts, removals, positions: vec![] }).await;
    }
}
