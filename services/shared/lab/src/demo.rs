//! A demonstration: a handful of broken domains that are mended while one watches.
//!
//! Each [`Exhibit`] is a site on loopback with a name under `demo.test`, broken in its own way and
//! mended after a while, early enough that a newcomer sees the alert and the recovery within two
//! minutes. A demo prints nothing: whoever starts it shows its [`Display`](fmt::Display).

mod exhibit;

use std::fmt;

use jiff::Timestamp;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

pub use self::exhibit::Exhibit;
use self::exhibit::Studio;
use crate::error::LabError;
use crate::mail::MailSink;
use crate::site::Site;

/// The exhibits, the authority to trust, and the mail sink.
#[derive(Debug)]
pub struct Demo {
    authority_pem: String,
    exhibits: Vec<Exhibit>,
    mail: MailSink,
    /// Serves the intermediate to whoever follows the address in a leaf.
    _issuer: Site,
}

impl Demo {
    /// Opens every exhibit on a free port of 127.0.0.1. `now` is what "expired" is measured
    /// against.
    ///
    /// # Errors
    /// [`LabError`] if a port cannot be had.
    pub async fn open(now: Timestamp) -> Result<Self, LabError> {
        let studio = Studio::open(now).await?;
        Ok(Self {
            authority_pem: studio.authority_pem(),
            exhibits: studio.exhibits().await?,
            mail: MailSink::open().await?,
            _issuer: studio.into_issuer(),
        })
    }

    /// The root to trust, as PEM.
    pub fn authority_pem(&self) -> &str {
        &self.authority_pem
    }

    /// The domains to add, each with its fixed address, the fine one first.
    pub fn exhibits(&self) -> &[Exhibit] {
        &self.exhibits
    }

    /// The mail server to send to, in the clear and without a password. A clone outlives the demo.
    pub fn mail(&self) -> &MailSink {
        &self.mail
    }

    /// Mends the exhibits one after the other, each at its time from now on, then keeps all of
    /// them open until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        let begun = Instant::now();
        let mut broken: Vec<_> = self
            .exhibits
            .iter()
            .filter_map(|exhibit| Some((exhibit.mended_after()?, exhibit)))
            .collect();
        broken.sort_by_key(|(after, _)| *after);
        for (after, exhibit) in broken {
            if shutdown.run_until_cancelled(sleep_until(begun + after)).await.is_none() {
                return;
            }
            match exhibit.mend().await {
                Ok(()) => info!("Mended `{}`.", exhibit.name()),
                Err(error) => warn!(%error, "Could not mend `{}`.", exhibit.name()),
            }
        }
        shutdown.cancelled().await;
    }
}

impl fmt::Display for Demo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.exhibits.iter().map(|exhibit| exhibit.domain().len()).max().unwrap_or(0);
        for exhibit in &self.exhibits {
            write!(f, "  {:width$}  {}", exhibit.domain(), exhibit.trouble())?;
            match exhibit.mended_after() {
                Some(after) => writeln!(f, ", mended after {} s", after.as_secs())?,
                None => writeln!(f)?,
            }
        }
        writeln!(f, "  mail goes to {}, which keeps it", self.mail.address())
    }
}
