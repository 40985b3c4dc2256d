//! The overview tells how the whole system fares, and not only the console.

use std::time::Duration;

use proto::stream::Service;

use crate::{
    guest::{Guest, shows},
    stage::Stage,
};

#[tokio::test]
async fn the_overview_says_that_nobody_leads() {
    let stage = Stage::open().await;
    let guest = Guest::editor(&stage).await;
    let mut leases = Vec::new();
    for service in [Service::Detector, Service::Notifier] {
        let (bus, name) = (stage.bus(service), service.token());
        let lease = bus.acquire(name, &format!("{name}-1"), Duration::from_hours(1)).await;
        leases.push(lease.unwrap().unwrap());
    }
    stage.until("system", |system| system["leaders"][1]["leads"] == true).await;
    let page = guest.get("/").await;
    shows(&page, &["Everything works.", "<dd>detector-1</dd>", "<dd>notifier-1</dd>", "none yet"]);

    stage.bus(Service::Notifier).release(&leases[1]).await.unwrap();
    let nobody = stage.until("system", |system| system["troubles"] != serde_json::json!([])).await;
    assert_eq!(nobody["troubles"][0]["trouble"], "nobody_leads");
    assert_eq!(nobody["troubles"][0]["service"], "notifier");
    assert_eq!(nobody["ready"], true, "this process is as it must be");
    let page = guest.get("/").await;
    shows(&page, &["No notifier works: nobody is notified.", "<dd>detector-1</dd>"]);
    assert!(!page.contains("Everything works.") && !page.contains("No detector works"));
    let page = guest.reading("zh-CN").get("/").await;
    shows(&page, &["没有通知服务在工作：任何人都不会收到通知。"]);
}
