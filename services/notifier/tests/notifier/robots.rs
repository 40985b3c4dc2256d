//! Robots that fail: an address that is out of order is left alone until somebody mends it, and
//! nothing is lost meanwhile.

use std::sync::Arc;

use chassis::clock::Clock;
use harness::robots::{Fault, Post, Robot, Robots, Setup, Vendor};
use jiff::SignedDuration;
use proto::{
    address::SecretAddress,
    id::ContactId,
    v1::{
        ContactAddress, Kind, NotificationSetting, SendAgain, SendTest,
        delivery_event::Event as Deed, request::Wish,
    },
};

use crate::{
    clock::LeapClock,
    world::{Notifier, World, domain, eventually, opened, ops, recovered, setting},
};

pub(crate) const SECRET: &str = "SEC0f1e2d3c4b5a69788796a5b4c3d2e1f0";

/// A notifier, and a robot of DingTalk through which a contact is told of everything.
pub(crate) struct Scene {
    pub(crate) world: World,
    pub(crate) robots: Robots,
    pub(crate) robot: Robot,
    pub(crate) notifier: Notifier,
}

impl Scene {
    pub(crate) async fn open() -> Self {
        // Another test of this process may have installed it already: it is the same one.
        drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
        // One clock for all: the robots follow the notifier's.
        let clock = Arc::new(LeapClock::default());
        let of_robots = Arc::clone(&clock);
        let robots = Robots::open_by(Arc::new(move || of_robots.now())).await;
        let world = World::with_robots(&robots, clock).await;
        let robot = Setup::of(Vendor::DingTalk, "0123456789abcdef").signed(SECRET);
        let robot = robots.add(robot.wanting("[TLS]"));
        let methods = vec!["dingtalk".to_owned(), "internal".to_owned()];
        world.save_setting(NotificationSetting { methods, ..setting() }).await;
        let notifier = world.start("one");
        let scene = Self { world, robots, robot, notifier };
        scene.save(SECRET).await;
        scene
    }

    /// Somebody edits the contact.
    async fn save(&self, secret: &str) {
        self.world.save(ops(), "Ops", vec![self.address(secret)]).await;
    }

    /// Where the robot is reached.
    pub(crate) fn address(&self, secret: &str) -> ContactAddress {
        self.address_of(&self.robot, secret)
    }

    /// Where a robot is reached.
    pub(crate) fn address_of(&self, robot: &Robot, secret: &str) -> ContactAddress {
        let channel = robot.vendor().method();
        let address = SecretAddress::read(channel, robot.url(), secret, &[], &[]).unwrap();
        let plain = serde_json::to_vec(&address).unwrap();
        ContactAddress {
            channel: channel.to_owned(),
            verified: true,
            sealed: self.world.seal().seal(&plain).unwrap().into(),
            hint: address.hint(),
            robot: address.robot(),
            ..ContactAddress::default()
        }
    }

    pub(crate) async fn happens(&self, host: &str) {
        self.world.happens(&opened(host, Kind::Expired)).await;
    }

    pub(crate) async fn until_story(&self, want: &[&str]) {
        self.world.until_story("dingtalk", want).await;
    }

    pub(crate) async fn test(&self) {
        let test = SendTest { contact_id: ops().to_string(), channel: "dingtalk".to_owned() };
        self.world.wish(Wish::SendTest(test)).await;
    }

    /// The robot is out of order, and that has been seen.
    pub(crate) async fn break_down(&self) {
        self.robot.fail(Fault::Code(400_102, "robot stopped".to_owned()));
        self.happens("a.example.com").await;
        self.until_story(&["due: cause_event", "attempted 1", "parked"]).await;
        self.happens("b.example.com").await;
        self.until_story(&BROKEN).await;
    }
}

/// One is parked, and one waits.
pub(crate) const BROKEN: [&str; 4] =
    ["due: cause_event", "attempted 1", "parked", "due: cause_event"];

/// The same, and what waited was told.
const MENDED: [&str; 6] =
    ["due: cause_event", "attempted 1", "parked", "due: cause_event", "attempted 1", "delivered"];

fn names(post: &Post, host: &str) -> bool {
    post.message().text.contains(host)
}

