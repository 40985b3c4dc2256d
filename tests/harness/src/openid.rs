//! An `OpenID` provider on loopback.
//!
//! Written from the standards (`OpenID` Connect Core, Discovery and RP-Initiated Logout 1.0, RFC
//! 6749, RFC 7636) and from nothing of ours: a client that is mistaken about them is refused here.
//! Whoever comes is somebody whom the test has named, and says yes at once. It can be told to lie.
//! Start reading at [`Provider`].

mod answers;
mod keys;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use self::keys::Keys;

/// What the one client of a provider is called.
pub const CLIENT_ID: &str = "certherald-test";
/// What it proves itself with; some of it has to be written otherwise in an address.
pub const CLIENT_SECRET: &str = "0penid+cl1ent/5ecret:%41";

/// A provider with one client.
pub struct Provider {
    desk: Arc<Desk>,
    accepting: JoinHandle<()>,
}

/// How an answer is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Whoever came says no.
    Declines,
    /// The token is another issuer's.
    Issuer,
    /// The token is for another client.
    Audience,
    /// The token is for another client as well, which asked for it.
    Party,
    /// The token answers another attempt.
    Nonce,
    /// The token answers none.
    NoNonce,
    /// The token is from an hour ago, and was good for a minute.
    Expired,
    /// The token is signed with a key that is not the provider's.
    Forged,
    /// The token says that it needs no signature.
    Unsigned,
    /// The token is signed with what the client knows as well.
    Symmetric,
    /// There is no token.
    NoToken,
    /// The client is not known.
    Client,
    /// The provider is out of order where tokens are fetched.
    Trouble,
    /// The provider takes a code as often as it comes.
    Forgetful,
}

impl Fault {
    /// Those after which the token proves nothing.
    pub const OF_THE_TOKEN: [Self; 10] = [
        Self::Issuer,
        Self::Audience,
        Self::Party,
        Self::Nonce,
        Self::NoNonce,
        Self::Expired,
        Self::Forged,
        Self::Unsigned,
        Self::Symmetric,
        Self::NoToken,
    ];
}

/// What all handlers share.
struct Desk {
    issuer: String,
    book: Mutex<Book>,
}

/// What it knows.
struct Book {
    keys: Keys,
    redirects: BTreeSet<String>,
    /// Where people may be sent who have signed out.
    farewells: BTreeSet<String>,
    ends_sessions: bool,
    /// How many have signed out here.
    ended: u32,
    /// The claims of whoever comes next.
    claims: Value,
    /// What is told of them beside the token.
    user_info: Value,
    fault: Option<Fault>,
    grants: BTreeMap<String, Grant>,
    /// Access tokens, and what they open.
    opened: BTreeMap<String, Value>,
    issued: u32,
}

/// What a code is good for.
#[derive(Clone)]
struct Grant {
    redirect: String,
    challenge: String,
    nonce: Option<String>,
}

impl Provider {
    /// Opens a provider on a free port of 127.0.0.1.
    pub async fn open() -> Self {
        Self::open_at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await
    }

    /// The same at an address.
    pub async fn open_at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let issuer = issuer_at(listener.local_addr().unwrap());
        let book = Book {
            keys: Keys::new("first"),
            redirects: BTreeSet::new(),
            farewells: BTreeSet::new(),
            ends_sessions: false,
            ended: 0,
            claims: json!({ "sub": "nobody" }),
            user_info: json!({}),
            fault: None,
            grants: BTreeMap::new(),
            opened: BTreeMap::new(),
            issued: 0,
        };
        let desk = Arc::new(Desk { issuer, book: Mutex::new(book) });
        let router = answers::router(Arc::clone(&desk));
        #[expect(clippy::disallowed_methods, reason = "a test has no shutdown to wait for")]
        let accepting = tokio::spawn(async move {
            axum::serve(listener, router).await.unwrap();
        });
        Self { desk, accepting }
    }

    /// What it calls itself.
    pub fn issuer(&self) -> &str {
        &self.desk.issuer
    }

    /// Settings with which a console knows it; they name a file with the secret in a directory.
    pub fn settings(&self, directory: &Path) -> Vec<(&'static str, String)> {
        let secret = directory.join("client-secret");
        std::fs::write(&secret, format!("{CLIENT_SECRET}\n")).unwrap();
        vec![
            ("CONSOLE_OPENID_ISSUER", self.issuer().to_owned()),
            ("CONSOLE_OPENID_CLIENT_ID", CLIENT_ID.to_owned()),
            ("CONSOLE_OPENID_CLIENT_SECRET_FILE", secret.display().to_string()),
        ]
    }

    /// Sends people back to a console.
    pub fn register(&self, console: &str) {
        let mut book = self.desk.book();
        book.redirects.insert(format!("{console}/sign-in/openid/return"));
        book.farewells.insert(format!("{console}/sign-in"));
    }

    /// Offers to end sessions from now on.
    pub fn end_sessions(&self) {
        self.desk.book().ends_sessions = true;
    }

    /// How many have signed out here.
    pub fn ended(&self) -> u32 {
        self.desk.book().ended
    }

    /// Whoever comes from now on has these claims, `sub` among them, and the token says so.
    pub fn expect(&self, claims: Value) {
        self.expect_thin(claims, json!({}));
    }

    /// The same; more claims are told where the client asks for them.
    pub fn expect_thin(&self, claims: Value, user_info: Value) {
        let mut book = self.desk.book();
        (book.claims, book.user_info) = (claims, user_info);
    }

    /// Answers wrongly from now on, or as it should again.
    pub fn fail(&self, fault: Option<Fault>) {
        self.desk.book().fault = fault;
    }

    /// Signs with keys that nobody has seen.
    pub fn change_keys(&self, name: &str) {
        self.desk.book().keys = Keys::new(name);
    }

    /// Signs on an elliptic curve from now on.
    pub fn sign_on_a_curve(&self) {
        self.desk.book().keys.on_a_curve = true;
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Desk {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap()
    }
}

/// What a provider at an address calls itself.
pub fn issuer_at(address: SocketAddr) -> String {
    format!("http://{address}/realms/test")
}
