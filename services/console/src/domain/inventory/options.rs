//! What an owner may set for one domain, read and bounded.

use std::{collections::BTreeSet, net::IpAddr, time::Duration};

use certificate::pem;
use proto::{
    host::Host,
    time,
    v1::{DomainOptions, Rung, rung},
};

use super::{Invalid, gathered, is_deceptive, line};
use crate::domain::want::{Flaw, Want};

/// Shortest time between scans of one domain: more would look like an attack from the other side.
pub const INTERVAL_MIN: Duration = Duration::from_mins(1);
/// Longest time between scans: with the longest rung of 30 days, four scans are left to notice.
pub const INTERVAL_MAX: Duration = Duration::from_hours(7 * 24);
/// Time between scans unless the owner says otherwise.
pub const INTERVAL_DEFAULT: Duration = Duration::from_mins(10);
/// Tags of one domain.
pub const TAGS_MAX: usize = 20;
/// Characters of one tag.
pub const TAG_LEN_MAX: usize = 50;
/// Characters of the owner note: it travels in every notification, some of which hold 2,048 bytes.
pub const OWNER_NOTE_LEN_MAX: usize = 500;
/// Expiry rungs of one domain: each is one more message before expiry.
pub const RUNGS_MAX: usize = 10;
/// Longest rung in days: no certificate that browsers accept lives longer.
pub const RUNG_DAYS_MAX: u64 = 398;
/// Bytes of a private CA bundle: some dozens of certificates.
pub const PRIVATE_CA_BYTES_MAX: usize = 128 * 1024;

const DAY_SECONDS: u64 = 86_400;

/// The options of one domain.
///
/// Invariant: each field is within the limits of this module.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Options(DomainOptions);

/// Options as a person entered them. An empty field means the default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OptionsDraft {
    /// Name sent as SNI and judged instead of the host.
    pub sni: Option<String>,
    /// Address dialled instead of resolving the host.
    pub fixed_address: Option<String>,
    /// PEM certificates trusted beside the usual anchors.
    pub private_ca_pem: Option<String>,
    /// Each `30d`, `12h` or `10%` of the lifetime.
    pub rungs: Vec<String>,
    /// Seconds between scans.
    pub interval_seconds: Option<u64>,
    /// Labels.
    pub tags: Vec<String>,
    /// Free text that travels in every notification.
    pub owner_note: Option<String>,
}

impl Options {
    /// Reads what a person entered.
    ///
    /// # Errors
    ///
    /// Every mistake.
    pub fn read(draft: &OptionsDraft) -> Result<Self, Vec<Invalid>> {
        let mut mistakes = Vec::new();
        let given =
            |text: &Option<String>| text.as_deref().map(str::trim).unwrap_or_default().to_owned();
        let options = DomainOptions {
            sni: gathered(sni(&given(&draft.sni)), &mut mistakes).unwrap_or_default(),
            fixed_address: gathered(address(&given(&draft.fixed_address)), &mut mistakes)
                .unwrap_or_default(),
            private_ca_pem: gathered(private_ca(&given(&draft.private_ca_pem)), &mut mistakes)
                .unwrap_or_default(),
            rungs: rungs(&draft.rungs, &mut mistakes),
            interval: draft.interval_seconds.and_then(|seconds| {
                gathered(interval(seconds), &mut mistakes).map(time::write_span)
            }),
            tags: tags(&draft.tags, &mut mistakes),
            owner_note: gathered(note(&given(&draft.owner_note)), &mut mistakes)
                .unwrap_or_default(),
        };
        if mistakes.is_empty() { Ok(Self(options)) } else { Err(mistakes) }
    }

    /// Takes options that a console has read before.
    pub fn recalled(options: DomainOptions) -> Self {
        Self(options)
    }

    /// The options as they travel.
    pub fn as_wire(&self) -> &DomainOptions {
        &self.0
    }

    /// The options as a person would enter them.
    pub fn to_draft(&self) -> OptionsDraft {
        let wire = self.0.clone();
        let given = |text: String| (!text.is_empty()).then_some(text);
        OptionsDraft {
            sni: given(wire.sni),
            fixed_address: given(wire.fixed_address),
            private_ca_pem: given(wire.private_ca_pem),
            rungs: wire.rungs.iter().filter_map(rung_text).collect(),
            interval_seconds: wire.interval.map(|span| time::read_span(&span).as_secs()),
            tags: wire.tags,
            owner_note: given(wire.owner_note),
        }
    }

