//! In Simplified Chinese.

use super::{Door, Full, Manner, Refusal, Slow, StaleSecret, Thing, Trouble};
use crate::domain::{
    board::delivery::DeliveryState,
    intake::{COLUMNS, LINES_MAX, Unreadable},
    inventory::{account, contact, domain, silence, token, token::Role},
    language::Language,
    sentence,
    want::zh_cn::said,
};

/// What a refusal says.
pub(super) fn text(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Invalid(mistakes) => {
            let lines: Vec<_> =
                mistakes.iter().map(|mistake| mistake.in_language(Language::Chinese)).collect();
            lines.join("；")
        }
        Refusal::NoLine(count) => format!("{count} 行中没有一行可用"),
        Refusal::Unreadable(unreadable) => self::unreadable(unreadable),
        Refusal::Repeated { first } => format!("与第 {first} 行是同一个域名"),
        Refusal::Fields { have, columns } => format!("有 {have} 个字段，但只有 {columns} 列"),
        Refusal::Csv(words) => format!("无法读取此行（{}）", said(words)),
        Refusal::OnlyMonitored(name) => format!("只监控 `{name}`，其余内容已忽略"),
        Refusal::Domain(domain::Refusal::Absent) => "此域名未被监控".to_owned(),
        Refusal::Contact(refusal) => contact(*refusal),
        Refusal::Silence(silence::Refusal::Absent) => "没有这个静默".to_owned(),
        Refusal::Silence(silence::Refusal::Lifted) => {
            "此静默已被解除，请使用另一个键添加新的静默".to_owned()
        }
        Refusal::Token(token::Refusal::Absent) => "没有这个令牌".to_owned(),
        Refusal::Token(token::Refusal::Present) => "已有这个令牌".to_owned(),
        Refusal::Token(token::Refusal::Revoked) => {
            "此令牌已被吊销，请使用另一个键签发新的令牌".to_owned()
        }
        Refusal::Account(refusal) => account(*refusal),
        Refusal::Absent { what, id } => format!("没有{} `{id}`", thing(*what)),
        Refusal::Disabled(name) => format!("`{name}` 已停用，请先启用"),
        Refusal::NoAnomaly(name) => format!("`{name}` 没有这个未恢复的异常"),
        Refusal::Full(full) => self::full(*full),
        Refusal::LastToken => "这是最后一个管理员令牌，请先签发另一个".to_owned(),
        Refusal::LastAccount => "这是最后一个可用的管理员账号，请先添加另一个".to_owned(),
        Refusal::LinkOver => "此链接已被使用或已失效，请使用另一个键生成新的链接".to_owned(),
        Refusal::SubjectTaken => "另一个账号已有此 `subject`".to_owned(),
        Refusal::DefaultStays => "默认设置可以修改，不能删除".to_owned(),
        Refusal::NotParked(state) => {
            format!("它的状态是“{}”，只有已搁置的才能重新发送", self::state(*state))
        }
        Refusal::VerifiedAlready => "其邮箱已经验证".to_owned(),
        Refusal::NoMailbox => "没有邮箱".to_owned(),
        Refusal::Named(None) => "默认设置使用了此联系人，请先修改该设置".to_owned(),
        Refusal::Named(Some(name)) => {
            format!("`{name}` 的设置使用了此联系人，请先修改该设置")
        }
        Refusal::KeyNeeded { names, count } => key_needed(names, *count),
        Refusal::Changed { seen, now } => {
            format!("它已是版本 {now}，不再是 {seen}，请重新查看")
        }
        Refusal::Contended(subject) => format!("`{subject}` 不断被他人修改，请重试"),
        Refusal::Door(door) => self::door(*door),
        Refusal::Manner(manner) => self::manner(manner),
        Refusal::Trouble(trouble) => self::trouble(trouble),
    }
}

fn unreadable(unreadable: &Unreadable) -> String {
    let known = || Language::Chinese.quoted(&COLUMNS);
    match unreadable {
        Unreadable::TooLong => format!("列表超过 {LINES_MAX} 行，请分成几份"),
        Unreadable::NoNameColumn => {
            format!("第一行应为列名，且必须包含 `name`；已知的列有 {}", known())
        }
        Unreadable::UnknownColumn { title } => {
            format!("没有名为 `{title}` 的列；已知的列有 {}", known())
        }
        Unreadable::RepeatedColumn(title) => format!("列 `{title}` 出现了两次"),
    }
}

fn contact(refusal: contact::Refusal) -> String {
    match refusal {
        contact::Refusal::Absent => "没有这个联系人".to_owned(),
        contact::Refusal::Removed => "此联系人已被删除，请使用另一个键重新添加".to_owned(),
        contact::Refusal::NothingToKeep { channel } => {
            let method = sentence::method(Language::Chinese, channel);
            format!("没有可以保留的 `{method}` 机器人，请填写其地址")
        }
        contact::Refusal::Moved => "联系人的邮箱已更换，或已没有邮箱".to_owned(),
    }
}

