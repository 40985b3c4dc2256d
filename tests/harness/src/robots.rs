//! Robots of DingTalk, WeCom, Feishu, Lark and Slack, and a receiver of webhooks, on loopback.
//!
//! Written from what the vendors document and from nothing of ours: a sender that is mistaken about
//! them is refused here as it would be there, in their words. One server stands for all vendors,
//! each below a path of its own. It keeps what was said to each robot and what it answered, and
//! can be told to fail. Start reading at [`Robots`]; what a vendor asks for is in its own file.

mod dingtalk;
mod fault;
mod lark;
mod markup;
mod meter;
mod post;
mod server;
mod sign;
mod slack;
#[cfg(test)]
mod tests;
mod vendor;
mod webhook;
mod wecom;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};

use jiff::Timestamp;
use lab::authority::identity::Identity;
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

pub use self::fault::Fault;
use self::meter::Meter;
use self::post::Call;
pub use self::post::{Answer, Fate, Message, Post};
pub use self::vendor::{Setup, Vendor};
use crate::eventually::eventually;
use crate::surroundings;

/// Posts kept of one robot; the oldest go first. Above what a storm sends to one.
const POSTS_MAX: usize = 20_000;

/// Tells the time: that of the machine, or that of a test.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The server on which all robots live.
pub struct Robots {
    address: SocketAddr,
    scheme: &'static str,
    street: Arc<Street>,
    accepting: JoinHandle<()>,
}

/// One robot. A clone is another handle to the same one.
#[derive(Debug, Clone)]
pub struct Robot {
    vendor: Vendor,
    token: String,
    url: String,
    street: Arc<Street>,
}

/// Where the robots live.
struct Street {
    clock: Clock,
    desks: Mutex<BTreeMap<(Vendor, String), Desk>>,
    strays: Mutex<Vec<Arc<Post>>>,
    changed: watch::Sender<()>,
}

/// What belongs to one robot.
struct Desk {
    setup: Setup,
    meter: Meter,
    faults: VecDeque<Fault>,
    standing_fault: Option<Fault>,
    posts: VecDeque<Arc<Post>>,
}

impl Robots {
    /// A server in the clear on a free port of 127.0.0.1, by the time of the machine.
    pub async fn open() -> Self {
        Self::open_by(Arc::new(surroundings::now)).await
    }

    /// The same, by another clock.
    pub async fn open_by(clock: Clock) -> Self {
        Self::begin(clock, None).await
    }

    /// The same, behind TLS: whoever speaks to it is shown this identity.
    pub async fn open_behind(identity: &Identity, clock: Clock) -> Self {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config =
            ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.unwrap().with_no_client_auth();
        let config = config.with_single_cert(identity.chain.clone(), identity.key()).unwrap();
        Self::begin(clock, Some(TlsAcceptor::from(Arc::new(config)))).await
    }

    async fn begin(clock: Clock, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (desks, strays) = (Mutex::default(), Mutex::default());
        let (changed, _) = watch::channel(());
        let street = Arc::new(Street { clock, desks, strays, changed });
        let scheme = if tls.is_some() { "https" } else { "http" };
        #[expect(clippy::disallowed_methods, reason = "a test has no shutdown to wait for")]
        let accepting = tokio::spawn(server::accept(listener, tls, Arc::clone(&street)));
        Self { address, scheme, street, accepting }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What stands for a vendor's host.
    pub fn base(&self, vendor: Vendor) -> String {
        format!("{}://{}/{}", self.scheme, self.address, vendor.method())
    }

    /// Settings with which a notifier speaks to this server instead of the vendors', and a console
    /// takes the addresses of its webhooks.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let base = |vendor: Vendor| Some((vendor.setting()?, self.base(vendor)));
        let allow = ("NOTIFIER_ALLOW", "127.0.0.0/8".to_owned());
        let hosts = ("CONSOLE_ROBOT_HOSTS", self.address.to_string());
        Vendor::ALL.into_iter().filter_map(base).chain([allow, hosts]).collect()
    }

    /// Sets up a robot. One with the same token is forgotten.
    pub fn add(&self, setup: Setup) -> Robot {
        let (vendor, token) = (setup.vendor, setup.token.clone());
        let url = match vendor {
            Vendor::Webhook => format!("{}/{token}", self.base(vendor)),
            Vendor::DingTalk | Vendor::WeCom | Vendor::Feishu | Vendor::Lark | Vendor::Slack => {
                format!("{}{token}", vendor.shown())
            }
        };
        let desk = Desk {
            setup,
            meter: Meter::default(),
            faults: VecDeque::new(),
            standing_fault: None,
            posts: VecDeque::new(),
        };
        self.street.desks().insert((vendor, token.clone()), desk);
        Robot { vendor, token, url, street: Arc::clone(&self.street) }
    }

    /// Removes a robot from its group: its token is unknown from now on.
    pub fn remove(&self, robot: &Robot) {
        self.street.desks().remove(&(robot.vendor, robot.token.clone()));
    }

    /// What was said to no robot that there is.
    pub fn strays(&self) -> Vec<Arc<Post>> {
        self.street.strays.lock().unwrap().clone()
    }
}

