//! What a watch says of what we ourselves cannot see or tell.

use proto::v1::{Kind, ProberBlindness, Severity, State};

use super::REFUSED;
use crate::domain::watch::{
    command::{Ask, Clock, Extent},
    story::{
        Cert, EXPIRED, EXPIRING, GOOD, INCOMPLETE, NOTHING, Story, UNCHECKED, UNTRUSTED, WEAK,
        WRONG_NAME, at, watch,
    },
};

/// For another host, and about to expire.
const LATE: Cert = Cert(
    b'l',
    &[
        (Kind::NameMismatch, Severity::Critical, None),
        (Kind::Expiring, Severity::Warning, Some(30)),
    ],
);

#[test]
fn nobody_sees_it_is_news_of_its_own() {
    let mut story = Story::added();
    story.sees(&[EXPIRED]);
    let miss = |extent| Ask::Miss { unanswered: 3, last_seen: None, extent };
    assert_eq!(story.ask(miss(Extent::Alone)).unwrap(), ["opened not_observed warning"]);
    assert_eq!(story.state(), State::Unknown);
    assert_eq!(story.ask(miss(Extent::Alone)).unwrap(), NOTHING);
    assert_eq!(story.fails(REFUSED), ["recovered not_observed"]);
    assert_eq!(story.state(), State::Abnormal);
}

#[test]
fn when_nobody_sees_most_only_the_state_says_so() {
    let mut story = Story::secure();
    let miss = Ask::Miss { unanswered: 3, last_seen: None, extent: Extent::Most };
    assert_eq!(story.ask(miss).unwrap(), NOTHING);
    assert_eq!(story.state(), State::Unknown);
    assert_eq!(story.wakes(&[Cert(b'g', EXPIRED.1)]), ["opened expired critical"]);
    assert_eq!(story.state(), State::Unknown);
    let mut story = Story::secure();
    let miss = Ask::Miss { unanswered: 3, last_seen: None, extent: Extent::Most };
    story.ask(miss).unwrap();
    assert_eq!(story.sees(&[GOOD]), NOTHING);
    assert_eq!(story.state(), State::Secure);
}

#[test]
fn a_chain_that_nobody_can_check_is_unknown_until_one_comes_that_can_be() {
    let mut story = Story::added();
    assert_eq!(story.sees(&[UNCHECKED]), NOTHING);
    assert_eq!(story.state(), State::Unknown);
    assert_eq!(story.fails(REFUSED), NOTHING);
    assert_eq!(story.state(), State::Unknown, "that it does not answer tells no more");
    assert_eq!(story.sees(&[GOOD, UNCHECKED]).last().unwrap(), "opened mixed_certificates warning");
    assert_eq!(story.state(), State::Abnormal);
    (0..3).for_each(|_| drop(story.sees(&[GOOD])));
    assert_eq!(story.state(), State::Secure);
}

#[test]
fn a_chain_that_nobody_can_check_mends_nothing_that_rests_on_trust() {
    for wrong in [UNTRUSTED, INCOMPLETE, WEAK] {
        let mut story = Story::added();
        story.sees(&[wrong]);
        assert_eq!(story.sees(&[UNCHECKED]), ["changed"]);
        for _ in 0..10 {
            assert_eq!(story.sees(&[UNCHECKED]), NOTHING);
        }
        assert_eq!(story.state(), State::Abnormal);
    }
}

#[test]
fn a_chain_that_nobody_can_check_mends_what_its_leaf_tells() {
    let wrongs = [(EXPIRED, "expired"), (EXPIRING, "expiring"), (WRONG_NAME, "name_mismatch")];
    for (wrong, kind) in wrongs {
        let mut story = Story::added();
        story.sees(&[wrong]);
        assert_eq!(story.sees(&[UNCHECKED]), ["changed"]);
        assert_eq!(story.sees(&[UNCHECKED]), NOTHING);
        assert_eq!(story.sees(&[UNCHECKED]), [format!("recovered {kind}")]);
        assert_eq!(story.state(), State::Unknown);
    }
}

