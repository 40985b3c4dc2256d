//! A detector between an inventory and a prober, on the embedded bus: what it tells, and how often.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod world;

use std::time::Instant;

use jiff::SignedDuration;
use proto::{
    cloudevent,
    v1::{DomainOptions, Reason, Rung, evidence, rung},
};

use crate::world::{World, eventually, now};

const HOST: &str = "shop.example.com";

#[test]
fn an_expired_certificate_is_told_once_and_so_is_its_recovery() {
    let world = World::new().with_prober();
    world.shows(HOST, Ok(world.chain(HOST, SignedDuration::from_hours(-1))));
    let _detector = world.detector("d1");
    world.add(HOST);
    eventually("it is told", || world.told(HOST) == ["opened expired"]);
    (0..3).for_each(|_| world.scan(HOST));
    world.shows(HOST, Ok(world.good(HOST)));
    (0..3).for_each(|_| world.scan(HOST));
    let all = ["opened expired", "noted certificate_changed", "recovered expired"];
    eventually("the recovery is told", || world.told(HOST) == all);
    let (message, event) = &world.events()[0];
    assert_eq!(message.subject, "certherald.events.expired.com.example.shop.443");
    assert_eq!(message.id, event.id);
    let headers = message.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    assert_eq!(cloudevent::header(headers, "ce-type").as_deref(), Some("certherald.expired"));
}

#[test]
fn a_certificate_expires_by_itself_within_a_second() {
    let world = World::new().with_prober();
    let _detector = world.detector("d1");
    world.shows(HOST, Ok(world.chain(HOST, SignedDuration::from_secs(4))));
    world.add(HOST);
    eventually("it is told", || world.told(HOST).contains(&"opened expired".to_owned()));
    let (message, event) = world.events().pop().unwrap();
    assert_eq!(event.supersedes.len(), 1, "what was expiring has expired");
    // The first instant after the last valid second.
    let due = proto::time::read(&event.since.unwrap()).unwrap() + SignedDuration::from_secs(1);
    let late = message.stored_at.duration_since(due);
    assert!(late < SignedDuration::from_secs(1), "{late} after the instant");
    assert!(late >= SignedDuration::ZERO, "{late} before the instant");
}

#[test]
fn changed_options_of_a_secure_domain_are_judged_at_once() {
    let world = World::new().with_prober();
    let _detector = world.detector("d1");
    world.shows(HOST, Ok(world.chain(HOST, SignedDuration::from_hours(24 * 45))));
    world.add(HOST);
    eventually("it is looked at", || world.looks(HOST) > 0);
    world.scan(HOST);
    assert_eq!(world.told(HOST), [""; 0]);
    let seconds = rung::Rung::Seconds(60 * 86_400);
    let rungs = vec![Rung { rung: Some(seconds) }];
    world.change(HOST, DomainOptions { rungs: rungs.clone(), ..DomainOptions::default() });
    eventually("the rung is told", || world.told(HOST) == ["opened expiring"]);
    let sni = "elsewhere.example.com".to_owned();
    world.change(HOST, DomainOptions { sni, rungs, ..DomainOptions::default() });
    let both = ["opened expiring", "opened name_mismatch"];
    eventually("the mismatch is told", || world.told(HOST) == both);
}

#[test]
fn three_looks_without_a_certificate_fail_the_enabling() {
    let world = World::new().with_prober();
    let _detector = world.detector("d1");
    world.shows(HOST, Err(Reason::NotTls));
    world.add(HOST);
    eventually("it is looked at", || world.looks(HOST) > 0);
    (0..2).for_each(|_| world.scan(HOST));
    eventually("it is told", || world.told(HOST) == ["opened enable_failed"]);
    let case = world.events().pop().unwrap().1.evidence.unwrap().case;
    let Some(evidence::Case::NoCertificate(why)) = case else { panic!("another case") };
    assert_eq!(why.reason(), Reason::NotTls);
    world.shows(HOST, Ok(world.good(HOST)));
    world.scan(HOST);
    let all = ["opened enable_failed", "recovered enable_failed"];
    eventually("the recovery is told", || world.told(HOST) == all);
}

