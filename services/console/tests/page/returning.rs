//! Where a form was sent, somebody may look again: from the address bar, a bookmark, or after
//! signing in.

use std::{collections::BTreeSet, fs, path::Path};

use reqwest::{StatusCode, header};

use crate::{guest::Guest, stage::Stage};

/// Where forms are sent whose place is put together by the page.
const COMPUTED: [&str; 4] = ["/notification/x", "/notification/x/clear", "/contacts/x", "/verify"];

#[tokio::test]
async fn whoever_looks_where_a_form_is_sent_is_led_to_its_page() {
    let stage = Stage::open().await;
    let guest = Guest::enter(&stage, "admin").await;
    let places = places();
    assert!(places.len() > 25, "{places:?}");
    for place in &places {
        let looked = guest.ask(place).await;
        assert_ne!(looked.status, StatusCode::METHOD_NOT_ALLOWED, "{place}: {looked:?}");
        if looked.status.is_redirection() {
            let page = guest.ask(looked.headers[header::LOCATION].to_str().unwrap()).await;
            // What the form is about need not be there.
            let shown = [StatusCode::OK, StatusCode::NOT_FOUND].contains(&page.status);
            assert!(shown, "{place}: {page:?}");
        }
    }
    for (place, page) in [
        ("/account/password", "/account"),
        ("/contacts/x/test", "/contacts/x"),
        ("/deliveries/x/again", "/deliveries/x"),
        ("/domains/a.example:443/scan", "/domains/a.example:443"),
        ("/domains/actions", "/domains"),
        ("/inbox/x/read", "/inbox"),
        ("/notification/x?text=a", "/notification?edit=x&text=a"),
        ("/settings/accounts/x/remove", "/settings"),
        ("/sign-out", "/"),
        ("/silences", "/anomalies?tab=silences"),
    ] {
        let looked = guest.ask(place).await;
        assert_eq!(looked.status, StatusCode::SEE_OTHER, "{place}: {looked:?}");
        assert_eq!(looked.headers[header::LOCATION], page, "{place}");
    }
}

/// Where the forms of all pages are sent, with `x` for what each is about.
fn places() -> BTreeSet<String> {
    let mut places: BTreeSet<_> = COMPUTED.map(str::to_owned).into();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/shell/page/html"), &mut places);
    places
}

fn collect(directory: &Path, places: &mut BTreeSet<String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, places);
        } else {
            let html = fs::read_to_string(path).unwrap();
            let forms =
                html.split("<form ").skip(1).filter(|form| form.contains("method=\"post\""));
            let sent = forms.filter_map(|form| form.split_once("action=\""));
            places.extend(sent.map(|(_, rest)| place(rest)).filter(|place| place.starts_with('/')));
        }
    }
}

/// The value of an attribute that begins here, with `x` for each expression of the template.
fn place(mut rest: &str) -> String {
    let mut place = String::new();
    while let Some(at) = rest.find(['"', '{']).filter(|at| rest.as_bytes()[*at] == b'{') {
        let (plain, expression) = rest.split_at(at);
        place.push_str(plain);
        place.push('x');
        rest = expression.split_once("}}").map_or("", |(_, behind)| behind);
    }
    place.push_str(rest.split('"').next().unwrap_or_default());
    place
}
