//! What whoever leads does beside the work of the partitions: tells of intermediates, and carries
//! what is thought of probers to their histories.

use chassis::{
    bus::{Append, AppendError, Expect, SharedBus},
    error::Chain,
};
use prost::Message;
use proto::{stream, subject, v1::Intermediate};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use tracing::warn;

use super::{partition, posts::Posts, shared::Errand};

/// Errands that wait. There are few, but a start with many new chains brings hundreds at once.
pub(super) const ERRANDS_MAX: usize = 1_024;

/// Does errands until nobody leaves any.
pub(super) async fn run(bus: &SharedBus, posts: &Posts, errands: &mut mpsc::Receiver<Errand>) {
    while let Some(errand) = errands.recv().await {
        if let Errand::Publish(intermediate) = &errand {
            publish(bus, intermediate).await;
        } else if let Some((prober, letter)) = partition::letter(errand) {
            posts.send(prober, letter).await;
        }
    }
}

/// Tells all detectors of an intermediate. One that is not told is found again with the next chain.
async fn publish(bus: &SharedBus, intermediate: &Intermediate) {
    let sha256: [u8; 32] = Sha256::digest(&intermediate.certificate).into();
    let subject = subject::intermediate(&sha256);
    let append = Append {
        stream: &stream::INTERMEDIATES,
        id: subject.clone(),
        subject,
        expect: Expect::Version(0),
        headers: vec![],
        payload: intermediate.encode_to_vec().into(),
    };
    match bus.append(append).await {
        Ok(_) | Err(AppendError::Outrun { .. }) => {}
        Err(error) => warn!(error = %Chain(&error), "An intermediate is not shared."),
    }
}
