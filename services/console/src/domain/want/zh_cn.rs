//! In Simplified Chinese.

mod host;
mod pem;

use proto::address::Wanted;

use super::{Asked, Flaw, Want, known};
use crate::domain::language::Language;

/// What is allowed, with a space before what begins with Latin letters or digits: it follows upon
/// a Chinese word.
pub(super) fn text(want: &Want) -> String {
    let words = words(want);
    let is_latin = words.starts_with(|c: char| c.is_ascii());
    if is_latin { format!(" {words}") } else { words }
}

fn words(want: &Want) -> String {
    match want {
        Want::Line(max) => format!("1 至 {max} 个字符，不含控制字符"),
        Want::Note(max) => format!("最多 {max} 个字符，不含控制字符"),
        Want::Characters(max) => format!("1 至 {max} 个字符"),
        Want::Bytes(max) => format!("最多 {max} 字节"),
        Want::AtMost(max) => format!("最多 {max} 个"),
        Want::UpTo(max) => format!("1 至 {max}"),
        Want::OneOf(tokens) => format!("以下之一：{}", quoted(tokens)),
        Want::OneOfOrNone(tokens) => format!("以下之一，或留空：{}", quoted(tokens)),
        Want::SomeOf(tokens) => format!("至少以下之一：{}", quoted(tokens)),
        Want::Mended(flaw) => mended(flaw),
        Want::Spoken(tokens) => format!("探测器支持的协议：{}", quoted(tokens)),
        Want::Interval { min, max } => format!("{min}（1 分钟）至 {max}（7 天）之间的秒数"),
        Want::Rung(max) => format!(
            "不超过 {max} 天的天数或小时数，例如 `30d` 或 `12h`；或有效期的百分比，`0.01%` 至 \
             `99.99%`"
        ),
        Want::RepeatDays(max) => format!("0（从不）至 {max} 天"),
        Want::EscalationMinutes(max) => format!("1 至 {max} 分钟（一周）"),
        Want::AccountName(max) => {
            format!("1 至 {max} 个字母、数字或 `.`、`-`、`_`、`@`、`+`")
        }
        Want::Password { min, max } => {
            format!("至少 {min} 个字符，最多 {max} 字节，不能是账号名，也不能是同一个字符的重复")
        }
        Want::Robot(wanted) => robot(wanted),
        Want::Asked(asked) => self::asked(asked),
        Want::FutureTime => "一年之内的未来时间，例如 `2026-11-22T21:05:00Z`".to_owned(),
        Want::Mailbox => "邮箱地址，例如 `ada@example.com`".to_owned(),
        Want::TimeZone => "IANA 时区名称，例如 `Asia/Shanghai`".to_owned(),
        Want::SniName => "主机名：SNI 不能携带 IP 地址".to_owned(),
        Want::FixedAddress => "不带端口的 IPv4 或 IPv6 地址".to_owned(),
        Want::NoDividers => "不含 `,` 和 `;` 的标签：它们用于分隔标签".to_owned(),
        Want::ContactId => "联系人的编号：26 个字符，`a` 至 `z` 和 `2` 至 `7`".to_owned(),
        Want::ContactThere => "现有联系人的编号".to_owned(),
        Want::DomainThere => "已监控域名的编号或名称".to_owned(),
        Want::AccountThere => "现有的账号".to_owned(),
        Want::EntryThere => "站内信中现有条目的编号".to_owned(),
        Want::OtherTime => "与开始时间不同的时间；全天则不设时段".to_owned(),
        Want::ClockTime => "`00:00` 至 `23:59` 之间的时间".to_owned(),
        Want::ReachingMethod => {
            "能送达此联系人的通知方式：邮件需要已验证的地址，机器人需要地址，站内信不需要地址"
                .to_owned()
        }
    }
}

/// What is wrong. Whoever could not read something knows only English.
pub(super) fn flaw(flaw: &Flaw) -> String {
    match flaw {
        Flaw::Domain(error) => host::name(error),
        Flaw::HostName(error) => host::host(error),
        Flaw::Pem(error) => pem::text(error),
        Flaw::Parameter(_) => format!("没有这个参数，应为{}", mended(flaw)),
        Flaw::Said(words) => format!("无法读取（{}）", said(words)),
    }
}

/// What is allowed in place of what is wrong.
fn mended(flaw: &Flaw) -> String {
    match flaw {
        Flaw::Domain(error) => format!("域名（{}）", host::name(error)),
        Flaw::HostName(error) => format!("主机名（{}）", host::host(error)),
        Flaw::Pem(error) => format!("PEM 格式的证书（{}）", pem::text(error)),
        Flaw::Parameter(others) => match known(others).as_slice() {
            [] => "不带参数".to_owned(),
            known => format!("以下之一：{}", quoted(known)),
        },
        Flaw::Said(words) => format!("可以读取的值（{}）", said(words)),
    }
}

/// What is allowed in how it is asked.
fn asked(asked: &Asked) -> String {
    let plain = match asked {
        Asked::Key(max) => return format!("1 至 {max} 个可见的 ASCII 字符，例如 UUID"),
        Asked::SortBy(tokens) => {
            return format!("以下之一，前面可加 `-`：{}", quoted(tokens));
        }
        Asked::Etag => "一个曾返回的 `ETag`，例如 `\"42\"`",
        Asked::EventId => "此流中事件的编号：一个数字",
        Asked::Position => "此流中事件的编号，例如 `3.17.9.4.120`",
        Asked::Cursor => "上一页的 `next`",
        Asked::Instant => "时间，例如 `2026-11-22T21:05:00Z`",
        Asked::Object => "一个对象",
        Asked::FormVersion => "表单所依据的版本",
        Asked::KeepAlone => "单独使用，或改为填写完整地址",
        Asked::UrlOrKeep => "其地址，或保留原有地址",
        Asked::NoTag => "留空：域名和标签只能选其一",
        Asked::DomainOrTag => "域名，或改用标签",
        Asked::NotAll => "在指定条目时不能选择全部",
        Asked::NoContact => "留空，除非选择全部",
    };
    plain.to_owned()
}

/// What a part of the address of a robot may be.
fn robot(wanted: &Wanted) -> String {
    match wanted {
        Wanted::Channel(known) => format!("以下之一：{}", quoted(known)),
        Wanted::Url(start) => {
            format!("机器人页面上显示的 `{start}…`，或仅其最后一段")
        }
        Wanted::SlackUrl(whole) => format!("`{whole}`"),
        Wanted::AnyUrl => {
            "`https` 地址，不含端口、用户名、密码和片段；只有 `CONSOLE_ROBOT_HOSTS` 中的主机可以带端口"
                .to_owned()
        }
        Wanted::Signature => "机器人页面上签名处显示的密钥，或留空".to_owned(),
        Wanted::NoSecret => "留空：这里的地址本身就是全部密钥".to_owned(),
        Wanted::WebhookSecret => "`whsec_` 加上 24 至 64 字节的 base64".to_owned(),
        Wanted::Mentions(max) => {
            format!("最多 {max} 个该渠道中的名称，由字母、数字和 `_-+.@` 组成")
        }
        Wanted::NoMentions => "留空：这里不能提醒任何人".to_owned(),
    }
}

/// Somebody else's words, as a quotation.
pub(in crate::domain) fn said(words: &str) -> String {
    format!("`{}`", words.replace('`', "'"))
}

fn quoted(tokens: &[&str]) -> String {
    Language::Chinese.quoted(tokens)
}
