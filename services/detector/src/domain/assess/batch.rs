//! One JSON line in, one JSON line out: `certherald assess --batch`.

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_STANDARD};
use certificate::Certificate;
use jiff::Timestamp;
use proto::host::Host;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Assessment, Question,
    anchors::Anchors,
    pool::{Pool, Source},
    rungs::OwnRung,
    verdict::{Anomaly, Verdict},
};

/// Bytes of a line that is read: the longest list of the longest certificates anybody serves.
pub const LINE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What holds for every line that does not say otherwise.
#[derive(Debug, Clone, Copy)]
pub struct Defaults<'a> {
    /// Trust anchors of a line without `anchors`.
    pub anchors: &'a Anchors,
    /// Intermediates known beside those of the line.
    pub pool: &'a Pool,
    /// The instant of a line without `at`.
    pub now: Timestamp,
    /// Rungs for all lines; empty for the default ones.
    pub rungs: &'a [OwnRung],
}

/// A line as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    #[serde(default)]
    #[expect(dead_code, reason = "read before the line is, so that an error can carry it")]
    id: Value,
    host: String,
    at: Option<String>,
    chain: Vec<String>,
    anchors: Option<Vec<String>>,
    #[serde(default)]
    intermediates: Vec<String>,
}

#[derive(Serialize)]
struct Answer<'a> {
    id: &'a Value,
    state: &'static str,
    anomalies: &'a [Anomaly],
    remarks: Vec<String>,
}

#[derive(Serialize)]
struct Failure<'a> {
    id: &'a Value,
    error: String,
}

/// What is wrong with a line.
#[derive(Debug, thiserror::Error)]
enum LineError {
    #[error("the line has {length} bytes, more than the {max} that are read")]
    TooLong { length: usize, max: usize },
    #[error("this is not JSON: {0}")]
    NotJson(serde_json::Error),
    #[error("want {{\"id\",\"host\",\"at\",\"chain\",\"anchors\",\"intermediates\"}}: {0}")]
    Shape(serde_json::Error),
    #[error("host: {0}")]
    Host(proto::host::InvalidHost),
    #[error("at: `{text}` is no RFC 3339 instant such as 2026-11-22T12:00:00Z")]
    At { text: String },
    #[error("chain: want at least one certificate, the server's own first")]
    NoChain,
    #[error("{field}[{place}]: this is not base64")]
    NotBase64 { field: &'static str, place: usize },
    #[error("{field}[{place}]: {error}")]
    Malformed { field: &'static str, place: usize, error: certificate::error::CertificateError },
}

/// Judges one line. The answer is one line too, without its end; a line that cannot be read is
/// answered with `{"id","error"}`.
///
/// # Panics
///
/// Never: an answer is made of strings, numbers and lists, which are always JSON.
pub fn line(line: &str, defaults: &Defaults<'_>) -> String {
    let mut id = Value::Null;
    let answer = match judged(line, defaults, &mut id) {
        Ok(verdict) => serde_json::to_string(&Answer {
            id: &id,
            state: verdict.state.token(),
            anomalies: &verdict.anomalies,
            remarks: verdict.remarks.iter().map(ToString::to_string).collect(),
        }),
        Err(error) => serde_json::to_string(&Failure { id: &id, error: error.to_string() }),
    };
    answer.expect("strings, numbers and lists of them are always JSON")
}

fn judged(line: &str, defaults: &Defaults<'_>, id: &mut Value) -> Result<Verdict, LineError> {
    if line.len() > LINE_BYTES_MAX {
        return Err(LineError::TooLong { length: line.len(), max: LINE_BYTES_MAX });
    }
    let value: Value = serde_json::from_str(line).map_err(LineError::NotJson)?;
    if let Some(found) = value.get("id") {
        *id = found.clone();
    }
    let line: Line = serde_json::from_value(value).map_err(LineError::Shape)?;
    let host: Host = line.host.parse().map_err(LineError::Host)?;
    let now = match line.at {
        None => defaults.now,
        Some(text) => text.parse().map_err(|_| LineError::At { text })?,
    };
    let chain = decoded("chain", &line.chain)?;
    if chain.is_empty() {
        return Err(LineError::NoChain);
    }
    let own_anchors = line.anchors.map(|list| anchors(&list)).transpose()?;
    let own_pool = pool(&line.intermediates)?;
    let anchors = own_anchors.as_ref().unwrap_or(defaults.anchors);
    let assessment = Assessment::new(&chain, &[anchors], &[&own_pool, defaults.pool]);
    let rungs = defaults.rungs;
    Ok(assessment.judge(&Question { host: &host, now, rungs, connection: None }))
}

fn anchors(list: &[String]) -> Result<Anchors, LineError> {
    let (anchors, refused) = Anchors::new(decoded("anchors", list)?);
    match refused.into_iter().next() {
        None => Ok(anchors),
        Some((place, error)) => {
            let super::anchors::AnchorError::Malformed(error) = error;
            Err(LineError::Malformed { field: "anchors", place, error })
        }
    }
}

fn pool(list: &[String]) -> Result<Pool, LineError> {
    let mut pool = Pool::default();
    for (place, der) in decoded("intermediates", list)?.iter().enumerate() {
        let certificate = Certificate::parse(der).map_err(|error| LineError::Malformed {
            field: "intermediates",
            place,
            error,
        })?;
        pool.insert(Arc::new(certificate), Source::Configured);
    }
    Ok(pool)
}

fn decoded(field: &'static str, list: &[String]) -> Result<Vec<Vec<u8>>, LineError> {
    let decode = |(place, text): (usize, &String)| {
        BASE64_STANDARD.decode(text).map_err(|_| LineError::NotBase64 { field, place })
    };
    list.iter().enumerate().map(decode).collect()
}