fn account(refusal: account::Refusal) -> String {
    let plain = match refusal {
        account::Refusal::Absent => "没有这个账号",
        account::Refusal::Present => "已有同名的账号",
        account::Refusal::Removed => "此账号已被删除，请使用另一个键重新添加",
        account::Refusal::Unusable => "此账号不可使用",
        account::Refusal::Answered => "此次登录已被应答，请重新开始",
        account::Refusal::MovedOn => "此账号刚刚被修改，请重新登录",
    };
    plain.to_owned()
}

fn key_needed(names: &[StaleSecret], count: usize) -> String {
    let names = names.iter().map(|name| match name {
        StaleSecret::Password(name) => format!("`{name}` 的密码"),
        StaleSecret::Robots(name) => format!("`{name}` 的机器人"),
    });
    let names: Vec<_> = names.collect();
    format!("旧密钥仍需用于 {count} 项内容：{}；请先轮换密钥，以便重新加密", names.join("、"))
}

fn thing(thing: Thing) -> &'static str {
    match thing {
        Thing::Domain => "域名",
        Thing::Contact => "联系人",
        Thing::Delivery => "投递记录",
        Thing::Event => "事件",
        Thing::Silence => "静默",
        Thing::Token => "令牌",
        Thing::Account => "账号",
        Thing::Setting => "设置",
        Thing::MissingCertificate => "缺少的证书：域名",
    }
}

fn full(full: Full) -> String {
    match full {
        Full::Domains { new, there, max } => {
            format!("再添加 {new} 个将超出上限：已有 {there} 个，最多 {max} 个")
        }
        Full::Contacts(max) => format!("已有 {max} 个联系人，不能再添加"),
        Full::Silences(max) => format!("已有 {max} 个静默，请先解除一个"),
        Full::Tokens(max) => format!("已有 {max} 个令牌，请先吊销一个"),
        Full::Accounts(max) => format!("已有 {max} 个账号，请先删除一个"),
        Full::Streams(max) => format!("已打开 {max} 个事件流，请先关闭一个"),
    }
}

fn state(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Due => "待发送",
        DeliveryState::Attempted => "发送中",
        DeliveryState::Delivered => "已送达",
        DeliveryState::Failed => "暂时失败",
        DeliveryState::Parked => "已搁置",
        DeliveryState::Dropped => "已取消",
    }
}

fn door(door: Door) -> String {
    let plain = match door {
        Door::TooOften(seconds) => return format!("尝试过于频繁，请等待 {seconds} 秒"),
        Door::Role(Role::Viewer) => "需要查看者的角色",
        Door::Role(Role::Editor) => "需要编辑者的角色",
        Door::Role(Role::Admin) => "需要管理员的角色",
        Door::Silent => "请在请求头 `Authorization: Bearer …` 中发送令牌，或先登录",
        Door::Unknown => "令牌不存在，或已被吊销",
        Door::Over => "会话已结束，请重新登录",
        Door::Elsewhere => "请求并非来自本控制台的页面",
        Door::Unproven => "请求缺少会话的令牌，请重新加载页面",
        Door::ForeignForm => "请重新加载页面后再提交",
        Door::Wrong => "账号名或密码错误",
        Door::PasswordsClosed => "这里不使用密码登录",
        Door::OtherPassword => "当前密码不正确",
        Door::LinkSent => "不到一分钟前已向该邮箱发送过链接",
    };
    plain.to_owned()
}

/// What the readers of requests say, they say in English: it is quoted.
fn manner(manner: &Manner) -> String {
    match manner {
        Manner::Malformed(words) => format!("无法读取请求（{}）", said(words)),
        Manner::TooManyFields(max) => format!("表单最多有 {max} 个字段"),
        Manner::ReusedKey => {
            "`Idempotency-Key`：此键已用于另一请求，请为不同的请求使用不同的键".to_owned()
        }
        Manner::NotAcceptable(have) => format!("此处的应答格式为 `{have}`"),
        Manner::MediaType(want) => format!("请发送 `{want}`"),
        Manner::TooLarge(max) => format!("请求内容最多 {max} 字节"),
        Manner::NothingHere => "此路径不存在，参见 `/api/v1/openapi.json`".to_owned(),
        Manner::Method => "此路径不支持该方法，参见 `/api/v1/openapi.json`".to_owned(),
    }
}

fn trouble(trouble: &Trouble) -> String {
    let plain = match trouble {
        Trouble::Slow(Slow::Answering) => "应答超时",
        Trouble::Slow(Slow::Events) => "读取域名的事件超时",
        Trouble::Slow(Slow::Showing) => "等待显示结果超时",
        // What is wrong inside is for the log.
        Trouble::Unavailable(_) => "服务暂时不可用，请稍后再试",
        Trouble::Bug => "日志中有更多信息，请报告此问题",
    };
    plain.to_owned()
}