#[tokio::test]
async fn an_address_that_is_out_of_order_is_left_alone_and_the_inbox_says_why() {
    let scene = Scene::open().await;
    scene.break_down().await;
    assert_eq!(scene.robot.posts().len(), 1, "nothing more is said to it");
    let inbox = eventually(async || scene.world.inbox().await, |inbox| inbox.len() == 3).await;
    let said = inbox.iter().filter(|entry| entry.text.contains("400102 robot stopped")).count();
    assert_eq!(said, 1, "{inbox:#?}");
    let steps = scene.world.steps("dingtalk").await;
    let Some(Deed::Parked(parked)) = &steps[2].event else { panic!("{steps:?}") };
    assert_eq!(parked.reason, "400102 robot stopped");
    assert!(parked.rests_until.is_some());
    scene.notifier.stop().await;
}

#[tokio::test]
async fn an_edit_resumes_what_was_paused() {
    let scene = Scene::open().await;
    scene.break_down().await;
    scene.robot.mend();
    scene.save(SECRET).await;
    scene.until_story(&MENDED).await;
    assert!(names(&scene.robot.taken()[0], "b.example.com"));
    scene.notifier.stop().await;
}

#[tokio::test]
async fn a_good_test_resumes_what_was_paused_and_a_bad_one_does_not() {
    let scene = Scene::open().await;
    scene.break_down().await;
    scene.test().await;
    let story = [&BROKEN[..], &["due: cause_test", "attempted 1", "parked"]].concat();
    scene.until_story(&story).await;
    assert_eq!(scene.robot.posts().len(), 2, "the first, and the test");
    scene.robot.mend();
    scene.test().await;
    let tail = ["due: cause_test", "attempted 1", "delivered", "attempted 1", "delivered"];
    scene.until_story(&[&story[..], &tail].concat()).await;
    let taken = scene.robot.taken();
    assert!(names(&taken[0], "test") && names(&taken[1], "b.example.com"), "{taken:#?}");
    scene.notifier.stop().await;
}

#[tokio::test]
async fn what_nobody_mends_is_spoken_to_no_more_and_what_waits_is_parked_after_a_day() {
    let scene = Scene::open().await;
    scene.break_down().await;
    scene.robot.mend();
    scene.world.clock.leap(SignedDuration::from_hours(23));
    scene.happens("c.example.com").await;
    scene.until_story(&[&BROKEN[..], &["due: cause_event"]].concat()).await;
    scene.world.clock.leap(SignedDuration::from_hours(2));
    scene.until_story(&[&BROKEN[..], &["due: cause_event", "parked"]].concat()).await;
    assert_eq!(scene.robot.posts().len(), 1, "nothing more is said to it");
    let steps = scene.world.steps("dingtalk").await;
    let Some(Deed::Parked(parked)) = &steps[5].event else { panic!("{steps:?}") };
    assert_eq!(parked.reason, "given up after 24 hours; the last answer: 400102 robot stopped");
    assert_eq!(steps[5].delivery_id, steps[3].delivery_id, "what came later waits on");
    scene.save(SECRET).await;
    let taken = scene.robot.until_taken(1).await;
    assert!(names(&taken[0], "c.example.com"), "{taken:#?}");
    scene.notifier.stop().await;
}

#[tokio::test]
async fn what_is_out_of_order_is_so_for_whoever_takes_over() {
    let scene = Scene::open().await;
    scene.break_down().await;
    scene.robot.mend();
    let mended = scene.address(SECRET);
    scene.notifier.stop().await;
    let heir = scene.world.start("heir");
    scene.world.happens(&opened("c.example.com", Kind::Expired)).await;
    eventually(async || scene.world.inbox().await, |inbox| inbox.len() == 4).await;
    let waiting = [&BROKEN[..], &["due: cause_event"]].concat();
    scene.world.until_story("dingtalk", &waiting).await;
    assert_eq!(scene.robot.posts().len(), 1, "nothing is said to it");
    scene.world.save(ops(), "Ops", vec![mended]).await;
    let taken = scene.robot.until_taken(1).await;
    assert!(["b.", "c."].iter().all(|host| names(&taken[0], host)), "both at once: {taken:#?}");
    heir.stop().await;
}

#[tokio::test]
async fn where_the_inbox_is_not_asked_for_it_says_of_each_that_it_waits() {
    let scene = Scene::open().await;
    let methods = vec!["dingtalk".to_owned()];
    scene.world.save_setting(NotificationSetting { methods, ..setting() }).await;
    scene.break_down().await;
    let inbox = eventually(async || scene.world.inbox().await, |inbox| inbox.len() == 2).await;
    let says = |host: &str, words: &str| {
        inbox.iter().any(|entry| entry.text.contains(host) && entry.text.contains(words))
    };
    assert!(says("a.example.com", "could not be delivered through DingTalk: 400102"));
    assert!(says("b.example.com", "waits, at most a day"), "{inbox:#?}");
    scene.world.happens(&recovered("b.example.com", Kind::Expired)).await;
    eventually(async || scene.world.inbox().await, |inbox| inbox.len() == 3).await;
    scene.notifier.stop().await;
}

