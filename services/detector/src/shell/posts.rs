//! The letter boxes of the partitions.

use std::sync::Arc;

use proto::id::{DomainId, PARTITIONS};
use tokio::sync::{mpsc, oneshot};

use super::partition::{LETTERS_MAX, Letter, kept};

/// Where letters to partitions are left. All clones are the same.
#[derive(Clone)]
pub(super) struct Posts(Arc<[mpsc::Sender<Letter>]>);

impl Posts {
    /// One box for each partition, and the other end of each.
    pub(super) fn new() -> (Self, Vec<mpsc::Receiver<Letter>>) {
        let (boxes, ends): (Vec<_>, Vec<_>) =
            (0..PARTITIONS).map(|_| mpsc::channel(LETTERS_MAX)).unzip();
        (Self(boxes.into()), ends)
    }

    /// Leaves a letter for the partition of a domain; waits while its box is full. A partition that
    /// has ended reads nothing: then this process is about to end too.
    pub(super) async fn send(&self, domain: DomainId, letter: Letter) {
        let post = &self.0[usize::from(domain.partition())];
        drop(post.send(letter).await);
    }

    /// Leaves one letter for each partition.
    pub(super) async fn send_all(&self, letter: impl Fn() -> Letter) {
        for post in self.0.iter() {
            drop(post.send(letter()).await);
        }
    }

    /// Waits until all that was left before has been read.
    pub(super) async fn read_until_here(&self) {
        for post in self.0.iter() {
            let (answer, read) = oneshot::channel();
            if post.send(Letter::Here(answer)).await.is_ok() {
                read.await.unwrap_or_default();
            }
        }
    }

    /// Waits for the same; answers what has changed since the last time and is to be kept.
    pub(super) async fn changes(&self) -> Vec<kept::Change> {
        let mut changes = Vec::new();
        for post in self.0.iter() {
            let (answer, kept) = oneshot::channel();
            if post.send(Letter::Keep(answer)).await.is_ok() {
                changes.extend(kept.await.unwrap_or_default());
            }
        }
        changes
    }
}
