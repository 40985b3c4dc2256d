//! In Simplified Chinese.

use jiff::Timestamp;
use proto::v1::{AnomalyTime, Kind, delivery_due::Cause};

use super::{
    Because, Called, Next, Overall, Reason, Resting, Sent, Silent, Standing, Unreached, Unsent,
};
use crate::domain::{
    language::Language,
    sentence::{self, shown},
};

/// What a reason says.
pub(super) fn text(reason: &Reason) -> String {
    match reason {
        Reason::Overall(overall) => self::overall(overall),
        Reason::Standing(standing) => self::standing(standing),
        Reason::Next(next) => self::next(next),
        Reason::Sent(sent) => self::sent(sent),
        Reason::Unsent(unsent) => self::unsent(unsent),
    }
}

fn overall(overall: &Overall) -> String {
    match overall {
        Overall::Stopped(standing) => self::standing(standing),
        Overall::ReachesNobody => "没有任何通知方式能送达联系人，因此不会通知任何人。".to_owned(),
        Overall::WaitsUntil(until) => {
            format!("消息将等到 {}，届时重新判断。", shown(*until))
        }
        Overall::CriticalAlone { ways, until } => {
            format!("严重异常会立即经 {ways} 条途径通知；其他消息将等到 {}。", shown(*until))
        }
        Overall::ToldIn(1) => "现在发生的情况会以一种方式通知一位联系人。".to_owned(),
        Overall::ToldIn(count) => format!("现在发生的情况会经 {count} 条途径通知。"),
    }
}

fn standing(standing: &Standing) -> String {
    match standing {
        Standing::Disabled => "域名已停用：不再检测，也不会有新的通知。".to_owned(),
        Standing::NoSetting => {
            "域名没有自己的通知设置，也没有默认设置，因此不会通知任何人。".to_owned()
        }
        Standing::SwitchOn(of) => format!("{}的开关已打开。", called(*of)),
        Standing::SwitchOff(of) => {
            format!("{}的开关已关闭：不发送任何消息，已在途中的也不再发送。", called(*of))
        }
        Standing::Names { called, contacts, methods } => names(*called, contacts, methods),
        Standing::Unreached(unreached) => self::unreached(unreached),
        Standing::Resting(resting) => self::resting(resting),
        Standing::UsualKinds => format!(
            "除“{}”外的所有类型都会通知；恢复只通知曾收到该异常通知的人。",
            kind(Kind::CertificateChanged)
        ),
        Standing::OnlyKinds(kinds) => {
            let kinds: Vec<_> = kinds.iter().map(|one| format!("“{}”", kind(*one))).collect();
            format!("只通知{}，恢复只通知曾收到该异常通知的人。", kinds.join("、"))
        }
        Standing::AllDay => "通知时段为全天。".to_owned(),
        Standing::WindowOpen(time) => format!("通知时段为 {}，目前在时段内。", window(time)),
        Standing::WindowShut { window, opens } => shut(window, *opens),
        Standing::Repeats(0) => "异常持续时不再重复通知，除非变得更严重。".to_owned(),
        Standing::Repeats(1) => "异常持续时每天重复通知。".to_owned(),
        Standing::Repeats(days) => format!("异常持续时每 {days} 天重复通知一次。"),
        Standing::Escalates { minutes, contacts } => {
            format!(
                "严重异常若在 {minutes} 分钟内无人确认，将通知 {}。",
                Language::Chinese.quoted(contacts)
            )
        }
        Standing::Silenced { of, reason, until } => format!(
            "{}的静默{}持续到 {}，届时仍存在的异常将在那时通知。",
            silent(of),
            within(reason),
            shown(*until)
        ),
    }
}

fn next(next: &Next) -> String {
    match next {
        Next::KindLeftOut { kind, called } => {
            format!("不通知“{}”：{}不包含此类型。", self::kind(*kind), self::called(*called))
        }
        Next::InHand { since, reason } => format!(
            "自 {} 起已有人处理{}：在恢复、变得更严重或更换证书之前，不再提醒，也不升级。",
            shown(*since),
            within(reason)
        ),
        Next::NotAgain => "不再重复通知，除非变得更严重。".to_owned(),
        Next::AgainAt { told_at, at } => {
            format!("上次通知于 {}，将在 {} 之后再次通知。", shown(*told_at), shown(*at))
        }
        Next::SecondAt(at) => format!("若无人确认，将于 {} 通知第二联系人。", shown(*at)),
    }
}

