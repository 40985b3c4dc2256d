//! How lists of names are read, and what is refused.

use proptest::prelude::*;

use super::*;

fn places(intake: &Intake) -> Vec<String> {
    intake.good.iter().map(|good| good.place.host.with_port(good.place.port)).collect()
}

fn refusals(intake: &Intake) -> Vec<(usize, String)> {
    intake.refused.iter().map(|refused| (refused.line, refused.reason.to_string())).collect()
}

#[test]
fn a_list_is_divided_by_commas_and_lines() {
    let intake =
        list("a.example, b.example:8443\n\n# ours\n[2001:db8::1]:993 # mail\r\nbücher.example")
            .unwrap();
    assert_eq!(
        places(&intake),
        ["a.example:443", "b.example:8443", "[2001:db8::1]:993", "xn--bcher-kva.example:443"]
    );
    assert_eq!(intake.good[2].line, 4);
}

#[test]
fn a_refused_line_costs_no_other() {
    let intake = list("a.example\n*.b.example\nc.example:0\nd.example").unwrap();
    assert_eq!(places(&intake), ["a.example:443", "d.example:443"]);
    let lines: Vec<_> = intake.refused.iter().map(|r| (r.line, r.text.as_str())).collect();
    assert_eq!(lines, [(2, "*.b.example"), (3, "c.example:0")]);
    assert!(intake.refused[0].reason.to_string().contains("wildcard"), "{:?}", intake.refused);
}

#[test]
fn a_repeated_domain_is_refused_with_the_line_it_repeats() {
    let intake = list("a.example\nA.example.\na.example:443\na.example:444").unwrap();
    assert_eq!(places(&intake), ["a.example:443", "a.example:444"]);
    let reason = || "the same domain stands on line 1".to_owned();
    assert_eq!(refusals(&intake), [(2, reason()), (3, reason())]);
}

#[test]
fn what_is_ignored_is_said() {
    let intake = list("https://a.example/login?next=1").unwrap();
    assert_eq!(places(&intake), ["a.example:443"]);
    let remark = Refusal::OnlyMonitored("a.example:443".to_owned());
    assert_eq!(intake.remarks[0].reason, remark);
}

#[test]
fn csv_carries_options() {
    let text = "\u{feff}Name,tags,interval_seconds,rungs,owner_note\r\n\
                mail.example:465,web; eu ,3600,30d;10%,\"Call Ada,\nor Bob\"\r\n\
                b.example\r\n";
    let intake = csv(text).unwrap();
    assert_eq!(intake.refused, []);
    assert_eq!(intake.good[0].place.protocol, Protocol::Tls);
    let options = intake.good[0].options.to_draft();
    assert_eq!((options.tags.len(), options.interval_seconds), (2, Some(3600)));
    assert_eq!(options.rungs, ["30d", "10%"]);
    assert_eq!(options.owner_note.as_deref(), Some("Call Ada,\nor Bob"));
    assert_eq!(intake.good[1].options, Options::default());
}

#[test]
fn each_bad_row_has_its_line_and_all_its_mistakes() {
    let text =
        "name,protocol,interval_seconds\nb.example,carrier,soon\nc.example,,,x\nd.example,tls,60\n";
    let intake = csv(text).unwrap();
    assert_eq!(places(&intake), ["d.example:443"]);
    let lines: Vec<_> = intake.refused.iter().map(|refused| refused.line).collect();
    assert_eq!(lines, [2, 3]);
    let reason = intake.refused[0].reason.to_string();
    assert!(reason.contains("protocol: `carrier`") && reason.contains("interval_seconds"));
    assert_eq!(intake.refused[1].reason, Refusal::Fields { have: 4, columns: 3 });
}

#[test]
fn what_no_prober_speaks_is_refused_also_when_guessed() {
    let intake = list("mail.example:25\nmail.example:465").unwrap();
    assert_eq!(places(&intake), ["mail.example:465"]);
    let reason = "protocol: `smtp`: want one that probers speak: tls".to_owned();
    assert_eq!(refusals(&intake), [(1, reason)]);
}

#[test]
fn what_a_line_leaves_open_is_as_for_all() {
    let options = OptionsDraft {
        tags: vec!["shop".to_owned()],
        interval_seconds: Some(60),
        ..OptionsDraft::default()
    };
    let like = Draft { options, ..Draft::default() };
    let tags = |good: &Good| good.options.to_draft().tags;
    let listed = list_like("a.example, b.example", &like).unwrap().good;
    assert_eq!(listed.iter().map(tags).collect::<Vec<_>>(), [["shop"], ["shop"]]);
    let text = "name,tags,interval_seconds\na.example,,\nb.example,web,120\n";
    let read = csv_like(text, &like).unwrap().good;
    assert_eq!(read.iter().map(tags).collect::<Vec<_>>(), [["shop"], ["web"]]);
    let intervals = read.iter().map(|good| good.options.to_draft().interval_seconds);
    assert_eq!(intervals.collect::<Vec<_>>(), [Some(60), Some(120)]);
}

#[test]
fn columns_must_be_known() {
    assert_eq!(csv(""), Err(Unreadable::NoNameColumn));
    assert_eq!(csv("tags\nweb\n"), Err(Unreadable::NoNameColumn));
    assert_eq!(csv("name,colour\n"), Err(Unreadable::UnknownColumn { title: "colour".into() }));
    assert_eq!(csv("name,Name\n"), Err(Unreadable::RepeatedColumn("name".into())));
}

#[test]
fn a_list_has_an_end() {
    let refused = list(&"*,".repeat(LINES_MAX)).map(|intake| intake.refused.len());
    assert_eq!(refused, Ok(LINES_MAX));
    assert_eq!(list(&"*,".repeat(LINES_MAX + 1)), Err(Unreadable::TooLong));
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(text in "(\\PC|[\",\n\r;]){0,200}") {
        drop(list(&text));
        drop(csv(&text));
        drop(csv(&format!("name,tags,rungs\n{text}")));
    }
}
