//! What a watch promises, as stories.

mod unknown;

use proto::v1::{Kind, Reason, Severity, State, log_event::Event};

use super::{
    Refusal,
    command::Ask,
    story::{
        Cert, EXPIRED, EXPIRING, GOOD, INCOMPLETE, NOTHING, PASSED, RENEWED, SOON, SOONER, Story,
        UNTRUSTED, WEAK, WRONG_NAME, at, showing, watch,
    },
};

const REFUSED: Reason = Reason::ConnectRefused;

#[test]
fn a_domain_that_shows_a_good_certificate_is_secure() {
    let mut story = Story::added();
    assert_eq!(story.state(), State::Enabling);
    assert_eq!(story.sees(&[GOOD]), NOTHING);
    assert_eq!(story.state(), State::Secure);
}

#[test]
fn a_steady_domain_writes_nothing() {
    let mut story = Story::secure();
    let records = story.log.len();
    for _ in 0..10 {
        assert_eq!(story.sees(&[GOOD, GOOD]), NOTHING);
    }
    assert_eq!(story.log.len(), records);
}

#[test]
fn the_third_look_without_a_certificate_fails_the_enabling() {
    let mut story = Story::added();
    assert_eq!(story.fails(REFUSED), NOTHING);
    assert_eq!(story.fails(REFUSED), NOTHING);
    assert_eq!(story.state(), State::Enabling);
    assert_eq!(story.fails(REFUSED), ["opened enable_failed critical"]);
    assert_eq!(story.state(), State::EnableFailed);
    assert_eq!(story.fails(REFUSED), NOTHING);
}

#[test]
fn one_certificate_ends_the_failed_enabling() {
    let mut story = Story::added();
    (0..3).for_each(|_| drop(story.fails(REFUSED)));
    assert_eq!(story.sees(&[EXPIRED]), ["recovered enable_failed", "opened expired critical"]);
    assert_eq!(story.state(), State::Abnormal);
}

#[test]
fn a_certificate_in_between_starts_the_count_anew() {
    let mut story = Story::secure();
    story.fails(REFUSED);
    story.fails(REFUSED);
    assert_eq!(story.sees(&[GOOD]), NOTHING);
    story.fails(REFUSED);
    assert_eq!(story.fails(REFUSED), NOTHING);
    assert_eq!(story.fails(REFUSED), ["opened unreachable critical"]);
}

#[test]
fn two_good_rounds_make_it_reachable_again() {
    let mut story = Story::secure();
    (0..3).for_each(|_| drop(story.fails(REFUSED)));
    assert_eq!(story.sees(&[GOOD]), NOTHING);
    assert_eq!(story.fails(REFUSED), NOTHING);
    assert_eq!(story.sees(&[GOOD]), NOTHING);
    assert_eq!(story.sees(&[GOOD]), ["recovered unreachable"]);
    assert_eq!(story.state(), State::Secure);
}

#[test]
fn what_a_certificate_shows_is_believed_at_once() {
    for (cert, said) in [
        (EXPIRED, "opened expired critical"),
        (WRONG_NAME, "opened name_mismatch critical"),
        (INCOMPLETE, "opened chain_incomplete critical"),
        (UNTRUSTED, "opened untrusted critical"),
        (WEAK, "opened weak warning"),
        (EXPIRING, "opened expiring warning"),
    ] {
        let mut story = Story::added();
        assert_eq!(story.sees(&[cert]), [said]);
        assert_eq!(story.state(), State::Abnormal);
        assert_eq!(story.sees(&[cert]), NOTHING);
    }
}

#[test]
fn expired_and_incomplete_are_both_told_expired_first() {
    let both = Cert(
        b'b',
        &[
            (Kind::ChainIncomplete, Severity::Critical, None),
            (Kind::Expired, Severity::Critical, None),
        ],
    );
    let said = Story::added().sees(&[both]);
    assert_eq!(said, ["opened expired critical", "opened chain_incomplete critical"]);
}

