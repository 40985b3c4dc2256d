//! Acknowledging many deliveries with one answer of the server.
//!
//! The server takes what one connection tells one consumer in order, so that its answer to the last
//! acknowledgement of a group stands for all before it. While an answer is on its way, whoever
//! wants to acknowledge joins the next group: the busier, the larger.

use std::{mem, sync::Arc};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::{
    sync::{Mutex as Turn, oneshot},
    time::Instant,
};

use super::{
    fault::Unanswered,
    link::{ANSWER_WAIT, Link},
};
use crate::bus::BusError;

/// What the server understands as an acknowledgement.
const ACK: &[u8] = b"+ACK";

/// The acknowledgements of one who takes part in a consumer.
pub(super) struct Acks {
    link: Arc<Link>,
    waiting: Mutex<Vec<Waiting>>,
    turn: Turn<()>,
}

/// One delivery whose acknowledgement is asked for.
struct Waiting {
    subject: String,
    told: oneshot::Sender<Result<(), Arc<Unanswered>>>,
}

impl Acks {
    pub(super) fn new(link: Arc<Link>) -> Self {
        Self { link, waiting: Mutex::default(), turn: Turn::new(()) }
    }

    /// Acknowledges the delivery that is answered on a subject. When it returns, the server knows
    /// it.
    pub(super) async fn ack(&self, subject: &str) -> Result<(), BusError> {
        let (told, mut outcome) = oneshot::channel();
        self.waiting.lock().push(Waiting { subject: subject.to_owned(), told });
        let turn = self.turn.lock().await;
        let told = match outcome.try_recv() {
            // Whoever had the turn before took this one along.
            Ok(told) => told,
            Err(_) => {
                self.tell_group().await;
                outcome.try_recv().unwrap_or_else(|_| Err(Arc::new(Unanswered::Lost)))
            }
        };
        drop(turn);
        told.map_err(|error| BusError::Unreachable {
            operation: "acknowledge".to_owned(),
            source: error.into(),
        })
    }

    /// Tells the server of all that wait. To tell it twice is to tell it once, so that what was
    /// told when the connection was lost is told again.
    async fn tell_group(&self) {
        let group = mem::take(&mut *self.waiting.lock());
        let deadline = Instant::now() + ANSWER_WAIT;
        let outcome = loop {
            match self.tell(&group).await {
                Err(Unanswered::Lost) if Instant::now() < deadline => {}
                outcome => break outcome.map_err(Arc::new),
            }
        };
        for Waiting { told, .. } in group {
            // Whoever has stopped waiting does not need to know.
            told.send(outcome.clone()).unwrap_or_default();
        }
    }

    async fn tell(&self, group: &[Waiting]) -> Result<(), Unanswered> {
        let Some((last, before)) = group.split_last() else { return Ok(()) };
        let ack = Bytes::from_static(ACK);
        for Waiting { subject, .. } in before {
            self.link.send(subject.clone(), None, ack.clone()).await?;
        }
        self.link.ask(last.subject.clone(), None, ack, ANSWER_WAIT).await.map(drop)
    }
}
