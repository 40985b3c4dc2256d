//! What a job asks to look at, read once.

use std::net::IpAddr;

use proto::{
    host::{Host, InvalidHost},
    v1::{Job, Protocol},
};

/// Where to look and what to say there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// How the addresses are found.
    pub place: Place,
    /// Never 0.
    pub port: u16,
    /// Name sent as SNI; none for an address, which has no place there (RFC 6066, section 3).
    pub sni: Option<String>,
}

/// How the addresses of a target are found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Resolve this name. Without trailing dot.
    Name(String),
    /// Dial this address.
    Address(IpAddr),
}

/// Why a job cannot be done. The fault of whoever wrote it, never of the domain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The host is none.
    #[error("the job names no host: {0}")]
    Host(InvalidHost),
    /// The port is none.
    #[error("the job names port {0}: want 1 to 65535")]
    Port(u32),
    /// The SNI override is no name.
    #[error("the job's SNI is no name: {0}")]
    Sni(InvalidHost),
    /// The fixed address is none.
    #[error("the job's fixed address `{0}` is no IP address")]
    FixedAddress(String),
    /// The protocol is one that this prober does not speak.
    #[error("the job asks for protocol `{0}`: this prober speaks `tls`")]
    Protocol(&'static str),
}

impl TryFrom<&Job> for Target {
    type Error = Refusal;

    fn try_from(job: &Job) -> Result<Self, Refusal> {
        if job.protocol() != Protocol::Tls {
            return Err(Refusal::Protocol(job.protocol().token()));
        }
        let host: Host = job.host.parse().map_err(Refusal::Host)?;
        let port = u16::try_from(job.port).ok().filter(|port| *port > 0);
        let port = port.ok_or(Refusal::Port(job.port))?;
        let sni = match job.sni.as_str() {
            "" => host.name().map(str::to_owned),
            name => name.parse::<Host>().map_err(Refusal::Sni)?.name().map(str::to_owned),
        };
        let place = match (job.fixed_address.as_str(), host) {
            ("", Host::Name(name)) => Place::Name(name.as_str().to_owned()),
            ("", Host::Address(address)) => Place::Address(address),
            (fixed, _) => Place::Address(
                fixed
                    .parse()
                    .map_err(|_| Refusal::FixedAddress(fixed.chars().take(64).collect()))?,
            ),
        };
        Ok(Self { place, port, sni })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(host: &str) -> Job {
        Job { host: host.into(), port: 443, protocol: Protocol::Tls.into(), ..Job::default() }
    }

    #[test]
    fn a_name_is_resolved_and_sent() {
        let target = Target::try_from(&job("Example.com")).unwrap();
        assert_eq!(target.place, Place::Name("example.com".into()));
        assert_eq!(target.sni.as_deref(), Some("example.com"));
    }

    #[test]
    fn an_address_is_dialled_without_sni() {
        let target = Target::try_from(&job("::ffff:192.0.2.1")).unwrap();
        assert_eq!(target.place, Place::Address("192.0.2.1".parse().unwrap()));
        assert_eq!(target.sni, None);
    }

    #[test]
    fn a_fixed_address_keeps_the_name_as_sni_unless_another_is_given() {
        let fixed = Job { fixed_address: "2001:db8::1".into(), ..job("example.com") };
        let target = Target::try_from(&fixed).unwrap();
        assert_eq!(target.place, Place::Address("2001:db8::1".parse().unwrap()));
        assert_eq!(target.sni.as_deref(), Some("example.com"));

        let other = Job { sni: "other.example".into(), ..fixed };
        assert_eq!(Target::try_from(&other).unwrap().sni.as_deref(), Some("other.example"));
    }

    #[test]
    fn a_malformed_job_is_named() {
        let refusal = |job: Job| Target::try_from(&job).unwrap_err();
        assert!(matches!(refusal(job("a..b")), Refusal::Host(_)));
        assert_eq!(refusal(Job { port: 0, ..job("a.example") }), Refusal::Port(0));
        assert_eq!(refusal(Job { port: 65_536, ..job("a.example") }), Refusal::Port(65_536));
        assert!(matches!(refusal(Job { sni: "*".into(), ..job("a.example") }), Refusal::Sni(_)));
        let fixed = Job { fixed_address: "nowhere".into(), ..job("a.example") };
        assert_eq!(refusal(fixed), Refusal::FixedAddress("nowhere".into()));
        let smtp = Job { protocol: Protocol::Smtp.into(), ..job("a.example") };
        assert_eq!(refusal(smtp), Refusal::Protocol("smtp"));
    }
}
