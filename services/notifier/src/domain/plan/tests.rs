//! What is done about a thread, at an instant, in a world.

use kernel::decider::Decider;
use proto::{
    subject::Entity,
    v1::{AnomalyTime, InboxEntry, NotificationSetting, Repeat},
};

use super::*;
use crate::domain::{
    excuse::Excuse,
    roster::Roster,
    sample::{self, delivery, minute, shared},
    thread::step::{Deed, Step},
    wording::Undelivered,
};

/// A thread, the people and the anomalies about it.
pub(super) struct Story {
    thread: Thread,
    pub(super) roster: Roster,
    anomalies: Anomalies,
    well_since: Option<Timestamp>,
    pub(super) pause: Option<Pause>,
    inbox_of_domain: Thread,
    inbox_apart: Thread,
    pub(super) mended: BTreeMap<Token, Timestamp>,
}

/// What a plan comes to, without what it borrows.
#[derive(Debug, PartialEq)]
pub(super) enum Comes {
    Dropped(u8, Why),
    Reminded(u32),
    Restated,
    Sent(u8, Vec<u8>),
    /// The inbox says that it waits; of the domain, or of the channel.
    Excused(u8, Undelivered),
    GivenUp(u8, String),
    Rests(Option<i64>),
}

impl Story {
    pub(super) fn new() -> Self {
        let (thread, anomalies) = (Thread::default(), Anomalies::default());
        let (inbox_of_domain, inbox_apart) = (Thread::default(), Thread::default());
        let roster = sample::roster();
        let (well_since, pause, mended) = (None, None, BTreeMap::new());
        Self { thread, roster, anomalies, well_since, pause, inbox_of_domain, inbox_apart, mended }
    }

    fn with_setting(change: impl FnOnce(&mut NotificationSetting)) -> Self {
        let mut story = Self::new();
        let mut setting = sample::setting();
        change(&mut setting);
        sample::save_setting(&mut story.roster, Entity::DefaultSetting, setting);
        story
    }

    /// An event comes and is due.
    pub(super) fn due(mut self, id: u8, minutes: i64, news: News) -> Self {
        self.anomalies.evolve(&news);
        let at = minute(minutes);
        let deed = Deed::Due {
            news: shared(news),
            cause: Cause::Event,
            not_before: at,
            reminder: 0,
            enclosure: Enclosure::Nothing,
        };
        self.step(id, minutes, deed)
    }

    /// An event comes of which this thread is told nothing.
    fn heard(mut self, news: &News) -> Self {
        self.anomalies.evolve(news);
        self
    }

    pub(super) fn delivered(self, id: u8, minutes: i64) -> Self {
        self.step(id, minutes, Deed::Delivered { attempt: 1, reply: String::new(), inbox: None })
    }

    pub(super) fn failed(self, id: u8, minutes: i64, retry_at: i64, perhaps_told: bool) -> Self {
        let (reply, retry_at) = (String::new(), minute(retry_at));
        self.step(id, minutes, Deed::Attempted { attempt: 1, lead: None }).step(
            id,
            minutes,
            Deed::Failed { attempt: 1, reply, retry_at, perhaps_told, rests_until: None },
        )
    }

    pub(super) fn step(mut self, id: u8, minutes: i64, deed: Deed) -> Self {
        self.thread.evolve(&Step { id: delivery(id), at: minute(minutes), deed });
        self
    }

    /// The inbox takes an entry.
    fn keep(&mut self, Excuse { id, domain, .. }: Excuse, news: Arc<News>, at: Timestamp) {
        let (cause, entry) = (Cause::Event, InboxEntry::default());
        let of_domain = domain.is_some();
        let inbox = if of_domain { &mut self.inbox_of_domain } else { &mut self.inbox_apart };
        for step in inbox.decide(Command::Keep { id, news, cause, inbox: entry, at }).unwrap() {
            inbox.evolve(&step);
        }
    }

    /// What is done now, and after each thing that is recorded.
    pub(super) fn at(mut self, minutes: i64) -> Vec<Comes> {
        self.addressed_at(minutes).0
    }

