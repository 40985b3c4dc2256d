//! `certherald check` and `assess` tell expired, expiring and not yet valid to the second.

use std::time::Duration;

use harness::check::{Check, Verdict};
use harness::eventually::{SOON, eventually_within};
use harness::external::{Recipe, Server, Software};
use harness::scene::{DAY, Scene, ninety_days};
use harness::surroundings::now;
use jiff::{SignedDuration, Timestamp};
use lab::authority::{Leaf, Validity};

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// Until a rung, tried in turn: on a busy machine one check may take longer than the first allows.
const LEADS: [Duration; 3] =
    [Duration::from_secs(6), Duration::from_secs(20), Duration::from_mins(1)];

#[tokio::test]
async fn a_certificate_in_date_is_secure() {
    each_with_left(DAY * 89, |verdict| verdict.must_be("secure", &[], 0)).await;
}

#[tokio::test]
async fn an_expired_certificate_is_critical() {
    each_with_left(-HOUR, |verdict| verdict.must_be("abnormal", &["expired"], 2)).await;
}

#[tokio::test]
async fn five_days_left_of_ninety_are_a_warning_below_the_rung_of_a_week() {
    each_with_left(DAY * 5, |verdict| {
        verdict.must_be("abnormal", &["expiring"], 1);
        assert_eq!(verdict.json["severity"], "warning");
    })
    .await;
}

#[tokio::test]
async fn two_days_left_of_ninety_are_critical() {
    each_with_left(DAY * 2, |verdict| {
        verdict.must_be("abnormal", &["expiring"], 2);
        assert_eq!(verdict.json["severity"], "critical");
    })
    .await;
}

#[tokio::test]
async fn a_certificate_of_tomorrow_is_not_yet_valid() {
    let scene = Scene::new();
    let identity = scene.not_yet_valid("a.test");
    for software in Software::ALL {
        let server = software.serve(&Recipe::of(&identity)).await;
        check(&scene, &server).await.must_be("abnormal", &["not_yet_valid"], 2);
    }
}

#[tokio::test]
async fn an_expired_chain_without_its_intermediate_is_both_expired_first() {
    let scene = Scene::new();
    let identity = scene.with_left("a.test", -HOUR).leaf_only();
    let intermediate = scene.file("intermediate.pem", &scene.intermediate.pem());
    let server = Software::Openssl.serve(&Recipe::of(&identity)).await;
    let check = Check::of("a.test").at(server.address()).trusting(scene.root_file());
    let verdict = check.arg("--intermediate").arg(intermediate).run().await;
    verdict.must_be("abnormal", &["expired", "chain_incomplete"], 2);
}

#[tokio::test]
async fn a_rung_is_crossed_at_its_second() {
    for lead in LEADS {
        if checks_before_a_rung(lead).await > 0 {
            return;
        }
    }
    panic!("no check came before the rung: this machine is too slow to tell");
}

#[tokio::test]
async fn exactly_at_a_rung_nothing_has_been_crossed_yet() {
    let (scene, rung) = (Scene::new(), moment());
    let assess = Assess::new(&scene, Validity::between(rung - DAY * 60, rung + DAY * 30));
    assess.at(rung - SECOND).await.must_be("secure", &[], 0);
    assess.at(rung).await.must_be("secure", &[], 0);
    assess.at(rung + SECOND).await.must_be("abnormal", &["expiring"], 1);
}

#[tokio::test]
async fn the_last_second_of_validity_is_part_of_it() {
    let (scene, end) = (Scene::new(), moment());
    let assess = Assess::new(&scene, Validity::between(end - DAY * 90, end));
    assess.at(end).await.must_be("abnormal", &["expiring"], 2);
    assess.at(end + SECOND).await.must_be("abnormal", &["expired"], 2);
}

#[tokio::test]
async fn the_first_second_of_validity_is_part_of_it() {
    let (scene, start) = (Scene::new(), moment());
    let assess = Assess::new(&scene, Validity::between(start, start + DAY * 90));
    assess.at(start - SECOND).await.must_be("abnormal", &["not_yet_valid"], 2);
    assess.at(start).await.must_be("secure", &[], 0);
}

/// The rung of 30 days lies ahead, and is crossed when the second after it begins: checks that end
/// before are secure, those that begin after warn. What lies astride says nothing, and is tried
/// again. Answers how many came before.
async fn checks_before_a_rung(lead: Duration) -> usize {
    let scene = Scene::new();
    let rung = Timestamp::from_second((now() + lead).as_second()).unwrap();
    let crossed = rung + SECOND;
    let left = (rung + DAY * 30).duration_since(now());
    let identity = scene.with_left("a.test", left);
    let server = Software::Nginx.serve(&Recipe::of(&identity)).await;
    let mut before = 0;
    eventually_within(lead + SOON, "a check after the rung", async || {
        let begun = now();
        let verdict = check(&scene, &server).await;
        match (now() < crossed, crossed < begun) {
            (true, _) => {
                verdict.must_be("secure", &[], 0);
                before += 1;
                Err("still before the rung")
            }
            (false, true) => {
                verdict.must_be("abnormal", &["expiring"], 1);
                Ok(())
            }
            (false, false) => Err("astride the rung"),
        }
    })
    .await;
    before
}

/// A whole second within the life of every authority of a [`Scene`].
fn moment() -> Timestamp {
    Timestamp::from_second(now().as_second()).unwrap()
}

/// A chain in a file, judged at any time.
struct Assess<'a> {
    scene: &'a Scene,
    chain: std::path::PathBuf,
}

impl<'a> Assess<'a> {
    fn new(scene: &'a Scene, validity: Validity) -> Self {
        let identity = scene.issue(&Leaf::named("a.test", validity));
        Self { scene, chain: scene.file("chain.pem", &identity.chain_pem()) }
    }

    async fn at(&self, time: Timestamp) -> Verdict {
        let assess = Check::assess("a.test", &self.chain).trusting(self.scene.root_file());
        assess.arg("--at").arg(time.to_string()).run().await
    }
}

/// Checks a 90-day certificate with `left` to live on each software.
async fn each_with_left(left: SignedDuration, judge: impl Fn(Verdict)) {
    let scene = Scene::new();
    let identity = scene.issue(&Leaf::named("a.test", ninety_days(left)));
    for software in Software::ALL {
        let server = software.serve(&Recipe::of(&identity)).await;
        judge(check(&scene, &server).await);
    }
}

async fn check(scene: &Scene, server: &Server) -> Verdict {
    Check::of("a.test").at(server.address()).trusting(scene.root_file()).run().await
}
