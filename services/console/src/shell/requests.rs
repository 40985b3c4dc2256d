//! Sends the wishes of people to the other services.

use bytes::Bytes;
use chassis::{
    bus::{Append, AppendError, Appended, Expect},
    context::Context,
};
use prost::Message as _;
use proto::{
    id::{DomainId, RequestId},
    stream::{self, Service},
    subject, time,
    v1::{Request, ScanNow, SendAgain, SendTest, SendVerification, request::Wish},
};

use crate::domain::inventory::Actor;

/// Sends wishes.
#[derive(Clone)]
pub struct Requests(Context);

impl Requests {
    /// Sends on the bus of a service.
    pub fn new(context: Context) -> Self {
        Self(context)
    }

    /// Asks that a domain be looked at at once. Asking twice is asking once.
    ///
    /// # Errors
    ///
    /// When the wish cannot be stored.
    pub async fn scan_now(&self, domain: &DomainId, actor: Actor) -> Result<(), AppendError> {
        let domain_id = domain.to_string();
        // The same id each time: while one wish waits, the bus refuses a second.
        let id = RequestId::derive(&["scan_now", &domain_id]);
        match self.send(Service::Detector, id, actor, Wish::ScanNow(ScanNow { domain_id })).await {
            Err(AppendError::Outstanding { .. }) => Ok(()),
            result => result,
        }
    }

    /// Asks that a contact be told a test. Asking twice under one id is asking once: answers the
    /// test that waits already.
    ///
    /// # Errors
    ///
    /// When the wish cannot be stored.
    pub async fn send_test(
        &self,
        id: RequestId,
        test: SendTest,
        actor: Actor,
    ) -> Result<Option<SendTest>, AppendError> {
        // The notifier names the delivery after the message, which is why that bears the id.
        let message = id.to_string();
        match self.say(Service::Notifier, id, message, actor, Wish::SendTest(test)).await {
            Ok(Appended { repeated: false, .. }) => Ok(None),
            Ok(Appended { repeated: true, .. }) | Err(AppendError::Outstanding { .. }) => {
                self.waiting(id).await
            }
            Err(error) => Err(error),
        }
    }

    /// The test that waits under an id, unless the notifier has heard of it by now.
    async fn waiting(&self, id: RequestId) -> Result<Option<SendTest>, AppendError> {
        let subject = subject::request(Service::Notifier, &id);
        let last = self.0.bus.last(&stream::REQUESTS, &subject).await;
        let last = last.map_err(|source| AppendError::Failed { subject, source })?;
        let wish = last.and_then(|message| message.read::<Request>().ok()?.wish);
        Ok(match wish {
            Some(Wish::SendTest(test)) => Some(test),
            Some(Wish::ScanNow(_) | Wish::SendAgain(_) | Wish::SendVerification(_)) | None => None,
        })
    }

    /// Asks that a parked delivery be tried again. Asking twice is asking once.
    ///
    /// # Errors
    ///
    /// When the wish cannot be stored.
    pub async fn send_again(&self, again: SendAgain, actor: Actor) -> Result<(), AppendError> {
        let id = RequestId::derive(&["send_again", &again.delivery_id]);
        match self.send(Service::Notifier, id, actor, Wish::SendAgain(again)).await {
            Err(AppendError::Outstanding { .. }) => Ok(()),
            result => result,
        }
    }

    /// Asks that a contact be sent a link by which it verifies an address.
    ///
    /// # Errors
    ///
    /// When the wish cannot be stored.
    pub async fn send_verification(
        &self,
        verification: SendVerification,
        actor: Actor,
    ) -> Result<(), AppendError> {
        let wish = Wish::SendVerification(verification);
        self.send(Service::Notifier, self.fresh(), actor, wish).await
    }

    fn fresh(&self) -> RequestId {
        RequestId::from_bytes(self.0.dice.bytes())
    }

    async fn send(
        &self,
        to: Service,
        id: RequestId,
        actor: Actor,
        wish: Wish,
    ) -> Result<(), AppendError> {
        self.say(to, id, self.fresh().to_string(), actor, wish).await.map(drop)
    }

    async fn say(
        &self,
        to: Service,
        id: RequestId,
        message: String,
        actor: Actor,
        wish: Wish,
    ) -> Result<Appended, AppendError> {
        let request = Request {
            requested_at: Some(time::write(self.0.clock.now())),
            actor: actor.to_string(),
            wish: Some(wish),
        };
        let append = Append {
            stream: &stream::REQUESTS,
            subject: subject::request(to, &id),
            id: message,
            expect: Expect::Any,
            headers: vec![],
            payload: Bytes::from(request.encode_to_vec()),
        };
        self.0.bus.append(append).await
    }
}
