//! What people paste, and what it means.

use super::*;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

fn read(channel: &str, url: &str) -> Result<String, InvalidAddress> {
    let secret = if channel == "webhook" { WEBHOOK_SECRET } else { "" };
    let address = SecretAddress::read(channel, url, secret, &[], &["127.0.0.1:8081".to_owned()])?;
    Ok(address.url.to_string())
}

/// The secret of the test vector of Standard Webhooks.
const WEBHOOK_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

#[test]
fn a_token_alone_means_the_vendors_url() {
    for (channel, want) in [
        ("dingtalk", "https://oapi.dingtalk.com/robot/send?access_token="),
        ("wecom", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key="),
        ("feishu", "https://open.feishu.cn/open-apis/bot/v2/hook/"),
        ("lark", "https://open.larksuite.com/open-apis/bot/v2/hook/"),
    ] {
        let whole = format!("{want}{TOKEN}");
        assert_eq!(read(channel, TOKEN), Ok(whole.clone()));
        assert_eq!(read(channel, &format!(" {whole}\n")), Ok(whole));
    }
}

#[test]
fn a_pasted_signature_is_left_out() {
    let clean = format!("https://oapi.dingtalk.com/robot/send?access_token={TOKEN}");
    let pasted = format!("{clean}&timestamp=1700000000008&sign=abc%3D");
    assert_eq!(read("dingtalk", &pasted), Ok(clean));
}

#[test]
fn an_address_of_another_vendor_is_refused() {
    for (channel, url) in [
        ("dingtalk", format!("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={TOKEN}")),
        ("dingtalk", "https://oapi.dingtalk.com/robot/send".to_owned()),
        ("dingtalk", format!("http://oapi.dingtalk.com/robot/send?access_token={TOKEN}")),
        ("lark", format!("https://open.feishu.cn/open-apis/bot/v2/hook/{TOKEN}")),
        ("slack", format!("https://slack.example/services/{TOKEN}")),
        ("slack", TOKEN.to_owned()),
        ("webhook", "https://user:pass@hooks.example/".to_owned()),
        ("webhook", "http://hooks.example/".to_owned()),
        ("webhook", "https://hooks.example:8443/".to_owned()),
        ("webhook", "https://hooks.example:22/".to_owned()),
        ("wecom", format!("https://qyapi.weixin.qq.com:8443/cgi-bin/webhook/send?key={TOKEN}")),
        ("wecom", "short".to_owned()),
        ("wecom", "https://qyapi.weixin.qq.com/".repeat(100)),
    ] {
        let error = read(channel, &url).unwrap_err();
        assert_eq!(error.field, "url", "{channel} {url}");
        assert!(!error.to_string().contains(TOKEN), "{error}");
    }
}

#[test]
fn a_host_that_the_operator_names_is_admitted_and_in_the_clear() {
    let url = format!("http://127.0.0.1:8081/robot/send?access_token={TOKEN}");
    assert_eq!(read("dingtalk", &url), Ok(url.clone()));
    assert!(read("dingtalk", &url.replace("8081", "8082")).is_err());
    for scheme in ["http", "https"] {
        let url = format!("{scheme}://127.0.0.1:8081/x");
        assert_eq!(read("webhook", &url), Ok(url));
    }
    assert_eq!(read("webhook", "https://hooks.example:443/").unwrap(), "https://hooks.example/");
    let error = read("webhook", "https://127.0.0.1:8082/x").unwrap_err();
    assert!(error.to_string().contains("CONSOLE_ROBOT_HOSTS"), "{error}");
    let slack = "https://hooks.slack.com/services/T00000000/B00000000/0123456789abcdef";
    assert_eq!(read("slack", slack), Ok(slack.to_owned()));
}

#[test]
fn secrets_and_mentions_are_those_of_the_channel() {
    let refused = |channel: &str, secret: &str, mentions: &[&str]| {
        let mentions: Vec<_> = mentions.iter().map(|&one| one.to_owned()).collect();
        let url = if channel == "webhook" { "https://hooks.example/" } else { TOKEN };
        let read = SecretAddress::read(channel, url, secret, &mentions, &[]);
        read.err().map(|error| error.field)
    };
    assert_eq!(refused("dingtalk", "SEC0123", &["13800001111", "all"]), None);
    assert_eq!(refused("dingtalk", "", &[]), None);
    assert_eq!(refused("dingtalk", "SEC", &[]), Some("secret"), "too short to be one");
    assert_eq!(refused("wecom", "SEC0123", &[]), Some("secret"));
    assert_eq!(refused("webhook", WEBHOOK_SECRET, &[]), None);
    assert_eq!(refused("webhook", "", &[]), Some("secret"));
    assert_eq!(refused("webhook", "whsec_c2hvcnQ=", &[]), Some("secret"));
    assert_eq!(refused("webhook", WEBHOOK_SECRET, &["all"]), Some("mentions"));
    assert_eq!(refused("wecom", "", &["<!channel>"]), Some("mentions"));
    assert_eq!(refused("fax", "", &[]), Some("channel"));
}

#[test]
fn nothing_shows_the_secret() {
    let address = SecretAddress::read("dingtalk", TOKEN, "SEC0123456789", &[], &[]).unwrap();
    let shown = format!("{address:?} {}", address.robot());
    assert!(shown.contains("oapi.dingtalk.com …cdef"), "{shown}");
    assert!(!shown.contains("abcdef0") && !shown.contains("SEC"), "{shown}");
    let same = SecretAddress::read("dingtalk", TOKEN, "", &[], &[]).unwrap();
    assert_eq!(address.robot(), same.robot());
}