#[test]
fn endpoints_agree_on_a_chain_that_nobody_can_check() {
    let mut story = Story::added();
    story.sees(&[GOOD, UNCHECKED]);
    assert_eq!(story.sees(&[UNCHECKED, UNCHECKED]), NOTHING);
    assert_eq!(story.sees(&[UNCHECKED, UNCHECKED]), NOTHING);
    assert_eq!(story.sees(&[UNCHECKED, UNCHECKED]), ["recovered mixed_certificates"]);
    assert_eq!(story.state(), State::Unknown);
}

#[test]
fn a_chain_that_nobody_can_check_stays_unknown_when_it_was_not_observed() {
    let mut story = Story::added();
    story.sees(&[UNCHECKED]);
    let miss = Ask::Miss { unanswered: 3, last_seen: None, extent: Extent::Alone };
    assert_eq!(story.ask(miss).unwrap(), ["opened not_observed warning"]);
    assert_eq!(story.fails(REFUSED), ["recovered not_observed"]);
    assert_eq!(story.state(), State::Unknown);
}

#[test]
fn a_domain_that_stays_unseen_when_others_are_seen_again_is_told_of_alone() {
    let mut story = Story::secure();
    let miss = |extent| Ask::Miss { unanswered: 3, last_seen: None, extent };
    story.ask(miss(Extent::Most)).unwrap();
    assert!(story.watch.is_told_unseen(Extent::Most));
    assert!(!story.watch.is_told_unseen(Extent::Alone));
    assert_eq!(story.ask(miss(Extent::Alone)).unwrap(), ["opened not_observed warning"]);
    assert!(story.watch.is_told_unseen(Extent::Alone));
    assert_eq!(story.sees(&[GOOD]), ["recovered not_observed"]);
    assert_eq!(story.state(), State::Secure);
}

#[test]
fn a_prober_is_doubted_once_and_trusted_once() {
    let mut story = Story::default();
    let doubt = || Ask::Doubt(ProberBlindness { prober: "p".into(), failed: 20, looked: 20 });
    assert_eq!(story.ask(doubt()).unwrap(), ["opened prober_blind critical"]);
    assert_eq!(story.ask(doubt()).unwrap(), NOTHING);
    assert_eq!(story.ask(Ask::Trust).unwrap(), ["recovered prober_blind"]);
    assert_eq!(story.ask(Ask::Trust).unwrap(), NOTHING);
}

#[test]
fn with_a_skewed_clock_no_time_is_judged() {
    let mut story = Story::secure();
    story.clock = Clock::Skewed;
    assert_eq!(story.wakes(&[Cert(b'g', EXPIRED.1)]), NOTHING);
    assert_eq!(story.sees(&[Cert(b'g', EXPIRED.1)]), NOTHING);
    assert_eq!(story.sees(&[WRONG_NAME]), ["changed", "opened name_mismatch critical"]);
    story.clock = Clock::Agreed;
    story.sees(&[EXPIRED]);
    story.clock = Clock::Skewed;
    for _ in 0..10 {
        assert!(!story.sees(&[GOOD]).contains(&"recovered expired".to_owned()));
    }
}

#[test]
fn what_a_skewed_clock_left_is_judged_once_it_agrees() {
    let mut story = Story::secure();
    story.clock = Clock::Skewed;
    assert_eq!(story.sees(&[LATE]), ["changed", "opened name_mismatch critical"]);
    let due = story.watch.wake_at();
    assert_eq!(due, Some(at(story.second)));
    assert_eq!(story.watch.judged_under(), 0, "the next look is judged again");
    assert_eq!(story.wakes(&[LATE]), NOTHING);
    assert_eq!(story.watch.wake_at(), due);
    story.clock = Clock::Agreed;
    assert_eq!(story.wakes(&[LATE]), ["opened expiring warning"]);
    assert_eq!(story.watch.wake_at(), None);
}

#[test]
fn a_wait_goes_on_that_ended_while_the_clock_was_skewed() {
    let mut story = Story::secure();
    story.order(watch);
    let due = story.watch.wake_at();
    story.clock = Clock::Skewed;
    let look = story.weigh(story.look + 1, &[Some(GOOD)]);
    let outlook = story.watch.after_look(&look.judgement, at(story.second + 60));
    story.watch.note(outlook);
    assert_eq!(story.watch.wake_at(), due);
}
