//! What a group robot of DingTalk asks for. Whatever it refuses, it refuses with HTTP 200.

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::json;

use super::fault::coded;
use super::post::Call;
use super::{Answer, Message, Meter, Setup, Vendor, markup, sign};

/// Bytes of a whole body.
const BODY_MAX: usize = 20_000;

/// Messages a minute.
const LIMITS: &[(usize, SignedDuration)] = &[(20, SignedDuration::from_mins(1))];

/// How long a robot is blocked that was called too often.
const BLOCKED: SignedDuration = SignedDuration::from_mins(10);

/// How far a stamp may be off.
const STAMP_MAX: SignedDuration = SignedDuration::from_hours(1);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    msgtype: String,
    text: Option<Text>,
    markdown: Option<Markdown>,
    #[serde(default)]
    at: At,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    content: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Markdown {
    title: String,
    text: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct At {
    #[serde(rename = "atMobiles")]
    mobiles: Vec<String>,
    #[serde(rename = "atUserIds")]
    user_ids: Vec<String>,
    #[serde(rename = "isAtAll")]
    is_all: bool,
}

pub(super) fn token(call: &Call) -> String {
    let is_there = call.path == "/robot/send";
    call.parameter("access_token").filter(|_| is_there).unwrap_or_default()
}

/// The answer to a token that nobody has.
pub(super) fn unknown(call: &Call) -> Answer {
    match call.parameter("access_token") {
        None => refused(40_035, "缺少参数 access_token"),
        Some(_) => refused(300_005, "token is not exist"),
    }
}

pub(super) fn judge(setup: &Setup, meter: &mut Meter, call: &Call) -> Result<Message, Answer> {
    if call.method != "POST" {
        return Err(refused(43_002, "需要POST请求"));
    }
    if meter.is_shut(call.at) {
        return Err(too_fast());
    }
    if !meter.counts(call.at, LIMITS) {
        meter.shut(call.at + BLOCKED);
        return Err(too_fast());
    }
    if !setup.secret.is_empty() {
        is_signed(&setup.secret, call)?;
    }
    if !call.is_json() {
        return Err(refused(43_004, "无效的HTTP HEADER Content-Type"));
    }
    if call.body.len() > BODY_MAX {
        let text = "description: body 大小不合法;solution:请保持大小在 20000bytes 以内;";
        return Err(refused(460_101, text));
    }
    let body = serde_json::from_slice::<Body>(&call.body);
    let body = body.map_err(|error| refused(40_035, &format!("缺少参数 json: {error}")))?;
    let message = message(&body)?;
    if !format!("{}\n{}", message.title, message.text).contains(&setup.keyword) {
        return Err(refused(310_000, "description:关键词不匹配;solution:请联系群管理员;"));
    }
    Ok(message)
}

fn is_signed(secret: &str, call: &Call) -> Result<(), Answer> {
    let mismatch = || refused(310_000, "description:机器人发送签名不匹配;solution:sign not match;");
    let stale = || refused(310_000, "description:机器人发送签名过期;solution:invalid timestamp;");
    let stamp = call.parameter("timestamp").ok_or_else(mismatch)?;
    let millis: i64 = stamp.parse().ok().filter(|_| stamp.len() == 13).ok_or_else(stale)?;
    let at = jiff::Timestamp::from_millisecond(millis).map_err(|_| stale())?;
    if call.at.duration_since(at).abs() > STAMP_MAX {
        return Err(stale());
    }
    let want = sign::tag(secret.as_bytes(), format!("{stamp}\n{secret}").as_bytes());
    if call.parameter("sign").as_ref() == Some(&want) { Ok(()) } else { Err(mismatch()) }
}

fn message(body: &Body) -> Result<Message, Answer> {
    let missing = |what: &str| refused(40_035, &format!("缺少参数 {what}"));
    let (title, text, shows_names) = match (body.msgtype.as_str(), &body.text, &body.markdown) {
        ("text", Some(text), None) => (String::new(), text.content.clone(), true),
        ("markdown", None, Some(one)) => (one.title.clone(), one.text.clone(), false),
        ("text" | "markdown", _, _) => return Err(missing(&body.msgtype)),
        (_, _, _) => return Err(refused(400_105, "unsupported msgtype")),
    };
    if text.trim().is_empty() || (body.msgtype == "markdown" && title.trim().is_empty()) {
        return Err(missing("title or text"));
    }
    // In Markdown only who stands in the text as well is called.
    let named = body.at.mobiles.iter().chain(&body.at.user_ids);
    let named = named.filter(|one| shows_names || text.contains(&format!("@{one}")));
    let all = body.at.is_all.then(|| "all".to_owned());
    let mentions = named.cloned().chain(all).collect();
    let links = markup::links(&text);
    Ok(Message { title, text, mentions, links })
}

fn refused(code: i64, text: &str) -> Answer {
    coded(Vendor::DingTalk, code, text)
}

fn too_fast() -> Answer {
    let text = "send too fast, exceed 20 times per minute";
    let body = json!({ "errcode": 130_101, "errmsg": text, "wait": 5, "punish": "deny" });
    Answer::json(&body.to_string())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::Value;

    use super::*;

    /// Made with Python's `hmac` and `urllib.parse.quote`.
    const SIGNED: &str = "access_token=T&timestamp=1767225600005\
        &sign=blbxCcdoYD309Q9wy%2Bj7hXkPbu%2BVeYztptsq%2FJSvmtM%3D";

    fn at() -> Timestamp {
        Timestamp::from_millisecond(1_767_225_600_500).unwrap()
    }

    fn call(query: &str, body: &Value) -> Call {
        Call {
            at: at(),
            method: "POST".to_owned(),
            path: "/robot/send".to_owned(),
            query: query.to_owned(),
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: body.to_string().into_bytes(),
        }
    }

    fn markdown(text: &str) -> Value {
        let at = json!({ "atMobiles": ["13800001111"], "atUserIds": ["zoe"], "isAtAll": true });
        json!({ "msgtype": "markdown", "markdown": { "title": "T", "text": text }, "at": at })
    }

    fn signed() -> Setup {
        Setup::of(Vendor::DingTalk, "T").signed("SEC6c1f")
    }

    fn code(judged: Result<Message, Answer>) -> i64 {
        let answer = judged.unwrap_err();
        assert_eq!(answer.status, 200);
        serde_json::from_str::<Value>(&answer.body).unwrap()["errcode"].as_i64().unwrap()
    }

    #[test]
    fn a_signature_is_encoded_once_and_fresh() {
        let judge = |query: &str, later: i64| {
            let mut call = call(query, &markdown("a"));
            call.at += SignedDuration::from_secs(later);
            judge(&signed(), &mut Meter::default(), &call)
        };
        assert!(judge(SIGNED, 0).is_ok());
        assert!(judge(SIGNED, 3_599).is_ok());
        assert_eq!(code(judge(SIGNED, 3_601)), 310_000);
        assert_eq!(code(judge(&SIGNED.replace('%', "%25"), 0)), 310_000, "encoded twice");
        assert_eq!(code(judge(&SIGNED.replace("%2B", "+"), 0)), 310_000, "not encoded");
        assert_eq!(code(judge(&SIGNED.replace("600005", "600006"), 0)), 310_000);
        assert_eq!(code(judge(&SIGNED.replace("0005&", "&"), 0)), 310_000, "seconds");
        assert_eq!(code(judge("access_token=T", 0)), 310_000);
    }

    #[test]
    fn only_who_stands_in_the_text_is_called() {
        let setup = Setup::of(Vendor::DingTalk, "T");
        let judge =
            |text: &str| judge(&setup, &mut Meter::default(), &call("", &markdown(text))).unwrap();
        assert_eq!(judge("a @zoe [b](https://b.test)").mentions, ["zoe", "all"]);
        assert_eq!(judge("a @zoe [b](https://b.test)").links, ["https://b.test"]);
        assert_eq!(judge("@13800001111").mentions, ["13800001111", "all"]);
    }

    #[test]
    fn each_mistake_has_its_code() {
        let setup = Setup::of(Vendor::DingTalk, "T").wanting("[TLS]");
        let judge = |body: &Value| judge(&setup, &mut Meter::default(), &call("", body));
        assert!(judge(&markdown("[TLS] a")).is_ok());
        assert_eq!(code(judge(&markdown("a"))), 310_000, "no keyword");
        // 6,700 characters, 20,100 bytes.
        assert_eq!(code(judge(&markdown(&"例".repeat(6_700)))), 460_101);
        assert_eq!(code(judge(&json!({ "msgtype": "poem" }))), 400_105);
        assert_eq!(code(judge(&json!({ "msgtype": "markdown" }))), 40_035);
        assert_eq!(code(judge(&json!({ "msgtype": "text", "text": { "text": "a" } }))), 40_035);
        assert_eq!(code(judge(&json!({ "text": { "content": "a" } }))), 40_035);
        let mut get = call("", &markdown("[TLS]"));
        get.method = "GET".to_owned();
        assert_eq!(code(super::judge(&setup, &mut Meter::default(), &get)), 43_002);
    }

    #[test]
    fn whoever_sends_the_twenty_first_is_blocked_for_ten_minutes() {
        let setup = Setup::of(Vendor::DingTalk, "T");
        let mut meter = Meter::default();
        let mut judge = |second: i64| {
            let mut call = call("", &markdown("a"));
            call.at += SignedDuration::from_secs(second);
            judge(&setup, &mut meter, &call)
        };
        for second in 0..20 {
            assert!(judge(second).is_ok());
        }
        assert_eq!(code(judge(59)), 130_101);
        assert_eq!(code(judge(500)), 130_101, "not before ten minutes are over");
        assert!(judge(660).is_ok());
    }
}
