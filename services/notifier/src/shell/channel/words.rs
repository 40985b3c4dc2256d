//! What channels answer, in words: what these mean, and what of them may be kept.

use std::{cmp::Reverse, net::IpAddr};

use proto::address::{SECRET_LEN_MIN, SecretAddress};
use url::form_urlencoded;

use crate::domain::thread::outcome;

/// Whether a robot's words say that it was spoken to too fast. Codes of throttles have been
/// renumbered before.
pub(super) fn is_throttle(text: &str) -> bool {
    let text = text.to_lowercase();
    ["too fast", "exceed", "frequency", "limit", "限流", "太快", "过于频繁"]
        .iter()
        .any(|words| text.contains(words))
}

/// A channel's words without our secrets and without addresses: some repeat what they were sent, or
/// name the host that sent it.
pub(super) fn scrubbed(text: &str, address: &SecretAddress) -> String {
    let mut text = text.to_owned();
    for secret in secrets(address) {
        text = text.replace(&secret, "***");
    }
    let is_part = |c: char| c.is_ascii_hexdigit() || c == '.' || c == ':';
    let words = text.split_inclusive(|c: char| !is_part(c)).map(|word| {
        let (bare, end) = match word.char_indices().next_back() {
            Some((at, last)) if !is_part(last) => word.split_at(at),
            _ => (word, ""),
        };
        let is_address = bare.trim_matches(['.', ':']).parse::<IpAddr>().is_ok();
        if is_address { format!("***{end}") } else { word.to_owned() }
    });
    outcome::reply(&words.collect::<String>())
}

/// All that may be secret in an address, as it is written and as it is meant, the longest first.
fn secrets(address: &SecretAddress) -> Vec<String> {
    let url = &address.url;
    let values = url.query().unwrap_or_default().split('&').map(|pair| {
        let (_, value) = pair.split_once('=').unwrap_or(("", pair));
        value
    });
    let segments = url.path_segments().into_iter().flatten().filter(|segment| !is_word(segment));
    let written: Vec<&str> =
        values.chain(segments).filter(|part| part.len() >= SECRET_LEN_MIN).collect();
    // A `+` may be meant as one, or as a space.
    let meant = written.iter().flat_map(|part| [decoded(part), decoded(&part.replace('+', "%2B"))]);
    let written = written.iter().map(|part| (*part).to_owned());
    let mut secrets: Vec<_> = written.chain(meant).chain([address.secret.clone()]).collect();
    secrets.retain(|secret| secret.len() >= SECRET_LEN_MIN);
    secrets.sort_unstable_by_key(|secret| Reverse(secret.len()));
    secrets.dedup();
    secrets
}

/// Whether a part of a path is one of those that everybody's have, such as `send` or `webhook`.
fn is_word(segment: &str) -> bool {
    segment.len() < 8 && segment.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

fn decoded(part: &str) -> String {
    // Nothing but a name: it ends nowhere before its end.
    let name = part.replace('=', "%3D").replace('&', "%26");
    let parsed = form_urlencoded::parse(name.as_bytes()).next();
    parsed.map(|(name, _)| name.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_a_reply_holds_no_secret_and_no_address() {
        const TOKEN: &str = "0123456789abcdef0123456789abcdef";
        let address = SecretAddress::read("dingtalk", TOKEN, "SECabcdefgh", &[], &[]).unwrap();
        let said = format!(
            "bad {TOKEN} SECabcdefgh, from ip: 203.0.113.7, more [2001:db8::1]; at 10:30 v1.2.3"
        );
        let kept = scrubbed(&said, &address);
        assert_eq!(kept, "bad *** ***, from ip: ***, more [***]; at 10:30 v1.2.3");
    }

    #[test]
    fn a_secret_is_kept_in_none_of_its_forms() {
        let url = "https://hooks.example/in/t%C3%B6ken%2F1/v2?key=a%2Bb%20c&sig=x%3d%3D9&n=1";
        let url = url.parse().unwrap();
        let address = SecretAddress { url, secret: "SEC1".to_owned(), mentions: Vec::new() };
        for echo in ["t%C3%B6ken%2F1", "töken/1", "a%2Bb%20c", "a+b c", "x%3d%3D9", "x==9", "SEC1"]
        {
            let kept = scrubbed(&format!("no `{echo}` in v2, take 1"), &address);
            assert_eq!(kept, "no `***` in v2, take 1", "{echo}");
        }
        let url = "https://hooks.example/in?key=%31%32".parse().unwrap();
        let address = SecretAddress { url, secret: "1".to_owned(), mentions: Vec::new() };
        assert_eq!(scrubbed("310000 keyword", &address), "310000 keyword", "no secret is so short");
        let url = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=01234567".parse().unwrap();
        let address = SecretAddress { url, secret: String::new(), mentions: Vec::new() };
        assert_eq!(scrubbed("93000 invalid webhook url", &address), "93000 invalid webhook url");
    }

    #[test]
    fn a_throttle_is_known_by_its_words() {
        for words in [
            "send too fast, exceed 20 times per minute",
            "api freq out of limit",
            "request trigger Frequency Limit",
            "发送速度太快而限流",
            "发送过于频繁",
        ] {
            assert!(is_throttle(words), "{words}");
        }
        assert!(!is_throttle("invalid webhook url"));
    }
}