impl Drop for Robots {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Robot {
    /// The URL as the page of the robot shows it, for people to paste.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whose it is.
    pub fn vendor(&self) -> Vendor {
        self.vendor
    }

    /// All that was said to it, the first first.
    pub fn posts(&self) -> Vec<Arc<Post>> {
        self.desk(|desk| desk.posts.iter().cloned().collect())
    }

    /// What it took.
    pub fn taken(&self) -> Vec<Arc<Post>> {
        self.with_fate(Fate::Taken)
    }

    /// What it refused of its own accord, not because it was told to fail.
    pub fn refused(&self) -> Vec<Arc<Post>> {
        self.with_fate(Fate::Refused)
    }

    fn with_fate(&self, fate: Fate) -> Vec<Arc<Post>> {
        self.desk(|desk| desk.posts.iter().filter(|post| post.fate == fate).cloned().collect())
    }

    /// Fails once with this, then with what else it was told, then as [`Robot::fail`] says.
    pub fn fail_next(&self, fault: Fault) {
        self.desk(|desk| desk.faults.push_back(fault));
    }

    /// Fails with this until it is mended.
    pub fn fail(&self, fault: Fault) {
        self.desk(|desk| desk.standing_fault = Some(fault));
    }

    /// Fails no more.
    pub fn mend(&self) {
        self.desk(|desk| {
            desk.standing_fault = None;
            desk.faults.clear();
        });
    }

    /// Waits until it has taken so many, and returns them.
    pub async fn until_taken(&self, count: usize) -> Vec<Arc<Post>> {
        eventually(&format!("{self:?} takes {count}"), async || {
            let taken = self.taken();
            if taken.len() >= count { Ok(taken) } else { Err(format!("{:#?}", self.posts())) }
        })
        .await
    }

    /// Waits until so many posts came, whatever became of them, and returns them.
    pub async fn until_posts(&self, count: usize) -> Vec<Arc<Post>> {
        eventually(&format!("{count} posts come to {self:?}"), async || {
            let posts = self.posts();
            if posts.len() >= count { Ok(posts) } else { Err(format!("{posts:#?}")) }
        })
        .await
    }

    /// Changes whenever any robot of the server was spoken to.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.street.changed.subscribe()
    }

    fn desk<T>(&self, look: impl FnOnce(&mut Desk) -> T) -> T {
        let mut desks = self.street.desks();
        let desk = desks.get_mut(&(self.vendor, self.token.clone()));
        look(desk.unwrap_or_else(|| panic!("{self:?} was removed")))
    }
}

impl Street {
    fn desks(&self) -> MutexGuard<'_, BTreeMap<(Vendor, String), Desk>> {
        self.desks.lock().unwrap()
    }

    /// Answers a call to a vendor, and keeps it. What the vendor says is overridden by a fault.
    fn answer(&self, vendor: Vendor, call: Call) -> (Answer, Option<Fault>) {
        let token = match vendor {
            Vendor::DingTalk => dingtalk::token(&call),
            Vendor::WeCom => wecom::token(&call),
            Vendor::Feishu | Vendor::Lark => lark::token(&call),
            Vendor::Slack => slack::token(&call),
            Vendor::Webhook => webhook::token(&call),
        };
        let mut desks = self.desks();
        let Some(desk) = desks.get_mut(&(vendor, token)) else {
            let answer = match vendor {
                Vendor::DingTalk => dingtalk::unknown(&call),
                Vendor::WeCom => wecom::unknown(),
                Vendor::Feishu | Vendor::Lark => lark::unknown(),
                Vendor::Slack => slack::unknown(),
                Vendor::Webhook => webhook::unknown(),
            };
            let post = Post::new(call, answer.clone(), Fate::Refused, None);
            self.strays.lock().unwrap().push(Arc::new(post));
            self.changed.send_replace(());
            return (answer, None);
        };
        let Desk { setup, meter, .. } = desk;
        let judged = match vendor {
            Vendor::DingTalk => dingtalk::judge(setup, meter, &call),
            Vendor::WeCom => wecom::judge(setup, meter, &call),
            Vendor::Feishu | Vendor::Lark => lark::judge(setup, meter, &call),
            Vendor::Slack => slack::judge(meter, &call),
            Vendor::Webhook => webhook::judge(setup, &call),
        };
        let fault = desk.faults.pop_front().or_else(|| desk.standing_fault.clone());
        let (answer, fate, message) = match (&fault, judged) {
            (Some(fault), _) => (fault.answer(vendor), Fate::Failed, None),
            (None, Ok(message)) => (vendor.success(), Fate::Taken, Some(message)),
            (None, Err(answer)) => (answer, Fate::Refused, None),
        };
        if desk.posts.len() == POSTS_MAX {
            desk.posts.pop_front();
        }
        desk.posts.push_back(Arc::new(Post::new(call, answer.clone(), fate, message)));
        self.changed.send_replace(());
        (answer, fault)
    }
}

impl fmt::Debug for Robots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Robots").field("address", &self.address).finish_non_exhaustive()
    }
}

impl fmt::Debug for Street {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Street").finish_non_exhaustive()
    }
}