    /// The same, and to which address and in which language something is sent, if it is.
    pub(super) fn addressed_at(&mut self, minutes: i64) -> (Vec<Comes>, Option<String>) {
        let key = ThreadKey {
            domain: Some(sample::domain()),
            contact: sample::ops(),
            channel: "email".parse().unwrap(),
        };
        let number = |id: &DeliveryId| id.as_bytes()[0];
        let mut done = Vec::new();
        loop {
            let people = People { roster: &self.roster, operator: None };
            let now = minute(minutes);
            let world = World {
                people,
                anomalies: &self.anomalies,
                now,
                together_until: now,
                well_since: self.well_since,
                pause: self.pause.as_ref(),
                inbox: Inbox {
                    of_domain: Some(&self.inbox_of_domain),
                    apart: Some(&self.inbox_apart),
                },
                mended: &self.mended,
            };
            let command = match plan(&self.thread, &key, world) {
                Plan::Record(command) => command,
                Plan::Send(sending) => {
                    let roots = sending.roots.iter().map(|root| number(&root.id)).collect();
                    done.push(Comes::Sent(number(&sending.open.id), roots));
                    let Address::Clear(address) = &sending.address else { panic!("no mailbox") };
                    let language = sending.contact.language.tag();
                    return (done, Some(format!("{address} in {language}")));
                }
                Plan::Excuse(Sending { open, .. }, _) => {
                    let is_in_inbox = people.is_in_inbox(&open.news, key.contact);
                    let excuse = Excuse::of(&key, open.id, Undelivered::Waiting, is_in_inbox, now);
                    done.push(Comes::Excused(number(&open.id), excuse.what));
                    let news = Arc::clone(&open.news);
                    self.keep(excuse, news, now);
                    continue;
                }
                Plan::Rest(until) => {
                    let minutes = until.map(|at| at.duration_since(minute(0)).as_mins());
                    done.push(Comes::Rests(minutes));
                    return (done, None);
                }
            };
            for step in self.thread.decide(command).unwrap() {
                match &step.deed {
                    Deed::Dropped { why } => done.push(Comes::Dropped(number(&step.id), *why)),
                    Deed::Due { cause: Cause::Reminder, reminder, .. } => {
                        done.push(Comes::Reminded(*reminder));
                    }
                    Deed::Due { .. } => done.push(Comes::Restated),
                    Deed::Delivered { .. } => {}
                    Deed::Parked { reason, .. } => {
                        done.push(Comes::GivenUp(number(&step.id), reason.clone()));
                    }
                    Deed::Attempted { .. } | Deed::Failed { .. } => {
                        panic!("no plan says so: {step:?}")
                    }
                }
                self.thread.evolve(&step);
            }
        }
    }
}

pub(super) const DAY: i64 = 24 * 60;

pub(super) fn expired() -> News {
    sample::opened(Kind::Expired)
}

fn recovery() -> News {
    sample::recovered(&[Kind::Expired])
}

#[test]
fn what_is_due_is_sent() {
    let sent = Story::new().due(1, 0, expired()).at(0);
    assert_eq!(sent, [Comes::Sent(1, vec![])]);
}

#[test]
fn what_waits_to_be_tried_again_waits() {
    let story = || Story::new().due(1, 0, expired()).failed(1, 0, 5, false);
    assert_eq!(story().at(4), [Comes::Rests(Some(5))]);
    assert_eq!(story().at(5), [Comes::Sent(1, vec![])]);
}

#[test]
fn what_waits_for_an_address_that_is_well_again_waits_no_more() {
    let story = |well_since| {
        let story = Story::new().due(1, 0, expired()).failed(1, 2, 60, false);
        Story { well_since: Some(minute(well_since)), ..story }
    };
    assert_eq!(story(1).at(9), [Comes::Rests(Some(60))], "it failed since");
    assert_eq!(story(9).at(9), [Comes::Sent(1, vec![])]);
}

#[test]
fn a_recovery_answers_to_its_alarm() {
    let told = Story::new().due(1, 0, expired()).delivered(1, 0).due(2, 65, recovery());
    assert_eq!(told.at(65), [Comes::Sent(2, vec![1])]);
}

#[test]
fn what_closed_before_it_was_told_is_nothing() {
    let unheard = Story::new().due(1, 0, expired()).failed(1, 0, 500, false).due(2, 65, recovery());
    let dropped = |id| Comes::Dropped(id, Why::ClosedBefore);
    assert_eq!(unheard.at(65), [dropped(1), dropped(2), Comes::Rests(None)]);
}

