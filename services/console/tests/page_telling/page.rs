//! What the tests of the pages say to a console, and what they see.

use proto::{
    id::{ContactId, DeliveryId},
    stream::{self, Service},
    subject, time,
    v1::{
        DeliveryDelivered, DeliveryDue, DeliveryEvent, DeliveryRecord, Event, InboxEntry, Kind,
        Severity, delivery_due::Cause, delivery_event,
    },
};
use reqwest::{Client, redirect::Policy};
use serde_json::json;
use url::form_urlencoded;

use crate::stage::{Answer, Stage, answer, id_of, now};

/// A person in front of the pages: a browser that does not follow redirects by itself.
pub(crate) struct Person {
    token: String,
    language: &'static str,
    http: Client,
}

impl Person {
    /// Whoever may do everything.
    pub(crate) fn admin(stage: &Stage) -> Self {
        let http = Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
        Self { token: stage.token.clone(), language: "en", http }
    }

    /// Whoever may look.
    pub(crate) async fn viewer(stage: &Stage) -> Self {
        let issued = stage.post("tokens", &json!({ "name": "v", "role": "viewer" })).await.ok();
        let token = issued["secret"].as_str().unwrap().to_owned();
        Self { token, ..Self::admin(stage) }
    }

    /// The same, who reads Chinese.
    pub(crate) fn in_chinese(self) -> Self {
        Self { language: "zh-CN,zh;q=0.9", ..self }
    }

    /// Looks at a page.
    pub(crate) async fn look(&self, stage: &Stage, path: &str) -> Answer {
        let request = self.http.get(format!("{}{path}", stage.base)).bearer_auth(&self.token);
        answer(request.header("accept-language", self.language)).await
    }

    /// Looks at a page that is there.
    pub(crate) async fn sees(&self, stage: &Stage, path: &str) -> String {
        let page = self.look(stage, path).await;
        assert_eq!(page.status, 200, "{page:?}");
        page.text
    }

    /// Sends a form.
    pub(crate) async fn send(&self, stage: &Stage, path: &str, fields: &[(&str, &str)]) -> Answer {
        let request = self.http.post(format!("{}{path}", stage.base)).bearer_auth(&self.token);
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        answer(request.header("accept-language", self.language).body(body)).await
    }

    /// Sends a form that is done with; where it leads.
    pub(crate) async fn does(&self, stage: &Stage, path: &str, fields: &[(&str, &str)]) -> String {
        let done = self.send(stage, path, fields).await;
        assert_eq!(done.status, 303, "{done:?}");
        done.headers["location"].to_str().unwrap().to_owned()
    }

    /// Sends a form that comes back with mistakes.
    pub(crate) async fn errs(&self, stage: &Stage, path: &str, fields: &[(&str, &str)]) -> String {
        let again = self.send(stage, path, fields).await;
        assert_eq!(again.status, 422, "{again:?}");
        again.text
    }
}

/// The contact that a fresh console has.
pub(crate) fn operator() -> String {
    ContactId::derive(&["operator"]).to_string()
}

/// The version that a form was made of.
pub(crate) fn version(page: &str) -> String {
    let (_, rest) = page.split_once("name=\"version\" value=\"").unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

/// Says as the notifier what became of something that the operator is told.
pub(crate) async fn tell(
    stage: &Stage,
    channel: &str,
    id: DeliveryId,
    event: delivery_event::Event,
) {
    let contact = ContactId::derive(&["operator"]);
    let record = DeliveryRecord {
        recorded_at: Some(time::write(now())),
        events: vec![DeliveryEvent { delivery_id: id.to_string(), event: Some(event) }],
    };
    let domain = id_of("a.example");
    let subject = subject::delivery(&channel.parse().unwrap(), &contact, Some(&domain));
    stage.append(Service::Notifier, &stream::DELIVERIES, subject, &record).await;
}

/// Something is to be told.
pub(crate) fn due(cause: Cause) -> delivery_event::Event {
    let event = Event {
        host: "a.example".to_owned(),
        port: 443,
        kind: Kind::Expired as i32,
        severity: Severity::Critical as i32,
        ..Event::default()
    };
    let due = DeliveryDue { event: Some(event), cause: cause as i32, ..DeliveryDue::default() };
    delivery_event::Event::Due(due)
}

/// The inbox has it.
pub(crate) fn delivered(title: &str, text: &str) -> delivery_event::Event {
    let entry = InboxEntry {
        title: title.to_owned(),
        text: text.to_owned(),
        kind: Kind::Expired as i32,
        severity: Severity::Critical as i32,
    };
    let inbox_entry = Some(entry);
    delivery_event::Event::Delivered(DeliveryDelivered { inbox_entry, ..Default::default() })
}
