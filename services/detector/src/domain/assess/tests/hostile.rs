//! Lists that mean harm: judged, whatever they are, within bounds and without a panic.

use proptest::{prelude::*, sample::Index};

use super::chains::{Authority, Scene, given};

/// A leaf, two intermediates, the root, a cross-sign and a stranger; the root is trusted.
fn whole() -> (Vec<Vec<u8>>, Vec<u8>) {
    let (root, stranger) = (Authority::root("Root"), Authority::root("Stranger"));
    let upper = root.below("Upper");
    let lower = upper.below("Lower");
    let cross = stranger.cross_sign(&upper, "2024-01-01T00:00:00Z", "2034-01-01T00:00:00Z");
    (vec![lower.leaf(), lower.der, upper.der, root.der.clone(), cross, stranger.der], root.der)
}

fn scene(list: &[Vec<u8>], root: &[u8]) -> Scene {
    given(list).trusting(root)
}

#[test]
fn a_web_of_namesakes_is_no_path() {
    // Every authority has the same name and another key: each could have issued each.
    let tangle: Vec<Authority> = (0..20).map(|_| Authority::root("Tangle")).collect();
    let mut list = vec![tangle[0].leaf()];
    for (place, authority) in tangle.iter().enumerate() {
        let above = &tangle[(place + 1) % tangle.len()];
        list.push(above.cross_sign(authority, "2024-01-01T00:00:00Z", "2034-01-01T00:00:00Z"));
    }
    let scene = scene(&list, &Authority::root("Root").der);
    assert_eq!(scene.kinds(), ["untrusted"]);
}

#[test]
fn the_right_one_of_many_namesakes_is_found() {
    let root = Authority::root("Root");
    let namesakes: Vec<Authority> = (0..10).map(|_| root.below("Issuer")).collect();
    for issuer in &namesakes {
        let leaf = issuer.leaf();
        let list = [&leaf].into_iter().chain(namesakes.iter().map(|it| &it.der));
        assert_eq!(given(list).trusting(&root.der).kinds(), [""; 0]);
        let known = namesakes
            .iter()
            .fold(given([&leaf]).trusting(&root.der), |scene, it| scene.knowing(&it.der));
        assert_eq!(known.kinds(), ["chain_incomplete"]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_order_of_the_others_changes_no_finding(seed in any::<u64>()) {
        let (list, root) = whole();
        let (leaf, others) = list.split_first().unwrap();
        let mut shuffled = others.to_vec();
        let mixed = |sum: u64, byte: &u8| sum.rotate_left(5) ^ u64::from(*byte);
        shuffled.sort_by_key(|der| der.iter().fold(seed, mixed));
        shuffled.insert(0, leaf.clone());
        let findings = |list: &[Vec<u8>]| scene(list, &root).verdict().anomalies;
        prop_assert_eq!(findings(&list), findings(&shuffled));
    }

    #[test]
    fn no_mutation_of_a_list_breaks_the_judgement(
        edits in proptest::collection::vec(any::<(Index, Index, u8)>(), 1..6),
        cut in any::<Option<Index>>(),
    ) {
        let (mut list, root) = whole();
        for (which, place, byte) in edits {
            let der = which.index(list.len());
            let at = place.index(list[der].len());
            list[der][at] = byte;
        }
        if let Some(cut) = cut {
            let length = list[0].len();
            list[0].truncate(cut.index(length));
        }
        let verdict = scene(&list, &root).verdict();
        for anomaly in &verdict.anomalies {
            prop_assert!(!anomaly.summary.chars().any(char::is_control));
            let _message: proto::v1::Evidence = (&anomaly.evidence).into();
        }
    }
}
