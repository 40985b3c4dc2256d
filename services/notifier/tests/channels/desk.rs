//! The channels of a notifier, and the robots that they speak to.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use chassis::{clock::Clock, config::Reader, seal::Seal};
use harness::robots::{Clock as RobotClock, Fate, Fault, Message, Robot, Robots, Setup, Vendor};
use jiff::{SignedDuration, Timestamp};
use lab::authority::identity::Identity;
use notifier::{
    config::Config,
    domain::{
        news::News,
        roster::Address,
        thread::outcome::Outcome,
        wording::{Letter, Letterhead},
    },
    shell::channel::{Channels, Parcel},
};
use parking_lot::Mutex;
use proto::{address::SecretAddress, id::DeliveryId, subject::Token};
use tempfile::TempDir;

use crate::specimens;

/// What every robot here demands to find in a message.
pub(crate) const PREFIX: &str = "[TLS]";

/// What robots sign with.
pub(crate) const SECRET: &str = "SEC0f1e2d3c4b5a69788796a5b4c3d2e1f0";

/// What webhooks are signed with: the bytes 0 to 31.
pub(crate) const WEBHOOK_SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// A clock that stands, and is set by hand.
pub(crate) struct SetClock(Mutex<Timestamp>);

#[async_trait]
impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        *self.0.lock()
    }

    async fn sleep_until(&self, _at: Timestamp) {
        unreachable!("no channel waits by this clock");
    }
}

/// Channels and robots, both by one clock that the test sets.
pub(crate) struct Desk {
    pub(crate) robots: Robots,
    pub(crate) clock: Arc<SetClock>,
    settings: Vec<(&'static str, String)>,
    channels: OnceLock<Channels>,
    data: TempDir,
}

/// A robot, and what a contact has of it.
pub(crate) struct Hand {
    pub(crate) robot: Robot,
    pub(crate) address: SecretAddress,
}

impl Desk {
    pub(crate) async fn open() -> Self {
        Self::with(async |clock| Robots::open_by(clock).await).await
    }

    /// The same, but the robots live behind TLS.
    pub(crate) async fn open_behind(identity: &Identity) -> Self {
        Self::with(async |clock| Robots::open_behind(identity, clock).await).await
    }

    async fn with(robots: impl AsyncFnOnce(RobotClock) -> Robots) -> Self {
        // Another test of this process may have installed it already: it is the same one.
        drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
        let clock = Arc::new(SetClock(Mutex::new(specimens::start())));
        let of_robots = Arc::clone(&clock);
        let robots = robots(Arc::new(move || of_robots.now())).await;
        let settings = robots.settings();
        let (channels, data) = (OnceLock::new(), tempfile::tempdir().unwrap());
        Self { robots, clock, settings, channels, data }
    }

    /// Settings of the notifier are now these as well; the last of a key holds.
    pub(crate) fn set(&mut self, key: &'static str, value: &str) {
        self.settings.push((key, value.to_owned()));
        self.channels = OnceLock::new();
    }

    /// A robot that demands the prefix, and its signature if its vendor has any.
    pub(crate) fn hire(&self, vendor: Vendor, mentions: &[&str]) -> Hand {
        let (token, secret) = match vendor {
            Vendor::DingTalk | Vendor::Feishu | Vendor::Lark => ("0123456789abcdef", SECRET),
            Vendor::WeCom => ("01234567-89ab-cdef-0123-456789abcdef", ""),
            Vendor::Slack => ("T00000000/B00000000/0123456789abcdef", ""),
            Vendor::Webhook => ("0123456789abcdef", WEBHOOK_SECRET),
        };
        let robot = self.robots.add(Setup::of(vendor, token).signed(secret).wanting(PREFIX));
        let mentions: Vec<_> = mentions.iter().map(|one| (*one).to_owned()).collect();
        let hosts = [self.robots.address().to_string()];
        let address =
            SecretAddress::read(vendor.method(), robot.url(), secret, &mentions, &hosts).unwrap();
        Hand { robot, address }
    }

    pub(crate) fn seal(&self) -> Seal {
        Seal::open_or_create(&self.data.path().join("key")).unwrap()
    }

    fn open_channels(&self) -> Channels {
        let lookup = |key: &str| {
            let found = self.settings.iter().rfind(|(name, _)| *name == key);
            found.map(|(_, value)| value.clone())
        };
        let config = Config::read(Reader::new(&lookup)).unwrap();
        Channels::open(&config, self.seal(), self.clock.clone()).unwrap()
    }

    /// Tells a letter to a robot, four seconds after the last: within every limit.
    pub(crate) async fn tell(&self, hand: &Hand, news: &News, letter: Letter) -> Outcome {
        self.pass(SignedDuration::from_secs(4));
        self.tell_at_once(hand, news, letter).await
    }

    /// The same, but without a pause.
    pub(crate) async fn tell_at_once(&self, hand: &Hand, news: &News, letter: Letter) -> Outcome {
        let content = self.seal().seal(&serde_json::to_vec(&hand.address).unwrap()).unwrap();
        self.tell_sealed(hand, content, news, letter).await
    }

