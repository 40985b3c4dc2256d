//! The whole system, running: every service, the broker or the embedded store, a mail server.
//!
//! A [`Fleet`] has one of two shapes, and a test cannot tell them apart except by what it may kill:
//! one process, `certherald up`, or a NATS server with each service as a process of its own. Start
//! reading at [`Plan`].

mod member;
mod post;
mod watching;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::json;
use tempfile::TempDir;

use self::member::Member;
pub use self::member::Role;
pub use self::post::Post;
pub use self::watching::{News, RECOVERY, Watched};
use crate::api::Api;
use crate::eventually::eventually;
use crate::nameserver::NameServer;
use crate::nats::Nats;
use crate::scene::Scene;
use crate::surroundings::now;

/// The mailbox of the person who is told.
pub const MAILBOX: &str = "ops@lab.test";

/// The mailbox of the fleet itself.
pub const SENDER: &str = "certherald@lab.test";

/// An address that probers may dial and to which no machine has a route for TCP: all systems of its
/// network (RFC 5771, section 4).
pub const NO_ROUTE: &str = "224.0.0.1";

/// The two ways to run the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `certherald up`: one process and its data directory.
    Embedded,
    /// NATS, and a process for each service.
    Nats,
}

/// How the system shall be set up.
#[derive(Debug)]
pub struct Plan {
    shape: Shape,
    probers: usize,
    detectors: usize,
    notifiers: usize,
    real_post: bool,
    broker_last: bool,
    names: Vec<(String, IpAddr)>,
    settings: Vec<(&'static str, String)>,
}

/// The running system. Dropping it kills every process.
#[derive(Debug)]
pub struct Fleet {
    /// The API of the console.
    pub api: Api,
    /// Certificates whose root the detector trusts.
    pub scene: Scene,
    /// The mail server.
    pub post: Post,
    /// The broker; none when embedded.
    pub nats: Option<Nats>,
    members: Vec<Member>,
    started: Timestamp,
    _names: NameServer,
    directory: TempDir,
}

impl Plan {
    /// One of each service, and the mail sink of the lab.
    pub fn new(shape: Shape) -> Self {
        let (names, settings) = (Vec::new(), Vec::new());
        let (probers, detectors, notifiers) = (1, 1, 1);
        let (real_post, broker_last) = (false, false);
        Self { shape, probers, detectors, notifiers, real_post, broker_last, names, settings }
    }

    /// So many probers. An embedded fleet has always one.
    #[must_use]
    pub fn probers(self, probers: usize) -> Self {
        Self { probers, ..self }
    }

    /// So many detectors and notifiers, of which all but the first stand by.
    #[must_use]
    pub fn with_standbys(self) -> Self {
        Self { detectors: 2, notifiers: 2, ..self }
    }

    /// Mail goes to a server that is not ours.
    #[must_use]
    pub fn with_a_real_mail_server(self) -> Self {
        Self { real_post: true, ..self }
    }

    /// The broker starts when every service has said that it misses it.
    #[must_use]
    pub fn with_the_broker_last(self) -> Self {
        Self { broker_last: true, ..self }
    }

    /// Every process is told this beside the usual, or instead of it.
    #[must_use]
    pub fn told(mut self, settings: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        self.settings.extend(settings);
        self
    }

    /// However busy the machine is, no message goes before what came of the last is recorded, so
    /// that what comes twice after a death can be counted.
    #[must_use]
    pub fn telling_one_by_one(self) -> Self {
        self.told([("NOTIFIER_TURN", "1m".to_owned())])
    }

    /// The probers' name server knows this name. May be said several times of one name.
    #[must_use]
    pub fn knowing(mut self, name: &str, address: IpAddr) -> Self {
        self.names.push((name.to_owned(), address));
        self
    }

    /// Starts everything, waits until all is ready, and adds a contact who is told of all by mail
    /// and in the inbox.
    pub async fn start(self) -> Fleet {
        let directory = tempfile::tempdir().unwrap();
        let scene = Scene::new();
        let post = Post::open(self.real_post).await;
        let names: Vec<_> = self.names.iter().map(|(name, ip)| (name.as_str(), *ip)).collect();
        let names = NameServer::knowing(&names).await;
        let mut nats = match self.shape {
            Shape::Embedded => None,
            Shape::Nats => Some(Nats::start_guarded().await),
        };
        if self.broker_last {
            // It keeps its port, and nothing is stored yet.
            nats.as_mut().unwrap().kill().await;
        }
        let mut settings = settings(&scene, post.address(), names.address(), directory.path());
        settings.extend(self.settings.iter().cloned());
        let mut members = Vec::new();
        for (role, count) in self.roles() {
            for number in 1..=count {
                members.push(Member::start(
                    role,
                    number,
                    &settings,
                    nats.as_ref(),
                    directory.path(),
                ));
            }
        }
        if self.broker_last {
            for member in &mut members {
                member.missing_the_broker().await;
            }
            nats.as_mut().unwrap().restart().await;
        }
        let api = first_ready(&mut members, directory.path()).await;
        let started = now();
        let fleet = Fleet { api, scene, post, nats, members, started, _names: names, directory };
        fleet.add_contact().await;
        fleet
    }

