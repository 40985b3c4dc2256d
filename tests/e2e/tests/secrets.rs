//! However channels fail, no secret is in anything that the system shows or keeps.

mod doors;
mod relay;
mod shown;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use harness::api::Body;
use harness::eventually::eventually;
use harness::fleet::{Fleet, Plan, Shape};
use harness::openid::{self, CLIENT_SECRET, Provider};
use harness::robots::{Answer, Fault, Vendor};
use harness::scene::DAY;
use lab::site::{Behaviour, Site};
use reqwest::Method;
use serde_json::json;

use self::relay::Relay;
use crate::robots::Crowd;
use crate::typing::typed;

/// What the mail server is signed in to with.
const SMTP_PASSWORD: &str = "sm7pp455w0rd5ecret";

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_leaves_one_process() {
    no_secret_leaves(Shape::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_leaves_over_nats() {
    no_secret_leaves(Shape::Nats).await;
}

async fn no_secret_leaves(shape: Shape) {
    let crowd = Crowd::gather().await;
    let password = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(password.path(), SMTP_PASSWORD).unwrap();
    let relay = Relay::open().await;
    let (provider, directory) = (Provider::open().await, tempfile::tempdir().unwrap());
    let told = [
        ("CONSOLE_OPENID_ROLE", "viewer".to_owned()),
        // On loopback, nobody listens in.
        ("NOTIFIER_SMTP_URL", format!("smtp://ops@{}?tls=none", relay.address)),
        ("CERTHERALD_LOG", "trace".to_owned()),
        ("NOTIFIER_GROUP_WINDOW", "0s".to_owned()),
        ("NOTIFIER_HTTP_TIMEOUT", "2s".to_owned()),
        ("NOTIFIER_SMTP_PASSWORD_FILE", password.path().display().to_string()),
    ];
    let plan = Plan::new(shape).told(crowd.robots.settings()).told(told);
    let mut fleet = plan.told(provider.settings(directory.path())).start().await;
    let ops = crowd.join(&fleet).await;
    let expired = fleet.scene.with_left("shop.test", -DAY);
    let site = Site::open(Behaviour::Serve(expired)).await.unwrap();
    let domain = fleet.watch("shop.test", &site).await;
    eventually("a mail went out, signed in", async || {
        let letters = fleet.letters(&domain).await?;
        let is_out = letters.iter().any(|letter| letter["state"] == "delivered");
        if is_out { Ok(()) } else { Err(format!("{letters:#?}")) }
    })
    .await;

    let mut seen = failures(&fleet, &crowd).await;
    seen.extend(refusals(&fleet, &crowd, &ops).await);
    seen.extend(people(&fleet, &provider).await);
    let entered = doors::enter(&fleet, &relay).await;
    seen.extend(shown::by_the_api(&fleet, &entered.ada, &ops, &domain.id).await);
    seen.extend(shown::on_pages(&fleet, &entered.ada, &ops, &domain.id).await);
    seen.extend(entered.shown);
    for arguments in
        [&["contacts", "list"][..], &["contacts", "list", "--json"], &["domains", "list"]]
    {
        seen.push(typed(&fleet, arguments).await.said);
    }
    seen.extend(fleet.exposed().await);
    assert!(seen.iter().any(|text| text.contains("TRACE")), "the log is as loud as it can be");

    let mut secrets = secrets(&fleet, &crowd);
    secrets.extend(entered.secrets);
    assert!(!secrets.values().any(|secret| secret.len() < 10), "{secrets:?}");
    for text in &seen {
        for (name, secret) in &secrets {
            assert!(!text.contains(secret.as_str()), "{name} is shown: {}", around(text, secret));
        }
    }
    assert_sealed(&fleet, &secrets);
}

/// Nothing that is kept holds a secret: the streams, and what is folded from them.
fn assert_sealed(fleet: &Fleet, secrets: &BTreeMap<String, String>) {
    let mut kept = files(fleet.directory());
    if let Some(nats) = &fleet.nats {
        kept.extend(files(&nats.storage()));
    }
    let (token, key) = (fleet.token_file(), fleet.key_file());
    kept.retain(|path, _| *path != token && *path != key);
    // What they logged was looked at.
    kept.retain(|path, _| path.extension().is_none_or(|extension| extension != "log"));
    let holds = |content: &[u8], text: &str| {
        content.windows(text.len()).any(|part| part == text.as_bytes())
    };
    // What may be shown of a robot is there, so the robot is as well.
    assert!(kept.values().any(|content| holds(content, "oapi.dingtalk.com")));
    let is_snapshot = |path: &PathBuf| path.iter().any(|part| part == "snapshot");
    assert!(kept.keys().any(is_snapshot), "{:?}", kept.keys());
    for (file, content) in &kept {
        for (name, secret) in secrets {
            assert!(!holds(content, secret), "{name} is in {}", file.display());
        }
    }
}

/// Every robot fails in every way; answers what the command line says of each.
async fn failures(fleet: &Fleet, crowd: &Crowd) -> Vec<String> {
    let mut said = Vec::new();
    for hand in &crowd.hands {
        let method = hand.robot.vendor().method();
        for fault in faults(hand.robot.vendor(), hand.token, hand.secret) {
            let before = hand.robot.posts().len();
            hand.robot.fail(fault.clone());
            let arguments = ["contacts", "test", "Ops", "--method", method, "--json"];
            // On a busy machine, an attempt may be over before the robot hears of it.
            let what = format!("{method} meets {fault:?}");
            let answer = eventually(&what, async || {
                let answer = typed(fleet, &arguments).await.said;
                if hand.robot.posts().len() > before { Ok(answer) } else { Err(answer) }
            });
            said.push(answer.await);
        }
        hand.robot.mend();
    }
    said
}

/// What is shown to people whom a provider refuses, lies about, and lets in.
async fn people(fleet: &Fleet, provider: &Provider) -> Vec<String> {
    provider.register(fleet.api.base());
    provider.expect(json!({ "sub": "42", "email": "ada@a.example", "email_verified": true }));
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    let (client, mut said) = (client.build().unwrap(), Vec::new());
    let begun = format!("{}/sign-in/openid", fleet.api.base());
    let place =
        |answer: &reqwest::Response| answer.headers()["location"].to_str().unwrap().to_owned();
    for (fault, status) in [
        (Some(openid::Fault::Client), 503),
        (Some(openid::Fault::Forged), 403),
        (Some(openid::Fault::Symmetric), 403),
        (None, 303),
    ] {
        provider.fail(fault);
        let away = client.get(&begun).send().await.unwrap();
        let cookie = away.headers()["set-cookie"].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let back = place(&client.get(place(&away)).send().await.unwrap());
        let ended = client.get(back).header("cookie", &cookie).send().await.unwrap();
        assert_eq!(ended.status().as_u16(), status, "{fault:?}: {ended:?}");
        said.push(format!("{ended:?}"));
        said.push(ended.text().await.unwrap());
    }
    said
}

/// Every way to fail, and replies that repeat what they were sent.
fn faults(vendor: Vendor, token: &str, secret: &str) -> Vec<Fault> {
    let echo = format!("no {token} with {secret}");
    let common = [
        Fault::Page,
        Fault::Resets,
        Fault::Hangs,
        Fault::NeverEnds,
        Fault::Drips,
        Fault::Leads(format!("http://127.0.0.1:1/{token}")),
        Fault::status(500, &echo),
        Fault::status(404, &echo),
        Fault::status(400, &echo),
        Fault::Answers(Answer::text(429, &echo).with("retry-after", "1")),
    ];
    let numbers: &[i64] = match vendor {
        Vendor::DingTalk => &[0, -1, 130_101, 310_000, 300_005, 460_101, 430_101],
        Vendor::WeCom => &[0, -1, 45_009, 93_000, 40_058],
        Vendor::Feishu | Vendor::Lark => &[0, 11_232, 9_499, 19_001, 19_021],
        Vendor::Slack | Vendor::Webhook => &[],
    };
    let coded = numbers.iter().map(|code| Fault::Code(*code, echo.clone()));
    common.into_iter().chain(coded).collect()
}

/// Requests that are refused although they bring secrets, and the refusals.
async fn refusals(fleet: &Fleet, crowd: &Crowd, ops: &str) -> Vec<String> {
    let (good, mut said) = (crowd.contact(), Vec::new());
    for hand in &crowd.hands {
        let (method, url) = (hand.robot.vendor().method(), hand.robot.url());
        let elsewhere = url.replacen("://", "://evil.", 1);
        for address in [
            json!({ "webhook": elsewhere, "secret": hand.secret }),
            json!({ "webhook": url, "secret": format!("{} x", hand.secret) }),
            json!({ "url": format!("ftp://{}", hand.token), "secret": hand.secret }),
            json!({ "webhook": [url], "secret": hand.secret }),
            json!({ "webhook": url, "secret": hand.secret, "keep": true }),
            json!({ "webhook": url, hand.token: hand.secret }),
            json!(url),
        ] {
            let mut contact = good.clone();
            contact[method] = address;
            let path = format!("/contacts/{ops}");
            let answer = fleet.api.ask(Method::PUT, &path, Body::Json(&contact)).await.unwrap();
            assert!(answer.status.is_client_error(), "{contact}: {answer}");
            said.push(answer.text);
        }
        let file = fleet.scene.file("robot.txt", &format!("{elsewhere}\n{}\n", hand.secret));
        let robot = format!("{method}={}", file.display());
        let typed = typed(fleet, &["contacts", "add", "--name", "X", "--robot", &robot]).await;
        said.push(typed.said);
    }
    said
}

/// Each secret that was used, by what it is.
fn secrets(fleet: &Fleet, crowd: &Crowd) -> BTreeMap<String, String> {
    let mut secrets = BTreeMap::new();
    for hand in &crowd.hands {
        let method = hand.robot.vendor().method();
        // The beginning of Slack's names the workspace.
        let token = hand.token.rsplit('/').next().unwrap();
        secrets.insert(format!("the token of {method}"), token.to_owned());
        if !hand.secret.is_empty() {
            secrets.insert(format!("the secret of {method}"), hand.secret.to_owned());
        }
    }
    let token = std::fs::read_to_string(fleet.token_file()).unwrap().trim().to_owned();
    secrets.insert("the token of the API".to_owned(), token);
    secrets.insert("the password of the mail server".to_owned(), SMTP_PASSWORD.to_owned());
    secrets.insert("what the console proves itself with".to_owned(), CLIENT_SECRET.to_owned());
    let written = "0penid%2Bcl1ent%2F5ecret%3A%2541".to_owned();
    secrets.insert("the same, as in a form".to_owned(), written);
    // `certherald-test:…`, as `Basic` has it.
    let proof = "Y2VydGhlcmFsZC10ZXN0OjBwZW5pZCUyQmNsMWVudCUyRjVlY3JldCUzQSUyNTQx".to_owned();
    secrets.insert("the same, as in a header".to_owned(), proof);
    // `\0ops\0sm7pp455w0rd5ecret`, as `AUTH PLAIN` has it.
    let signed_in = "AG9wcwBzbTdwcDQ1NXcwcmQ1ZWNyZXQ".to_owned();
    secrets.insert("the sign-in of the mail server".to_owned(), signed_in);
    let keys = std::fs::read_to_string(fleet.key_file()).unwrap();
    let key = keys.split_whitespace().nth(1).unwrap().to_owned();
    secrets.insert("the key of what is sealed".to_owned(), key);
    secrets
}

/// Every file below a directory, by its path.
fn files(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else if let Ok(content) = std::fs::read(&path) {
            all.insert(path, content);
        }
    }
    all
}

fn around<'a>(text: &'a str, secret: &str) -> &'a str {
    let at = text.find(secret).unwrap_or_default();
    let (from, to) = (text.floor_char_boundary(at.saturating_sub(200)), at + secret.len());
    text.get(from..text.ceil_char_boundary((to + 200).min(text.len()))).unwrap_or_default()
}