fn sent(sent: &Sent) -> String {
    match sent {
        Sent::BeingSent { because, method } => {
            format!("正在通过{}发送{}，对方尚未应答。", by(method), for_what(*because))
        }
        Sent::Told { because, method, at, is_together } => {
            let together = if *is_together { "，与其他消息合并在一条中" } else { "" };
            format!("已于 {} 通过{}通知{}{together}。", shown(*at), by(method), for_what(*because))
        }
        Sent::Failed { method, words, again: Some(again) } => {
            format!("{}应答 `{words}`，将于 {} 重试。", name(method), shown(*again))
        }
        Sent::Failed { method, words, again: None } => {
            format!("{}应答 `{words}`，将会重试。", name(method))
        }
        Sent::GivenUp { method, words } => format!("{}已放弃发送：`{words}`", name(method)),
        Sent::Dropped(why) => {
            format!("未通知：{}", sentence::dropped(Language::Chinese, why.unwrap_or_default()))
        }
        Sent::UnlessAcknowledged(at) => format!("若此前无人确认，将于 {} 通知。", shown(*at)),
        Sent::SilenceHolds(until) => format!("静默持续到 {}，届时重新判断。", shown(*until)),
        Sent::WindowOpens(at) => format!("通知时段于 {} 开始，届时重新判断。", shown(*at)),
        Sent::AddressRests(resting) => self::resting(resting),
        Sent::AboutToBeSent => "即将发送，数秒内的其他消息会一并发送。".to_owned(),
    }
}

fn unsent(unsent: &Unsent) -> String {
    match unsent {
        Unsent::NobodyNamed => "没有通知设置，因此不通知任何人。".to_owned(),
        Unsent::Abandoned => "未通知任何人：域名已停用或删除，并非恢复。".to_owned(),
        Unsent::SwitchedOff(of) => format!("未通知：{}的开关已关闭。", called(*of)),
        Unsent::KindNotWanted { kind, called } => {
            format!("未通知：{}不包含“{}”。", self::called(*called), self::kind(*kind))
        }
        Unsent::ContactRemoved => "未通知：联系人已删除。".to_owned(),
        Unsent::Unreached(unreached) => self::unreached(unreached),
        Unsent::NotToldBefore(name) => {
            format!("未通知：`{name}` 从未收到过该异常的通知。")
        }
        Unsent::NotCritical(name) => {
            format!("未通知：`{name}` 是第二联系人，只接收严重异常。")
        }
        Unsent::NotYet => "通知服务尚未处理到此事件。".to_owned(),
        Unsent::WasAnother => {
            "未通知：事件发生时的设置或联系人与现在不同，或相关记录已不再保留。".to_owned()
        }
    }
}

fn called(called: Called) -> &'static str {
    match called {
        Called::Own => "此域名的设置",
        Called::Default => "默认设置",
    }
}

fn names(called: Called, contacts: &[Option<String>], methods: &[String]) -> String {
    let contacts = contacts.iter().map(|name| match name {
        Some(name) => format!("`{name}`"),
        None => "已删除的联系人".to_owned(),
    });
    let contacts: Vec<_> = contacts.collect();
    let methods: Vec<_> = methods.iter().map(|method| name(method)).collect();
    format!(
        "{}通过{}通知 {}。",
        self::called(called),
        spaced(&methods.join("、")),
        contacts.join("、")
    )
}

fn unreached(Unreached { name, method, has_address }: &Unreached) -> String {
    let by = by(method);
    if *has_address {
        format!("`{name}` 无法通过{by}接收：地址尚未验证。")
    } else {
        format!("`{name}` 无法通过{by}接收：没有该方式的地址。")
    }
}

fn resting(Resting { name, method, until }: &Resting) -> String {
    let by = by(method);
    match until {
        Some(until) => {
            format!("已暂停通过{by}发送给 `{name}`：消息将等到 {}。", shown(*until))
        }
        None => format!("`{name}` 的{by}地址已失效：消息将等到有人修复此地址。"),
    }
}

fn shut(time: &AnomalyTime, opens: Timestamp) -> String {
    let passes = if time.critical_any_time { "；严重异常仍会立即通知" } else { "" };
    format!("通知时段为 {}：消息将等到 {} 开始时重新判断{passes}。", window(time), shown(opens))
}

fn window(time: &AnomalyTime) -> String {
    let (from, to) = super::hours(time);
    format!("{from} 至 {to}（{}）", time.time_zone)
}

fn silent(of: &Silent) -> String {
    match of {
        Silent::Domain => "此域名".to_owned(),
        Silent::Tag(tag) => format!("标签 `{tag}` "),
    }
}

fn for_what(Because { cause, reminder }: Because) -> String {
    match cause {
        Cause::Unspecified | Cause::Event => String::new(),
        Cause::Reminder => format!("（第 {reminder} 次提醒）"),
        Cause::Test => "（测试）".to_owned(),
        Cause::Again => "（有人要求重新发送）".to_owned(),
        Cause::Escalation => "（未在限定时间内确认）".to_owned(),
        Cause::Verification => "（用于验证地址）".to_owned(),
        Cause::ChannelBroken => "（另一通知方式无法送达）".to_owned(),
    }
}

fn within(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!("（{reason}）") }
}

fn kind(kind: Kind) -> &'static str {
    sentence::kind(Language::Chinese, kind)
}

/// What a method is called, at the beginning of a sentence.
fn name(method: &str) -> &str {
    sentence::method(Language::Chinese, method)
}

/// The same within one: Latin letters stand apart from Chinese ones.
fn by(method: &str) -> String {
    spaced(name(method))
}

fn spaced(text: &str) -> String {
    let space = |c: Option<char>| if c.is_some_and(|c| c.is_ascii()) { " " } else { "" };
    let (first, last) = (text.chars().next(), text.chars().next_back());
    format!("{}{text}{}", space(first), space(last))
}
