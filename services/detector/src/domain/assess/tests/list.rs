//! The list is a set: its order, its extras and its roots are remarks.

use super::chains::{Authority, given, self_signed};

#[test]
fn a_misordered_list_is_a_remark() {
    let root = Authority::root("Root");
    let upper = root.below("Upper");
    let lower = upper.below("Lower");
    let leaf = lower.leaf();
    let remark = "The certificates are not presented in the order of the path.";

    let scene = given([&leaf, &upper.der, &lower.der]).trusting(&root.der);
    assert_eq!((scene.kinds(), scene.remarks()), (vec![], vec![remark.to_owned()]));

    for list in [[&lower.der, &leaf, &upper.der], [&lower.der, &upper.der, &leaf]] {
        let scene = given(list).trusting(&root.der);
        assert_eq!((scene.kinds(), scene.remarks()), (vec![], vec![remark.to_owned()]));
        assert_eq!(scene.assessment().leaf().unwrap().subject(), "CN=example.com");
    }
}

#[test]
fn a_root_first_does_not_hide_the_leaf() {
    let root = Authority::root("Root");
    let scene = given([&root.der, &root.leaf()]).trusting(&root.der);
    assert_eq!(scene.kinds(), [""; 0]);
    assert_eq!(scene.assessment().leaf().unwrap().subject(), "CN=example.com");
}

#[test]
fn a_self_signed_leaf_before_strangers_is_still_the_leaf() {
    let is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let leaf = self_signed(|params| params.is_ca = is_ca);
    let stranger = Authority::root("Stranger").leaf();
    let scene = given([&leaf, &stranger]).trusting(&leaf);
    assert_eq!(scene.kinds(), [""; 0]);
    assert_eq!(scene.remarks(), ["1 certificate is presented that the path does not need."]);
}

#[test]
fn what_the_path_does_not_need_is_a_remark() {
    let root = Authority::root("Root");
    let issuer = root.below("Issuer");
    let stranger = Authority::root("Stranger").below("Strange");
    let (leaf, garbage) = (issuer.leaf(), b"garbage".to_vec());
    let list = [&leaf, &stranger.der, &garbage, &issuer.der, &issuer.der, &root.der];
    let scene = given(list).trusting(&root.der);
    assert_eq!(scene.kinds(), [""; 0]);
    assert_eq!(
        scene.remarks(),
        [
            "1 certificate is presented more than once.",
            "Certificate 3 of the list cannot be read: this is no DER certificate: it begins with \
             byte 0x67 and not with 0x30.",
            "A root is presented, which clients do not need to be sent.",
            "1 certificate is presented that the path does not need.",
        ]
    );
}

#[test]
fn an_expired_cross_sign_that_another_path_does_not_need_is_a_remark() {
    let (old, new) = (Authority::root("Old"), Authority::root("New"));
    let cross = old.cross_sign(&new, "2020-01-01T00:00:00Z", "2026-01-01T00:00:00Z");
    let issuer = new.below("Issuer");
    let scene = given([&issuer.leaf(), &issuer.der, &cross]).trusting(&old.der).trusting(&new.der);
    assert_eq!(scene.kinds(), [""; 0]);
    assert_eq!(
        scene.remarks(),
        ["1 certificate is presented that the path does not need, of which expired: 1."]
    );
}

#[test]
fn a_long_list_is_cut_and_says_so() {
    let root = Authority::root("Root");
    let (leaf, issuer) = (root.leaf(), root.below("Issuer").der);
    let mut list = vec![leaf];
    list.extend(std::iter::repeat_n(issuer, 150));
    let scene = given(&list).trusting(&root.der);
    assert_eq!(scene.kinds(), [""; 0]);
    assert!(
        scene.remarks().contains(&"23 certificates are not read: the list is too long.".to_owned())
    );
}