#[test]
fn three_clean_rounds_close_it() {
    let mut story = Story::added();
    story.sees(&[EXPIRED]);
    assert_eq!(story.sees(&[RENEWED]), ["changed"]);
    assert_eq!(story.sees(&[RENEWED]), NOTHING);
    assert_eq!(story.sees(&[RENEWED]), ["recovered expired"]);
    assert_eq!(story.state(), State::Secure);
}

#[test]
fn a_rollout_that_alternates_for_fifty_scans_is_one_anomaly_and_one_recovery() {
    let mut story = Story::secure();
    let mut said = Vec::new();
    for _ in 0..25 {
        said.extend(story.sees(&[EXPIRED]));
        said.extend(story.sees(&[GOOD]));
    }
    for _ in 0..125 {
        said.extend(story.sees(&[GOOD]));
    }
    assert_eq!(said, ["changed", "opened expired critical", "recovered expired"]);
}

#[test]
fn every_endpoint_must_be_clean() {
    let mut story = Story::added();
    story.sees(&[EXPIRED, EXPIRED]);
    assert_eq!(story.sees(&[RENEWED, EXPIRED]), ["changed", "opened mixed_certificates warning"]);
    for _ in 0..10 {
        assert_eq!(story.sees(&[RENEWED, EXPIRED]), NOTHING);
    }
    story.sees(&[RENEWED, RENEWED]);
    story.sees(&[RENEWED, RENEWED]);
    let said = story.sees(&[RENEWED, RENEWED]);
    assert_eq!(said, ["recovered expired", "recovered mixed_certificates"]);
}

#[test]
fn an_endpoint_that_does_not_answer_mends_nothing() {
    let mut story = Story::secure();
    story.sees_or_not(&[Some(GOOD), Some(EXPIRED)]);
    for _ in 0..10 {
        assert_eq!(story.sees_or_not(&[Some(GOOD), None]), NOTHING);
    }
    assert_eq!(story.state(), State::Abnormal);
    // The name no longer leads to it.
    (0..2).for_each(|_| drop(story.sees(&[GOOD])));
    assert_eq!(story.sees(&[GOOD]), ["recovered expired", "recovered mixed_certificates"]);
}

#[test]
fn each_rung_is_told_once() {
    let mut story = Story::added();
    assert_eq!(story.sees(&[EXPIRING]), ["opened expiring warning"]);
    assert_eq!(story.wakes(&[SOONER]), ["worsened expiring warning"]);
    assert_eq!(story.wakes(&[SOONER]), NOTHING);
    assert_eq!(story.sees(&[SOONER]), NOTHING);
    assert_eq!(story.wakes(&[SOON]), ["worsened expiring critical"]);
    assert_eq!(story.wakes(&[PASSED]), ["superseded expiring", "opened expired critical"]);
    assert_eq!(story.wakes(&[PASSED]), NOTHING);
    assert_eq!(story.state(), State::Abnormal);
}

#[test]
fn what_time_alone_opens_names_the_endpoint_with_its_port() {
    let mut story = Story::secure();
    story.wakes(&[Cert(b'g', EXPIRED.1)]);
    let events = &story.log.last().unwrap().events;
    let opened = events.iter().find_map(|event| match event.event.as_ref() {
        Some(Event::AnomalyOpened(opened)) => opened.evidence.as_ref(),
        Some(_) | None => None,
    });
    assert_eq!(opened.unwrap().endpoints, ["192.0.2.1:443"]);
}

#[test]
fn time_alone_mends_nothing() {
    let mut story = Story::added();
    story.sees(&[EXPIRED]);
    let good_again = Cert(b'e', &[]);
    for _ in 0..5 {
        assert_eq!(story.wakes(&[good_again]), NOTHING);
    }
    assert_eq!(story.state(), State::Abnormal);
}

