//! In Simplified Chinese.

use proto::v1::{self, CertificateSummary, Evidence, Kind, evidence::Case, untrusted};

use super::{SPELLED_MAX, instant};

/// The sentence of an anomaly.
pub(super) fn of(kind: Kind, evidence: Option<&Evidence>) -> String {
    let leaf = evidence.and_then(|evidence| evidence.leaf.as_ref());
    match evidence.and_then(|evidence| evidence.case.as_ref()) {
        Some(Case::NoCertificate(none)) => no_certificate(none),
        Some(Case::Expiry(expiry)) => expiry_sentence(kind, expiry, leaf),
        Some(Case::MissingIssuer(missing)) => missing_issuer(missing),
        Some(Case::NameMismatch(mismatch)) => {
            format!("证书不包含 `{}`，只适用于{}。", mismatch.expected, list(&mismatch.presented))
        }
        Some(Case::Untrusted(untrusted)) => untrusted_sentence(untrusted),
        Some(Case::Weakness(weakness)) => format!("强度不足：{}。", list(&weakness.weaknesses)),
        Some(Case::Mixed(mixed)) => mixed_sentence(mixed),
        Some(Case::Change(change)) => change_sentence(change),
        Some(Case::Blindness(blindness)) => match instant(blindness.last_seen.as_ref()) {
            Some(seen) => {
                format!("自 {seen} 起未能观测：{} 次扫描没有应答。", blindness.unanswered)
            }
            None => format!("从未观测到：{} 次扫描没有应答。", blindness.unanswered),
        },
        Some(Case::ProberBlindness(blind)) => format!(
            "探测器 `{}` 检查的 {} 个原本正常的域名中有 {} 个失败：其失败结果不计入。",
            blind.prober, blind.looked, blind.failed
        ),
        None => plain(kind).to_owned(),
    }
}

fn no_certificate(none: &v1::NoCertificate) -> String {
    let why = match none.reason() {
        v1::Reason::Unspecified => "原因不明",
        v1::Reason::DnsNoAddress => "域名没有地址记录",
        v1::Reason::DnsFailure => "域名服务器没有应答",
        v1::Reason::AddressNotAllowed => "其地址不是公网地址，且未被允许",
        v1::Reason::ConnectRefused => "端口未开放",
        v1::Reason::ConnectTimeout => "端口未在限定时间内应答",
        v1::Reason::NotTls => "对端不使用 TLS",
        v1::Reason::HandshakeFailed => "TLS 握手失败",
        v1::Reason::NoCertificate => "握手结束时没有收到证书",
    };
    match none.detail.trim_end_matches('.') {
        "" => format!("未取得证书：{why}。"),
        detail => format!("未取得证书：{why}（{detail}）。"),
    }
}

fn expiry_sentence(kind: Kind, expiry: &v1::Expiry, leaf: Option<&CertificateSummary>) -> String {
    let limiting = expiry.limiting.as_ref().or(leaf);
    let which = match limiting {
        Some(limiting) if !expiry.is_leaf => format!("证书链所需的 `{}` 的证书", limiting.subject),
        Some(_) | None => "证书".to_owned(),
    };
    let end =
        |at: Option<&prost_types::Timestamp>| instant(at).unwrap_or_else(|| "未知时间".to_owned());
    let (from, until) = limiting.map_or((None, None), |limiting| {
        (limiting.not_before.as_ref(), limiting.not_after.as_ref())
    });
    if kind == Kind::NotYetValid {
        format!("{which}在 {} 之前尚未生效。", end(from))
    } else if kind == Kind::Expired {
        format!("{which}已于 {} 过期。", end(until))
    } else {
        format!("{which}将于 {} 到期。", end(until))
    }
}

fn missing_issuer(missing: &v1::MissingIssuer) -> String {
    let names: Vec<_> = missing.missing.iter().map(|m| m.subject.clone()).collect();
    format!("服务器没有发送{}。", list(&names))
}

fn untrusted_sentence(untrusted: &v1::Untrusted) -> String {
    match untrusted.cause() {
        untrusted::Cause::Unspecified => "证书不受信任。".to_owned(),
        untrusted::Cause::SelfSigned => "证书是自签名的。".to_owned(),
        untrusted::Cause::UnknownRoot => {
            format!("证书链止于不受信任的 `{}`。", untrusted.issuer)
        }
        untrusted::Cause::IssuerNotFound => format!("找不到签发者 `{}`。", untrusted.issuer),
        untrusted::Cause::NotPermitted => {
            format!("证书链违反规则：{}。", untrusted.detail.trim_end_matches('.'))
        }
        untrusted::Cause::Malformed => {
            format!("有证书无法读取：{}。", untrusted.detail.trim_end_matches('.'))
        }
    }
}

fn mixed_sentence(mixed: &v1::Mixed) -> String {
    let total: usize = mixed.groups.iter().map(|group| group.endpoints.len()).sum();
    let most = mixed.groups.first().map_or(0, |group| group.endpoints.len());
    format!("{total} 个端点中有 {} 个提供不同的证书。", total - most)
}

fn change_sentence(change: &v1::Change) -> String {
    let until = change.after.as_ref().and_then(|after| instant(after.not_after.as_ref()));
    let new = match until {
        Some(until) => format!("证书已更换，新证书有效期至 {until}"),
        None => "证书已更换".to_owned(),
    };
    if change.names_lost.is_empty() {
        format!("{new}。")
    } else {
        format!("{new}，不再包含{}。", list(&change.names_lost))
    }
}

/// What is known from the kind alone.
fn plain(kind: Kind) -> &'static str {
    match kind {
        Kind::Unspecified => "发生了此版本不认识的事件。",
        Kind::EnableFailed => "最初的扫描都没有取得证书。",
        Kind::Expired => "证书已过期。",
        Kind::Expiring => "证书即将过期。",
        Kind::ChainIncomplete => "服务器没有发送全部中间证书。",
        Kind::NameMismatch => "证书不包含此域名。",
        Kind::Recovered => "异常已恢复。",
        Kind::Untrusted => "证书不受信任。",
        Kind::NotYetValid => "证书尚未生效。",
        Kind::Revoked => "证书已被吊销。",
        Kind::Unreachable => "连续三轮没有取得证书。",
        Kind::MixedCertificates => "各端点提供的证书不一致。",
        Kind::Weak => "证书或连接的强度不足。",
        Kind::RenewalOverdue => "证书的续期晚于以往。",
        Kind::NotObserved => "未能观测此域名。",
        Kind::CertificateChanged => "证书已更换。",
        Kind::ProberBlind => "某个探测器出现了此前没有的失败。",
    }
}

/// `` `a`、`b`、`c` 等 7 个 ``, with a space before what begins with Latin letters.
fn list(items: &[String]) -> String {
    if items.is_empty() {
        return "空的名称列表".to_owned();
    }
    let spelled: Vec<_> = items.iter().take(SPELLED_MAX).map(|item| format!("`{item}`")).collect();
    let spelled = spelled.join("、");
    if items.len() > SPELLED_MAX {
        format!(" {spelled} 等 {} 个", items.len())
    } else {
        format!(" {spelled}")
    }
}
