//! What is found by sets and orders that are kept is what looking at each domain finds.

use std::ops::Range;

use super::*;
use crate::domain::board::domains::Row;

fn takes(filter: &Filter, row: &Row) -> bool {
    let Filter { state, tag, text, kind, severity, issuer, expires } = filter;
    let open = row.watch.anomalies();
    let leaf = row.watch.leaf();
    state.is_none_or(|state| row.state() == state)
        && tag.as_ref().is_none_or(|tag| row.tags().contains(tag))
        && text.as_ref().is_none_or(|text| row.place().host.to_string().contains(text))
        && kind.is_none_or(|kind| open.iter().any(|anomaly| anomaly.kind == kind))
        && severity.is_none_or(|least| row.severity().is_some_and(|have| have >= least))
        && issuer
            .as_ref()
            .is_none_or(|text| leaf.is_some_and(|leaf| leaf.issuer.to_lowercase().contains(text)))
        && expires.as_ref().is_none_or(|span| row.expires_at().is_some_and(|at| span.contains(&at)))
}

fn filter() -> impl Strategy<Value = Filter> {
    let some = prop::option::of::<BoxedStrategy<Range<Timestamp>>>;
    let span = (0..9_i64, 0..9_i64).prop_map(|(from, to)| at(from * 1_800)..at(to * 1_800)).boxed();
    (
        prop::option::of(prop::sample::select(vec![
            State::Secure,
            State::Abnormal,
            State::Enabling,
        ])),
        prop::option::of(prop::sample::select(vec!["x".to_owned(), "y".to_owned()])),
        prop::option::of("[ab]{1,2}"),
        prop::option::of(prop::sample::select(vec![Kind::Weak, Kind::Expired])),
        prop::option::of(prop::sample::select(vec![Severity::Warning, Severity::Critical])),
        prop::option::of(prop::sample::select(vec![
            "cn=".to_owned(),
            "n=2".to_owned(),
            "x".to_owned(),
        ])),
        some(span),
    )
        .prop_map(|(state, tag, text, kind, severity, issuer, expires)| Filter {
            state,
            tag,
            text,
            issuer,
            kind,
            severity,
            expires,
        })
}

proptest! {
    #[test]
    fn a_filter_takes_what_it_says(
        domains in prop::collection::vec(("[ab]{1,3}", 0..4_u8, 0..4_u8, 0..9_i64), 0..20),
        gone in 0..4_usize,
        filter in filter(),
        sort in prop::sample::select(Sort::ALL.to_vec()),
    ) {
        let mut board = Board::default();
        let mut sequence = 0;
        for (name, tags, wrong, expires) in &domains {
            sequence += 1;
            let tags: Vec<_> =
                [("x", 1), ("y", 2)].iter().filter(|(_, bit)| tags & bit != 0).map(|(t, _)| *t).collect();
            let id = add(&mut board, sequence, &format!("{name}.example"), &tags);
            let kinds = [(Kind::Weak, Severity::Warning), (Kind::Expired, Severity::Critical)];
            let wrong = kinds.into_iter().zip([1, 2]).filter(|(_, bit)| wrong & bit != 0);
            let mut events: Vec<_> = wrong.map(|((kind, bad), _)| opened(kind, bad)).collect();
            let state = if events.is_empty() { State::Secure } else { State::Abnormal };
            events.extend(serving(*expires));
            board.logged(id, sequence, &log(state, events));
        }
        for (name, ..) in domains.iter().take(gone) {
            sequence += 1;
            let id = place(&format!("{name}.example")).id();
            if board.domains().row(&id).is_some() {
                order(&mut board, id, sequence, Command::Remove);
            }
        }

        let query = Query { filter, ..all(sort) };
        let page = board.domains().page(&query);
        let whole = board.domains().page(&all(sort));
        let expected: Vec<_> =
            whole.rows.iter().filter(|row| takes(&query.filter, row)).map(|row| row.id).collect();
        let found: Vec<_> = page.rows.iter().map(|row| row.id).collect();
        prop_assert_eq!(&found, &expected);
        prop_assert_eq!(page.total, expected.len());

        let days = [at(0), at(1_000), at(3_600), at(9_000), at(20_000)];
        let between = |days: &[Timestamp]| {
            let day = days[0]..days[1];
            let within = |row: &&Row| row.expires_at().is_some_and(|at| day.contains(&at));
            board.domains().iter().filter(within).count()
        };
        let expected: Vec<_> = days.windows(2).map(between).collect();
        prop_assert_eq!(board.domains().expiring(&days), expected);
    }
}

/// A chain whose leaf expires so many half hours after the epoch, and that it is served.
fn serving(half_hours: i64) -> Vec<log_event::Event> {
    if half_hours == 0 {
        return vec![];
    }
    let byte = u8::try_from(half_hours).unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let mut of = rcgen::CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
    of.not_before = rcgen::date_time_ymd(1969, 1, 1);
    of.not_after =
        rcgen::date_time_ymd(1970, 1, 1) + std::time::Duration::from_secs(1_800 * u64::from(byte));
    of.distinguished_name = rcgen::DistinguishedName::new();
    of.distinguished_name.push(rcgen::DnType::CommonName, (byte % 2 + 1).to_string());
    let certificate = of.self_signed(&key).unwrap();
    let fingerprint = || vec![byte; 32].into();
    let chain = v1::Chain {
        fingerprint: fingerprint(),
        certificates: vec![certificate.der().to_vec().into()],
    };
    vec![
        log_event::Event::ChainLearned(v1::ChainLearned {
            chain: Some(chain),
            ..v1::ChainLearned::default()
        }),
        log_event::Event::EndpointSeen(v1::EndpointSeen {
            address: "192.0.2.1".to_owned(),
            port: 443,
            chain: fingerprint(),
            ..v1::EndpointSeen::default()
        }),
    ]
}
