//! Domains as CSV: the template, and what is exported, which can be imported again.

use std::net::IpAddr;

use super::{
    intake::{COLUMNS, PORT_DEFAULT},
    inventory::{
        domain::{Domain, Place, protocol_of_port},
        options::OptionsDraft,
    },
};

/// What a person downloads to see what may be uploaded.
pub fn template() -> String {
    let example = [
        "shop.example.com",
        "tls",
        "600",
        "30d;7d;1d",
        "shop;web",
        "Call Ada, +49 30 1234",
        "",
        "",
    ];
    head() + &written(&[example.map(str::to_owned).to_vec()])
}

/// The first line of domains as CSV.
pub fn head() -> String {
    written(&[COLUMNS.map(str::to_owned).to_vec()])
}

/// The lines of domains as CSV.
pub fn lines<'d, I>(domains: I) -> String
where
    I: IntoIterator<Item = &'d Domain>,
{
    let rows: Vec<_> = domains.into_iter().filter_map(row).collect();
    written(&rows)
}

fn row(domain: &Domain) -> Option<Vec<String>> {
    let place = domain.place()?;
    let options = domain.options().map(super::inventory::options::Options::to_draft);
    let OptionsDraft {
        sni,
        fixed_address,
        rungs,
        interval_seconds,
        tags,
        owner_note,
        private_ca_pem: _,
    } = options.unwrap_or_default();
    let protocol = if place.protocol == protocol_of_port(place.port) {
        String::new()
    } else {
        place.protocol.token().to_owned()
    };
    Some(vec![
        name(place),
        protocol,
        interval_seconds.map(|seconds| seconds.to_string()).unwrap_or_default(),
        rungs.join(";"),
        tags.iter().map(|tag| inert(tag)).collect::<Vec<_>>().join(";"),
        inert(&owner_note.unwrap_or_default()),
        sni.unwrap_or_default(),
        fixed_address.unwrap_or_default(),
    ])
}

fn name(place: &Place) -> String {
    match (&place.host.address(), place.port) {
        (None | Some(IpAddr::V4(_)), PORT_DEFAULT) => place.host.to_string(),
        (_, port) => place.host.with_port(port),
    }
}

/// A text that no spreadsheet takes for a formula (OWASP, CSV injection): a space stands before the
/// characters with which one begins. Reading trims it again.
fn inert(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!(" {text}")
    } else {
        text.to_owned()
    }
}

fn written(rows: &[Vec<String>]) -> String {
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).expect("memory takes any record of as many fields as the first");
    }
    let bytes = writer.into_inner().expect("memory can be flushed");
    String::from_utf8(bytes).expect("only text was written")
}

#[cfg(test)]
mod tests {
    use kernel::decider::Decider;

    use super::*;
    use crate::domain::{intake, inventory::domain::DomainEvent};

    #[test]
    fn the_template_can_be_uploaded() {
        let intake = intake::csv(&template()).unwrap();
        assert_eq!((intake.good.len(), intake.refused.len()), (1, 0));
    }

    #[test]
    fn what_is_exported_can_be_imported() {
        let text = "name,protocol,interval_seconds,rungs,tags,owner_note,sni,fixed_address\n\
                    a.example,,,,,,,\n\
                    mail.example:465,tls,60,30d;5%,x;y,\"=cmd(), or \"\"so\"\"\",b.example,192.0.2.1\n\
                    [2001:db8::1]:443,,,,,,,\n";
        let good = intake::csv(text).unwrap().good;
        let added = good.iter().map(|g| DomainEvent::Added(g.place.clone(), g.options.clone()));
        let domains: Vec<_> = added.map(|event| Domain::folded([&event])).collect();
        let exported = head() + &lines(&domains);
        assert!(exported.contains(",\" =cmd(), or \"\"so\"\"\","), "{exported}");
        assert_eq!(intake::csv(&exported).unwrap().good, good);
    }
}
