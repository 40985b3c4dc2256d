//! Reads what people bring: lists of names, and CSV with options. Each line is good, or refused
//! with its reason; a refused line costs no other.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use proto::{name::DomainName, v1::Protocol};

use super::{
    inventory::{
        Invalid,
        domain::{Place, protocol_of_port},
        options::{Options, OptionsDraft},
    },
    refusal::Refusal,
    want::{Flaw, Want},
};

/// The port when none is written.
pub const PORT_DEFAULT: u16 = 443;
/// Lines of one list: a list of the largest size that one embedded bus is good for.
pub const LINES_MAX: usize = 100_000;
/// What probers speak. A domain of another protocol would be monitored by nobody.
pub const SPOKEN: [Protocol; 1] = [Protocol::Tls];
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
    pub reason: Refusal,
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
    list_like(text, &Draft::default())
}

/// Reads the same, each with the protocol and the options of a draft.
///
/// # Errors
///
/// When the list is too long.
pub fn list_like(text: &str, shared: &Draft) -> Result<Intake, Unreadable> {
    let mut reading = Reading::default();
    for (at, line) in text.lines().enumerate() {
        let line = line.split_once('#').map_or(line, |(before, _)| before);
        for name in line.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            reading.take(at + 1, &Draft { name: name.to_owned(), ..shared.clone() })?;
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
    csv_like(text, &Draft::default())
}

/// Reads the same; what a line leaves open is as in a draft.
///
/// # Errors
///
/// When the columns are not understood, or there are too many lines.
pub fn csv_like(text: &str, shared: &Draft) -> Result<Intake, Unreadable> {
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
            Ok(record) => reading.row(&columns, &record, shared)?,
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                let line = usize::try_from(line).unwrap_or_default();
                reading.refuse(line, "", Refusal::Csv(error.to_string()));
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

/// The parts of a text between dividers, without the empty ones.
pub fn divided(text: &str, divider: char) -> Vec<String> {
    text.split(divider).map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned).collect()
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
        shared: &Draft,
    ) -> Result<(), Unreadable> {
        let line = record.position().map_or(0, csv::Position::line);
        let line = usize::try_from(line).unwrap_or_default();
        if record.len() > columns.len() {
            let reason = Refusal::Fields { have: record.len(), columns: columns.len() };
            self.refuse(line, record.get(0).unwrap_or_default(), reason);
            return Ok(());
        }
        let field = |column: &str| {
            let at = columns.iter().position(|have| *have == column)?;
            record.get(at).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let several = |column: &str, shared: &[String]| match field(column) {
            None => shared.to_vec(),
            Some(text) => divided(&text, ';'),
        };
        let interval = field("interval_seconds");
        let draft = Draft {
            name: field("name").unwrap_or_default(),
            protocol: field("protocol").or_else(|| shared.protocol.clone()),
            options: OptionsDraft {
                // A text that is no number is as wrong as a number that is too small.
                interval_seconds: interval
                    .map(|text| text.parse().unwrap_or_default())
                    .or(shared.options.interval_seconds),
                rungs: several("rungs", &shared.options.rungs),
                tags: several("tags", &shared.options.tags),
                owner_note: field("owner_note").or_else(|| shared.options.owner_note.clone()),
                sni: field("sni").or_else(|| shared.options.sni.clone()),
                fixed_address: field("fixed_address")
                    .or_else(|| shared.options.fixed_address.clone()),
                private_ca_pem: shared.options.private_ca_pem.clone(),
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
                    self.refuse(line, &draft.name, Refusal::Repeated { first });
                    self.seen.insert(place.id(), first);
                    return Ok(());
                }
                if more_ignored {
                    let reason = Refusal::OnlyMonitored(place.host.with_port(place.port));
                    self.intake.remarks.push(Refused { line, text: shown(&draft.name), reason });
                }
                self.intake.good.push(Good { line, place, options });
            }
            Err(mistakes) => self.refuse(line, &draft.name, Refusal::Invalid(mistakes)),
        }
        Ok(())
    }

    fn refuse(&mut self, line: usize, text: &str, reason: Refusal) {
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
        name.parse().map_err(|error| Invalid::new("name", name, Flaw::Domain(error)))?;
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

fn spoken() -> Want {
    Want::Spoken(SPOKEN.iter().map(|protocol| protocol.token()).collect())
}

fn shown(text: &str) -> String {
    text.chars().filter(|c| !super::inventory::is_deceptive(*c)).take(LINE_SHOWN_MAX).collect()
}
