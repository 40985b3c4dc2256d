//! Chains as they are drawn, and the certificate that one lacks.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use certificate::Certificate;
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use proto::v1::{Kind, evidence::Case};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Shared, document::DomainPath, domain, evidence::CertificateView, extract::Path,
    problem::Problem, view,
};
use crate::domain::{board::detail::Detail, chain, refusal::Thing};

/// A chain as it is presented.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChainView {
    /// Names it in `seen`.
    pub fingerprint: String,
    /// Its certificates, in the order presented.
    pub certificates: Vec<ChainCertificate>,
    /// The path from the leaf upwards, each issued by the next: places in `certificates`, from 0.
    pub path: Vec<usize>,
    /// Who issued the last of the path; the last itself, if it is self-signed.
    pub ends_in: String,
    /// Whether the last of the path is self-signed.
    pub ends_in_root: bool,
    /// Whether what the path ends in is trusted: `trusted`; `incomplete`: with certificates that
    /// are not presented; `untrusted`; or `unknown`, as long as nobody can tell.
    pub trust: &'static str,
    /// What is odd about the list, and no anomaly.
    pub remarks: Vec<RemarkView>,
}

/// A certificate of a chain.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChainCertificate {
    /// What it says.
    #[serde(flatten)]
    pub certificate: CertificateView,
    /// As PEM.
    pub pem: String,
}

/// Something odd that clients put up with.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "remark": "root_sent", "certificate": 2,
    "text": "The root `CN=ISRG Root X1` is sent as well; clients have it or do not trust it."
}))]
pub struct RemarkView {
    /// `misordered`, `repeated`, `expired`, `not_needed` or `root_sent`.
    pub remark: &'static str,
    /// The place of the certificate, from 0. Absent if it is of all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<usize>,
    /// The same for people.
    pub text: String,
}

impl ChainView {
    /// Shows a chain of a domain as it is at an instant.
    pub fn of(fingerprint: &[u8; 32], detail: &Detail, now: Timestamp) -> Self {
        let certificates = detail.chains.get(fingerprint).map(Vec::as_slice).unwrap_or_default();
        let one = |certificate: &Certificate| ChainCertificate {
            certificate: CertificateView::of(certificate),
            pem: certificate.to_pem(),
        };
        let drawn = chain::drawn(certificates, now, detail.limiting());
        let remarks = drawn.remarks.into_iter();
        Self {
            fingerprint: HEXLOWER.encode(fingerprint),
            certificates: certificates.iter().map(one).collect(),
            path: drawn.path,
            ends_in: drawn.ends_in,
            ends_in_root: drawn.ends_in_root,
            trust: detail.trust(fingerprint).token(),
            remarks: remarks
                .map(|chain::Remark { what, certificate, text }| RemarkView {
                    remark: what,
                    certificate,
                    text,
                })
                .collect(),
        }
    }
}

/// What the server of a domain does not send, as PEM: to be appended to its chain.
#[utoipa::path(
    get, path = "/domains/{domain}/missing.pem", tag = "domains",
    params(DomainPath),
    responses(
        (status = 200, body = String, content_type = "application/x-pem-file"),
        (
            status = 404,
            description = "There is no such domain, or its chain lacks nothing.",
            body = Problem
        )
    )
)]
pub async fn missing(State(api): Shared, Path(key): Path<String>) -> Result<Response, Problem> {
    let row = api.look(|board| view::named(board, &key).cloned())?;
    let detail = domain::detail(&api, &row).await?;
    let evidence = detail.evidence.get(&Kind::ChainIncomplete);
    let Some(Case::MissingIssuer(missing)) = evidence.and_then(|evidence| evidence.case.as_ref())
    else {
        return Err(Problem::absent(Thing::MissingCertificate, &key));
    };
    let media_type = (header::CONTENT_TYPE, "application/x-pem-file");
    let attachment = (header::CONTENT_DISPOSITION, "attachment; filename=\"missing.pem\"");
    Ok((StatusCode::OK, [media_type, attachment], missing.pem.clone()).into_response())
}
