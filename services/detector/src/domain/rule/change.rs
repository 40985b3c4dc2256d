//! What a changed leaf gained and lost.

use std::collections::BTreeSet;

use proto::v1::{CertificateSummary, Change, Evidence, evidence};

/// The evidence of a changed leaf.
pub fn evidence(before: Option<&CertificateSummary>, after: &CertificateSummary) -> Evidence {
    let names = |summary: &CertificateSummary| -> BTreeSet<String> {
        summary.names.iter().cloned().collect()
    };
    let (old, new) = (before.map(names).unwrap_or_default(), names(after));
    let known = before.is_some();
    let gained = new.difference(&old).filter(|_| known).cloned().collect();
    let lost = old.difference(&new).cloned().collect();
    let change = Change {
        before: before.cloned(),
        after: Some(after.clone()),
        names_gained: gained,
        names_lost: lost,
    };
    Evidence {
        leaf: Some(after.clone()),
        case: Some(evidence::Case::Change(change)),
        ..Evidence::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_names(names: &[&str]) -> CertificateSummary {
        let names = names.iter().map(|&name| name.to_owned()).collect();
        CertificateSummary { names, ..CertificateSummary::default() }
    }

    #[test]
    fn names_gained_and_lost_are_told_apart() {
        let evidence = evidence(Some(&with_names(&["a", "b"])), &with_names(&["b", "c"]));
        let Some(evidence::Case::Change(change)) = evidence.case else { panic!("another case") };
        assert_eq!(change.names_gained, ["c"]);
        assert_eq!(change.names_lost, ["a"]);
    }

    #[test]
    fn without_a_leaf_before_nothing_was_gained() {
        let Some(evidence::Case::Change(change)) = evidence(None, &with_names(&["c"])).case else {
            panic!("another case")
        };
        assert_eq!(change.names_gained, <[&str; 0]>::default());
    }
}
