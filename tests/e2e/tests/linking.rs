//! A link in a message leads to the console, wherever that listens.

use harness::fleet::{Fleet, Shape};
use jiff::SignedDuration;
use lab::site::{Behaviour, Site};

#[tokio::test(flavor = "multi_thread")]
async fn a_link_leads_to_where_the_console_listens() {
    let fleet = Fleet::start(Shape::Embedded).await;
    let expired = fleet.scene.with_left("a.test", -SignedDuration::from_mins(20));
    let site = Site::open(Behaviour::Serve(expired)).await.unwrap();
    let domain = fleet.watch("a.test", &site).await;
    let news = fleet.until_told(&domain, "expired", 0).await;
    let (text, console) = (news.mail.text(), fleet.api.base());
    assert!(text.contains(&format!("{console}/domains/{}", domain.id)), "{console}: {text}");
}
