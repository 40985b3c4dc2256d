//! Ways of telling. How one is spoken to is one file here, and one line in [`Channels::open`].
//!
//! People also choose it, type its address and read its name. A new one is written into:
//!
//! - `proto/src/address.rs`, `address/vendor.rs`: what its address looks like, if it is a secret;
//! - here, `config.rs` and `deploy/env/notifier.env`: a base address instead of the vendor's host;
//! - `domain/detour.rs`, if it is to be asked earlier or later than robots when another is broken;
//! - `domain/wording/{en,zh_cn}.rs`: its name in letters;
//! - in the console, `domain/inventory/contact.rs` (that it may be chosen),
//!   `domain/sentence/{en,zh_cn}.rs` (its name in sentences), `shell/http/addresses.rs` (how it
//!   comes through the API), `shell/page/contacts/typed.rs` (its fields), `assets/console.css` (the
//!   hint that a contact lacks it) and `locale/{en,zh-CN}/notification.ftl` (its name on pages);
//! - wherever all are listed: `settings.rs` and `trial.rs` of the API, `cli/api.rs`, the READMEs;
//! - `tests/harness/src/robots`: a robot that plays it.

pub mod dingtalk;
pub mod email;
pub mod internal;
pub mod lark;
mod markup;
pub mod slack;
pub mod web;
pub mod webhook;
pub mod wecom;
mod words;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use chassis::{clock::SharedClock, seal::Seal};
use futures::future;
use jiff::Timestamp;
use kernel::backoff::Backoff;
use proto::{id::DeliveryId, subject::Token, v1::BrokenChannel};

use self::{
    dingtalk::DingTalk,
    email::{Email, EmailError},
    internal::Internal,
    lark::Lark,
    slack::Slack,
    web::{Web, WebError},
    webhook::Webhook,
    wecom::WeCom,
};
pub use crate::domain::pace::Limit;
use crate::{
    config::Config,
    domain::{news::News, plan::Root, roster::Address, thread::outcome::Outcome, wording::Letter},
};

/// A way of telling.
#[async_trait]
pub trait Channel: Send + Sync {
    /// Its name in settings and subjects.
    fn token(&self) -> &'static str;

    /// How fast it may be spoken to.
    fn pace(&self) -> Pace;

    /// Whether a letter is short enough for one message to an address, whole. What is longer is
    /// told in several messages if it can be, and cut by the channel if it cannot.
    fn fits(&self, _address: &Address, _letter: &Letter) -> bool {
        true
    }

    /// Tells one contact, and says what came of it. Ends within a bounded time, and is never
    /// dropped half way.
    async fn send(&self, parcel: &Parcel) -> Outcome;

    /// Looks after what it holds between sendings, for as long as this is polled. Most hold
    /// nothing.
    async fn tend(&self) {}
}

/// One letter on its way.
#[derive(Debug, Clone)]
pub struct Parcel {
    /// The delivery, the same with every attempt.
    pub delivery: DeliveryId,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// When the attempt begins.
    pub at: Timestamp,
    /// What people call the contact.
    pub name: String,
    /// Where.
    pub address: Address,
    /// What is told.
    pub letter: Letter,
    /// The news in it; several if they travel together.
    pub news: Vec<Arc<News>>,
    /// The channel that it tells of, if it tells of one.
    pub broken_channel: Option<BrokenChannel>,
    /// What it answers to, the first told first.
    pub roots: Vec<Root>,
}

/// How fast a channel may be spoken to.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Sendings at once, to all contacts together.
    pub at_once: usize,
    /// Sendings at once to one contact.
    pub at_once_each: usize,
    /// Waits after failures.
    pub backoff: Backoff,
    /// Whether news travel together that come within a short time.
    pub groups: bool,
    /// How many messages one address takes in which time; all of them hold.
    pub limits: &'static [Limit],
}

impl Pace {
    /// That of a channel of group robots, each of which takes one message at a time and no more
    /// than its limits say.
    pub fn of_robots(limits: &'static [Limit]) -> Self {
        Self {
            at_once: 32,
            at_once_each: 1,
            backoff: Backoff { base: Duration::from_secs(2), cap: Duration::from_hours(1) },
            groups: true,
            limits,
        }
    }
}

/// The pace of a channel that we do not have: every sending is answered at once.
const UNKNOWN: Pace = Pace {
    at_once: 8,
    at_once_each: 8,
    backoff: Backoff { base: Duration::from_mins(1), cap: Duration::from_hours(1) },
    groups: false,
    limits: &[],
};

/// Why a channel cannot be opened as it is configured.
#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    /// Mail.
    #[error("mail cannot be sent")]
    Email(#[from] EmailError),
    /// Robots and webhooks.
    #[error("robots cannot be spoken to")]
    Web(#[from] WebError),
}

/// All channels of this installation.
#[derive(Clone)]
pub struct Channels(Arc<[Box<dyn Channel>]>);

impl Channels {
    /// Opens every channel.
    ///
    /// # Errors
    ///
    /// When a setting of one cannot be used.
    pub fn open(config: &Config, seal: Seal, clock: SharedClock) -> Result<Self, ChannelError> {
        let web = Web::open(&config.web, seal, clock.clone())?;
        let channels: [Box<dyn Channel>; 8] = [
            Box::new(Internal),
            Box::new(Email::open(config.mail.as_ref(), clock)?),
            Box::new(DingTalk::new(web.clone())),
            Box::new(WeCom::new(web.clone())),
            Box::new(Lark::in_china(web.clone())),
            Box::new(Lark::elsewhere(web.clone())),
            Box::new(Slack::new(web.clone())),
            Box::new(Webhook::new(web)),
        ];
        Ok(Self::of(channels))
    }

    /// These channels and no others.
    pub fn of(channels: impl IntoIterator<Item = Box<dyn Channel>>) -> Self {
        Self(channels.into_iter().collect())
    }

    /// How fast a channel may be spoken to.
    pub fn pace(&self, token: &Token) -> Pace {
        self.find(token).map_or(UNKNOWN, Channel::pace)
    }

    /// Sends through a channel, if we have it. Whoever was spoken to too fast is left alone for no
    /// less than the first wait after a failure, however short a rest it asks for.
    pub async fn send(&self, token: &Token, parcel: &Parcel) -> Outcome {
        let Some(channel) = self.find(token) else {
            return Outcome::Unready { reply: format!("there is no channel `{token}`") };
        };
        match channel.send(parcel).await {
            Outcome::TooFast { reply, rest } => {
                Outcome::TooFast { reply, rest: rest.max(channel.pace().backoff.base) }
            }
            outcome @ (Outcome::Delivered { .. }
            | Outcome::Again { .. }
            | Outcome::Never { .. }
            | Outcome::Broken { .. }
            | Outcome::Unready { .. }) => outcome,
        }
    }

    /// Whether a letter is short enough for one message of a channel to an address, whole but for
    /// the pages of its lines: its own link leads there as well, and few messages are better than
    /// many.
    pub fn fits(&self, token: &Token, address: &Address, letter: &Letter) -> bool {
        self.find(token).is_none_or(|channel| channel.fits(address, &letter.without_pages()))
    }

    /// Looks after what the channels hold between sendings.
    pub async fn tend(&self) {
        future::join_all(self.0.iter().map(|channel| channel.tend())).await;
    }

    fn find(&self, token: &Token) -> Option<&dyn Channel> {
        let found = self.0.iter().find(|channel| channel.token() == token.as_str());
        found.map(AsRef::as_ref)
    }
}
