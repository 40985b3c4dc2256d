//! Every wish exists in both languages, and no English is left in the Chinese.

use certificate::error::CertificateError;
use proto::name::DomainName;

use super::*;
use crate::domain::language::tests::{distinct, english_left, variants};

const SOURCE: &str = include_str!("../want.rs");
const ADDRESS: &str = include_str!("../../../../../proto/src/address.rs");
const HOST: &str = include_str!("../../../../../proto/src/host.rs");
const NAME: &str = include_str!("../../../../../proto/src/name.rs");
const PEM: &str = include_str!("../../../../shared/certificate/src/pem.rs");
const CERTIFICATE: &str = include_str!("../../../../shared/certificate/src/error.rs");

fn hosts() -> Vec<InvalidHost> {
    let text = || "a..example".to_owned();
    vec![
        InvalidHost::Empty,
        InvalidHost::Wildcard(text()),
        InvalidHost::TooLong { length: 300 },
        InvalidHost::LabelTooLong { label: text(), length: 70 },
        InvalidHost::EmptyLabel(text()),
        InvalidHost::Malformed(text()),
        InvalidHost::Numeric(text()),
    ]
}

fn names() -> Vec<InvalidName> {
    let text = || "ftp".to_owned();
    vec![
        InvalidName::Host(InvalidHost::Empty),
        InvalidName::Port(text()),
        InvalidName::Scheme(text()),
        InvalidName::Brackets(text()),
    ]
}

fn malformations() -> Vec<CertificateError> {
    vec![
        CertificateError::Empty,
        CertificateError::TooLong { length: 9, max: 8 },
        CertificateError::NotDer { first: 0x2d },
        CertificateError::Truncated,
        CertificateError::Trailing { bytes: 3 },
        CertificateError::Version,
        CertificateError::Serial,
        CertificateError::Algorithm,
        CertificateError::Name,
        CertificateError::Date,
        CertificateError::Key,
        CertificateError::Extensions,
        CertificateError::Signature,
        CertificateError::Structure,
    ]
}

fn bundles() -> Vec<PemError> {
    let line = 3;
    let malformed = |malformation| PemError::Malformed { line, malformation };
    let mut all: Vec<_> = malformations().into_iter().map(malformed).collect();
    all.extend([
        PemError::NoCertificate,
        PemError::NoEnd { line, label: "CERTIFICATE".to_owned() },
        PemError::StrayEnd { line, found: "-----END X-----".to_owned() },
        PemError::NotBase64 { line },
        PemError::OpensslTrusted { line },
        PemError::TooMany { line, max: 5 },
        PemError::TooLong { line, max: 5 },
    ]);
    all
}

fn robots() -> Vec<Wanted> {
    vec![
        Wanted::Channel(&proto::address::SECRET_CHANNELS),
        Wanted::Url("https://open.feishu.cn/open-apis/bot/v2/hook/".to_owned()),
        Wanted::SlackUrl("https://hooks.slack.com/services/T…/B…/…".to_owned()),
        Wanted::AnyUrl,
        Wanted::Signature,
        Wanted::NoSecret,
        Wanted::WebhookSecret,
        Wanted::Mentions(20),
        Wanted::NoMentions,
    ]
}

fn asked() -> Vec<Asked> {
    vec![
        Asked::Key(200),
        Asked::Etag,
        Asked::EventId,
        Asked::Position,
        Asked::Cursor,
        Asked::Instant,
        Asked::Object,
        Asked::FormVersion,
        Asked::SortBy(vec!["name", "expires"]),
        Asked::KeepAlone,
        Asked::UrlOrKeep,
        Asked::NoTag,
        Asked::DomainOrTag,
        Asked::NotAll,
        Asked::NoContact,
    ]
}

fn flaws() -> Vec<Flaw> {
    let mut all: Vec<Flaw> = names().into_iter().map(Flaw::Domain).collect();
    all.extend(hosts().into_iter().map(Flaw::HostName));
    all.extend(bundles().into_iter().map(Flaw::Pem));
    all.push(Flaw::Parameter(", expected `limit`".to_owned()));
    all.push(Flaw::Said("invalid type: string".to_owned()));
    all
}

