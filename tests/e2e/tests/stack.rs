//! The docker-compose stack tells of an expired certificate by mail. `tests/stack` brings the stack
//! up and runs this; alone it has nothing to talk to.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use harness::api::Api;
use harness::eventually::eventually;
use harness::scene::{DAY, Scene};
use harness::surroundings::variable;
use lab::mail::{MailSink, Security};
use lab::site::{Behaviour, Site};
use serde_json::json;

/// Where the stack sends its mail, on this machine.
const MAIL_PORT: u16 = 2_525;

/// The stack has just been started, and shares the machine with its images.
const WAIT: Duration = Duration::from_mins(2);

#[tokio::test]
#[ignore = "needs the stack, which tests/stack brings up"]
async fn the_stack_tells_of_an_expired_certificate_by_mail() {
    let gateway: IpAddr = required("STACK_GATEWAY").parse().unwrap();
    let api = Api::new(required("STACK_URL").trim_end_matches('/'), &required("STACK_TOKEN"));
    // On every address: the name of this machine in a container leads to the bridge of the engine,
    // which is not the gateway of the stack's own network.
    let door = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), MAIL_PORT);
    let sink = MailSink::open_at(door, Security::Plain).await.unwrap();
    let scene = Scene::new();
    let expired = Behaviour::Serve(scene.with_left("expired.test", -DAY));
    let site = Site::open_at(SocketAddr::new(gateway, 0), expired).await.unwrap();

    let contact = json!({ "name": "Ops", "email": harness::fleet::MAILBOX, "verified": true });
    eventually("a contact is added", async || api.post("/contacts", &contact).await).await;
    let name = format!("expired.test:{}", site.port());
    let trust = scene.root.pem();
    let options = json!({ "fixed_address": gateway.to_string(), "private_ca_pem": trust });
    let answer = api.post("/domains", &json!([{ "name": name, "options": options }])).await;
    assert_eq!(answer.unwrap()["added"][0]["name"], name.as_str());

    let told = |mail: &lab::mail::Mail| mail.text().contains(&name);
    let mails = sink.until(WAIT, |mails| mails.iter().any(|mail| told(mail))).await.unwrap();
    let mail = mails.iter().find(|mail| told(mail)).unwrap();
    assert!(mail.subject().contains("expired"), "{}", mail.subject());
}

fn required(key: &str) -> String {
    variable(key).unwrap_or_else(|| panic!("{key} is not set: run tests/stack"))
}