#[test]
fn a_chain_is_proved_incomplete_by_what_another_domain_showed() {
    let world = World::new().with_prober();
    let _detector = world.detector("d1");
    let (whole, cut) = ("whole.example.com", "cut.example.com");
    world.shows(whole, Ok(world.good(whole)));
    world.shows(cut, Ok(world.good(cut).into_iter().take(1).collect()));
    world.add(cut);
    eventually("nothing proves it yet", || world.told(cut) == ["opened untrusted"]);
    world.add(whole);
    eventually("the other is seen", || world.looks(whole) > 0);
    let all = ["opened untrusted", "opened chain_incomplete"];
    eventually("it is proved", || {
        world.scan(cut);
        world.told(cut) == all
    });
    let (_, event) = world.events().pop().unwrap();
    let Some(evidence::Case::MissingIssuer(missing)) = event.evidence.unwrap().case else {
        panic!("another case")
    };
    assert!(missing.pem.starts_with("-----BEGIN CERTIFICATE-----"));
    assert_eq!(missing.source, "seen");
}

#[test]
fn a_domain_that_is_removed_is_abandoned_and_goes_on_when_added_again() {
    let world = World::new().with_prober();
    world.shows(HOST, Ok(world.chain(HOST, SignedDuration::from_hours(-1))));
    let _detector = world.detector("d1");
    world.add(HOST);
    eventually("it is told", || world.told(HOST) == ["opened expired"]);
    world.disable(HOST);
    let mut all = vec!["opened expired", "abandoned expired"];
    eventually("it is abandoned", || world.told(HOST) == all);
    world.remove(HOST);
    world.add(HOST);
    all.push("opened expired");
    eventually("it is told again", || world.told(HOST) == all);
    let ids: Vec<_> = world.events().into_iter().map(|(_, event)| event.anomaly_id).collect();
    assert!(ids[0].ends_with("-expired-1") && ids[2].ends_with("-expired-2"), "{ids:?}");
}

#[test]
fn a_restart_tells_nothing_twice_with_its_snapshot_or_without() {
    let world = World::new().with_prober();
    world.shows(HOST, Ok(world.chain(HOST, SignedDuration::from_hours(-1))));
    world.detector("d1").stop();
    for round in 0..3 {
        let detector = world.detector("d1");
        world.add(HOST);
        eventually("it is told", || world.told(HOST) == ["opened expired"]);
        (0..2).for_each(|_| world.scan(HOST));
        if round == 1 {
            detector.stop();
            std::fs::remove_dir_all(world.data("d1")).unwrap();
        } else {
            detector.stop();
        }
    }
    assert_eq!(world.told(HOST), ["opened expired"]);
}

#[test]
fn a_standby_takes_over_within_five_seconds_and_tells_nothing_twice() {
    let world = World::new().with_prober();
    world.shows(HOST, Ok(world.chain(HOST, SignedDuration::from_hours(-1))));
    let first = world.detector("d1");
    world.add(HOST);
    eventually("it is told", || world.told(HOST) == ["opened expired"]);
    let _second = world.detector("d2");
    world.shows(HOST, Ok(world.good(HOST)));
    let killed = Instant::now();
    first.kill();
    world.scan(HOST);
    let taken_over = killed.elapsed();
    assert!(taken_over.as_secs_f64() < 5.0, "the standby led after {taken_over:?}");
    let all = ["opened expired", "noted certificate_changed", "recovered expired"];
    eventually("the recovery is told", || {
        world.scan(HOST);
        world.told(HOST) == all
    });
}

#[test]
fn certificates_that_alternate_for_fifty_scans_are_one_anomaly_and_one_recovery() {
    let world = World::new().with_prober();
    let (old, new) = (world.chain(HOST, SignedDuration::from_hours(-1)), world.good(HOST));
    world.shows(HOST, Ok(old.clone()));
    let _detector = world.detector("d1");
    world.add(HOST);
    eventually("it is told", || world.told(HOST) == ["opened expired"]);
    for round in 0..50 {
        world.shows(HOST, Ok(if round % 2 == 0 { new.clone() } else { old.clone() }));
        world.scan(HOST);
    }
    world.shows(HOST, Ok(new));
    let all = ["opened expired", "noted certificate_changed", "recovered expired"];
    eventually("it recovers", || {
        world.scan(HOST);
        world.told(HOST) == all
    });
    let (_, event) = world.events().pop().unwrap();
    let since = proto::time::read(event.recovered[0].since.as_ref().unwrap()).unwrap();
    assert!(
        since < now() - SignedDuration::from_mins(59),
        "since it expired, not since it was seen"
    );
}
