//! Chains with chosen names and dates, and a scene in which they are judged.

use std::{sync::Arc, time::Duration};

use certificate::Certificate;
use jiff::Timestamp;
use proto::v1::Kind;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};

use crate::domain::assess::{
    Assessment, Question,
    anchors::Anchors,
    evidence::Case,
    pool::{Pool, Source},
    rungs::OwnRung,
    verdict::Verdict,
    weak::Connection,
};

/// The noon at which things are judged unless a test says otherwise.
pub(super) const NOON: &str = "2026-06-15T12:00:00Z";

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// An authority: a name, a key, and one certificate for them.
pub(super) struct Authority {
    pub(super) der: Vec<u8>,
    params: CertificateParams,
    key: KeyPair,
}

impl Authority {
    /// A root that is valid from 2020 to 2040.
    pub(super) fn root(name: &str) -> Self {
        Self::root_with(name, "2020-01-01T00:00:00Z", "2040-01-01T00:00:00Z", |_| {})
    }

    pub(super) fn root_with(
        name: &str,
        from: &str,
        until: &str,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Self {
        let mut params = authority(name, from, until);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let der = params.self_signed(&key).unwrap().der().to_vec();
        Self { der, params, key }
    }

    /// An intermediate that is valid from 2024 to 2034.
    pub(super) fn below(&self, name: &str) -> Self {
        self.below_with(name, "2024-01-01T00:00:00Z", "2034-01-01T00:00:00Z", |_| {})
    }

    pub(super) fn below_with(
        &self,
        name: &str,
        from: &str,
        until: &str,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Self {
        let mut params = authority(name, from, until);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let der = params.signed_by(&key, &self.issuer()).unwrap().der().to_vec();
        Self { der, params, key }
    }

    /// Another certificate for the name and key of `other`, issued by this authority.
    pub(super) fn cross_sign(&self, other: &Self, from: &str, until: &str) -> Vec<u8> {
        let mut params = other.params.clone();
        valid(&mut params, from, until);
        params.signed_by(&other.key, &self.issuer()).unwrap().der().to_vec()
    }

    /// A leaf for `example.com`, valid for the 90 days from 1 May to 29 July 2026.
    pub(super) fn leaf(&self) -> Vec<u8> {
        self.leaf_with(|_| {})
    }

    pub(super) fn leaf_with(&self, change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
        let key = KeyPair::generate().unwrap();
        leaf_params(change).signed_by(&key, &self.issuer()).unwrap().der().to_vec()
    }

    fn issuer(&self) -> Issuer<'_, &KeyPair> {
        Issuer::from_params(&self.params, &self.key)
    }
}

/// A self-signed certificate for `example.com` with the dates of the usual leaf.
pub(super) fn self_signed(change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
    let key = KeyPair::generate().unwrap();
    leaf_params(change).self_signed(&key).unwrap().der().to_vec()
}

fn leaf_params(change: impl FnOnce(&mut CertificateParams)) -> CertificateParams {
    let mut params = CertificateParams::new(vec!["example.com".to_owned()]).unwrap();
    params.distinguished_name = named("example.com");
    valid(&mut params, "2026-05-01T00:00:00Z", "2026-07-29T23:59:59Z");
    change(&mut params);
    params
}

fn authority(name: &str, from: &str, until: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = named(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    valid(&mut params, from, until);
    params
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

/// Sets the validity, both ends included.
pub(super) fn valid(params: &mut CertificateParams, from: &str, until: &str) {
    let date = |text| {
        let seconds = u64::try_from(at(text).as_second()).unwrap();
        date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds)
    };
    (params.not_before, params.not_after) = (date(from), date(until));
}

/// What is presented, what is trusted and known, and for whom and when it is judged.
pub(super) struct Scene {
    list: Vec<Vec<u8>>,
    anchors: Anchors,
    pool: Pool,
    host: &'static str,
    now: Timestamp,
    rungs: Vec<OwnRung>,
    connection: Option<Connection>,
}

/// A scene in which this list is presented for `example.com` at [`NOON`], nothing is trusted and
/// nothing known.
pub(super) fn given<'a>(list: impl IntoIterator<Item = &'a Vec<u8>>) -> Scene {
    Scene {
        list: list.into_iter().cloned().collect(),
        anchors: Anchors::default(),
        pool: Pool::default(),
        host: "example.com",
        now: at(NOON),
        rungs: Vec::new(),
        connection: None,
    }
}

impl Scene {
    pub(super) fn trusting(mut self, der: &[u8]) -> Self {
        self.anchors.insert(Certificate::parse(der).unwrap());
        self
    }

    pub(super) fn knowing(self, der: &[u8]) -> Self {
        self.knowing_from(der, Source::Seen)
    }

    pub(super) fn knowing_from(mut self, der: &[u8], source: Source) -> Self {
        assert!(self.pool.insert(Arc::new(Certificate::parse(der).unwrap()), source));
        self
    }

    pub(super) fn host(mut self, host: &'static str) -> Self {
        self.host = host;
        self
    }

    pub(super) fn when(mut self, now: &str) -> Self {
        self.now = at(now);
        self
    }

    pub(super) fn rungs(mut self, rungs: &[OwnRung]) -> Self {
        self.rungs = rungs.to_vec();
        self
    }

    pub(super) fn over(mut self, connection: Connection) -> Self {
        self.connection = Some(connection);
        self
    }

    pub(super) fn assessment(&self) -> Assessment {
        Assessment::new(&self.list, &[&self.anchors], &[&self.pool])
    }

    pub(super) fn verdict(&self) -> Verdict {
        let host = self.host.parse().unwrap();
        let (now, rungs, connection) = (self.now, &self.rungs, self.connection.as_ref());
        self.assessment().judge(&Question { host: &host, now, rungs, connection })
    }

    /// The kinds of the findings, in the order in which they are told.
    pub(super) fn kinds(&self) -> Vec<&'static str> {
        self.verdict().anomalies.iter().map(|anomaly| anomaly.kind.token()).collect()
    }

    pub(super) fn remarks(&self) -> Vec<String> {
        self.verdict().remarks.iter().map(ToString::to_string).collect()
    }

    pub(super) fn evidence(&self, kind: Kind) -> Case {
        let verdict = self.verdict();
        let anomaly = verdict.anomaly(kind);
        anomaly.unwrap_or_else(|| panic!("no {kind:?} in {verdict:?}")).evidence.case.clone()
    }
}
