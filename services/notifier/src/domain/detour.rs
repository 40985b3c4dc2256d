//! How a contact hears that one of its channels is out of order: through another of its own.
//!
//! Mail is asked first, since everybody reads it; a webhook last, since a program does.

use std::sync::Arc;

use jiff::Timestamp;
use proto::{id::DeliveryId, subject::Token, v1::BrokenChannel};

use crate::domain::{
    audience::Recipient,
    news::News,
    pace::Pause,
    plan::ThreadKey,
    roster::{Contact, INTERNAL},
    thread::{
        Command,
        step::{Cause, Enclosure},
    },
};

/// What there is to know of a channel that is out of order.
#[derive(Debug, Clone, Copy)]
pub struct Breakdown<'a> {
    /// What it said, and when.
    pub pause: &'a Pause,
    /// When it was last in order, or somebody put the address right.
    pub mended_at: Timestamp,
}

/// What is to be recorded, and in which thread, so that a contact hears that a channel of its own
/// is out of order. It is said once a day, and anew if the channel was well in between.
///
/// None if the contact has no other channel that works: `is_broken` says of which that is so. After
/// a channel that did not take it, those are asked that come behind it.
pub fn detour(
    recipient: &Recipient,
    contact: &Contact,
    breakdown: Breakdown<'_>,
    after: Option<&Token>,
    is_broken: impl Fn(&Token) -> bool,
    now: Timestamp,
) -> Option<(ThreadKey, Command)> {
    let others = contact.channels().filter(|name| *name != INTERNAL);
    let others = others.filter_map(|name| name.parse().ok());
    let works = |other: &Token| *other != recipient.channel && !is_broken(other);
    let is_next = |other: &Token| after.is_none_or(|after| place(after) < place(other));
    let channel = others.filter(|other| works(other) && is_next(other)).min_by_key(place)?;
    let Breakdown { pause, mended_at } = breakdown;
    let day = now.strftime("%Y-%m-%d");
    let about = format!("{} is out of order {day} {mended_at}", recipient.channel);
    let id = DeliveryId::of(&about, &recipient.contact, channel.as_str(), 0);
    let broken =
        BrokenChannel { channel: recipient.channel.to_string(), reason: pause.reason.clone() };
    let command = Command::Tell {
        id,
        news: Arc::new(News::of_channel(&about, pause.since)),
        cause: Cause::ChannelBroken,
        not_before: now,
        enclosure: Enclosure::BrokenChannel(broken),
        at: now,
    };
    Some((ThreadKey { domain: None, contact: recipient.contact, channel }, command))
}

/// When a channel is asked.
fn place(channel: &Token) -> (u8, Token) {
    let rank = match channel.as_str() {
        "email" => 0,
        "webhook" => 2,
        _ => 1,
    };
    (rank, channel.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        roster::Roster,
        sample::{self, minute},
    };

    /// What Ops hears of its WeCom robot, which has been out of order since minute 1, with these
    /// addresses: the channel, and the command.
    fn told(
        addresses: &[&str],
        after: Option<&str>,
        broken: &[&str],
        [mended, now]: [i64; 2],
    ) -> Option<(String, Command)> {
        let addresses: Vec<_> = addresses.iter().map(|channel| (*channel, "somewhere")).collect();
        let mut roster = Roster::default();
        let saved = sample::contact_saved("Ops", &addresses);
        sample::save_contact(&mut roster, sample::ops(), &saved);
        let recipient = Recipient { contact: sample::ops(), channel: "wecom".parse().unwrap() };
        let pause = Pause { since: minute(1), reason: "93000 invalid webhook url".to_owned() };
        let breakdown = Breakdown { pause: &pause, mended_at: minute(mended) };
        let contact = roster.contact(&sample::ops()).unwrap();
        let is_broken = |channel: &Token| broken.contains(&channel.as_str());
        let after = after.map(|channel| channel.parse().unwrap());
        let now = minute(now);
        let (key, command) =
            detour(&recipient, contact, breakdown, after.as_ref(), is_broken, now)?;
        assert_eq!((key.domain, key.contact), (None, sample::ops()));
        Some((key.channel.to_string(), command))
    }

    fn through(addresses: &[&str], after: Option<&str>, broken: &[&str]) -> Option<String> {
        told(addresses, after, broken, [0, 2]).map(|(channel, _)| channel)
    }

    fn id([mended, now]: [i64; 2]) -> DeliveryId {
        match told(&["email", "wecom"], None, &["wecom"], [mended, now]) {
            Some((_, Command::Tell { id, .. })) => id,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn mail_is_asked_first_and_a_webhook_last() {
        let all = ["dingtalk", "email", "webhook", "wecom"];
        let asked = |broken: &[&str]| through(&all, None, broken);
        assert_eq!(asked(&["wecom"]).as_deref(), Some("email"));
        assert_eq!(asked(&["wecom", "email"]).as_deref(), Some("dingtalk"));
        assert_eq!(asked(&["wecom", "email", "dingtalk"]).as_deref(), Some("webhook"));
        assert_eq!(asked(&["wecom", "email", "dingtalk", "webhook"]), None);
        assert_eq!(through(&["wecom"], None, &["wecom"]), None, "the inbox alone has it");
    }

    #[test]
    fn after_one_that_did_not_take_it_the_next_is_asked() {
        let all = ["dingtalk", "email", "slack", "webhook", "wecom"];
        let asked = |after, broken: &[&str]| through(&all, Some(after), broken);
        assert_eq!(asked("email", &["wecom"]).as_deref(), Some("dingtalk"));
        assert_eq!(asked("email", &["wecom", "dingtalk"]).as_deref(), Some("slack"));
        assert_eq!(asked("slack", &["wecom"]).as_deref(), Some("webhook"), "each only once");
        assert_eq!(asked("webhook", &["wecom"]), None);
    }

    #[test]
    fn it_brings_the_words_of_the_channel_and_since_when_it_is_so() {
        let (_, command) = told(&["email", "wecom"], None, &["wecom"], [0, 9]).unwrap();
        let Command::Tell { news, cause, not_before, enclosure, .. } = command else {
            panic!("{command:?}")
        };
        let reason = "93000 invalid webhook url".to_owned();
        let broken = BrokenChannel { channel: "wecom".to_owned(), reason };
        assert_eq!(enclosure, Enclosure::BrokenChannel(broken));
        assert_eq!((cause, not_before), (Cause::ChannelBroken, minute(9)));
        assert_eq!((news.domain(), news.occurred_at()), (None, minute(1)));
    }

    #[test]
    fn it_is_said_once_a_day_and_anew_after_the_channel_was_well() {
        assert_eq!(id([0, 2]), id([0, 500]));
        assert_ne!(id([0, 2]), id([0, 24 * 60]), "the next day");
        assert_ne!(id([0, 2]), id([1, 2]), "it was well in between");
    }
}
