//! What waits for an address that said that it is out of order.

use proto::{
    subject::Entity,
    v1::{BrokenChannel, NotificationSetting},
};

use super::{
    tests::{Comes, DAY, Story, expired},
    *,
};
use crate::domain::{
    sample::{self, minute, shared},
    thread::step::Deed,
    wording::Undelivered,
};

/// The address has been out of order since minute 1.
fn broken(mut story: Story) -> Story {
    save_methods(&mut story, &["email"]);
    let reason = "93000 invalid webhook url".to_owned();
    story.pause = Some(Pause { since: minute(1), reason });
    story
}

fn save_methods(story: &mut Story, methods: &[&str]) {
    let methods = methods.iter().map(|method| (*method).to_owned()).collect();
    let setting = NotificationSetting { methods, ..sample::setting() };
    sample::save_setting(&mut story.roster, Entity::DefaultSetting, setting);
}

/// An alarm that became due at minute 3.
fn waiting() -> Story {
    broken(Story::new().due(1, 3, expired()))
}

fn excused() -> Comes {
    Comes::Excused(1, Undelivered::Waiting)
}

#[test]
fn what_waits_is_told_in_the_inbox_once_and_waits_for_a_day() {
    let mut story = waiting();
    assert_eq!(story.addressed_at(3).0, [excused(), Comes::Rests(Some(3 + DAY))]);
    assert_eq!(story.addressed_at(500).0, [Comes::Rests(Some(3 + DAY))]);
}

#[test]
fn what_has_waited_for_a_day_is_given_up_in_the_words_of_the_address() {
    let mut story = waiting();
    story.addressed_at(3);
    let reason = "given up after 24 hours; the last answer: 93000 invalid webhook url".to_owned();
    let given_up = [Comes::GivenUp(1, reason), Comes::Rests(None)];
    assert_eq!(story.at(3 + DAY), given_up);
}

#[test]
fn a_day_is_counted_from_the_first_attempt() {
    let mut story = broken(Story::new().due(1, 0, expired()).failed(1, 0, 5, false));
    assert_eq!(story.addressed_at(4).0, [Comes::Rests(Some(5))], "it would not be tried yet");
    assert_eq!(story.addressed_at(5).0, [excused(), Comes::Rests(Some(DAY))]);
}

#[test]
fn once_the_address_is_mended_what_waits_goes() {
    let mut story = waiting();
    story.addressed_at(3);
    story.pause = None;
    assert_eq!(story.at(90), [Comes::Sent(1, vec![])]);
}

#[test]
fn what_is_over_meanwhile_is_told_neither_there_nor_in_the_inbox() {
    let over = waiting().due(2, 65, sample::recovered(&[Kind::Expired]));
    let dropped = |id| Comes::Dropped(id, Why::ClosedBefore);
    assert_eq!(over.at(65), [dropped(1), dropped(2), Comes::Rests(None)]);
}

#[test]
fn what_the_window_holds_is_not_excused_before_it_opens() {
    let mut story = waiting();
    let mut setting = sample::setting();
    setting.anomaly_time = Some(AnomalyTime {
        from_minute: 18 * 60,
        to_minute: 20 * 60,
        time_zone: "UTC".to_owned(),
        critical_any_time: false,
    });
    sample::save_setting(&mut story.roster, Entity::DefaultSetting, setting);
    assert_eq!(story.at(3), [Comes::Rests(Some(8 * 60))]);
}

#[test]
fn where_the_inbox_has_the_news_it_says_once_a_day_that_the_channel_is_out_of_order() {
    let mut story = waiting();
    save_methods(&mut story, &["email", "internal"]);
    let mut story = story.due(2, 4, sample::opened(Kind::Weak));
    let first = Comes::Excused(1, Undelivered::Channel);
    assert_eq!(story.addressed_at(4).0, [first, Comes::Rests(Some(3 + DAY))]);
}

#[test]
fn a_test_goes_all_the_same_and_what_is_sent_again_waits() {
    let due = |cause| {
        let news = shared(News::test("wish", minute(3)));
        let (not_before, enclosure) = (minute(3), Enclosure::Nothing);
        Deed::Due { news, cause, not_before, reminder: 0, enclosure }
    };
    let asked = |cause| broken(Story::new()).step(1, 3, due(cause)).at(3);
    assert_eq!(asked(Cause::Test), [Comes::Sent(1, vec![])]);
    assert_eq!(asked(Cause::Again), [excused(), Comes::Rests(Some(3 + DAY))]);
}

#[test]
fn somebody_who_waits_for_a_test_does_not_wait_for_what_came_before() {
    let due = |cause| Deed::Due {
        news: shared(News::test("wish", minute(3))),
        cause,
        not_before: minute(3),
        reminder: 0,
        enclosure: Enclosure::Nothing,
    };
    let story = Story::new().step(1, 3, due(Cause::ChannelBroken)).step(2, 3, due(Cause::Test));
    assert_eq!(story.step(3, 3, due(Cause::Test)).at(3), [Comes::Sent(2, vec![])]);
}

#[test]
fn that_another_channel_is_out_of_order_is_told_whatever_the_settings_say_unless_it_was_mended() {
    let wecom = || "wecom".to_owned();
    let broken = BrokenChannel { channel: wecom(), reason: "93000 invalid webhook url".to_owned() };
    let due = Deed::Due {
        news: shared(News::of_channel("wecom is out of order", minute(3))),
        cause: Cause::ChannelBroken,
        not_before: minute(3),
        reminder: 0,
        enclosure: Enclosure::BrokenChannel(broken),
    };
    let told = |mended_at| {
        let mut story = Story::new().step(1, 3, due.clone());
        let off = NotificationSetting { enabled: false, ..sample::setting() };
        sample::save_setting(&mut story.roster, Entity::DefaultSetting, off);
        story.mended.insert(wecom().parse().unwrap(), minute(mended_at));
        story.at(9)
    };
    assert_eq!(told(2), [Comes::Sent(1, vec![])], "that was before");
    assert_eq!(told(8), [Comes::Dropped(1, Why::ClosedBefore), Comes::Rests(None)]);
}