#[test]
fn what_may_have_been_told_before_it_closed_is_told_to_be_over() {
    let perhaps = Story::new().due(1, 0, expired()).failed(1, 0, 500, true).due(2, 65, recovery());
    let dropped = Comes::Dropped(1, Why::ClosedBefore);
    assert_eq!(perhaps.at(65), [dropped, Comes::Sent(2, vec![1])]);
}

#[test]
fn an_alarm_that_comes_after_its_end_is_not_told() {
    let late = Story::new().due(1, 0, expired()).heard(&recovery());
    assert_eq!(late.at(1), [Comes::Dropped(1, Why::ClosedBefore), Comes::Rests(None)]);
}

#[test]
fn the_worse_news_stand_for_the_earlier() {
    let worse = || sample::worsened(Kind::Expiring);
    let rising = Story::new().due(1, 0, sample::opened(Kind::Expiring)).due(2, 9, worse());
    assert_eq!(rising.at(9), [Comes::Dropped(1, Why::Merged), Comes::Sent(2, vec![])]);
    let told =
        Story::new().due(1, 0, sample::opened(Kind::Expiring)).delivered(1, 0).due(2, 9, worse());
    assert_eq!(told.at(9), [Comes::Sent(2, vec![1])], "a rise is told at once, in the thread");
}

#[test]
fn an_expiry_stands_for_its_warning() {
    let expired = sample::with(&expired(), |event| {
        event.supersedes = vec!["shop-expiring".to_owned()];
    });
    let story = Story::new().due(1, 0, sample::opened(Kind::Expiring)).due(2, 9, expired);
    assert_eq!(story.at(9), [Comes::Dropped(1, Why::Merged), Comes::Sent(2, vec![])]);
}

#[test]
fn whoever_was_warned_hears_of_the_end_of_what_took_the_place_of_the_warning() {
    let expired = sample::with(&expired(), |event| {
        event.supersedes = vec!["shop-expiring".to_owned()];
    });
    let warned = Story::new().due(1, 0, sample::opened(Kind::Expiring)).delivered(1, 0);
    let story = warned.due(2, 9, expired).due(3, 65, recovery());
    let dropped = Comes::Dropped(2, Why::ClosedBefore);
    assert_eq!(story.at(65), [dropped, Comes::Sent(3, vec![1])]);
}

#[test]
fn switching_off_stops_what_is_on_its_way() {
    let off = Story::with_setting(|setting| setting.enabled = false).due(1, 0, expired());
    assert_eq!(off.at(0), [Comes::Dropped(1, Why::NotWanted), Comes::Rests(None)]);
}

#[test]
fn a_contact_who_is_gone_or_lost_the_address_is_not_told() {
    let mut story = Story::new().due(1, 0, expired());
    story.roster = Roster::default();
    assert_eq!(story.at(0), [Comes::Dropped(1, Why::NoAddress), Comes::Rests(None)]);
    let mut story = Story::new().due(1, 0, expired());
    let without = sample::contact_saved("Ops", &[]);
    sample::save_contact(&mut story.roster, sample::ops(), &without);
    assert_eq!(story.at(0), [Comes::Dropped(1, Why::NoAddress), Comes::Rests(None)]);
}

/// From 18:00 to 20:00 UTC; the stories begin at 10:00.
fn evening(critical_any_time: bool) -> Story {
    Story::with_setting(|setting| {
        setting.anomaly_time = Some(AnomalyTime {
            from_minute: 18 * 60,
            to_minute: 20 * 60,
            time_zone: "UTC".to_owned(),
            critical_any_time,
        });
    })
}

#[test]
fn outside_the_window_news_are_held_and_judged_again_when_it_opens() {
    let held = || evening(false).due(1, 0, expired());
    assert_eq!(held().at(1), [Comes::Rests(Some(8 * 60))]);
    assert_eq!(held().at(8 * 60), [Comes::Sent(1, vec![])]);
    let dropped = |id| Comes::Dropped(id, Why::ClosedBefore);
    let mended = held().due(2, 65, recovery()).at(8 * 60);
    assert_eq!(mended, [dropped(1), dropped(2), Comes::Rests(None)]);
}

