//! What the monitored domains of a simulated world present, and when that changes.

use std::collections::BTreeMap;

use bytes::Bytes;
use chassis::dice::Dice;
use jiff::{SignedDuration, Timestamp};
use lab::authority::{Authority, Leaf, Validity};
use proto::v1::{Kind, Reason};

/// Seconds of a day.
pub(crate) const DAY: i64 = 86_400;
/// Days of a simulated month.
pub(crate) const DAYS: i64 = 30;
/// When the last change has happened and all faults end: enough for two hours of clean rounds.
pub(crate) const CALM: i64 = (DAYS - 1) * DAY;

/// One monitored domain.
pub(crate) struct Site {
    pub(crate) host: String,
    pub(crate) chains: BTreeMap<Card, Vec<Bytes>>,
    /// From which second on what is shown, in order.
    pub(crate) scenes: Vec<(i64, Scene)>,
}

/// A certificate that a site may present.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Card {
    Good,
    Renewed,
    /// Expires somewhere in the month.
    Short,
    Expired,
    WrongName,
    Incomplete,
    SelfSigned,
}

/// What is shown for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scene {
    /// By each endpoint; one that does not answer shows nothing.
    Shows(Vec<Option<Card>>),
    /// By the one endpoint, in turn.
    Alternates(Card, Card),
    /// Nothing.
    Fails(Reason),
}

impl Card {
    const ALL: [Self; 7] = [
        Self::Good,
        Self::Renewed,
        Self::Short,
        Self::Expired,
        Self::WrongName,
        Self::Incomplete,
        Self::SelfSigned,
    ];

    /// What is wrong with it once the month is over; either of these.
    pub(crate) fn wrongs(self) -> &'static [Kind] {
        match self {
            Self::Good | Self::Renewed => &[],
            Self::Short | Self::Expired => &[Kind::Expired],
            Self::WrongName => &[Kind::NameMismatch],
            Self::Incomplete => &[Kind::ChainIncomplete, Kind::Untrusted],
            Self::SelfSigned => &[Kind::Untrusted],
        }
    }
}

impl Site {
    /// A site whose month is made up by the dice.
    pub(crate) fn new(host: &str, issuing: &Authority, begin: Timestamp, dice: &Dice) -> Self {
        let chains =
            Card::ALL.into_iter().map(|card| (card, chain(card, host, issuing, begin, dice)));
        let mut at = 0;
        let mut scenes = vec![(0, scene(dice))];
        while at < CALM {
            at += 600 + i64::try_from(dice.below(4 * DAY.unsigned_abs())).unwrap();
            scenes.push((at.min(CALM), scene(dice)));
        }
        if let Some((_, last)) = scenes.last_mut() {
            *last = steady(dice);
        }
        Self { host: host.to_owned(), chains: chains.collect(), scenes }
    }

    /// What is shown at a second of the month.
    pub(crate) fn scene(&self, second: i64) -> &Scene {
        let begun = self.scenes.iter().rev().find(|(from, _)| *from <= second);
        &begun.unwrap_or(&self.scenes[0]).1
    }
}

fn scene(dice: &Dice) -> Scene {
    match dice.below(10) {
        0 => Scene::Alternates(card(dice), card(dice)),
        1 => Scene::Fails(reason(dice)),
        2 | 3 => {
            let endpoints = 2 + dice.below(2);
            let shows = (0..endpoints).map(|_| (dice.below(5) > 0).then(|| card(dice)));
            Scene::Shows(shows.chain([Some(card(dice))]).collect())
        }
        4 | 5 => Scene::Shows(vec![Some(card(dice))]),
        6 => Scene::Shows(vec![Some(Card::Short)]),
        7 => Scene::Shows(vec![Some(Card::Renewed)]),
        _ => Scene::Shows(vec![Some(Card::Good)]),
    }
}

/// A scene whose outcome is certain.
fn steady(dice: &Dice) -> Scene {
    match dice.below(4) {
        0 => Scene::Fails(reason(dice)),
        1 => Scene::Shows(vec![Some(card(dice))]),
        _ => Scene::Shows(vec![Some(Card::Good), Some(Card::Good)]),
    }
}

fn card(dice: &Dice) -> Card {
    Card::ALL[usize::try_from(dice.below(7)).unwrap()]
}

fn reason(dice: &Dice) -> Reason {
    let at = usize::try_from(dice.below(Reason::ALL.len() as u64)).unwrap();
    Reason::ALL[at]
}

fn chain(card: Card, host: &str, issuing: &Authority, begin: Timestamp, dice: &Dice) -> Vec<Bytes> {
    let days = |days: i64| SignedDuration::from_hours(24 * days);
    let long = Validity::around(begin, days(1), days(200));
    let leaf = match card {
        Card::Good | Card::Renewed | Card::Incomplete | Card::SelfSigned => Leaf::named(host, long),
        Card::Short => {
            let left = DAY + i64::try_from(dice.below((CALM - 2 * DAY).unsigned_abs())).unwrap();
            let left = SignedDuration::from_secs(left);
            Leaf::named(host, Validity::around(begin, days(40), left))
        }
        Card::Expired => Leaf::named(host, Validity::around(begin, days(40), days(-1))),
        Card::WrongName => Leaf::named("other.example.net", long),
    };
    let identity = match card {
        Card::SelfSigned => leaf.self_signed().unwrap(),
        Card::Incomplete => issuing.issue(&leaf).unwrap().leaf_only(),
        Card::Good | Card::Renewed | Card::Short | Card::Expired | Card::WrongName => {
            issuing.issue(&leaf).unwrap()
        }
    };
    identity.chain.iter().map(|der| Bytes::copy_from_slice(der)).collect()
}
