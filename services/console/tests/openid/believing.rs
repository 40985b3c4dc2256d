//! Which answers of a provider are believed.

use std::net::Ipv4Addr;

use harness::openid::{CLIENT_ID, Fault, Provider, issuer_at};
use url::Url;

use crate::{
    browser::{Browser, location},
    stage::until,
    world::{World, assert_kept_out, console, person},
};

const NEWCOMERS_LOOK: [(&str, &str); 1] = [("CONSOLE_OPENID_ROLE", "viewer")];

async fn world() -> World {
    let world = World::open(&NEWCOMERS_LOOK).await;
    world.provider.expect(person("42", "ada@a.example"));
    world
}

#[tokio::test]
async fn a_token_that_proves_nothing_lets_nobody_in() {
    let world = world().await;
    for fault in Fault::OF_THE_TOKEN {
        world.provider.fail(Some(fault));
        let mut eve = world.browser();
        let refused = eve.enter().await;
        assert_eq!(refused.status, 403, "{fault:?}: {refused:?}");
        assert_kept_out(&eve, &refused, 403, "What Example ID answered proves nothing");
    }
    assert!(world.accounts().await.is_empty());
    world.provider.fail(None);
    assert_eq!(location(&world.browser().enter().await), "/");
}

#[tokio::test]
async fn a_provider_that_says_no_is_heard() {
    let world = world().await;
    for (fault, status, words) in [
        (Fault::Declines, 403, "Example ID did not let you in"),
        (Fault::Client, 503, "Example ID refuses this console"),
        (Fault::Trouble, 503, "Example ID cannot be reached"),
    ] {
        world.provider.fail(Some(fault));
        let mut ada = world.browser();
        let refused = ada.enter().await;
        assert_kept_out(&ada, &refused, status, words);
        assert!(!refused.text.contains("<b>no"), "in our words: {refused:?}");
        ada.language = "zh-CN";
        let refused = ada.enter().await;
        assert!(refused.text.contains("<html lang=\"zh-CN\">"), "{refused:?}");
        assert!(!refused.text.contains("door-openid"), "{refused:?}");
    }
}

#[tokio::test]
async fn only_the_browser_that_began_comes_in_and_once() {
    let world = world().await;
    let lost = "was not begun in this browser";
    let back = world.browser().agree().await;
    let mut other = world.browser();
    let refused = other.get_from(&back, "cross-site").await;
    assert_kept_out(&other, &refused, 400, lost);
    other.agree().await;
    let refused = other.get_from(&back, "cross-site").await;
    assert_kept_out(&other, &refused, 400, lost);

    let mut ada = world.browser();
    let back = ada.agree().await;
    let kept = ada.cookies.clone();
    let entered = ada.get_from(&back, "cross-site").await;
    assert_eq!(location(&entered), "/");
    for cookies in [ada.cookies.clone(), kept] {
        let mut again = Browser::new(&world.stage.base);
        again.cookies = cookies;
        again.cookies.remove("certherald");
        let refused = again.get_from(&back, "cross-site").await;
        assert_kept_out(&again, &refused, 400, lost);
    }
}

#[tokio::test]
async fn an_answer_is_taken_once_also_where_the_provider_forgets() {
    let world = world().await;
    world.provider.fail(Some(Fault::Forgetful));
    let mut ada = world.browser();
    let back = ada.agree().await;
    let mut eve = world.browser();
    eve.cookies = ada.cookies.clone();
    assert_eq!(location(&ada.get_from(&back, "cross-site").await), "/");
    let refused = eve.get_from(&back, "cross-site").await;
    assert_kept_out(&eve, &refused, 400, "was used already");
    assert_eq!(location(&ada.enter().await), "/", "another attempt is another");
}

