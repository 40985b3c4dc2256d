//! The words in Simplified Chinese.

use proto::v1::{AnomalyClosed, Kind, State, anomaly_closed::How, log_event::Event};

use super::{address, since};
use crate::domain::{language::Language, sentence};

/// What an event says.
pub(super) fn text(event: &Event) -> String {
    match event {
        Event::Watched(watched) if watched.enabling => "开始监控。".to_owned(),
        Event::Watched(_) => "按新的选项监控。".to_owned(),
        Event::Unwatched(over) if over.removed => "已删除，不再监控。".to_owned(),
        Event::Unwatched(_) => "已停用，不再监控。".to_owned(),
        Event::StateChanged(changed) => {
            format!("状态由“{}”变为“{}”。", state(changed.from()), state(changed.to()))
        }
        Event::AnomalyOpened(opened) => {
            sentence::of(Language::Chinese, opened.kind(), opened.evidence.as_ref())
        }
        Event::AnomalyWorsened(worse) => {
            sentence::of(Language::Chinese, worse.kind(), worse.evidence.as_ref())
        }
        Event::AnomalyClosed(closed) => over(closed),
        Event::CertificateChanged(changed) => {
            let evidence = changed.evidence.as_ref();
            sentence::of(Language::Chinese, Kind::CertificateChanged, evidence)
        }
        Event::ChainLearned(learned) => {
            let count = learned.chain.as_ref().map_or(0, |chain| chain.certificates.len());
            let fetched = match learned.fetched.len() {
                0 => String::new(),
                count => format!("，并为其下载了 {count} 张"),
            };
            format!("观测到由 {count} 张证书组成的证书链{fetched}。")
        }
        Event::EndpointSeen(seen) => {
            format!("{} 提供了此前未见的证书链。", address(&seen.address, seen.port))
        }
        Event::EndpointGone(gone) => {
            format!("域名不再指向 {}。", address(&gone.address, gone.port))
        }
        Event::RoundCounted(round) => {
            let (kind, seen, clean) = (kind(round.kind()), round.seen, round.clean);
            if clean > 0 {
                format!("{} 轮中已有 {clean} 轮未再出现“{kind}”。", round.clean_needed)
            } else {
                format!("“{kind}”连续出现 {seen} 轮。")
            }
        }
    }
}

fn state(state: State) -> &'static str {
    match state {
        State::Unspecified | State::Unknown => "未知",
        State::Enabling => "启用中",
        State::Secure => "安全",
        State::Abnormal => "异常",
        State::EnableFailed => "启用失败",
        State::Disabled => "已停用",
    }
}

fn over(closed: &AnomalyClosed) -> String {
    let kind = kind(closed.kind());
    let since = since(closed).map(|since| format!("（始于 {since}）")).unwrap_or_default();
    match closed.how() {
        How::Unspecified | How::Recovered => format!("“{kind}”已恢复{since}。"),
        How::Superseded => format!("“{kind}”已被更严重的异常取代{since}。"),
        How::Abandoned => format!("“{kind}”不再监控{since}。"),
    }
}

fn kind(kind: Kind) -> &'static str {
    sentence::kind(Language::Chinese, kind)
}
