//! Many domains at once: everybody is told of each, once.

use std::collections::BTreeSet;

use futures::future::join_all;
use proto::v1::Kind;

use crate::world::{World, eventually, opened, recovered};

const DOMAINS: usize = 300;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_is_told_domain_by_domain_and_so_is_its_end() {
    let world = World::new().await;
    let notifier = world.start("one");
    let hosts: Vec<_> = (0..DOMAINS).map(|n| format!("host-{n}.example.com")).collect();
    let alarms: Vec<_> = hosts.iter().map(|host| opened(host, Kind::Expired)).collect();
    join_all(alarms.iter().map(|event| world.happens(event))).await;
    world.until_mails(DOMAINS).await;
    eventually(async || world.inbox().await.len(), |entries| *entries == DOMAINS).await;

    let ends: Vec<_> = hosts.iter().map(|host| recovered(host, Kind::Expired)).collect();
    join_all(ends.iter().map(|event| world.happens(event))).await;
    let mails = world.until_mails(2 * DOMAINS).await;
    eventually(async || world.inbox().await.len(), |entries| *entries == 2 * DOMAINS).await;

    assert_eq!(mails.len(), 2 * DOMAINS);
    let ids: BTreeSet<_> = mails.iter().map(|mail| mail.message_id()).collect();
    assert_eq!(ids.len(), 2 * DOMAINS, "each is a mail of its own");
    for host in &hosts {
        let of_host = format!("[TLS] {host}:443: certificate expired");
        let alarm = mails.iter().find(|mail| mail.subject() == of_host).unwrap();
        let reply = format!("Re: {of_host}");
        let recovery = mails.iter().find(|mail| mail.subject() == reply).unwrap();
        assert_eq!(recovery.references(), [alarm.message_id()]);
    }
    notifier.stop().await;
}
