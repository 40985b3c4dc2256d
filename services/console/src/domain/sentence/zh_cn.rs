//! In Simplified Chinese.

use proto::v1::{self, Evidence, Kind, delivery_dropped::Why, evidence::Case, untrusted};

use super::{Limit, SPELLED_MAX, apart, instant, renewed_until, spelled};
use crate::domain::language::Language;

/// The sentence of an anomaly.
pub(super) fn of(kind: Kind, evidence: Option<&Evidence>) -> String {
    let leaf = evidence.and_then(|evidence| evidence.leaf.as_ref());
    match evidence.and_then(|evidence| evidence.case.as_ref()) {
        Some(Case::NoCertificate(none)) => no_certificate(none),
        Some(Case::Expiry(expiry)) => expiry_sentence(kind, Limit::of(expiry, leaf)),
        Some(Case::MissingIssuer(missing)) => missing_issuer(missing),
        Some(Case::NameMismatch(mismatch)) => {
            format!("证书不包含 `{}`，只适用于{}。", mismatch.expected, list(&mismatch.presented))
        }
        Some(Case::Untrusted(untrusted)) => untrusted_sentence(untrusted),
        Some(Case::Weakness(weakness)) => format!("强度不足：{}。", list(&weakness.weaknesses)),
        Some(Case::Mixed(mixed)) => {
            let (others, total) = apart(mixed);
            format!("{total} 个端点中有 {others} 个提供不同的证书。")
        }
        Some(Case::Change(change)) => change_sentence(change),
        Some(Case::Blindness(blindness)) => match instant(blindness.last_seen.as_ref()) {
            Some(seen) => {
                format!("自 {seen} 起未能观测：{} 次检测没有应答。", blindness.unanswered)
            }
            None => format!("从未观测到：{} 次检测没有应答。", blindness.unanswered),
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

fn expiry_sentence(kind: Kind, Limit { subject, from, until }: Limit<'_>) -> String {
    let which = match subject {
        Some(subject) => format!("证书链所需的 `{subject}` 的证书"),
        None => "证书".to_owned(),
    };
    let known = |at: Option<String>| at.unwrap_or_else(|| "未知时间".to_owned());
    if kind == Kind::NotYetValid {
        format!("{which}在 {} 之前尚未生效。", known(from))
    } else if kind == Kind::Expired {
        format!("{which}已于 {} 过期。", known(until))
    } else {
        format!("{which}将于 {} 到期。", known(until))
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

fn change_sentence(change: &v1::Change) -> String {
    let new = match renewed_until(change) {
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
        Kind::EnableFailed => "最初几次检测都没有取得证书。",
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
    let spelled = Language::Chinese.quoted(spelled(items));
    if items.len() > SPELLED_MAX {
        format!(" {spelled} 等 {} 个", items.len())
    } else {
        format!(" {spelled}")
    }
}

/// What a kind is called.
pub(super) fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Unspecified => "未知类型",
        Kind::EnableFailed => "启用失败",
        Kind::Expired => "已过期",
        Kind::Expiring => "即将过期",
        Kind::ChainIncomplete => "证书链不完整",
        Kind::NameMismatch => "域名不匹配",
        Kind::Recovered => "已恢复",
        Kind::Untrusted => "不受信任",
        Kind::NotYetValid => "尚未生效",
        Kind::Revoked => "已吊销",
        Kind::Unreachable => "无法访问",
        Kind::MixedCertificates => "证书不一致",
        Kind::Weak => "强度不足",
        Kind::RenewalOverdue => "续期逾期",
        Kind::NotObserved => "未能观测",
        Kind::CertificateChanged => "证书已更换",
        Kind::ProberBlind => "探测器失效",
    }
}

/// What a notification method is called; one that has no Chinese name keeps its own.
pub(super) fn method(token: &str) -> &str {
    match token {
        "email" => "邮件",
        "internal" => "站内信",
        "dingtalk" => "钉钉",
        "wecom" => "企业微信",
        "feishu" => "飞书",
        "lark" => "Lark",
        "slack" => "Slack",
        "webhook" => "Webhook",
        other => other,
    }
}

/// Why a delivery was dropped.
pub(super) fn dropped(why: Why) -> &'static str {
    match why {
        Why::Unspecified => "已无需通知。",
        Why::ClosedBefore => "在通知之前异常已恢复。",
        Why::NotWanted => "当前设置不再需要此通知。",
        Why::NoAddress => "联系人已删除，或没有该通知方式的地址。",
        Why::Merged => "后续的通知已包含此内容。",
        Why::Acknowledged => "已有人确认该异常。",
    }
}