    /// Whether a label is among the tags.
    pub fn has_tag(&self, tag: &str) -> bool {
        self.0.tags.iter().any(|have| have == tag)
    }
}

fn sni(text: &str) -> Result<String, Invalid> {
    if text.is_empty() {
        return Ok(String::new());
    }
    match text.parse::<Host>() {
        Ok(Host::Name(name)) => Ok(name.as_str().to_owned()),
        Ok(Host::Address(_)) => Err(Invalid::new("sni", text, Want::SniName)),
        Err(error) => Err(Invalid::new("sni", text, Flaw::HostName(error))),
    }
}

fn address(text: &str) -> Result<String, Invalid> {
    if text.is_empty() {
        return Ok(String::new());
    }
    let address: Result<IpAddr, _> = text.trim_matches(['[', ']']).parse();
    address
        .map(|address| address.to_canonical().to_string())
        .map_err(|_| Invalid::new("fixed_address", text, Want::FixedAddress))
}

fn private_ca(text: &str) -> Result<String, Invalid> {
    if text.is_empty() {
        return Ok(String::new());
    }
    let invalid = |want: Want| Invalid::new("private_ca_pem", text, want);
    if text.len() > PRIVATE_CA_BYTES_MAX {
        return Err(invalid(Want::Bytes(PRIVATE_CA_BYTES_MAX)));
    }
    match pem::certificates(text) {
        // Only what was understood is kept: a bundle may carry comments, or a key by mistake.
        Ok(certificates) => Ok(certificates.iter().map(certificate::Certificate::to_pem).collect()),
        Err(error) => Err(invalid(Flaw::Pem(error).into())),
    }
}

fn interval(seconds: u64) -> Result<Duration, Invalid> {
    let span = Duration::from_secs(seconds);
    if (INTERVAL_MIN..=INTERVAL_MAX).contains(&span) {
        Ok(span)
    } else {
        let want = Want::Interval { min: INTERVAL_MIN.as_secs(), max: INTERVAL_MAX.as_secs() };
        Err(Invalid::new("interval_seconds", &seconds.to_string(), want))
    }
}

/// Largest first; those in days before those in percent.
fn rungs(texts: &[String], mistakes: &mut Vec<Invalid>) -> Vec<Rung> {
    if texts.len() > RUNGS_MAX {
        mistakes.push(Invalid::new(
            "rungs",
            &format!("{} rungs", texts.len()),
            Want::AtMost(RUNGS_MAX),
        ));
        return vec![];
    }
    let mut seconds = BTreeSet::new();
    let mut parts = BTreeSet::new();
    for (at, text) in texts.iter().enumerate() {
        match rung(text) {
            Some(rung::Rung::Seconds(span)) => _ = seconds.insert(span),
            Some(rung::Rung::LifetimeBasisPoints(part)) => _ = parts.insert(part),
            None => {
                let field = format!("rungs[{at}]");
                mistakes.push(Invalid::new(field, text, Want::Rung(RUNG_DAYS_MAX)));
            }
        }
    }
    let seconds = seconds.into_iter().rev().map(rung::Rung::Seconds);
    let parts = parts.into_iter().rev().map(rung::Rung::LifetimeBasisPoints);
    seconds.chain(parts).map(|rung| Rung { rung: Some(rung) }).collect()
}

fn rung(text: &str) -> Option<rung::Rung> {
    let text = text.trim();
    if let Some(percent) = text.strip_suffix('%') {
        let (whole, part) = percent.trim().split_once('.').unwrap_or((percent.trim(), ""));
        if part.len() > 2 || !whole.bytes().chain(part.bytes()).all(|b| b.is_ascii_digit()) {
            return None;
        }
        let points: u32 = format!("{whole}{part:0<2}").parse().ok()?;
        return (1..=9_999).contains(&points).then_some(rung::Rung::LifetimeBasisPoints(points));
    }
    let (number, unit) = match (text.strip_suffix('d'), text.strip_suffix('h')) {
        (Some(days), _) => (days, DAY_SECONDS),
        (_, Some(hours)) => (hours, 3_600),
        (None, None) => return None,
    };
    let seconds = number.trim().parse::<u32>().ok().map(u64::from)? * unit;
    (1..=RUNG_DAYS_MAX * DAY_SECONDS).contains(&seconds).then_some(rung::Rung::Seconds(seconds))
}