#[test]
fn what_expired_is_not_expiring() {
    let mut story = Story::added();
    assert_eq!(story.sees(&[EXPIRED, EXPIRING]).first().unwrap(), "opened expired critical");
    assert!(story.watch.open_of(Kind::Expiring).is_none());
    let mut said = Vec::new();
    for _ in 0..3 {
        said.extend(story.sees(&[EXPIRING]));
    }
    assert_eq!(
        said,
        ["recovered expired", "recovered mixed_certificates", "opened expiring warning"]
    );
}

#[test]
fn an_untrusted_chain_that_is_found_incomplete_is_so_only_once() {
    let mut story = Story::added();
    story.sees(&[UNTRUSTED]);
    let known_better = Cert(b'u', INCOMPLETE.1);
    assert_eq!(
        story.sees(&[known_better]),
        ["superseded untrusted", "opened chain_incomplete critical"]
    );
    let mut said = Vec::new();
    for _ in 0..20 {
        said.extend(story.sees(&[UNTRUSTED]));
        said.extend(story.sees(&[INCOMPLETE]));
    }
    assert_eq!(said.iter().filter(|said| said.starts_with("opened")).count(), 1, "{said:?}");
}

#[test]
fn a_leaf_seen_within_seven_days_is_no_change() {
    let mut story = Story::secure();
    assert_eq!(story.sees(&[RENEWED]), ["changed"]);
    assert_eq!(story.sees(&[GOOD]), NOTHING);
    story.sees(&[RENEWED]);
    story.second += 8 * 86_400;
    assert_eq!(story.sees(&[GOOD]), ["changed"]);
}

#[test]
fn a_leaf_that_comes_back_after_the_memory_beside_another_is_believed_at_once() {
    let mut story = Story::secure();
    story.sees(&[RENEWED]);
    story.sees(&[GOOD]);
    story.second += 8 * 86_400;
    assert_eq!(story.sees(&[RENEWED, GOOD]), ["changed", "opened mixed_certificates warning"]);
    assert_eq!(story.watch.faces().len(), 2);
    assert_eq!(story.sees(&[RENEWED, GOOD]), NOTHING);
}

#[test]
fn a_change_names_what_was_gained_and_lost() {
    let mut story = Story::secure();
    story.sees(&[RENEWED]);
    let events = story.log.last().unwrap().events.iter().filter_map(|event| event.event.as_ref());
    let change = events.into_iter().find_map(|event| {
        if let Event::CertificateChanged(changed) = event {
            changed.evidence.clone()?.case
        } else {
            None
        }
    });
    let Some(proto::v1::evidence::Case::Change(change)) = change else { panic!("no change") };
    assert_eq!(
        (change.names_gained, change.names_lost),
        (vec!["r.example".into()], vec!["g.example".into()])
    );
}

#[test]
fn a_repeated_or_late_look_adds_nothing() {
    let mut story = Story::secure();
    story.sees(&[EXPIRED]);
    let judged = story.look;
    for look in [judged, judged - 1, 0] {
        let refused = story.ask(Ask::Weigh(story.weigh(look, &[Some(GOOD)]))).unwrap_err();
        assert_eq!(refused, Refusal::LateLook { look, judged });
    }
}

#[test]
fn a_look_of_an_older_revision_is_not_judged() {
    let mut story = Story::secure();
    let stale = story.weigh(100, &[Some(EXPIRED)]);
    story.order(watch);
    let refused = story.ask(Ask::Weigh(stale)).unwrap_err();
    assert_eq!(refused, Refusal::OldRevision { look: 1, domain: 2 });
}