    fn roles(&self) -> Vec<(Role, usize)> {
        match self.shape {
            Shape::Embedded => vec![(Role::All, 1)],
            Shape::Nats => vec![
                (Role::Console, 1),
                (Role::Detector, self.detectors),
                (Role::Notifier, self.notifiers),
                (Role::Prober, self.probers),
            ],
        }
    }
}

/// What every process is told; each reads what is its own.
fn settings(
    scene: &Scene,
    relay: SocketAddr,
    names: SocketAddr,
    directory: &Path,
) -> Vec<(&'static str, String)> {
    vec![
        ("CERTHERALD_ADMIN", "127.0.0.1:0".to_owned()),
        ("CERTHERALD_KEY_FILE", key_file(directory).display().to_string()),
        ("CERTHERALD_LOG", "info".to_owned()),
        ("CONSOLE_LISTEN", "127.0.0.1:0".to_owned()),
        ("CONSOLE_TOKEN_FILE", token_file(directory).display().to_string()),
        ("DETECTOR_CA_BUNDLE", scene.root_file().display().to_string()),
        // So that a test can tell the mails of many domains apart.
        ("NOTIFIER_GROUP_WINDOW", "0s".to_owned()),
        ("NOTIFIER_MAIL_FROM", SENDER.to_owned()),
        ("NOTIFIER_SMTP_URL", format!("smtp://{relay}?tls=none")),
        ("PROBER_ALLOW", format!("127.0.0.0/8,::1/128,{NO_ROUTE}/32")),
        ("PROBER_DEADLINE", "5s".to_owned()),
        ("PROBER_NAME_SERVERS", names.to_string()),
    ]
}

fn token_file(directory: &Path) -> PathBuf {
    directory.join("admin-token")
}

fn key_file(directory: &Path) -> PathBuf {
    directory.join("key")
}

/// Waits until every member is ready, and finds the API of the one that has it.
async fn first_ready(members: &mut [Member], directory: &Path) -> Api {
    for member in members.iter_mut() {
        member.ready().await;
    }
    let console = members.iter_mut().find(|member| member.role().has_the_api()).unwrap();
    let base = console.api_base().await;
    let token = std::fs::read_to_string(token_file(directory)).unwrap();
    Api::new(&base, token.trim())
}

impl Fleet {
    /// One of each service.
    pub async fn start(shape: Shape) -> Self {
        Plan::new(shape).start().await
    }

    /// Ends a process at this instant, as `kill -9` does. When embedded, there is only one.
    pub async fn kill(&mut self, role: Role, number: usize) {
        self.member(role, number).process().kill().await;
    }

    /// Starts a killed process again, with the same settings and data, and waits for nothing.
    pub fn relaunch(&mut self, role: Role, number: usize) {
        self.member(role, number).restart();
    }

    /// Starts a killed process again, and waits until it is ready.
    pub async fn revive(&mut self, role: Role, number: usize) {
        self.relaunch(role, number);
        let member = self.member(role, number);
        member.ready().await;
        // The first answers for all, unless a test asks for another.
        if member.role().has_the_api() && number == 1 {
            let base = member.api_base().await;
            self.api = self.api_at(&base);
        }
    }

    /// Stops a process where it stands.
    pub fn freeze(&mut self, role: Role, number: usize) {
        self.member(role, number).process().freeze();
    }

    /// Lets a frozen process go on.
    pub fn thaw(&mut self, role: Role, number: usize) {
        self.member(role, number).process().thaw();
    }

    /// All that a process has logged.
    pub fn log(&mut self, role: Role, number: usize) -> String {
        self.member(role, number).process().log()
    }

    /// What every process has logged, and what it shows of itself: `/ready` and `/metrics`.
    pub async fn exposed(&mut self) -> Vec<String> {
        let mut all = Vec::new();
        for member in &mut self.members {
            for path in ["ready", "metrics"] {
                all.push(member.shown(path).await);
            }
            all.push(member.process().log());
        }
        all
    }

    /// One more process of a role, ready.
    pub async fn hire(&mut self, role: Role) {
        let number = self.members.iter().filter(|member| member.role() == role).count() + 1;
        let model = self.members.iter().find(|member| member.role() == role);
        let mut member = model.unwrap().twin(number);
        member.ready().await;
        self.members.push(member);
    }

    /// The API of one of several consoles.
    pub async fn console(&mut self, number: usize) -> Api {
        let base = self.member(Role::Console, number).api_base().await;
        self.api_at(&base)
    }

    fn api_at(&self, base: &str) -> Api {
        let token = std::fs::read_to_string(self.token_file()).unwrap();
        Api::new(base, token.trim())
    }

    /// Since when the whole fleet is ready.
    pub fn started(&self) -> Timestamp {
        self.started
    }

    /// The file with the token of the API.
    pub fn token_file(&self) -> PathBuf {
        token_file(self.directory())
    }

    /// The file with the key of what is sealed.
    pub fn key_file(&self) -> PathBuf {
        key_file(self.directory())
    }

    /// Where the processes keep their data.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    fn member(&mut self, role: Role, number: usize) -> &mut Member {
        let found = self.members.iter_mut().find(|member| member.is(role, number));
        found.unwrap_or_else(|| panic!("there is no {role:?} {number}"))
    }

    async fn add_contact(&self) {
        let contact = json!({ "name": "Ops", "email": MAILBOX, "verified": true });
        eventually("a contact is added", async || self.api.post("/contacts", &contact).await).await;
    }
}