fn rung_text(rung: &Rung) -> Option<String> {
    Some(match rung.rung? {
        rung::Rung::Seconds(seconds) if seconds.is_multiple_of(DAY_SECONDS) => {
            format!("{}d", seconds / DAY_SECONDS)
        }
        rung::Rung::Seconds(seconds) => format!("{}h", seconds / 3_600),
        rung::Rung::LifetimeBasisPoints(points) if points.is_multiple_of(100) => {
            format!("{}%", points / 100)
        }
        rung::Rung::LifetimeBasisPoints(points) => format!("{}.{:02}%", points / 100, points % 100),
    })
}

fn tags(texts: &[String], mistakes: &mut Vec<Invalid>) -> Vec<String> {
    let tags: BTreeSet<_> = texts.iter().filter_map(|text| gathered(tag(text), mistakes)).collect();
    if tags.len() > TAGS_MAX {
        let count = format!("{} tags", tags.len());
        mistakes.push(Invalid::new("tags", &count, Want::AtMost(TAGS_MAX)));
    }
    tags.into_iter().collect()
}

/// A tag: one line, without the characters that divide lists of tags.
///
/// # Errors
///
/// Names what is allowed.
pub fn tag(text: &str) -> Result<String, Invalid> {
    let tag = line("tags", text, TAG_LEN_MAX)?;
    if tag.contains([',', ';']) {
        return Err(Invalid::new("tags", text, Want::NoDividers));
    }
    Ok(tag)
}

fn note(text: &str) -> Result<String, Invalid> {
    let deceptive = text.chars().any(|c| c != '\n' && is_deceptive(c));
    if text.chars().count() <= OWNER_NOTE_LEN_MAX && !deceptive {
        Ok(text.to_owned())
    } else {
        Err(Invalid::new("owner_note", text, Want::Note(OWNER_NOTE_LEN_MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> OptionsDraft {
        OptionsDraft {
            sni: Some("Shop.Example.COM.".to_owned()),
            fixed_address: Some("[2001:DB8::1]".to_owned()),
            rungs: ["7d", "30d", "12h", "10%", "0.5 %"].map(str::to_owned).to_vec(),
            interval_seconds: Some(60),
            tags: ["web", " shop ", "web"].map(str::to_owned).to_vec(),
            owner_note: Some("Call Ada.\nRenew with certbot.".to_owned()),
            private_ca_pem: None,
        }
    }

    #[test]
    fn what_is_entered_is_kept_in_one_spelling() {
        let options = Options::read(&draft()).unwrap();
        let again = options.to_draft();
        assert_eq!(again.sni.as_deref(), Some("shop.example.com"));
        assert_eq!(again.fixed_address.as_deref(), Some("2001:db8::1"));
        assert_eq!(again.tags, ["shop", "web"]);
        assert!(options.has_tag("web") && !options.has_tag("we"));
        assert_eq!(Options::read(&again), Ok(options));
    }

    #[test]
    fn rungs_stand_largest_first() {
        let wire = Options::read(&draft()).unwrap().to_draft().rungs;
        assert_eq!(wire, ["30d", "7d", "12h", "10%", "0.50%"]);
    }

    #[test]
    fn every_mistake_is_named() {
        let wrong = OptionsDraft {
            sni: Some("192.0.2.1".to_owned()),
            fixed_address: Some("example.com".to_owned()),
            private_ca_pem: Some("no pem".to_owned()),
            rungs: ["0d", "400d", "100%", "0%", "1.234%", "x", "-1d"].map(str::to_owned).to_vec(),
            interval_seconds: Some(59),
            tags: vec!["a,b".to_owned(), String::new()],
            owner_note: Some("x".repeat(501)),
        };
        let mistakes = Options::read(&wrong).unwrap_err();
        let fields: Vec<_> = mistakes.iter().map(|m| m.field.as_str()).collect();
        let rungs = (0..7).map(|at| format!("rungs[{at}]"));
        let want: Vec<String> = ["sni", "fixed_address", "private_ca_pem"]
            .map(str::to_owned)
            .into_iter()
            .chain(rungs)
            .chain(["interval_seconds", "tags", "tags", "owner_note"].map(str::to_owned))
            .collect();
        assert_eq!(fields, want);
    }

    #[test]
    fn limits_are_inclusive() {
        for seconds in [60, 604_800] {
            let draft = OptionsDraft { interval_seconds: Some(seconds), ..OptionsDraft::default() };
            assert!(Options::read(&draft).is_ok());
        }
        let draft = OptionsDraft { interval_seconds: Some(604_801), ..OptionsDraft::default() };
        assert!(Options::read(&draft).is_err());
        assert_eq!(Options::read(&OptionsDraft::default()), Ok(Options::default()));
    }
}