#[test]
fn a_disabled_domain_is_left_alone_and_its_anomalies_without_news() {
    let mut story = Story::added();
    story.sees(&[EXPIRED]);
    let off = |revision| Ask::Unwatch { revision, removed: false };
    assert_eq!(story.order(off), ["abandoned expired"]);
    assert_eq!(story.state(), State::Disabled);
    let refused = story.ask(Ask::Weigh(story.weigh(9, &[Some(GOOD)]))).unwrap_err();
    assert_eq!(refused, Refusal::Unwatched);
    assert_eq!(story.wakes(&[EXPIRED]), NOTHING);
    story.order(watch);
    assert_eq!(story.state(), State::Enabling);
    assert_eq!(story.sees(&[EXPIRED]), ["opened expired critical"]);
}

#[test]
fn changed_options_are_judged_by_the_time_at_once_and_by_the_next_look() {
    let mut story = Story::secure();
    story.order(watch);
    assert_eq!(story.watch.wake_at(), Some(at(story.second)));
    assert_eq!(story.wakes(&[Cert(b'g', EXPIRING.1)]), ["opened expiring warning"]);
    assert_eq!(story.watch.judged_under(), 0, "no look was judged since");
    assert_eq!(story.sees(&[Cert(b'g', WRONG_NAME.1)]), ["opened name_mismatch critical"]);
    assert_eq!(story.watch.judged_under(), 1);
}

#[test]
fn an_order_that_changes_no_terms_leaves_what_was_judged() {
    let mut story = Story::secure();
    let before = (story.watch.wake_at(), story.watch.judged_under());
    story.order(|revision| Ask::Watch { revision, terms_at: 1 });
    assert_eq!(story.watch.revision(), 2);
    assert_eq!((story.watch.wake_at(), story.watch.judged_under()), before);
    // Two orders at once, of which only the first changed the terms.
    story.revision += 1;
    story.order(|revision| Ask::Watch { revision, terms_at: 3 });
    assert_eq!(story.watch.wake_at(), Some(at(story.second)));
    assert_eq!(story.watch.judged_under(), 0);
}

#[test]
fn an_order_that_comes_again_says_nothing() {
    let mut story = Story::secure();
    let records = story.log.len();
    assert_eq!(story.ask(watch(1)).unwrap(), NOTHING);
    let removed = Ask::Unwatch { revision: 1, removed: true };
    assert_eq!(story.ask(removed).unwrap(), NOTHING);
    assert_eq!(story.log.len(), records);
}

#[test]
fn ids_of_anomalies_are_never_used_twice() {
    let mut story = Story::added();
    for _ in 0..3 {
        story.sees(&[EXPIRED]);
        (0..3).for_each(|_| drop(story.sees(&[RENEWED])));
    }
    let events = story.log.iter().flat_map(|record| &record.events);
    let mut ids: Vec<_> = events
        .filter_map(|event| {
            let Event::AnomalyOpened(opened) = event.event.as_ref()? else { return None };
            Some(opened.anomaly_id.clone())
        })
        .collect();
    assert_eq!(ids.len(), 3);
    ids.dedup();
    assert_eq!(ids.len(), 3);
    assert!(ids[0].ends_with("-expired-1"));
}

#[test]
fn a_name_that_leads_elsewhere_each_time_writes_nothing() {
    let mut story = Story::secure();
    let records = story.log.len();
    for _ in 0..10 {
        story.sees_or_not(&[None, Some(GOOD), Some(GOOD)]);
        story.sees_or_not(&[None, None, Some(GOOD)]);
    }
    assert_eq!(story.log.len(), records);
    assert!(story.watch.expects([showing(GOOD)].into_iter()));
    assert!(!story.watch.expects([showing(RENEWED)].into_iter()));
    assert!(!story.watch.expects([].into_iter()));
}

#[test]
fn an_untrusted_domain_has_its_chains_handed_in_anew() {
    let mut story = Story::added();
    story.sees(&[GOOD]);
    assert_eq!(story.watch.spared_chains().count(), 1);
    story.sees(&[UNTRUSTED]);
    assert!(story.watch.chains().count() > 0);
    assert_eq!(story.watch.spared_chains().count(), 0);
}