/// Every thing that can be wanted, once at least.
pub(in crate::domain) fn every() -> Vec<Want> {
    let mut all: Vec<Want> = asked().into_iter().map(Want::Asked).collect();
    all.extend(robots().into_iter().map(Want::Robot));
    all.extend(flaws().into_iter().map(Want::Mended));
    all.extend([
        Want::Line(100),
        Want::Note(500),
        Want::Characters(255),
        Want::Bytes(253),
        Want::AtMost(10),
        Want::UpTo(10),
        Want::OneOf(vec!["day", "week"]),
        Want::OneOfOrNone(vec!["en", "zh-CN"]),
        Want::SomeOf(vec!["email", "internal"]),
        Want::FutureTime,
        Want::Mailbox,
        Want::TimeZone,
        Want::SniName,
        Want::Spoken(vec!["tls"]),
        Want::FixedAddress,
        Want::Interval { min: 60, max: 604_800 },
        Want::Rung(398),
        Want::NoDividers,
        Want::ContactId,
        Want::ContactThere,
        Want::DomainThere,
        Want::AccountThere,
        Want::EntryThere,
        Want::OtherTime,
        Want::ClockTime,
        Want::RepeatDays(365),
        Want::EscalationMinutes(10_080),
        Want::AccountName(64),
        Want::Password { min: 10, max: 256 },
        Want::ReachingMethod,
    ]);
    all
}

#[test]
fn every_wish_is_there_in_both_languages() {
    assert_eq!(distinct(&hosts()), variants(HOST, "InvalidHost"));
    assert_eq!(distinct(&names()), variants(NAME, "InvalidName"));
    assert_eq!(distinct(&malformations()), variants(CERTIFICATE, "CertificateError"));
    assert_eq!(distinct(&bundles()), variants(PEM, "PemError"));
    assert_eq!(distinct(&robots()), variants(ADDRESS, "Wanted"));
    assert_eq!(distinct(&asked()), variants(SOURCE, "Asked"));
    assert_eq!(distinct(&flaws()), variants(SOURCE, "Flaw"));
    assert_eq!(distinct(&every()), variants(SOURCE, "Want"));
    for want in every() {
        let english = want.in_language(Language::English);
        assert!(english.chars().all(|c| c.is_ascii() || c == '…'), "{english}");
        let chinese = want.in_language(Language::Chinese);
        let is_of_names = matches!(want, Want::Robot(Wanted::SlackUrl(_)));
        assert!(!chinese.is_ascii() || is_of_names, "{chinese}");
        assert_eq!(english_left(&chinese), Vec::<String>::new(), "{chinese}");
    }
}

#[test]
fn what_is_wrong_is_said_once() {
    let said = |want: Want, value| Language::ALL.map(|language| want.against(value, language));
    let wildcard: Result<DomainName, _> = "*.a.example".parse();
    assert_eq!(
        said(Flaw::Domain(wildcard.unwrap_err()).into(), "*.a.example"),
        [
            "`*.a.example` is a wildcard: name each host that it stands for, a scan needs one to \
             connect to",
            "`*.a.example` 是通配符，无法连接：请逐一填写它所代表的主机名",
        ]
    );
    assert_eq!(
        said(Flaw::Parameter(", expected `limit`".to_owned()).into(), ""),
        ["no such parameter, expected `limit`", "没有这个参数，应为以下之一：`limit`"]
    );
    assert_eq!(said(Want::UpTo(7), "x"), ["`x`: want 1 to 7", "`x`：应为 1 至 7"]);
    assert_eq!(said(Want::UpTo(7), ""), ["want 1 to 7", "应为 1 至 7"]);
    for flaw in flaws() {
        let [english, chinese] = said(Want::Mended(flaw), "x");
        assert!(!english.contains("want"), "{english}");
        assert_eq!(english_left(&chinese), Vec::<String>::new(), "{chinese}");
    }
}
