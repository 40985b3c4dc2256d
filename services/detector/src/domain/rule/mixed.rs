//! Whether the endpoints of one domain disagree on the certificate.

use std::collections::BTreeMap;

use proto::v1::{Evidence, Kind, Mixed, Severity, evidence, mixed::Group};

use crate::domain::{
    assess::evidence::GROUPS_MAX,
    sight::{Fingerprint, Showing},
    watch::command::{Finding, Judged},
};

/// The finding, if more than one leaf is believed. `endpoints` are those that show each.
pub fn finding(
    endpoints: &BTreeMap<Showing, Vec<String>>,
    judged: &BTreeMap<Showing, Judged>,
) -> Option<Finding> {
    let mut groups: BTreeMap<Fingerprint, Group> = BTreeMap::new();
    for (showing, addresses) in endpoints {
        let judged = judged.get(showing)?;
        let group = groups.entry(judged.leaf).or_default();
        group.leaf = Some(judged.summary.clone());
        group.endpoints.extend(addresses.iter().cloned());
    }
    if groups.len() < 2 {
        return None;
    }
    let mut groups: Vec<_> = groups.into_values().collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.endpoints.len()));
    groups.truncate(GROUPS_MAX);
    let leaf = groups.first().and_then(|group| group.leaf.clone());
    let case = Some(evidence::Case::Mixed(Mixed { groups }));
    Some(Finding {
        kind: Kind::MixedCertificates,
        severity: Severity::Warning,
        since: None,
        evidence: Evidence { leaf, case, ..Evidence::default() },
    })
}
