//! Reads what people bring: lists of names, and CSV with options. Each line is good, or refused
//! with its reason; a refused line costs no other.

use std::collections::BTreeMap;

use proto::{name::DomainName, v1::Protocol};

use super::inventory::{
    Invalid,
    domain::{Place, protocol_of_port},
    options::{Options, OptionsDraft},
};

/// The port when none is written.
pub const PORT_DEFAULT: u16 = 443;
/// Lines of one list: a list of the largest size that one embedded bus is good for.
pub const LINES_MAX: usize = 100_000;
/// What probers speak. A domain of another protocol would be monitored by nobody.
const SPOKEN: [Protocol; 1] = [Protocol::Tls];
/// Characters of a refused line that are shown again.
const LINE_SHOWN_MAX: usize = 120;
/// The columns of a CSV file, in the order of the template. Only `name` is needed.
pub const COLUMNS: [&str; 8] =
    ["name", "protocol", "interval_seconds", "rungs", "tags", "owner_note", "sni", "fixed_address"];

/// A list, read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Intake {
    /// What can be added, in the order of the list, each place once.
    pub good: Vec<Good>,
    /// What cannot.
    pub refused: Vec<Refused>,
    /// What was understood and partly ignored.
    pub remarks: Vec<Refused>,
}

/// A line that can be added.
#[derive(Debug, Clone, PartialEq)]
pub struct Good {
    /// Which line, counted from 1.
    pub line: usize,
    /// Where.
    pub place: Place,
    /// How.
    pub options: Options,
}

/// A line, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Which line, counted from 1.
    pub line: usize,
    /// Its beginning.
    pub text: String,
    /// What is wrong, and what is allowed.
    pub reason: String,
}

/// One domain as a person entered it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Draft {
    /// In any form that [`DomainName`] reads.
    pub name: String,
    /// Token; guessed from the port if absent.
    pub protocol: Option<String>,
    /// Its options.
    pub options: OptionsDraft,
}

/// Why a list is not read at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Too many lines.
    #[error("the list has more than {LINES_MAX} lines: divide it")]
    TooLong,
    /// The first line of a CSV file names no `name`.
    #[error("the first line names the columns, and `name` must be one; known are {}", COLUMNS.join(", "))]
    NoNameColumn,
    /// A column that is not known.
    #[error("column `{title}` is not known; known are {}", COLUMNS.join(", "))]
    UnknownColumn {
        /// What stands there.
        title: String,
    },
    /// A column twice.
    #[error("column `{0}` stands there twice")]
    RepeatedColumn(String),
}

/// Reads names divided by commas or line ends. Empty lines and what follows a `#` are skipped.
///
/// # Errors
///
/// When the list is too long.
pub fn list(text: &str) -> Result<Intake, Unreadable> {
    let mut reading = Reading::default();
    for (at, line) in text.lines().enumerate() {
        let line = line.split_once('#').map_or(line, |(before, _)| before);
        for name in line.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            reading.take(at + 1, &Draft { name: name.to_owned(), ..Draft::default() })?;
        }
    }
    Ok(reading.intake)
}

/// Reads drafts; the first is line 1.
///
/// # Errors
///
/// When there are too many.
pub fn drafts(drafts: &[Draft]) -> Result<Intake, Unreadable> {
    let mut reading = Reading::default();
    for (at, draft) in drafts.iter().enumerate() {
        reading.take(at + 1, draft)?;
    }
    Ok(reading.intake)
}

/// Reads CSV (RFC 4180) whose first line names the columns, among [`COLUMNS`] in any order. Within
/// a field, `;` divides tags and rungs.
///
/// # Errors
///
/// When the columns are not understood, or there are too many lines.
pub fn csv(text: &str) -> Result<Intake, Unreadable> {
    // The reader counts lines at line feeds alone.
    let text = text.replace("\r\n", "\n");
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        // Spreadsheets begin a file with a byte order mark.
        .from_reader(text.strip_prefix('\u{feff}').unwrap_or(&text).as_bytes());
    let mut records = reader.records();
    let columns = match records.next() {
        Some(Ok(header)) => columns(&header)?,
        Some(Err(_)) | None => return Err(Unreadable::NoNameColumn),
    };
    let mut reading = Reading::default();
    for record in records {
        match record {
            Ok(record) => reading.row(&columns, &record)?,
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                reading.refuse(usize::try_from(line).unwrap_or_default(), "", error.to_string());
            }
        }
    }
    Ok(reading.intake)
}

