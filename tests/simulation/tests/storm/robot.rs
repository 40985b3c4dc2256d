//! A channel with its own pace and its own idea of what fits, but at its end a robot that counts.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use notifier::{
    domain::{
        roster::Address,
        thread::outcome::Outcome,
        wording::{Fact, Letter, Line},
    },
    shell::channel::{Channel, Pace, Parcel},
};
use parking_lot::Mutex;
use tokio::time::Instant;

/// How long a robot takes to answer.
const LATENCY: Duration = Duration::from_millis(200);

/// What all names of a storm end with.
pub(crate) const DOMAIN: &str = ".storm.test";

/// One message that arrived.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    pub(crate) channel: String,
    pub(crate) contact: String,
    /// Since the world began.
    pub(crate) at: Duration,
    /// The domains that it names, in the order in which it does.
    pub(crate) names: Box<[String]>,
    /// Its first line.
    pub(crate) title: String,
    /// Whether it would have held one domain more.
    pub(crate) has_room: bool,
}

/// All that arrived.
#[derive(Default)]
pub(crate) struct Log(Mutex<Vec<Arrival>>);

impl Log {
    pub(crate) fn arrivals(&self) -> Vec<Arrival> {
        self.0.lock().clone()
    }

    /// How many messages arrived at one robot within a time before now.
    fn count(&self, channel: &str, contact: &str, within: Duration, now: Duration) -> usize {
        let log = self.0.lock();
        let recent = log.iter().rev().take_while(|one| one.at + within > now);
        recent.filter(|one| one.channel == channel && one.contact == contact).count()
    }
}

/// A channel whose messages end in a log.
pub(crate) struct Robot {
    pub(crate) inner: Box<dyn Channel>,
    pub(crate) log: Arc<Log>,
    pub(crate) begun: Instant,
    /// From when until when it does not answer whom.
    pub(crate) away: Option<Away>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Away {
    pub(crate) contact: &'static str,
    pub(crate) until: Duration,
}

/// Messages, in which time.
type Limit = (usize, Duration);

/// What each platform says that a robot takes.
fn limits(channel: &str) -> &'static [Limit] {
    const SLOW: &[Limit] = &[(20, Duration::from_mins(1))];
    const QUICK: &[Limit] = &[(100, Duration::from_mins(1)), (5, Duration::from_secs(1))];
    match channel {
        "dingtalk" | "wecom" => SLOW,
        "feishu" => QUICK,
        _ => &[],
    }
}

#[async_trait]
impl Channel for Robot {
    fn token(&self) -> &'static str {
        self.inner.token()
    }

    fn pace(&self) -> Pace {
        self.inner.pace()
    }

    fn fits(&self, address: &Address, letter: &Letter) -> bool {
        self.inner.fits(address, letter)
    }

    async fn send(&self, parcel: &Parcel) -> Outcome {
        tokio::time::sleep(LATENCY).await;
        let at = self.begun.elapsed();
        let channel = self.token();
        if self.away.is_some_and(|away| away.contact == parcel.name && at < away.until) {
            let reply = "no answer".to_owned();
            return Outcome::Again { reply, wait_min: None, perhaps_told: false };
        }
        let bare = parcel.letter.without_pages();
        assert!(self.fits(&parcel.address, &bare), "{} would be cut", bare.title);
        for (messages, within) in limits(channel) {
            let before = self.log.count(channel, &parcel.name, *within, at);
            assert!(before < *messages, "{channel} of {}: {messages} in {within:?}", parcel.name);
        }
        let text = parcel.letter.text();
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '-'));
        let arrival = Arrival {
            channel: channel.to_owned(),
            contact: parcel.name.clone(),
            at,
            names: words.filter(|word| word.ends_with(DOMAIN)).map(str::to_owned).collect(),
            title: parcel.letter.title.clone(),
            has_room: self.fits(&parcel.address, &with_one_more(bare)),
        };
        self.log.0.lock().push(arrival);
        let inbox = (channel == "internal").then(|| parcel.letter.inbox_entry());
        Outcome::Delivered { reply: "ok".to_owned(), inbox }
    }
}

/// A letter that says once more what it says of the domain of which it says most.
fn with_one_more(mut letter: Letter) -> Letter {
    fn longest(fact: &Fact) -> Option<&Line> {
        let of_domains = fact.lines.iter().filter(|line| line.text.contains(DOMAIN));
        of_domains.max_by_key(|line| line.text.len())
    }
    let length = |fact: &Fact| longest(fact).map(|line| line.text.len());
    if let Some(fact) = letter.facts.iter_mut().max_by_key(|fact| length(fact)) {
        let line = longest(fact).cloned();
        fact.lines.extend(line);
    }
    letter
}
