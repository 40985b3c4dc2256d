//! One domain of the demonstration: what is wrong with it, and how it is mended.

use std::net::IpAddr;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::authority::identity::Identity;
use crate::authority::{Authority, Leaf, Validity};
use crate::error::LabError;
use crate::site::{Behaviour, Site};

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// One domain of the demonstration.
#[derive(Debug)]
pub struct Exhibit {
    name: &'static str,
    trouble: &'static str,
    site: Site,
    mend: Option<Mend>,
}

/// What ends the trouble, and when.
#[derive(Debug)]
struct Mend {
    after: Duration,
    cure: Cure,
}

#[derive(Debug)]
enum Cure {
    Serve(Identity),
    OpenPort,
}

impl Exhibit {
    /// The name to monitor. It is in no DNS: monitor it at [`Exhibit::address`].
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The address to dial instead of resolving the name.
    pub fn address(&self) -> IpAddr {
        self.site.address().ip()
    }

    /// The port to monitor.
    pub fn port(&self) -> u16 {
        self.site.port()
    }

    /// Name and port, as a domain is written.
    pub fn domain(&self) -> String {
        format!("{}:{}", self.name, self.port())
    }

    /// What is wrong, in a few words.
    pub fn trouble(&self) -> &'static str {
        self.trouble
    }

    /// When it is mended, counted from [`Demo::run`](super::Demo::run); `None` if never.
    pub fn mended_after(&self) -> Option<Duration> {
        self.mend.as_ref().map(|mend| mend.after)
    }

    /// Ends the trouble. Once ended, it stays ended.
    ///
    /// # Errors
    /// [`LabError::Listen`] if the port of a closed exhibit has been taken by somebody else.
    pub async fn mend(&self) -> Result<(), LabError> {
        match self.mend.as_ref().map(|mend| &mend.cure) {
            Some(Cure::Serve(identity)) => self.site.serve(identity),
            Some(Cure::OpenPort) => self.site.open_again().await,
            None => Ok(()),
        }
    }
}

/// Makes the exhibits: the authority, and the place its intermediate is fetched from.
#[derive(Debug)]
pub(super) struct Studio {
    now: Timestamp,
    root: Authority,
    intermediate: Authority,
    issuer: Site,
}

impl Studio {
    pub(super) async fn open(now: Timestamp) -> Result<Self, LabError> {
        let validity = Validity::of_an_authority(now);
        let root = Authority::root("certherald demo root", validity)?;
        let intermediate = root.intermediate("certherald demo intermediate", validity)?;
        let issuer = Site::open(Behaviour::issuer(intermediate.certificate())).await?;
        let url = format!("http://{}/intermediate.der", issuer.address());
        Ok(Self { now, root, intermediate: intermediate.announced_at(&url), issuer })
    }

    pub(super) fn authority_pem(&self) -> String {
        self.root.pem()
    }

    pub(super) fn into_issuer(self) -> Site {
        self.issuer
    }

    /// Mended early, since a recovery is believed only after three clean looks, 20 s and 60 s
    /// apart; the closed port late, since a first failure is news only after three looks in 60 s.
    pub(super) async fn exhibits(&self) -> Result<Vec<Exhibit>, LabError> {
        let incomplete = self.good("incomplete.demo.test")?;
        let stranger = Leaf::named("somebody-else.demo.test", self.years());
        let alone = Leaf::named("self-signed.demo.test", self.years());
        Ok(vec![
            exhibit("fine.demo.test", "nothing is wrong", self.good("fine.demo.test")?).await?,
            exhibit(
                "expired.demo.test",
                "expired two days ago",
                self.leaving("expired.demo.test", -DAY * 2)?,
            )
            .await?
            .mended(15, Cure::Serve(self.good("expired.demo.test")?)),
            exhibit(
                "expiring.demo.test",
                "expires in 10 minutes",
                self.leaving("expiring.demo.test", SignedDuration::from_mins(10))?,
            )
            .await?
            .mended(18, Cure::Serve(self.good("expiring.demo.test")?)),
            exhibit("incomplete.demo.test", "the intermediate is not sent", incomplete.leaf_only())
                .await?
                .mended(21, Cure::Serve(incomplete)),
            exhibit(
                "wrong-name.demo.test",
                "the certificate is of somebody-else.demo.test",
                self.intermediate.issue(&stranger)?,
            )
            .await?
            .mended(24, Cure::Serve(self.good("wrong-name.demo.test")?)),
            exhibit("self-signed.demo.test", "signed by nobody but itself", alone.self_signed()?)
                .await?
                .mended(27, Cure::Serve(self.good("self-signed.demo.test")?)),
            exhibit(
                "about-to-expire.demo.test",
                "expires in 45 seconds, before your eyes",
                self.leaving("about-to-expire.demo.test", SignedDuration::from_secs(45))?,
            )
            .await?
            .mended(55, Cure::Serve(self.good("about-to-expire.demo.test")?)),
            self.closed("closed.demo.test")?.mended(65, Cure::OpenPort),
        ])
    }

    fn closed(&self, name: &'static str) -> Result<Exhibit, LabError> {
        let site = Site::closed(Behaviour::Serve(self.good(name)?))?;
        Ok(Exhibit { name, trouble: "the port is closed", site, mend: None })
    }

    fn good(&self, name: &str) -> Result<Identity, LabError> {
        self.intermediate.issue(&Leaf::named(name, self.years()))
    }

    /// A 90-day certificate with `left` to live.
    fn leaving(&self, name: &str, left: SignedDuration) -> Result<Identity, LabError> {
        let validity = Validity::around(self.now, DAY * 90 - left, left);
        self.intermediate.issue(&Leaf::named(name, validity))
    }

    fn years(&self) -> Validity {
        Validity::around(self.now, DAY, DAY * 397)
    }
}

async fn exhibit(
    name: &'static str,
    trouble: &'static str,
    identity: Identity,
) -> Result<Exhibit, LabError> {
    let site = Site::open(Behaviour::Serve(identity)).await?;
    Ok(Exhibit { name, trouble, site, mend: None })
}

impl Exhibit {
    fn mended(self, after_seconds: u64, cure: Cure) -> Self {
        let after = Duration::from_secs(after_seconds);
        Self { mend: Some(Mend { after, cure }), ..self }
    }
}
