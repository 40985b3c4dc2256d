//! What is wrong with a domain reaches every channel, and so does its recovery; a robot that is out
//! of order is left alone, says why, and goes on once it is mended.

use futures::future::join_all;
use harness::eventually::{eventually, eventually_within};
use harness::fleet::{Fleet, MAILBOX, Plan, RECOVERY, Shape, Watched};
use harness::robots::{Fate, Fault, Robot, Robots, Setup, Vendor};
use harness::scene::DAY;
use lab::site::{Behaviour, Site};
use reqwest::Method;
use serde_json::{Value, json};

use crate::typing::typed;

/// A robot of every vendor, each with a secret if its vendor has any, and with a keyword.
pub(crate) struct Crowd {
    pub(crate) robots: Robots,
    pub(crate) hands: Vec<Hand>,
}

/// A robot and what it signs with.
pub(crate) struct Hand {
    pub(crate) robot: Robot,
    pub(crate) token: &'static str,
    pub(crate) secret: &'static str,
}

impl Crowd {
    pub(crate) async fn gather() -> Self {
        let robots = Robots::open().await;
        let hand = |(vendor, token, secret): (Vendor, &'static str, &'static str)| {
            let setup = Setup::of(vendor, token).signed(secret).wanting("[TLS]");
            Hand { robot: robots.add(setup), token, secret }
        };
        let hands = [
            (Vendor::DingTalk, "d1ng7a1k70k3n5ecret", "SECd1ng7a1k51gn1ng5ecret"),
            (Vendor::WeCom, "w3c0m000-0key-5ecr-et00-000000000001", ""),
            (Vendor::Feishu, "fe15hu70k3n5ecret", "fe15hu51gn1ng5ecret"),
            (Vendor::Lark, "1ark70k3n5ecret", "1ark51gn1ng5ecret"),
            (Vendor::Slack, "T00000000/B00000000/51ack70k3n5ecret", ""),
            (
                Vendor::Webhook,
                "webh00kpath5ecret",
                "whsec_d2ViaDAwa3dlYmgwMGt3ZWJoMDBrd2ViaDAwaw==",
            ),
        ]
        .map(hand);
        Self { robots, hands: hands.into() }
    }

    pub(crate) fn hand(&self, vendor: Vendor) -> &Hand {
        self.hands.iter().find(|hand| hand.robot.vendor() == vendor).unwrap()
    }

    /// The contact of a fleet as the API takes it, with all of them.
    pub(crate) fn contact(&self) -> Value {
        let mut contact = json!({ "name": "Ops", "email": MAILBOX, "verified": true });
        for hand in &self.hands {
            contact[hand.robot.vendor().method()] = hand.address();
        }
        contact
    }

    /// The contact of a fleet gets all of them, and is told everything through all of them.
    pub(crate) async fn join(&self, fleet: &Fleet) -> String {
        let contacts = fleet.api.all("/contacts").await.unwrap();
        let ops = contacts.iter().find(|contact| contact["name"] == "Ops").unwrap();
        let id = ops["id"].as_str().unwrap().to_owned();
        fleet.api.put(&format!("/contacts/{id}"), &self.contact()).await.unwrap();
        let methods = Vendor::ALL.map(Vendor::method).into_iter().chain(["email", "internal"]);
        let setting = json!({ "contacts": [id], "methods": methods.collect::<Vec<_>>() });
        fleet.api.put("/settings/default", &setting).await.unwrap();
        id
    }
}

impl Hand {
    /// Its address as the API takes it.
    pub(crate) fn address(&self) -> Value {
        let is_webhook = self.robot.vendor() == Vendor::Webhook;
        let mut address = json!({ if is_webhook { "url" } else { "webhook" }: self.robot.url() });
        if !self.secret.is_empty() {
            address["secret"] = json!(self.secret);
        }
        address
    }