#[tokio::test]
async fn what_was_parked_is_sent_again_once_the_robot_is_well() {
    let scene = Scene::open().await;
    scene.robot.fail(Fault::Code(460_101, "body too big".to_owned()));
    scene.happens("a.example.com").await;
    scene.until_story(&["due: cause_event", "attempted 1", "parked"]).await;
    let inbox = scene.world.inbox().await;
    assert!(inbox.iter().any(|entry| entry.text.contains("460101 body too big")), "{inbox:#?}");
    scene.robot.mend();
    let delivery_id = scene.world.steps("dingtalk").await[0].delivery_id.clone();
    let again = SendAgain {
        contact_id: ops().to_string(),
        channel: "dingtalk".to_owned(),
        domain_id: domain("a.example.com").to_string(),
        delivery_id,
    };
    scene.world.wish(Wish::SendAgain(again)).await;
    let taken = scene.robot.until_taken(1).await;
    assert!(names(&taken[0], "a.example.com"));
    scene.world.happens(&recovered("a.example.com", Kind::Expired)).await;
    let taken = scene.robot.until_taken(2).await;
    assert!(names(&taken[1], "well again"), "{:?}", taken[1]);
    scene.notifier.stop().await;
}

#[tokio::test]
async fn a_robot_that_is_blocked_is_left_alone_for_as_long_as_it_says() {
    let scene = Scene::open().await;
    scene.robot.fail(Fault::Code(130_101, "send too fast".to_owned()));
    scene.happens("a.example.com").await;
    scene.until_story(&["due: cause_event", "attempted 1", "failed"]).await;
    scene.robot.mend();
    scene.happens("b.example.com").await;
    let waiting = ["due: cause_event", "attempted 1", "failed", "due: cause_event"];
    scene.until_story(&waiting).await;
    scene.world.clock.leap(SignedDuration::from_mins(9));
    scene.happens("c.example.com").await;
    eventually(async || scene.world.inbox().await, |inbox| inbox.len() == 3).await;
    assert_eq!(scene.robot.posts().len(), 1, "nothing is said to it");
    scene.world.clock.leap(SignedDuration::from_mins(2));
    let taken = scene.robot.until_taken(1).await;
    let hosts = ["a.example.com", "b.example.com", "c.example.com"];
    assert!(hosts.iter().all(|host| names(&taken[0], host)), "all at once: {taken:#?}");
    scene.notifier.stop().await;
}

#[tokio::test]
async fn a_lost_answer_is_told_once_more_under_the_same_number() {
    let scene = Scene::open().await;
    scene.robot.fail_next(Fault::Resets);
    scene.happens("a.example.com").await;
    let failed = ["due: cause_event", "attempted 1", "failed, perhaps told"];
    scene.until_story(&failed).await;
    scene.world.clock.leap(SignedDuration::from_mins(1));
    scene.until_story(&[&failed[..], &["attempted 2", "delivered"]].concat()).await;
    let posts = scene.robot.posts();
    let number = |post: &Post| {
        let text = post.json()["markdown"]["text"].as_str().unwrap().to_owned();
        text.split_once('#').map(|_| text.rsplit('#').next().unwrap().to_owned())
    };
    assert_eq!((posts.len(), number(&posts[0])), (2, number(&posts[1])));
    scene.notifier.stop().await;
}

#[tokio::test]
async fn contacts_who_share_a_robot_share_its_pause() {
    let scene = Scene::open().await;
    let other = ContactId::from_bytes([8; 16]);
    scene.world.save(other, "Shop", vec![scene.address(SECRET)]).await;
    let own = NotificationSetting {
        contacts: vec![ops().to_string(), other.to_string()],
        methods: vec!["dingtalk".to_owned()],
        ..setting()
    };
    scene.robot.fail(Fault::Code(300_005, "token is not exist".to_owned()));
    scene.happens("a.example.com").await;
    scene.until_story(&["due: cause_event", "attempted 1", "parked"]).await;
    scene.world.save_setting(own).await;
    scene.happens("b.example.com").await;
    scene.until_story(&[&BROKEN[..], &["due: cause_event"]].concat()).await;
    assert_eq!(scene.robot.posts().len(), 1, "neither of them speaks to it");
    scene.robot.mend();
    scene.world.save(other, "Shop", vec![scene.address(SECRET)]).await;
    scene.robot.until_taken(2).await;
    scene.notifier.stop().await;
}
