//! Every sentence exists in both languages, and no English is left in the Chinese.

use jiff::Timestamp;
use proto::v1::{AnomalyTime, Kind, delivery_dropped::Why, delivery_due::Cause};

use super::*;
use crate::domain::language::tests::{distinct, english_left, variants};

/// The values of these enumerations, as their source has them.
const SOURCE: &str = include_str!("../reason.rs");

fn at() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

fn resting(until: Option<Timestamp>) -> Resting {
    Resting { name: "Ada".to_owned(), method: "email".to_owned(), until }
}

fn standing() -> Vec<Standing> {
    let window = AnomalyTime {
        from_minute: 9 * 60,
        to_minute: 18 * 60,
        time_zone: "Asia/Shanghai".to_owned(),
        critical_any_time: true,
    };
    let gap = |has_address| {
        let (name, method) = ("Ada".to_owned(), "email".to_owned());
        Standing::Unreached(Unreached { name, method, has_address })
    };
    let silenced = |of| Standing::Silenced { of, reason: "搬家".to_owned(), until: at() };
    vec![
        Standing::Disabled,
        Standing::NoSetting,
        Standing::SwitchOn(Called::Own),
        Standing::SwitchOff(Called::Default),
        Standing::Names {
            called: Called::Own,
            contacts: vec![Some("Ada".to_owned()), None],
            methods: vec!["email".to_owned(), "slack".to_owned()],
        },
        gap(true),
        gap(false),
        Standing::Resting(resting(None)),
        Standing::Resting(resting(Some(at()))),
        Standing::UsualKinds,
        Standing::OnlyKinds(Kind::ALL.to_vec()),
        Standing::AllDay,
        Standing::WindowOpen(window.clone()),
        Standing::WindowShut { window, opens: at() },
        Standing::Repeats(0),
        Standing::Repeats(1),
        Standing::Repeats(7),
        Standing::Escalates { minutes: 30, contacts: vec!["Ada".to_owned()] },
        silenced(Silent::Domain),
        silenced(Silent::Tag("shop".to_owned())),
    ]
}

fn overall() -> Vec<Overall> {
    let until = Overall::WaitsUntil(at());
    let stopped = Overall::Stopped(Standing::Disabled);
    let alone = |ways| Overall::CriticalAlone { ways, until: at() };
    let told = [Overall::ToldIn(1), Overall::ToldIn(5), alone(1), alone(5)];
    [stopped, Overall::ReachesNobody, until].into_iter().chain(told).collect()
}

fn next() -> Vec<Next> {
    vec![
        Next::KindLeftOut { kind: Kind::Weak, called: Called::Own },
        Next::InHand { since: at(), reason: String::new() },
        Next::NotAgain,
        Next::AgainAt { told_at: at(), at: at() },
        Next::SecondAt(at()),
    ]
}

fn sent() -> Vec<Sent> {
    let method = || "wecom".to_owned();
    let words = || "421 try later".to_owned();
    let causes = [
        Cause::Unspecified,
        Cause::Event,
        Cause::Reminder,
        Cause::Test,
        Cause::Again,
        Cause::Escalation,
        Cause::Verification,
        Cause::ChannelBroken,
    ];
    let because = causes.map(|cause| Because { cause, reminder: 2 });
    let told = because.map(|because| Sent::Told {
        because,
        method: method(),
        at: at(),
        is_together: true,
    });
    let why = [
        Why::Unspecified,
        Why::ClosedBefore,
        Why::NotWanted,
        Why::NoAddress,
        Why::Merged,
        Why::Acknowledged,
    ];
    let mut all = told.to_vec();
    all.extend(why.map(|why| Sent::Dropped(Some(why))));
    all.extend([
        Sent::Dropped(None),
        Sent::BeingSent { because: because[0], method: method() },
        Sent::Failed { method: method(), words: words(), again: Some(at()) },
        Sent::Failed { method: method(), words: words(), again: None },
        Sent::GivenUp { method: method(), words: words() },
        Sent::UnlessAcknowledged(at()),
        Sent::SilenceHolds(at()),
        Sent::WindowOpens(at()),
        Sent::AddressRests(resting(None)),
        Sent::AboutToBeSent,
    ]);
    all
}

fn unsent() -> Vec<Unsent> {
    let (name, method) = ("Ada".to_owned(), "internal".to_owned());
    vec![
        Unsent::NobodyNamed,
        Unsent::Abandoned,
        Unsent::SwitchedOff(Called::Default),
        Unsent::KindNotWanted { kind: Kind::Expired, called: Called::Own },
        Unsent::ContactRemoved,
        Unsent::Unreached(Unreached { name: name.clone(), method, has_address: true }),
        Unsent::NotToldBefore(name.clone()),
        Unsent::NotCritical(name),
        Unsent::NotYet,
        Unsent::WasAnother,
    ]
}

#[test]
fn every_sentence_is_there_in_both_languages() {
    assert_eq!(distinct(&overall()), variants(SOURCE, "Overall"));
    assert_eq!(distinct(&standing()), variants(SOURCE, "Standing"));
    assert_eq!(distinct(&next()), variants(SOURCE, "Next"));
    assert_eq!(distinct(&sent()), variants(SOURCE, "Sent"));
    assert_eq!(distinct(&unsent()), variants(SOURCE, "Unsent"));
    let mut reasons: Vec<Reason> = overall().into_iter().map(Reason::from).collect();
    reasons.extend(standing().into_iter().map(Reason::from));
    reasons.extend(next().into_iter().map(Reason::from));
    reasons.extend(sent().into_iter().map(Reason::from));
    reasons.extend(unsent().into_iter().map(Reason::from));
    for reason in reasons {
        let english = reason.in_language(Language::English);
        assert!(english.is_ascii() || english.contains("搬家"), "{english}");
        let chinese = reason.in_language(Language::Chinese);
        assert!(chinese.ends_with(['。', '`']), "{chinese}");
        assert_eq!(english_left(&chinese), Vec::<String>::new(), "{chinese}");
    }
}