#[tokio::test]
async fn an_answer_that_was_changed_is_none() {
    let world = world().await;
    let changed = |back: &str, name: &str, value: Option<&str>| {
        let mut url = Url::parse(back).unwrap();
        let pairs: Vec<_> = url.query_pairs().into_owned().collect();
        let kept = pairs.iter().filter(|(key, _)| key != name);
        url.query_pairs_mut().clear().extend_pairs(kept);
        url.query_pairs_mut().extend_pairs(value.map(|value| (name, value)));
        url.to_string()
    };
    for (name, value, status, words) in [
        ("state", Some("guess"), 400, "was not begun in this browser"),
        ("state", None, 400, "was not begun in this browser"),
        ("code", Some("guess"), 400, "was used already"),
        ("code", None, 403, "proves nothing"),
        ("iss", Some("https://evil.example"), 403, "proves nothing"),
    ] {
        let mut ada = world.browser();
        let back = changed(&ada.agree().await, name, value);
        let refused = ada.get_from(&back, "cross-site").await;
        assert_kept_out(&ada, &refused, status, words);
    }
    let mut ada = world.browser();
    let used = ada.agree().await;
    ada.get_from(&used, "cross-site").await;
    let code = Url::parse(&used).unwrap();
    let code = code.query_pairs().find(|(key, _)| key == "code").unwrap().1.into_owned();
    let mut eve = world.browser();
    let back = changed(&eve.agree().await, "code", Some(&code));
    let refused = eve.get_from(&back, "cross-site").await;
    assert_kept_out(&eve, &refused, 400, "was used already");
}

#[tokio::test]
async fn nobody_is_sent_to_the_provider_or_from_it_by_another_site() {
    let world = world().await;
    for site in ["cross-site", "same-site"] {
        let sent = world.browser().get_from("/sign-in/openid", site).await;
        assert_eq!(location(&sent), "/sign-in");
        assert!(!sent.headers.contains_key("set-cookie"));
    }
    let mut ada = world.browser();
    let away = ada.get("/sign-in/openid").await;
    let url = Url::parse(&location(&away)).unwrap();
    let asked: Vec<_> = url.query_pairs().map(|(key, _)| key.into_owned()).collect();
    for key in ["state", "nonce", "code_challenge", "redirect_uri", "tenant"] {
        assert!(asked.contains(&key.to_owned()), "{url}");
    }
    let cookie = away.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.contains("HttpOnly; SameSite=Lax; Path=/; Max-Age=600"), "{cookie}");
    for elsewhere in ["//evil.example", "https://evil.example", "/%5Cevil.example"] {
        let mut ada = world.browser();
        let back = ada.agree_from(&format!("/sign-in/openid?next={elsewhere}")).await;
        assert_eq!(location(&ada.get_from(&back, "cross-site").await), "/");
    }
}

#[tokio::test]
async fn keys_may_change_and_be_on_a_curve() {
    let world = world().await;
    assert_eq!(location(&world.browser().enter().await), "/");
    world.provider.change_keys("second");
    assert_eq!(location(&world.browser().enter().await), "/");
    world.provider.sign_on_a_curve();
    assert_eq!(location(&world.browser().enter().await), "/");
}

#[tokio::test]
async fn the_console_starts_without_the_provider_and_finds_it_later() {
    let port = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = port.local_addr().unwrap();
    drop(port);
    let directory = tempfile::tempdir().unwrap();
    let known = [
        ("CONSOLE_OPENID_ISSUER", issuer_at(address)),
        ("CONSOLE_OPENID_CLIENT_ID", CLIENT_ID.to_owned()),
    ];
    let stage = console(directory.path(), &known, &NEWCOMERS_LOOK).await;
    let mut ada = Browser::new(&stage.base);
    let down = ada.get("/sign-in/openid?next=%2Faudit").await;
    assert_kept_out(&ada, &down, 503, "Example ID cannot be reached at the moment");
    assert!(down.text.contains("next=/audit") || down.text.contains("next=%2Faudit"), "{down:?}");
    let provider = Provider::open_at(address).await;
    provider.register(&stage.base);
    provider.expect(person("42", "ada@a.example"));
    until("the provider is found", async || {
        let away = ada.get("/sign-in/openid").await;
        away.status.is_redirection().then_some(())
    })
    .await;
    let refused = ada.enter().await;
    assert_kept_out(&ada, &refused, 503, "Example ID refuses this console");
}

#[tokio::test]
async fn without_a_provider_there_is_no_such_way() {
    let stage = crate::stage::Stage::open().await;
    let mut somebody = Browser::new(&stage.base);
    assert!(!somebody.get("/sign-in").await.text.contains("openid"));
    for path in ["/sign-in/openid", "/sign-in/openid/return?state=x&code=y"] {
        assert_eq!(somebody.get(path).await.status, 404, "{path}");
    }
}