    /// Waits until it has taken a message with these words.
    async fn until_said(&self, words: &[&str]) {
        let what = format!("{:?} says {words:?}", self.robot.vendor());
        eventually_within(RECOVERY, &what, async || {
            let taken = self.robot.taken();
            let says = |text: &str| words.iter().all(|word| text.contains(word));
            let is_said = taken
                .iter()
                .any(|post| says(&format!("{} {}", post.message().title, post.message().text)));
            if is_said { Ok(()) } else { Err(format!("{:#?}", self.robot.posts())) }
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_anomaly_and_its_recovery_reach_all_channels_of_one_process() {
    an_anomaly_and_its_recovery_reach_all_channels(Shape::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_anomaly_and_its_recovery_reach_all_channels_over_nats() {
    an_anomaly_and_its_recovery_reach_all_channels(Shape::Nats).await;
}

async fn an_anomaly_and_its_recovery_reach_all_channels(shape: Shape) {
    let crowd = &Crowd::gather().await;
    let fleet = &start(shape, crowd).await;
    let ops = crowd.join(fleet).await;
    join_all(crowd.hands.iter().map(|hand| a_test_says_what_the_robot_says(fleet, &ops, hand)))
        .await;

    let expired = fleet.scene.with_left("shop.test", -DAY);
    let site = Site::open(Behaviour::Serve(expired)).await.unwrap();
    let domain = fleet.watch("shop.test", &site).await;
    let news = fleet.until_told(&domain, "expired", 0).await;
    assert!(news.mail.text().contains(&domain.name));
    let words = [&domain.name, "expired"];
    join_all(crowd.hands.iter().map(|hand| hand.until_said(&words))).await;
    // They stay as they are: what became of them would travel with the recovery.
    let _sites = a_broken_robot_is_paused_and_mended(fleet, &ops, crowd).await;

    site.serve(&fleet.scene.good("shop.test")).unwrap();
    fleet.until_told(&domain, "recovered", 0).await;
    let words = [&domain.name, "well again"];
    join_all(crowd.hands.iter().map(|hand| hand.until_said(&words))).await;
    for hand in &crowd.hands {
        let refused = hand.robot.refused();
        assert!(refused.is_empty(), "{refused:#?}");
    }
    assert!(crowd.robots.strays().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_enters_a_robot_by_a_file_and_says_whom_it_calls() {
    let crowd = &Crowd::gather().await;
    let fleet = &start(Shape::Embedded, crowd).await;
    let hand = crowd.hand(Vendor::DingTalk);
    let text = format!("{}\n{}\n@zoe\n@13800001111\n", hand.robot.url(), hand.secret);
    let robot = format!("dingtalk={}", fleet.scene.file("robot.txt", &text).display());
    let added = typed(fleet, &["contacts", "add", "--name", "Shop", "--robot", &robot]).await;
    assert_eq!(added.code, 0, "{added:?}");
    let tested = typed(fleet, &["contacts", "test", "Shop", "--method", "dingtalk"]).await;
    assert_eq!(tested.code, 0, "{tested:?}");
    assert_eq!(hand.robot.taken()[0].message().mentions, ["13800001111", "zoe"]);
    let robot = format!("wecom={}", fleet.scene.file("robot.txt", "a\nb\nc\n").display());
    let refused = typed(fleet, &["contacts", "add", "--name", "X", "--robot", &robot]).await;
    assert_eq!((refused.code == 0, refused.said.contains("want a URL")), (false, true));
}

async fn start(shape: Shape, crowd: &Crowd) -> Fleet {
    let window = ("NOTIFIER_GROUP_WINDOW", "1s".to_owned());
    Plan::new(shape).told(crowd.robots.settings()).told([window]).start().await
}

async fn a_test_says_what_the_robot_says(fleet: &Fleet, ops: &str, hand: &Hand) {
    let method = hand.robot.vendor().method();
    let path = format!("/contacts/{ops}/test");
    fleet.api.post(&path, &json!({ "method": method })).await.unwrap();
    let query = format!("/deliveries?contact={ops}&method={method}&cause=test");
    let told = eventually(&format!("a test by {method}"), async || {
        let told = fleet.api.all(&query).await?;
        let is_over = |one: &&Value| one["state"] == "delivered" || one["state"] == "parked";
        told.iter().find(is_over).cloned().ok_or(format!("{told:#?}"))
    })
    .await;
    let words = told["steps"].as_array().unwrap().last().unwrap()["words"].clone();
    let want = match hand.robot.vendor() {
        Vendor::DingTalk | Vendor::WeCom => "0 ok",
        Vendor::Feishu | Vendor::Lark => "0 success",
        Vendor::Slack => "HTTP 200: ok",
        Vendor::Webhook => "HTTP 204:",
    };
    assert_eq!((&told["state"], &words), (&json!("delivered"), &json!(want)), "{told:#}");
    let typed = typed(fleet, &["contacts", "test", "Ops", "--method", method]).await;
    assert_eq!((typed.code, typed.said.trim()), (0, format!("delivered  {want}").as_str()));
}

/// Somebody stops the robot of DingTalk: one message is parked, the next waits; all others have
/// both. Edited, it gets what waited, and on wish what was parked. Its sites are still open.
async fn a_broken_robot_is_paused_and_mended(fleet: &Fleet, ops: &str, crowd: &Crowd) -> Vec<Site> {
    let (broken, other) = (crowd.hand(Vendor::DingTalk), crowd.hand(Vendor::Feishu));
    broken.robot.fail(Fault::Code(400_102, "robot stopped".to_owned()));
    let mut sites = Vec::new();
    for host in ["first.test", "second.test"] {
        let expired = fleet.scene.with_left(host, -DAY);
        let site = Site::open(Behaviour::Serve(expired)).await.unwrap();
        let watched = fleet.watch(host, &site).await;
        other.until_said(&[&watched.name, "expired"]).await;
        sites.push((site, watched));
    }
    let (first, second) = (&sites[0].1, &sites[1].1);
    let of = async |domain: &Watched| {
        let path = format!("/deliveries?method=dingtalk&domain={}", domain.id);
        fleet.api.all(&path).await.map(|mut all| all.pop().unwrap_or_default())
    };
    let parked = eventually("the first is parked", async || {
        let delivery = of(first).await?;
        if delivery["state"] == "parked" { Ok(delivery) } else { Err(format!("{delivery:#}")) }
    })
    .await;
    let last = parked["steps"].as_array().unwrap().last().unwrap();
    assert_eq!(last["words"], "400102 robot stopped");
    assert!(last["rests_until"].is_string(), "{last:#}");
    let inbox = fleet.api.all("/inbox").await.unwrap();
    let says = |entry: &Value| entry["text"].as_str().unwrap().contains("400102 robot stopped");
    assert!(inbox.iter().any(says), "{inbox:#?}");
    eventually("the second waits", async || {
        let delivery = of(second).await?;
        if delivery["state"] == "due" { Ok(()) } else { Err(format!("{delivery:#}")) }
    })
    .await;
    let failed = |robot: &Robot| robot.posts().iter().filter(|p| p.fate == Fate::Failed).count();
    assert_eq!(failed(&broken.robot), 1, "{:#?}", broken.robot.posts());

    broken.robot.mend();
    let mut contact = crowd.contact();
    for hand in crowd.hands.iter().filter(|hand| hand.robot.vendor() != Vendor::DingTalk) {
        contact[hand.robot.vendor().method()] = json!({ "keep": true });
    }
    fleet.api.put(&format!("/contacts/{ops}"), &contact).await.unwrap();
    broken.until_said(&[&second.name, "expired"]).await;
    let id = parked["id"].as_str().unwrap();
    fleet.api.order(Method::POST, &format!("/deliveries/{id}/again")).await.unwrap();
    broken.until_said(&[&first.name, "expired"]).await;
    sites.into_iter().map(|(site, _)| site).collect()
}