#[test]
fn what_is_critical_may_be_let_through() {
    assert_eq!(evening(true).due(1, 0, expired()).at(1), [Comes::Sent(1, vec![])]);
    let warning = sample::with(&sample::opened(Kind::Weak), |event| {
        event.severity = Severity::Warning as i32;
    });
    assert_eq!(evening(true).due(1, 0, warning).at(1), [Comes::Rests(Some(8 * 60))]);
}

#[test]
fn an_open_anomaly_is_told_again_each_day() {
    let told = || Story::new().due(1, 0, expired()).delivered(1, 0);
    assert_eq!(told().at(DAY - 1), [Comes::Rests(Some(DAY))]);
    assert_eq!(told().at(DAY), [Comes::Reminded(1), Comes::Sent(first_reminder(), vec![1])]);
    let over = told().heard(&recovery());
    assert_eq!(over.at(DAY), [Comes::Rests(None)]);
}

#[test]
fn what_is_told_beside_a_reminder_does_not_count_them_anew() {
    let told = |cause, reminder| {
        let news = shared(expired());
        let enclosure = Enclosure::Nothing;
        Deed::Due { news, cause, not_before: minute(0), reminder, enclosure }
    };
    for cause in [Cause::Again, Cause::Event] {
        let reminded = Story::new().due(1, 0, expired()).delivered(1, 0);
        let reminded = reminded.step(2, DAY, told(Cause::Reminder, 1)).delivered(2, DAY);
        let again = reminded.step(3, DAY, told(cause, 0)).delivered(3, DAY + 5);
        let comes = again.at(2 * DAY + 5);
        assert_eq!(comes[0], Comes::Reminded(2), "{cause:?}: {comes:?}");
    }
}

fn first_reminder() -> u8 {
    DeliveryId::of(expired().id(), &sample::ops(), "email", 1).as_bytes()[0]
}

#[test]
fn never_means_that_it_is_only_restated_before_the_stream_forgets() {
    let never = || {
        let story = Story::with_setting(|setting| setting.repeat = Some(Repeat { days: 0 }));
        story.due(1, 0, expired()).delivered(1, 0)
    };
    assert_eq!(never().at(79 * DAY), [Comes::Rests(Some(80 * DAY))]);
    assert_eq!(never().at(80 * DAY), [Comes::Restated, Comes::Rests(Some(160 * DAY))]);
}

#[test]
fn what_was_told_is_restated_while_what_took_its_place_is_open() {
    let worse = sample::with(&expired(), |event| {
        event.supersedes = vec![sample::anomaly(Kind::Expiring)];
    });
    let told = Story::new().due(1, 0, sample::opened(Kind::Expiring)).delivered(1, 0);
    let untold = Deed::Dropped { why: Why::NotWanted };
    let mut story = told.due(2, 9, worse).step(2, 9, untold);
    assert_eq!(story.addressed_at(9).0, [Comes::Rests(Some(80 * DAY))]);
    let heir = Comes::Dropped(2, Why::NotWanted);
    let restated = [Comes::Restated, Comes::Restated, heir, Comes::Rests(Some(160 * DAY))];
    assert_eq!(story.addressed_at(80 * DAY).0, restated);
    assert_eq!(story.heard(&recovery()).at(160 * DAY), [Comes::Rests(None)]);
}

#[test]
fn a_test_goes_out_whatever_the_settings_say() {
    let off = Story::with_setting(|setting| setting.enabled = false);
    let news = shared(News::test("wish", minute(0)));
    let due = Deed::Due {
        news,
        cause: Cause::Test,
        not_before: minute(0),
        reminder: 0,
        enclosure: Enclosure::Nothing,
    };
    assert_eq!(off.step(1, 0, due).at(0), [Comes::Sent(1, vec![])]);
}

#[test]
fn a_question_that_was_answered_meanwhile_is_not_asked() {
    let due = Deed::Due {
        news: shared(News::test("wish", minute(3))),
        cause: Cause::Verification,
        not_before: minute(3),
        reminder: 0,
        enclosure: Enclosure::Link(b"sealed".to_vec().into()),
    };
    let dropped = [Comes::Dropped(1, Why::NoAddress), Comes::Rests(None)];
    assert_eq!(Story::new().step(1, 3, due).at(3), dropped);
}
