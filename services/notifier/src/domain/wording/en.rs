//! English.

use proto::v1::{Kind, Reason, Severity, untrusted::Cause};

use super::{
    moment::{Clock, Unit},
    phrases::{Label, Phrases},
    saying::{Limit, Saying},
};

pub(super) struct English;

impl Phrases for English {
    fn title(&self, kind: Kind) -> &'static str {
        match kind {
            Kind::Unspecified => "test message",
            Kind::EnableFailed => "monitoring could not begin",
            Kind::Expired => "certificate expired",
            Kind::Expiring => "certificate expires soon",
            Kind::ChainIncomplete => "certificate chain incomplete",
            Kind::NameMismatch => "certificate does not cover the name",
            Kind::Recovered => "recovered",
            Kind::Untrusted => "certificate not trusted",
            Kind::NotYetValid => "certificate not yet valid",
            Kind::Revoked => "certificate revoked",
            Kind::Unreachable => "no certificate any more",
            Kind::MixedCertificates => "endpoints serve different certificates",
            Kind::Weak => "weak cryptography",
            Kind::RenewalOverdue => "renewal overdue",
            Kind::NotObserved => "not observed",
            Kind::CertificateChanged => "certificate changed",
            Kind::ProberBlind => "prober sees nothing but failures",
        }
    }

    fn sentence(&self, name: &str, saying: &Saying<'_>, clock: &Clock<'_>) -> String {
        match saying {
            Saying::Test => "This is a test: messages from certherald reach you here.".to_owned(),
            Saying::Verification => {
                "Somebody asked that news about certificates reach you at this address.".to_owned()
            }
            Saying::BrokenChannel { channel, contact } => broken(self.channel(channel), contact),
            Saying::EnableFailed(reason) => {
                let reason = self.reason(*reason);
                format!("Monitoring of {name} could not begin, as no certificate came: {reason}.")
            }
            Saying::Unreachable(reason) => {
                format!("{name} no longer gives a certificate: {}.", self.reason(*reason))
            }
            Saying::Expired { limit } => {
                let at = limit.at.map(|at| format!(" on {}", clock.local(at)));
                format!("{} expired{}.", of(name, limit), at.unwrap_or_default())
            }
            Saying::Expiring { limit, left } => {
                let at = limit.at.map(|at| format!(", on {}", clock.local(at)));
                let (left, at) = (self.span(*left), at.unwrap_or_default());
                format!("{} expires in {left}{at}.", of(name, limit))
            }
            Saying::ChainIncomplete { missing: Some(missing) } => {
                format!("{name} does not present the intermediate certificate “{missing}”.")
            }
            Saying::ChainIncomplete { missing: None } => {
                format!("{name} does not present all intermediate certificates.")
            }
            Saying::NameMismatch { expected } => {
                format!("The certificate of {name} does not cover {expected}.")
            }
            Saying::Recovered { kinds, lasted } => {
                let what: Vec<_> = kinds.iter().map(|kind| self.title(*kind)).collect();
                let lasted = self.span(*lasted);
                format!("{name} is well again; resolved after {lasted}: {}.", what.join(", "))
            }
            Saying::Untrusted(cause) => {
                format!("The certificate of {name} is not trusted: {}.", self.distrust(*cause))
            }
            Saying::NotYetValid { from } => {
                let from = from.map(|at| format!(" before {}", clock.local(at)));
                format!("The certificate of {name} is not valid{}.", from.unwrap_or(" yet".into()))
            }
            Saying::Revoked => format!("The certificate of {name} has been revoked."),
            Saying::Mixed { fewer, all } => {
                format!("{fewer} of {all} endpoints of {name} serve another certificate.")
            }
            Saying::Weak { weaknesses } => {
                format!("{name} relies on weak cryptography: {}.", weaknesses.join(", "))
            }
            Saying::RenewalOverdue => {
                format!("The certificate of {name} has not been renewed at its usual time.")
            }
            Saying::NotObserved { last_seen } => {
                let since = last_seen.map(|at| format!(" since {}", clock.local(at)));
                let since = since.unwrap_or_default();
                format!("{name} has not been observed{since}: how it stands is not known.")
            }
            Saying::Changed { lost: [] } => format!("The certificate of {name} has changed."),
            Saying::Changed { lost } => {
                let count = lost.len();
                format!(
                    "The certificate of {name} has changed, and no longer covers {count} of its names."
                )
            }
            Saying::ProberBlind { failed, looked } => format!(
                "Prober {name} failed on {failed} of {looked} domains that were fine: its \
                 failures are set aside."
            ),
        }
    }

    fn action(&self, saying: &Saying<'_>) -> &'static str {
        match saying {
            Saying::Test => "Nothing to do.",
            Saying::Verification => {
                "Open the link within an hour to agree; if you did not expect this, do nothing."
            }
            Saying::BrokenChannel { .. } => {
                "Put the address right and save it, or send a test once it is mended at the other \
                 end: what waits goes at once."
            }
            Saying::Expired { .. } => "Renew the certificate immediately to restore service.",
            Saying::Expiring { .. } => "Renew before it expires to prevent an interruption.",
            Saying::ChainIncomplete { .. } => {
                "Deploy the certificate again with the complete chain, all intermediates included \
                 (the missing one is attached)."
            }
            Saying::NameMismatch { .. } => {
                "Check that the certificate covers the domain, or reissue one that does."
            }
            Saying::Recovered { .. } => "Nothing to do: a detected anomaly has been resolved.",
            Saying::EnableFailed(reason) | Saying::Unreachable(reason) => mend(*reason),
            Saying::Untrusted(_) => {
                "Deploy a certificate of a trusted issuer, or give the domain its private CA."
            }
            Saying::NotYetValid { .. } => {
                "Deploy a certificate that is valid now, and check the clock of the issuer."
            }
            Saying::Revoked => "Replace the certificate immediately, with a new key.",
            Saying::Mixed { .. } => "Deploy the same certificate on every endpoint.",
            Saying::Weak { .. } => {
                "Reissue with a stronger key or signature, and allow TLS 1.2 or later."
            }
            Saying::RenewalOverdue => "Check that the automatic renewal still works.",
            Saying::NotObserved { .. } => "Check that the probers run and reach the network.",
            Saying::Changed { .. } => "Nothing to do, if the change was meant.",
            Saying::ProberBlind { .. } => "Check the network and the resolver of this prober.",
        }
    }

    fn label(&self, label: Label) -> &'static str {
        match label {
            Label::Action => "What to do",
            Label::Severity => "Severity",
            Label::Detected => "Anomaly time",
            Label::Since => "Since",
            Label::Reminder => "Reminder",
            Label::Reason => "Reason",
            Label::Detail => "Detail",
            Label::Certificate => "Certificate",
            Label::Issuer => "Issuer",
            Label::Validity => "Valid",
            Label::Names => "Names",
            Label::Fingerprint => "SHA-256",
            Label::Limiting => "Certificate that limits it",
            Label::Rung => "Threshold",
            Label::Missing => "Missing",
            Label::Expected => "Expected name",
            Label::Presented => "Presented names",
            Label::Cause => "Cause",
            Label::Weaknesses => "Weaknesses",
            Label::Groups => "Served certificates",
            Label::Before => "Before",
            Label::After => "Now",
            Label::NamesGained => "Names gained",
            Label::NamesLost => "Names lost",
            Label::LastSeen => "Last observed",
            Label::Unanswered => "Looks without answer",
            Label::Failed => "Failures",
            Label::Endpoints => "Seen on",
            Label::Recovered => "Resolved",
            Label::OwnerNote => "Owner note",
            Label::Page => "Open the console",
            Label::Verify => "Confirm this address",
            Label::BrokenChannel => "nothing can be delivered",
            Label::Answer => "Its answer",
            Label::Contacts => "Open the contacts",
        }
    }

    fn channel<'a>(&self, token: &'a str) -> &'a str {
        match token {
            "email" => "email",
            "internal" => "inbox",
            "dingtalk" => "DingTalk",
            "wecom" => "WeCom",
            "feishu" => "Feishu",
            "lark" => "Lark",
            "slack" => "Slack",
            "webhook" => "webhook",
            other => other,
        }
    }

    fn severity(&self, severity: Severity) -> &'static str {
        match severity {
            Severity::Unspecified => "unknown",
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Critical => "critical",
        }
    }

    fn reason(&self, reason: Reason) -> &'static str {
        match reason {
            Reason::Unspecified => "the reason is not known",
            Reason::DnsNoAddress => "the name has no address",
            Reason::DnsFailure => "the name servers do not answer properly",
            Reason::AddressNotAllowed => "its address may not be connected to",
            Reason::ConnectRefused => "the port is closed",
            Reason::ConnectTimeout => "nothing answers at the port",
            Reason::NotTls => "what answers at the port does not speak TLS",
            Reason::HandshakeFailed => "the TLS handshake failed",
            Reason::NoCertificate => "the server presented none",
        }
    }

    fn distrust(&self, cause: Cause) -> &'static str {
        match cause {
            Cause::Unspecified => "the cause is not known",
            Cause::SelfSigned => "it is self-signed",
            Cause::UnknownRoot => "its root is not a trusted one",
            Cause::IssuerNotFound => "its issuer is not known",
            Cause::NotPermitted => "its chain breaks a rule",
            Cause::Malformed => "it cannot be read",
        }
    }

    fn quantity(&self, count: i64, unit: Unit) -> String {
        let unit = match (unit, count) {
            (Unit::Days, 1) => "day",
            (Unit::Days, _) => "days",
            (Unit::Hours, 1) => "hour",
            (Unit::Hours, _) => "hours",
            (Unit::Minutes, 1) => "minute",
            (Unit::Minutes, _) => "minutes",
            (Unit::Seconds, 1) => "second",
            (Unit::Seconds, _) => "seconds",
        };
        format!("{count} {unit}")
    }

    fn more(&self, count: usize) -> String {
        format!("… and {count} more")
    }

    fn lasted(&self, from: &str, to: &str, span: &str) -> String {
        format!("from {from} to {to} ({span})")
    }

    fn share(&self, part: u64, whole: u64) -> String {
        format!("{part} of {whole}")
    }

    fn undelivered(&self, channel: &str, reason: &str) -> String {
        let channel = self.channel(channel);
        format!("This message could not be delivered through {channel}: {reason}")
    }

    fn out_of_order(&self, channel: &str, reason: &str) -> String {
        let channel = self.channel(channel);
        format!("Nothing can be delivered through {channel}: {reason}\nThe first message today:")
    }

    fn waiting(&self, channel: &str, reason: &str) -> String {
        let channel = self.channel(channel);
        format!(
            "This message waits, at most a day, since nothing can be delivered through {channel}: \
             {reason}\nIt goes once the address is saved again or a test is delivered."
        )
    }

    fn deploy_from_page(&self) -> &'static str {
        "Deploy the certificate again with the complete chain, all intermediates included (the \
         missing one is on the page of the domain)."
    }

    fn gathered(&self, count: usize) -> String {
        format!("These {count} messages came close together.")
    }

    fn messages(&self, count: usize) -> String {
        format!("{count} messages")
    }

    fn one_certificate(&self) -> &'static str {
        "one certificate"
    }

    fn colon(&self) -> &'static str {
        ": "
    }

    fn comma(&self) -> &'static str {
        ", "
    }
}