    /// The same, with the address as another key sealed it.
    pub(crate) async fn tell_sealed(
        &self,
        hand: &Hand,
        content: Vec<u8>,
        news: &News,
        letter: Letter,
    ) -> Outcome {
        let parcel = Parcel {
            delivery: DeliveryId::from_bytes([9; 16]),
            attempt: 1,
            at: self.clock.now(),
            name: "Ops".to_owned(),
            address: Address::Sealed { content: content.into(), robot: hand.address.robot() },
            letter,
            news: vec![Arc::new(news.clone())],
            broken_channel: None,
            roots: Vec::new(),
        };
        let channel: Token = hand.robot.vendor().method().parse().unwrap();
        let channels = self.channels.get_or_init(|| self.open_channels());
        channels.send(&channel, &parcel).await
    }

    /// Whether a letter goes whole in one message.
    pub(crate) fn fits(&self, hand: &Hand, letter: &Letter) -> bool {
        let channel: Token = hand.robot.vendor().method().parse().unwrap();
        let content = self.seal().seal(&serde_json::to_vec(&hand.address).unwrap()).unwrap();
        let address = Address::Sealed { content: content.into(), robot: hand.address.robot() };
        self.channels.get_or_init(|| self.open_channels()).fits(&channel, &address, letter)
    }

    /// Tells that a certificate expired, in English.
    pub(crate) async fn tell_something(&self, hand: &Hand) -> Outcome {
        let news = specimens::expired();
        self.tell(hand, &news, specimens::letter(&news, "en")).await
    }

    /// What is answered to a message when the robot fails in each of these ways.
    pub(crate) async fn outcomes(&self, hand: &Hand, faults: &[Fault]) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        for fault in faults {
            // Also where a channel tries a second form.
            hand.robot.fail(fault.clone());
            outcomes.push(self.tell_something(hand).await);
        }
        hand.robot.mend();
        outcomes
    }

    pub(crate) fn pass(&self, span: SignedDuration) {
        *self.clock.0.lock() += span;
    }
}

/// All that there is to be told, in both languages: every kind, a reminder, an acknowledged one, a
/// test, short digests and long ones.
pub(crate) async fn all_is_taken(
    vendor: Vendor,
    mentions: &[&str],
    rings: &[&str],
) -> Vec<Message> {
    let desk = Desk::open().await;
    let hand = desk.hire(vendor, mentions);
    let mut told = Vec::new();
    for language in ["en", "zh-CN"] {
        for (news, letter) in specimens::everything(language) {
            let title = letter.title.clone();
            let lines = letter.facts.iter().flat_map(|fact| &fact.lines);
            let pages = lines.filter(|line| line.page.is_some()).count();
            let outcome = desk.tell(&hand, &news, letter).await;
            let is_delivered = matches!(outcome, Outcome::Delivered { .. });
            let posts = hand.robot.posts();
            assert!(is_delivered, "{title}: {outcome:?}\n{:?}", posts.last());
            told.push(pages);
        }
    }
    assert!(told.len() > 40, "{} messages", told.len());
    let posts = hand.robot.posts();
    assert!(posts.iter().all(|post| post.fate == Fate::Taken), "at the first attempt");
    assert_eq!(posts.len(), told.len());
    assert!(desk.robots.strays().is_empty());
    let messages: Vec<_> = posts.iter().map(|post| post.message().clone()).collect();
    for (message, pages) in messages.iter().zip(told) {
        assert_eq!(message.mentions, rings, "{message:?}");
        let console = |link: &String| link.starts_with(specimens::CONSOLE);
        assert!(message.links.iter().all(console), "{message:?}");
        // A digest may lead to the pages of its lines as well.
        assert!((1..=1 + pages).contains(&message.links.len()), "{message:?}");
    }
    messages
}

/// What is said to fit into one message goes whole, however many it calls.
pub(crate) async fn what_fits_goes_whole(vendor: Vendor) {
    let desk = Desk::open().await;
    let people: Vec<_> = (0..20).map(|number| format!("user{number:060}")).collect();
    let people: Vec<_> = people.iter().map(String::as_str).collect();
    let hand = desk.hire(vendor, &people);
    let counts: Vec<_> = (2..1_000).collect();
    let fits = |count: &usize| desk.fits(&hand, &specimens::digest(*count, "en"));
    let most = counts[counts.partition_point(fits) - 1];
    desk.tell(&hand, &specimens::expired(), specimens::digest(most, "en")).await;
    let message = hand.robot.taken().last().unwrap().message().clone();
    for number in 0..most {
        assert!(
            message.text.contains(&format!("shop{number}.")),
            "{number} of {most}: {message:?}"
        );
    }
    assert_eq!(message.mentions, people);
}

/// How messages present themselves.
pub(crate) fn head() -> Letterhead {
    Letterhead { prefix: PREFIX.to_owned(), console: specimens::CONSOLE.to_owned() }
}

/// Asserts what came of codes: the outcome that a predicate knows.
pub(crate) async fn assert_codes(
    desk: &Desk,
    hand: &Hand,
    codes: &[(i64, &str)],
    what: &str,
    is_it: impl Fn(&Outcome) -> bool,
) {
    for (code, text) in codes {
        let fault = Fault::Code(*code, (*text).to_owned());
        let outcome = desk.outcomes(hand, &[fault]).await.remove(0);
        assert!(is_it(&outcome), "{code} {text} is {what}: {outcome:?}");
    }
}
