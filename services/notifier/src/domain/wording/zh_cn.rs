//! Simplified Chinese.

use proto::v1::{Kind, Reason, Severity, untrusted::Cause};

use super::{
    moment::{Clock, Unit},
    phrases::{Label, Phrases},
    saying::{Limit, Saying},
};

pub(super) struct Chinese;

impl Phrases for Chinese {
    fn title(&self, kind: Kind) -> &'static str {
        match kind {
            Kind::Unspecified => "测试消息",
            Kind::EnableFailed => "启用监控失败",
            Kind::Expired => "证书已过期",
            Kind::Expiring => "证书即将过期",
            Kind::ChainIncomplete => "证书链不完整",
            Kind::NameMismatch => "证书与域名不匹配",
            Kind::Recovered => "已恢复",
            Kind::Untrusted => "证书不受信任",
            Kind::NotYetValid => "证书尚未生效",
            Kind::Revoked => "证书已吊销",
            Kind::Unreachable => "无法再获取证书",
            Kind::MixedCertificates => "各端点证书不一致",
            Kind::Weak => "加密强度不足",
            Kind::RenewalOverdue => "证书逾期未续",
            Kind::NotObserved => "未能观测",
            Kind::CertificateChanged => "证书已变更",
            Kind::ProberBlind => "探测节点异常",
        }
    }

    fn sentence(&self, name: &str, saying: &Saying<'_>, clock: &Clock<'_>) -> String {
        match saying {
            Saying::Test => "这是一条测试消息：certherald 的通知可以送达此处。".to_owned(),
            Saying::Verification => "有人希望通过此地址向您发送证书相关的消息。".to_owned(),
            Saying::BrokenChannel { channel, contact } => {
                let channel = self.channel(channel);
                format!(
                    "目前无法通过“{channel}”向 {contact} 送达任何消息；待发的消息最多等待一天，并保留在站内信中。"
                )
            }
            Saying::EnableFailed(reason) => {
                format!("{name} 启用监控失败，未能获取证书：{}。", self.reason(*reason))
            }
            Saying::Unreachable(reason) => {
                format!("{name} 不再提供证书：{}。", self.reason(*reason))
            }
            Saying::Expired { limit } => {
                let at = limit.at.map(|at| format!("于 {} ", clock.local(at)));
                format!("{}已{}过期。", of(name, limit), at.unwrap_or_default())
            }
            Saying::Expiring { limit, left } => {
                let at = limit.at.map(|at| format!("（{}）", clock.local(at)));
                let (left, at) = (self.span(*left), at.unwrap_or_default());
                format!("{}将在 {left}后过期{at}。", of(name, limit))
            }
            Saying::ChainIncomplete { missing: Some(missing) } => {
                format!("{name} 未提供中间证书“{missing}”。")
            }
            Saying::ChainIncomplete { missing: None } => format!("{name} 未提供完整的中间证书。"),
            Saying::NameMismatch { expected } => format!("{name} 的证书不包含 {expected}。"),
            Saying::Recovered { kinds, lasted } => {
                let what: Vec<_> = kinds.iter().map(|kind| self.title(*kind)).collect();
                let (lasted, what) = (self.span(*lasted), what.join("、"));
                format!("{name} 已恢复正常，持续 {lasted}的异常已消除：{what}。")
            }
            Saying::Untrusted(cause) => {
                format!("{name} 的证书不受信任：{}。", self.distrust(*cause))
            }
            Saying::NotYetValid { from: Some(from) } => {
                format!("{name} 的证书在 {} 之前无效。", clock.local(*from))
            }
            Saying::NotYetValid { from: None } => format!("{name} 的证书尚未生效。"),
            Saying::Revoked => format!("{name} 的证书已被吊销。"),
            Saying::Mixed { fewer, all } => {
                format!("{name} 的 {all} 个端点中有 {fewer} 个提供了不同的证书。")
            }
            Saying::Weak { weaknesses } => {
                format!("{name} 使用的加密强度不足：{}。", weaknesses.join("、"))
            }
            Saying::RenewalOverdue => format!("{name} 的证书未在惯常时间续期。"),
            Saying::NotObserved { last_seen: Some(last_seen) } => {
                format!("自 {} 起未能观测 {name}：其状态未知。", clock.local(*last_seen))
            }
            Saying::NotObserved { last_seen: None } => {
                format!("未能观测 {name}：其状态未知。")
            }
            Saying::Changed { lost: [] } => format!("{name} 的证书已变更。"),
            Saying::Changed { lost } => {
                format!("{name} 的证书已变更，不再包含原有的 {} 个域名。", lost.len())
            }
            Saying::ProberBlind { failed, looked } => format!(
                "探测节点 {name} 对 {looked} 个原本正常的域名中的 {failed} 个探测失败：其失败结果已搁置。"
            ),
        }
    }

    fn action(&self, saying: &Saying<'_>) -> &'static str {
        match saying {
            Saying::Test => "无需处理。",
            Saying::Verification => "如同意，请在一小时内打开链接；如非您本人所期，请忽略。",
            Saying::BrokenChannel { .. } => {
                "请改正该地址并保存；若问题在对方，待其恢复后发送一次测试：等待中的消息将立即发送。"
            }
            Saying::Expired { .. } => "请立即续期证书，以恢复服务。",
            Saying::Expiring { .. } => "请在过期前续期，以免服务中断。",
            Saying::ChainIncomplete { .. } => {
                "请重新部署包含全部中间证书的完整证书链（缺失的证书见附件）。"
            }
            Saying::NameMismatch { .. } => "请检查证书是否包含该域名，或重新签发包含该域名的证书。",
            Saying::Recovered { .. } => "无需处理：检测到的异常已消除。",
            Saying::EnableFailed(reason) | Saying::Unreachable(reason) => mend(*reason),
            Saying::Untrusted(_) => "请部署受信任机构签发的证书，或为该域名配置私有 CA。",
            Saying::NotYetValid { .. } => "请部署当前有效的证书，并检查签发方的时钟。",
            Saying::Revoked => "请立即更换证书，并使用新的密钥。",
            Saying::Mixed { .. } => "请在每个端点部署相同的证书。",
            Saying::Weak { .. } => "请使用更强的密钥或签名重新签发，并启用 TLS 1.2 或更高版本。",
            Saying::RenewalOverdue => "请检查自动续期是否正常。",
            Saying::NotObserved { .. } => "请检查探测节点是否运行、网络是否可达。",
            Saying::Changed { .. } => "如果变更符合预期，则无需处理。",
            Saying::ProberBlind { .. } => "请检查该探测节点的网络和域名解析。",
        }
    }

    fn label(&self, label: Label) -> &'static str {
        match label {
            Label::Action => "处理建议",
            Label::Severity => "级别",
            Label::Detected => "异常时间",
            Label::Since => "开始时间",
            Label::Reminder => "重复提醒",
            Label::Reason => "原因",
            Label::Detail => "详情",
            Label::Certificate => "证书",
            Label::Issuer => "颁发者",
            Label::Validity => "有效期",
            Label::Names => "证书域名",
            Label::Fingerprint => "SHA-256",
            Label::Limiting => "限制有效期的证书",
            Label::Rung => "提醒阈值",
            Label::Missing => "缺失证书",
            Label::Expected => "期望域名",
            Label::Presented => "证书包含域名",
            Label::Cause => "不受信任的原因",
            Label::Weaknesses => "薄弱项",
            Label::Groups => "各端点证书",
            Label::Before => "变更前",
            Label::After => "变更后",
            Label::NamesGained => "新增域名",
            Label::NamesLost => "减少域名",
            Label::LastSeen => "最近观测",
            Label::Unanswered => "无应答次数",
            Label::Failed => "失败数",
            Label::Endpoints => "所在端点",
            Label::Recovered => "已消除",
            Label::OwnerNote => "负责人备注",
            Label::Page => "打开控制台",
            Label::Verify => "确认此地址",
            Label::BrokenChannel => "无法送达",
            Label::Answer => "对方的答复",
            Label::Contacts => "打开联系人",
        }
    }

    fn channel<'a>(&self, token: &'a str) -> &'a str {
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

    fn severity(&self, severity: Severity) -> &'static str {
        match severity {
            Severity::Unspecified => "未知",
            Severity::Info => "提示",
            Severity::Warning => "警告",
            Severity::Critical => "严重",
        }
    }

    fn reason(&self, reason: Reason) -> &'static str {
        match reason {
            Reason::Unspecified => "原因未知",
            Reason::DnsNoAddress => "域名没有解析到地址",
            Reason::DnsFailure => "域名服务器应答异常",
            Reason::AddressNotAllowed => "其地址不允许连接",
            Reason::ConnectRefused => "端口已关闭",
            Reason::ConnectTimeout => "端口无应答",
            Reason::NotTls => "该端口的服务不是 TLS",
            Reason::HandshakeFailed => "TLS 握手失败",
            Reason::NoCertificate => "服务器未提供证书",
        }
    }

    fn distrust(&self, cause: Cause) -> &'static str {
        match cause {
            Cause::Unspecified => "原因未知",
            Cause::SelfSigned => "自签名证书",
            Cause::UnknownRoot => "根证书不受信任",
            Cause::IssuerNotFound => "未找到颁发者",
            Cause::NotPermitted => "证书链违反规则",
            Cause::Malformed => "证书无法解析",
        }
    }

    fn quantity(&self, count: i64, unit: Unit) -> String {
        let unit = match unit {
            Unit::Days => "天",
            Unit::Hours => "小时",
            Unit::Minutes => "分钟",
            Unit::Seconds => "秒",
        };
        format!("{count} {unit}")
    }

    fn more(&self, count: usize) -> String {
        format!("……另有 {count} 项")
    }

    fn lasted(&self, from: &str, to: &str, span: &str) -> String {
        format!("{from} 至 {to}（{span}）")
    }

    fn share(&self, part: u64, whole: u64) -> String {
        format!("{part} / {whole}")
    }

    fn undelivered(&self, channel: &str, reason: &str) -> String {
        let channel = self.channel(channel);
        format!("此消息未能通过“{channel}”送达：{reason}")
    }

    fn out_of_order(&self, channel: &str, reason: &str) -> String {
        let channel = self.channel(channel);
        format!("目前无法通过“{channel}”送达任何消息：{reason}\n今天的第一条消息：")
    }

    fn waiting(&self, channel: &str, reason: &str) -> String {
        let channel = self.channel(channel);
        format!(
            "此消息正在等待（最多一天），因为目前无法通过“{channel}”送达任何消息：{reason}\n\
             重新保存该地址或测试发送成功后，将立即发送。"
        )
    }

    fn deploy_from_page(&self) -> &'static str {
        "请重新部署包含全部中间证书的完整证书链（缺失的证书见该域名的页面）。"
    }

    fn gathered(&self, count: usize) -> String {
        format!("以下 {count} 条消息在短时间内产生。")
    }

    fn messages(&self, count: usize) -> String {
        format!("{count} 条消息")
    }

    fn one_certificate(&self) -> &'static str {
        "同一证书"
    }

    fn colon(&self) -> &'static str {
        "："
    }

    fn comma(&self) -> &'static str {
        "、"
    }
}

/// The certificate that a limit speaks of.
fn of(name: &str, limit: &Limit) -> String {
    match &limit.above_leaf {
        None => format!("{name} 的证书"),
        Some(subject) => format!("{name} 所依赖的证书“{subject}”"),
    }
}

fn mend(reason: Reason) -> &'static str {
    match reason {
        Reason::Unspecified => "请检查域名、端口和服务器。",
        Reason::DnsNoAddress => "请更正域名，或为其添加解析记录（A 或 AAAA）。",
        Reason::DnsFailure => "请检查该域名的域名服务器。",
        Reason::AddressNotAllowed => "请更正域名，或由管理员放行该地址段。",
        Reason::ConnectRefused => "请启动服务，或更正端口。",
        Reason::ConnectTimeout => "请在防火墙中放行该端口，或更正地址。",
        Reason::NotTls => "请使用 HTTPS 端口，或选择该服务对应的 STARTTLS 协议。",
        Reason::HandshakeFailed => {
            "请检查服务器的 TLS 配置：密钥、版本，以及是否为该域名提供服务。"
        }
        Reason::NoCertificate => "请在服务器上配置证书。",
    }
}
