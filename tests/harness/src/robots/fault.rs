//! Ways to fail that have nothing to do with what was said.

use super::Vendor;
use super::post::Answer;

/// How a robot fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It answers this.
    Answers(Answer),
    /// It answers HTTP 200 with this code and text, in the form of its vendor.
    Code(i64, String),
    /// A proxy before it answers a page of its own.
    Page,
    /// It answers 307, and leads there.
    Leads(String),
    /// It takes the request, and never answers.
    Hangs,
    /// It takes the request, and resets the connection.
    Resets,
    /// It answers 200, and its body never ends.
    NeverEnds,
    /// It answers 200, and its body comes byte by byte, without end.
    Drips,
}

impl Fault {
    /// This code with no words worth mentioning.
    pub fn code(code: i64) -> Self {
        Self::Code(code, "refused".to_owned())
    }

    /// This status with this text.
    pub fn status(status: u16, text: &str) -> Self {
        Self::Answers(Answer::text(status, text))
    }

    /// What is answered, as far as anything is.
    pub(super) fn answer(&self, vendor: Vendor) -> Answer {
        match self {
            Self::Answers(answer) => answer.clone(),
            Self::Code(code, text) => coded(vendor, *code, text),
            Self::Page => Answer::text(200, "<!doctype html><title>Sign in to the network</title>")
                .with("x-proxy", "yes"),
            Self::Leads(place) => Answer::text(307, "").with("location", place),
            Self::Hangs | Self::Resets => Answer::text(0, ""),
            Self::NeverEnds | Self::Drips => Answer::text(200, ""),
        }
    }
}

/// A code in the form of a vendor that has codes.
pub(super) fn coded(vendor: Vendor, code: i64, text: &str) -> Answer {
    let body = match vendor {
        Vendor::DingTalk | Vendor::WeCom => serde_json::json!({ "errcode": code, "errmsg": text }),
        Vendor::Feishu | Vendor::Lark => {
            serde_json::json!({ "code": code, "data": {}, "msg": text })
        }
        Vendor::Slack | Vendor::Webhook => panic!("{vendor:?} has no codes, but statuses"),
    };
    Answer::json(&body.to_string())
}