fn columns(header: &csv::StringRecord) -> Result<Vec<&'static str>, Unreadable> {
    let mut columns = Vec::with_capacity(header.len());
    for title in header {
        let lower = title.to_ascii_lowercase();
        let Some(known) = COLUMNS.iter().find(|known| **known == lower) else {
            return Err(Unreadable::UnknownColumn { title: shown(title) });
        };
        if columns.contains(known) {
            return Err(Unreadable::RepeatedColumn(lower));
        }
        columns.push(*known);
    }
    if columns.contains(&"name") { Ok(columns) } else { Err(Unreadable::NoNameColumn) }
}

/// A list while it is read.
#[derive(Default)]
struct Reading {
    intake: Intake,
    lines: usize,
    /// Where each place was first seen.
    seen: BTreeMap<proto::id::DomainId, usize>,
}

impl Reading {
    fn row(
        &mut self,
        columns: &[&'static str],
        record: &csv::StringRecord,
    ) -> Result<(), Unreadable> {
        let line = record.position().map_or(0, csv::Position::line);
        let line = usize::try_from(line).unwrap_or_default();
        if record.len() > columns.len() {
            let reason = format!("{} fields, but only {} columns", record.len(), columns.len());
            self.refuse(line, record.get(0).unwrap_or_default(), reason);
            return Ok(());
        }
        let field = |column: &str| {
            let at = columns.iter().position(|have| *have == column)?;
            record.get(at).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let several = |column: &str| {
            let text = field(column).unwrap_or_default();
            text.split(';').map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned).collect()
        };
        let interval = field("interval_seconds");
        let draft = Draft {
            name: field("name").unwrap_or_default(),
            protocol: field("protocol"),
            options: OptionsDraft {
                // A text that is no number is as wrong as a number that is too small.
                interval_seconds: interval.as_ref().map(|text| text.parse().unwrap_or_default()),
                rungs: several("rungs"),
                tags: several("tags"),
                owner_note: field("owner_note"),
                sni: field("sni"),
                fixed_address: field("fixed_address"),
                private_ca_pem: None,
            },
        };
        self.take(line, &draft)
    }

    fn take(&mut self, line: usize, draft: &Draft) -> Result<(), Unreadable> {
        self.lines += 1;
        if self.lines > LINES_MAX {
            return Err(Unreadable::TooLong);
        }
        match read(draft) {
            Ok((place, options, more_ignored)) => {
                if let Some(first) = self.seen.insert(place.id(), line) {
                    self.refuse(
                        line,
                        &draft.name,
                        format!("the same domain stands on line {first}"),
                    );
                    self.seen.insert(place.id(), first);
                    return Ok(());
                }
                if more_ignored {
                    let reason = format!(
                        "only `{}` is monitored; what else was written is ignored",
                        place.host.with_port(place.port)
                    );
                    self.intake.remarks.push(Refused { line, text: shown(&draft.name), reason });
                }
                self.intake.good.push(Good { line, place, options });
            }
            Err(mistakes) => {
                let reasons: Vec<_> = mistakes.iter().map(Invalid::to_string).collect();
                self.refuse(line, &draft.name, reasons.join("; "));
            }
        }
        Ok(())
    }

    fn refuse(&mut self, line: usize, text: &str, reason: String) {
        self.intake.refused.push(Refused { line, text: shown(text), reason });
    }
}

/// Reads one domain: where, how, and whether more was written than was understood.
///
/// # Errors
///
/// Every mistake.
pub fn read(draft: &Draft) -> Result<(Place, Options, bool), Vec<Invalid>> {
    let mut mistakes = Vec::new();
    let place = match place(&draft.name, draft.protocol.as_deref()) {
        Ok(place) => Some(place),
        Err(invalid) => {
            mistakes.push(invalid);
            None
        }
    };
    let options = Options::read(&draft.options).unwrap_or_else(|more| {
        mistakes.extend(more);
        Options::default()
    });
    match (place, mistakes.is_empty()) {
        (Some((place, more_ignored)), true) => Ok((place, options, more_ignored)),
        (_, _) => Err(mistakes),
    }
}

/// The place that a name means, and whether more was written than was understood.
///
/// # Errors
///
/// Names the field and what is allowed.
pub fn place(name: &str, protocol: Option<&str>) -> Result<(Place, bool), Invalid> {
    let DomainName { host, port, more_ignored } =
        name.parse().map_err(|error| Invalid::new("name", name, format!("a domain ({error})")))?;
    let port = port.unwrap_or(PORT_DEFAULT);
    let protocol = match protocol.map(str::trim).filter(|text| !text.is_empty()) {
        None => protocol_of_port(port),
        Some(text) => Protocol::from_token(&text.to_ascii_lowercase())
            .ok_or_else(|| Invalid::new("protocol", text, spoken()))?,
    };
    if !SPOKEN.contains(&protocol) {
        return Err(Invalid::new("protocol", protocol.token(), spoken()));
    }
    Ok((Place { host, port, protocol }, more_ignored))
}

fn spoken() -> String {
    let tokens: Vec<_> = SPOKEN.iter().map(|protocol| protocol.token()).collect();
    format!("one that probers speak: {}", tokens.join(", "))
}

fn shown(text: &str) -> String {
    text.chars().filter(|c| !super::inventory::is_deceptive(*c)).take(LINE_SHOWN_MAX).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn places(intake: &Intake) -> Vec<String> {
        intake.good.iter().map(|good| good.place.host.with_port(good.place.port)).collect()
    }

    fn refusals(intake: &Intake) -> Vec<(usize, &str)> {
        intake.refused.iter().map(|refused| (refused.line, refused.reason.as_str())).collect()
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
        assert!(intake.refused[0].reason.contains("wildcard"), "{:?}", intake.refused);
    }

    #[test]
    fn a_repeated_domain_is_refused_with_the_line_it_repeats() {
        let intake = list("a.example\nA.example.\na.example:443\na.example:444").unwrap();
        assert_eq!(places(&intake), ["a.example:443", "a.example:444"]);
        let reason = "the same domain stands on line 1";
        assert_eq!(refusals(&intake), [(2, reason), (3, reason)]);
    }

    #[test]
    fn what_is_ignored_is_said() {
        let intake = list("https://a.example/login?next=1").unwrap();
        assert_eq!(places(&intake), ["a.example:443"]);
        assert!(intake.remarks[0].reason.starts_with("only `a.example:443` is monitored"));
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
        let text = "name,protocol,interval_seconds\nb.example,carrier,soon\nc.example,,,x\nd.example,tls,60\n";
        let intake = csv(text).unwrap();
        assert_eq!(places(&intake), ["d.example:443"]);
        let lines: Vec<_> = intake.refused.iter().map(|refused| refused.line).collect();
        assert_eq!(lines, [2, 3]);
        let reason = &intake.refused[0].reason;
        assert!(reason.contains("protocol: `carrier`") && reason.contains("interval_seconds"));
        assert_eq!(intake.refused[1].reason, "4 fields, but only 3 columns");
    }

    #[test]
    fn what_no_prober_speaks_is_refused_also_when_guessed() {
        let intake = list("mail.example:25\nmail.example:465").unwrap();
        assert_eq!(places(&intake), ["mail.example:465"]);
        let reason = "protocol: `smtp`: want one that probers speak: tls";
        assert_eq!(refusals(&intake), [(1, reason)]);
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
}
