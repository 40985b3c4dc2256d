//! Facts and requests become letters to the partition of their domain, and are acknowledged when it
//! has answered.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use chassis::{
    bus::{BusError, Consumer, Message},
    context::Context,
    worker::{self, HandleError, Handler},
};
use proto::{
    id::DomainId,
    stream::{self, Service},
    subject,
    v1::{Request, ScanFact, request::Wish},
};
use tokio::sync::oneshot;
use tracing::debug;

use super::{
    partition::{FactError, Letter},
    posts::Posts,
};

/// How long a fact may be judged before another delivery of it is made. Judging takes milliseconds,
/// and what a detector held when it died is to be judged soon after another has taken over.
const ACK_WAIT: Duration = Duration::from_secs(5);

/// Facts that are judged at the same time; each partition judges one.
const FACTS_MAX: usize = 256;

/// Requests that are handled at the same time. People make few.
const REQUESTS_MAX: usize = 16;

/// How long until a fact that cannot be judged yet is delivered again.
const NOT_YET: Duration = Duration::from_secs(1);

/// Deliveries of a fact that cannot be judged yet, after which it is let go: a job without its fact
/// is issued again.
const ATTEMPTS_MAX: u32 = 60;

/// Takes facts.
///
/// # Errors
///
/// When the bus is gone for good.
pub(super) async fn facts(context: &Context, posts: Posts) -> Result<(), BusError> {
    let consumer = Consumer {
        stream: &stream::FACTS,
        name: "detector".to_owned(),
        pattern: subject::FACTS_ALL.to_owned(),
        ack_wait: ACK_WAIT,
        held_max: FACTS_MAX,
    };
    worker::run(context, consumer, FACTS_MAX, Arc::new(Facts(posts))).await
}

/// Takes requests.
///
/// # Errors
///
/// When the bus is gone for good.
pub(super) async fn requests(context: &Context, posts: Posts) -> Result<(), BusError> {
    let consumer = Consumer {
        stream: &stream::REQUESTS,
        name: "detector".to_owned(),
        pattern: subject::requests_to(Service::Detector),
        ack_wait: ACK_WAIT,
        held_max: REQUESTS_MAX,
    };
    worker::run(context, consumer, REQUESTS_MAX, Arc::new(Requests(posts))).await
}

struct Facts(Posts);

#[async_trait]
impl Handler for Facts {
    async fn handle(&self, message: &Message, attempt: u32) -> Result<(), HandleError> {
        let domain = subject::fact_domain(&message.subject)
            .ok_or_else(|| HandleError::permanent("the subject names no domain"))?;
        let fact = message.read::<ScanFact>().map_err(HandleError::permanent)?;
        if fact.domain_id.parse() != Ok(domain) {
            return Err(HandleError::permanent("the fact is of another domain than its subject"));
        }
        let (answer, judged) = oneshot::channel();
        self.0.send(domain, Letter::Seen(domain, Box::new(fact), answer)).await;
        match judged.await.unwrap_or(Err(FactError::NotYet)) {
            Ok(()) => Ok(()),
            Err(error) if error.is_permanent() => Err(HandleError::permanent(error)),
            Err(FactError::NotYet) if attempt > ATTEMPTS_MAX => {
                debug!(domain.id = %domain, attempt, "A fact is let go: its look is made again.");
                Ok(())
            }
            Err(source @ FactError::NotYet) => {
                Err(HandleError::RetryIn { wait: NOT_YET, source: source.into() })
            }
            Err(error) => Err(HandleError::transient(error)),
        }
    }
}

struct Requests(Posts);

#[async_trait]
impl Handler for Requests {
    async fn handle(&self, message: &Message, _attempt: u32) -> Result<(), HandleError> {
        let request = message.read::<Request>().map_err(HandleError::permanent)?;
        match request.wish {
            Some(Wish::ScanNow(scan)) => {
                let domain: DomainId = scan.domain_id.parse().map_err(HandleError::permanent)?;
                let (answer, read) = oneshot::channel();
                self.0.send(domain, Letter::ScanNow(domain, answer)).await;
                read.await.map_err(HandleError::transient)
            }
            Some(Wish::SendTest(_) | Wish::SendAgain(_) | Wish::SendVerification(_)) | None => {
                Err(HandleError::permanent("no wish that the detector knows"))
            }
        }
    }
}
