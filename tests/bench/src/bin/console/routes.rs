//! What is asked for: every page, and every path of the API that shows something.
//!
//! The paths stand here with what is asked of them. One that only the document of the API knows is
//! asked for as well, by its path, so that none is forgotten.

use std::error::Error;

use proto::id::DeliveryId;
use serde_json::Value;

use crate::{
    load::Caller,
    people,
    town::{DELIVERIES_MAX, Town},
};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// What never ends, the certificate that a chain lacks, since none does here, and the account of
/// whoever asks, since a token has none.
const LEFT_OUT: [&str; 4] = [
    "/api/v1/live",
    "/api/v1/events/stream",
    "/api/v1/domains/{domain}/missing.pem",
    "/api/v1/account",
];

/// Paths of the API, how each is called in the table, and names in braces for what fills them.
const API: [(&str, &str); 50] = [
    ("overview", "overview"),
    ("expiries", "overview/expiries"),
    ("  by week", "overview/expiries?by=week"),
    ("domains", "domains"),
    ("  by expiry", "domains?sort=expires"),
    ("  by state", "domains?sort=state"),
    ("  by adding, latest first", "domains?sort=-added"),
    ("  1,000 of them", "domains?limit=1000"),
    ("  half way", "domains?sort=name{half way}"),
    ("  half way by expiry", "domains?sort=-expires{half way by expiry}"),
    ("  in a state", "domains?state=abnormal&sort=expires"),
    ("  with a tag", "domains?tag=team-7"),
    ("  with a kind", "domains?kind=expired&sort=state"),
    ("  of a severity", "domains?severity=warning"),
    ("  of an issuer", "domains?issuer={issuer}&sort=-expires"),
    (
        "  that expire in a century",
        "domains?expires_from=2000-01-01T00:00:00Z&expires_before=2100-01-01T00:00:00Z",
    ),
    ("  named 9999", "domains?text=9999"),
    ("  named example", "domains?text=example&sort=state"),
    ("  named like none", "domains?text=zzz"),
    ("  of all these", "domains?state=secure&tag=team-3&text=1&issuer={issuer}"),
    ("export", "domains.csv"),
    ("export of a tag", "domains.csv?tag=team-7"),
    ("template", "domains/template.csv"),
    ("one domain", "domains/{domain}"),
    ("its events", "domains/{domain}/events"),
    ("its log", "domains/{domain}/log"),
    ("its setting", "domains/{domain}/setting"),
    ("why it was told", "domains/{domain}/explain"),
    ("anomalies", "anomalies"),
    ("  critical ones", "anomalies?severity=critical"),
    ("  closed ones", "anomalies?state=closed"),
    ("silences", "silences"),
    ("inbox", "inbox"),
    ("  unread", "inbox?unread=true"),
    ("deliveries", "deliveries"),
    ("  half way", "deliveries?method=internal{half way of deliveries}"),
    ("  parked ones", "deliveries?state=parked"),
    ("one delivery", "deliveries/{delivery}"),
    ("events", "events"),
    ("contacts", "contacts"),
    ("one contact", "contacts/{contact}"),
    ("settings", "settings"),
    ("default setting", "settings/default"),
    ("audit", "audit"),
    ("  1,000 of it", "audit?limit=1000"),
    ("accounts", "accounts"),
    ("one account", "accounts/{account}"),
    ("tokens", "tokens"),
    ("system", "system"),
    ("the document", "openapi.json"),
];

/// The pages.
const PAGES: [(&str, &str); 27] = [
    ("page: overview", "/"),
    ("page: domains", "/domains"),
    ("  in a state", "/domains?state=abnormal&sort=expires"),
    ("  named example", "/domains?text=example&sort=state"),
    ("page: add domains", "/domains/add"),
    ("page: one domain", "/domains/{domain}"),
    ("page: its options", "/domains/{domain}/options"),
    ("page: anomalies", "/anomalies"),
    ("  closed ones", "/anomalies?tab=closed"),
    ("page: silences", "/anomalies?tab=silences"),
    ("page: notification", "/notification"),
    ("  a panel", "/notification?edit={domain}"),
    ("  panel of the default", "/notification?edit=default"),
    ("page: contacts", "/contacts"),
    ("page: add a contact", "/contacts/add"),
    ("page: one contact", "/contacts/{contact}"),
    ("page: inbox", "/inbox"),
    ("  of a contact", "/inbox?contact={contact}"),
    ("page: deliveries", "/deliveries"),
    ("  parked ones", "/deliveries?state=parked"),
    ("page: one delivery", "/deliveries/{delivery}"),
    ("page: audit", "/audit"),
    ("page: settings", "/settings"),
    ("page: account", "/account"),
    ("page: sign-in", "/sign-in"),
    ("page: one-time link", "/welcome?token=x"),
    ("page: verification", "/verify?token=x"),
];

/// What is asked for, and how it is called in the table.
pub(crate) struct Route {
    pub(crate) name: String,
    pub(crate) path: String,
}

/// Everything that is asked for.
pub(crate) async fn all(caller: &Caller, domains: usize) -> Outcome<Vec<Route>> {
    let of_the_api = |(name, path)| (name, format!("/api/v1/{path}"));
    let mut asked: Vec<(String, String)> =
        API.map(of_the_api).into_iter().map(|(name, path)| (name.to_owned(), path)).collect();
    let document = caller.json("openapi.json").await?;
    for path in shown(&document) {
        let is_asked = |(_, asked): &(String, String)| asked.split('?').next() == Some(path);
        if !LEFT_OUT.contains(&path) && !asked.iter().any(is_asked) {
            asked.push((path.to_owned(), path.to_owned()));
        }
    }
    asked.extend(PAGES.map(|(name, path)| (name.to_owned(), path.to_owned())));
    let fillings = fillings(caller, domains).await?;
    let fill = |path: String| {
        let fill = |path: String, (name, value): &(&str, String)| path.replace(name, value);
        fillings.iter().fold(path, fill)
    };
    Ok(asked.into_iter().map(|(name, path)| Route { name, path: fill(path) }).collect())
}

/// The paths of a document at which something can be looked at.
fn shown(document: &Value) -> impl Iterator<Item = &str> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths.filter(|(_, verbs)| verbs.get("get").is_some()).map(|(path, _)| path.as_str())
}

/// What stands in braces in a path, and what is asked for in its place.
async fn fillings(caller: &Caller, domains: usize) -> Outcome<Vec<(&'static str, String)>> {
    let list = caller.json("domains?limit=1").await?;
    let issuer = list["items"][0]["issuer"].as_str().unwrap_or_default();
    let issuer: String = url::form_urlencoded::byte_serialize(issuer.as_bytes()).collect();
    let told = domains.min(DELIVERIES_MAX);
    let deliveries = caller.half_way("deliveries?method=internal", told).await?;
    let delivery = DeliveryId::derive(&[&(told / 2).to_string()]).to_string();
    Ok(vec![
        ("{domain}", Town::id(domains / 2).to_string()),
        ("{contact}", people::contact(0).to_string()),
        ("{account}", people::account(0)),
        ("{delivery}", delivery),
        ("{issuer}", issuer),
        ("{half way}", caller.half_way("domains?sort=name", domains).await?),
        ("{half way by expiry}", caller.half_way("domains?sort=-expires", domains).await?),
        ("{half way of deliveries}", deliveries),
    ])
}