/// The certificate that a limit speaks of.
fn of(name: &str, limit: &Limit) -> String {
    match &limit.above_leaf {
        None => format!("The certificate of {name}"),
        Some(subject) => format!("The certificate “{subject}”, which {name} relies on,"),
    }
}

/// That nothing reaches a contact through a channel.
fn broken(channel: &str, contact: &str) -> String {
    format!(
        "Nothing can be delivered to {contact} through {channel}: news wait for a day at most, and \
         are kept in the inbox."
    )
}

fn mend(reason: Reason) -> &'static str {
    match reason {
        Reason::Unspecified => "Check the name, the port and the server.",
        Reason::DnsNoAddress => "Correct the name, or publish an address for it (A or AAAA).",
        Reason::DnsFailure => "Check the name servers of the domain.",
        Reason::AddressNotAllowed => {
            "Correct the name, or have the operator allow the address range."
        }
        Reason::ConnectRefused => "Start the server, or correct the port.",
        Reason::ConnectTimeout => "Open the port in the firewall, or correct the address.",
        Reason::NotTls => "Use the HTTPS port, or choose the STARTTLS protocol of the server.",
        Reason::HandshakeFailed => {
            "Check the TLS settings of the server: its key, versions, and whether it serves this name."
        }
        Reason::NoCertificate => "Configure a certificate on the server.",
    }
}
