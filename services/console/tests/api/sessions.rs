//! People sign in, and whoever is not they is kept out.

use std::time::Duration;

use chassis::seal::Seal;
use harness::eventually::eventually;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::{
    browser::{Browser, PASSWORD, account, token},
    stage::{Stage, answer, until},
};

#[tokio::test]
async fn somebody_is_invited_signs_out_and_in_again() {
    let stage = Stage::open().await;
    let mut ada = account(&stage, "ada", "editor").await;
    let cookie = ada.cookie.clone();
    let added = answer(ada.json(Method::POST, "domains").json(&json!(["a.example"]))).await.ok();
    assert_eq!(added["added"][0]["name"], "a.example:443", "{added}");
    let out = ada.post("/sign-out", &[]).await;
    assert_eq!(
        (out.status, &out.headers["location"]),
        (StatusCode::SEE_OTHER, &"/sign-in".parse().unwrap())
    );
    cookie.clone_into(&mut ada.cookie);
    answer(ada.json(Method::GET, "domains")).await.refused(401);
    let away = ada.get("/").await;
    assert_eq!(
        (away.status.as_u16(), &away.headers["location"]),
        (303, &"/sign-in".parse().unwrap())
    );
    ada.csrf.clear();
    let entered = ada.sign_in(" ADA ", PASSWORD).await;
    assert_eq!(entered.status, 303, "{entered:?}");
    let set = entered.headers["set-cookie"].to_str().unwrap();
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax") && set.contains("Path=/"));
    ada.look().await;
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_are_one_answer() {
    let stage = Stage::open().await;
    account(&stage, "ada", "viewer").await;
    let mut somebody = Browser::new(&stage);
    let wrong = somebody.sign_in("ada", "correct house").await;
    let unknown = somebody.sign_in("eve", "correct house").await;
    assert_eq!((wrong.status.as_u16(), unknown.status.as_u16()), (401, 401));
    assert_eq!(wrong.text.replace("ada", "eve"), unknown.text);
    for _ in 0..20 {
        somebody.sign_in("ada", "correct house").await;
    }
    let late = somebody.sign_in("ada", PASSWORD).await;
    assert_eq!(late.status, 429, "not even the right one, when it was tried too often");
    assert!(late.headers.contains_key("retry-after"));
    eventually("both are in the audit, and no name that no account has", async || {
        let audit = stage.get("audit").await.ok();
        let items = audit["items"].as_array().unwrap().iter();
        let refused = items.filter(|entry| entry["deeds"][0]["kind"] == "sign-ins-refused");
        let mut names: Vec<_> = refused.map(|entry| entry["name"].as_str().unwrap()).collect();
        names.sort_unstable();
        names.dedup();
        if names == ["", "ada"] { Ok(()) } else { Err(format!("{audit}")) }
    })
    .await;
}

#[tokio::test]
async fn a_session_dies_with_the_password() {
    let stage = Stage::open().await;
    let mut ada = account(&stage, "ada", "viewer").await;
    let mut other = Browser::new(&stage);
    other.sign_in("ada", PASSWORD).await;
    other.look().await;
    let body = json!({ "present": "wrong", "new": "battery staple" });
    answer(ada.json(Method::PUT, "account/password").json(&body)).await.refused(409);
    let body = json!({ "present": PASSWORD, "new": "battery staple" });
    let changed = answer(ada.json(Method::PUT, "account/password").json(&body)).await;
    assert_eq!(changed.status, 204, "{changed:?}");
    assert_eq!(other.get("/").await.status, 303);
    answer(ada.json(Method::GET, "account")).await.refused(401);
    ada.take(&changed);
    ada.look().await;
    assert_eq!(other.sign_in("ada", PASSWORD).await.status, 401);
}

#[tokio::test]
async fn a_session_dies_with_its_account() {
    let stage = Stage::open().await;
    for (method, path, body) in [
        (Method::PATCH, "accounts/ada", json!({ "disabled": true })),
        (Method::DELETE, "accounts/ada/sessions", json!(null)),
        (Method::DELETE, "accounts/ada", json!(null)),
    ] {
        let ada = account(&stage, "ada", "viewer").await;
        answer(ada.json(Method::GET, "account")).await.ok();
        let done = answer(stage.request(method, path).json(&body)).await;
        assert!(done.status.is_success(), "{done:?}");
        answer(ada.json(Method::GET, "account")).await.refused(401);
        stage.delete("accounts/ada").await;
    }
}

#[tokio::test]
async fn a_change_from_another_site_is_refused() {
    let stage = Stage::open().await;
    let mut ada = account(&stage, "ada", "editor").await;
    let send = |site: Option<(&'static str, &'static str)>, csrf: &str| {
        let url = format!("{}/api/v1/domains", ada.base);
        let mut request =
            ada.http.post(url).header("cookie", &ada.cookie).json(&json!(["a.example"]));
        if let Some((name, value)) = site {
            request = request.header(name, value);
        }
        answer(request.header("x-csrf-token", csrf))
    };
    let csrf = ada.csrf.clone();
    send(None, &csrf).await.refused(403);
    send(Some(("sec-fetch-site", "cross-site")), &csrf).await.refused(403);
    send(Some(("origin", "https://evil.example")), &csrf).await.refused(403);
    send(Some(("sec-fetch-site", "same-origin")), "guess").await.refused(403);
    send(Some(("sec-fetch-site", "same-origin")), &csrf).await.ok();
    ada.csrf = "guess".to_owned();
    assert_eq!(ada.post("/sign-out", &[]).await.status, 403);
    let form = "application/x-www-form-urlencoded";
    let elsewhere = ada.http.post(format!("{}/sign-in", ada.base)).header("content-type", form);
    let body = format!("name=ada&password={PASSWORD}");
    let elsewhere = answer(elsewhere.header("origin", "https://evil.example").body(body)).await;
    assert_eq!(elsewhere.status, 403, "nobody is signed in by another site");
}

#[tokio::test]
async fn a_forged_cookie_is_nobodys() {
    let stage = Stage::open().await;
    let mut ada = account(&stage, "ada", "admin").await;
    let whole = ada.cookie.clone();
    let shorter = whole.strip_suffix(|_: char| true).unwrap().to_owned();
    // Not the last character: some of its bits are of no byte.
    let at = whole.len() / 2;
    let other_letter = |c| if c == 'A' { 'B' } else { 'A' };
    let swap = |(n, c)| if n == at { other_letter(c) } else { c };
    let swapped = whole.chars().enumerate().map(swap).collect();
    let other = Stage::open().await;
    let theirs = account(&other, "ada", "admin").await.cookie;
    for forged in [shorter, swapped, theirs, "certherald=e30".to_owned()] {
        ada.cookie = forged;
        answer(ada.json(Method::GET, "domains")).await.refused(401);
    }
}

#[tokio::test]
async fn a_link_is_used_once_and_ends_with_the_password() {
    let stage = Stage::open().await;
    account(&stage, "ada", "viewer").await;
    let link = async || {
        let made = answer(stage.request(Method::POST, "accounts/ada/link")).await.ok();
        token(&made)
    };
    let (one, other) = (link().await, link().await);
    let mut somebody = Browser::new(&stage);
    let short = [("token", one.as_str()), ("password", "short"), ("again", "short")];
    assert_eq!(somebody.post("/welcome", &short).await.status, 422, "and may be tried again");
    assert_eq!(somebody.follow(&one).await.status, 303);
    assert_eq!(somebody.follow(&one).await.status, 410);
    assert_eq!(somebody.follow(&other).await.status, 410);
    assert_eq!(somebody.get("/welcome?token=AQAAAAE").await.status, 410);
}

#[tokio::test]
async fn roles_hold_for_people_as_for_tokens() {
    let stage = Stage::open().await;
    let viewer = account(&stage, "vera", "viewer").await;
    let editor = account(&stage, "ed", "editor").await;
    let admin = account(&stage, "ada", "admin").await;
    let domain = json!(["a.example"]);
    let get = async |who: &Browser, path: &str| answer(who.json(Method::GET, path)).await;
    answer(viewer.json(Method::POST, "domains").json(&domain)).await.refused(403);
    answer(editor.json(Method::POST, "domains").json(&domain)).await.ok();
    for path in ["accounts", "tokens"] {
        get(&viewer, path).await.refused(403);
        get(&editor, path).await.refused(403);
        get(&admin, path).await.ok();
    }
    let role = json!({ "role": "admin" });
    answer(editor.json(Method::PATCH, "accounts/ed").json(&role)).await.refused(403);
    answer(viewer.json(Method::PATCH, "account").json(&json!({ "language": "zh-CN" }))).await.ok();
    let audit = get(&viewer, "audit").await.ok();
    let kinds: Vec<_> =
        audit["items"].as_array().unwrap().iter().map(|entry| entry["about"].clone()).collect();
    assert!(kinds.contains(&json!("domain")) && !kinds.contains(&json!("account")), "{audit}");
    answer(admin.json(Method::DELETE, "accounts/ada")).await.refused(409);
}

#[tokio::test]
async fn an_account_that_is_disabled_hears_no_more() {
    let stage = Stage::open().await;
    for (name, path) in [("ada", "live"), ("bob", "events/stream")] {
        let who = account(&stage, name, "viewer").await;
        let mut stream = who.json(Method::GET, path).send().await.unwrap();
        assert_eq!(stream.status(), StatusCode::OK, "{path}");
        stage.patch(&format!("accounts/{name}"), &json!({ "disabled": true })).await.ok();
        let ended = async { while let Ok(Some(_)) = stream.chunk().await {} };
        tokio::time::timeout(Duration::from_mins(1), ended).await.expect(path);
    }
}

#[tokio::test]
async fn a_key_is_retired_once_nothing_needs_it_and_no_password_is_lost() {
    let stage = Stage::open().await;
    let mut ada = account(&stage, "ada", "editor").await;
    let robot = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6-7xxx-4bc4-97a0";
    let group = json!({ "name": "Group", "wecom": { "webhook": robot } });
    let group = stage.post("contacts", &group).await.ok();
    answer(ada.json(Method::POST, "system/key/rotate")).await.refused(403);
    // As another process does that has the same file.
    Seal::open_or_create(&stage.key_file()).unwrap().rotate().unwrap();
    let problem = stage.post("system/key/retire", &json!(null)).await.refused(409);
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("password of `ada`") && detail.contains("robots of `Group`"));

    let rotated = stage.post("system/key/rotate", &json!(null)).await.ok();
    assert_eq!(rotated["resealed"], 2);
    answer(ada.json(Method::GET, "domains")).await.ok();
    assert_eq!(stage.post("system/key/retire", &json!(null)).await.status, 204);
    let keys = std::fs::read_to_string(stage.key_file()).unwrap();
    assert_eq!(keys.lines().count(), 1, "{keys}");
    answer(ada.json(Method::GET, "domains")).await.refused(401);
    let audit = stage.get("audit").await.ok();
    let about_key = audit["items"].as_array().unwrap().iter().filter(|e| e["about"] == "key");
    let deeds: Vec<_> = about_key.map(|entry| &entry["deeds"][0]["kind"]).collect();
    assert_eq!(deeds, ["key-retired", "key-rotated"], "{audit:#}");
    ada.csrf.clear();
    assert_eq!(ada.sign_in("ada", PASSWORD).await.status, 303);
    let path = format!("contacts/{}", group["id"].as_str().unwrap());
    let group = stage.get(&path).await.ok();
    let robot = group["addresses"].as_array().unwrap().iter().find(|a| a["channel"] == "wecom");
    assert_eq!(robot.unwrap()["has_secret"], false, "it can be opened: {group}");
}

#[tokio::test]
async fn nobody_reads_a_secret_back() {
    let stage = Stage::open().await;
    let ada = account(&stage, "ada", "admin").await;
    for path in ["accounts", "accounts/ada", "account", "audit", "tokens"] {
        let text = answer(ada.json(Method::GET, path)).await.text;
        for secret in ["argon2", "hash", "sealed", PASSWORD, &stage.token, "token=", &ada.csrf] {
            assert!(!text.contains(secret), "{secret} in {path}: {text}");
        }
    }
}

#[tokio::test]
async fn every_answer_tells_the_browser_how_to_help() {
    let stage = Stage::open().await;
    let browser = Browser::new(&stage);
    for path in ["/sign-in", "/", "/api/v1/domains", "/nothing", "/welcome", "/verify"] {
        let headers = browser.get(path).await.headers;
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path}");
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["cache-control"], "no-store", "{path}");
        assert!(headers.contains_key("referrer-policy"), "{path}");
        assert!(!headers.contains_key("strict-transport-security"), "it is in the clear: {path}");
    }
    let away = browser.get("/?state=abnormal").await;
    assert_eq!(away.headers["location"], "/sign-in?next=%2F%3Fstate%3Dabnormal");
}

#[tokio::test]
async fn an_administrator_manages_accounts_by_hand() {
    let stage = Stage::open().await;
    let mut ada = account(&stage, "ada", "admin").await;
    let added = ada.post("/settings/accounts", &[("name", "bob"), ("role", "viewer")]).await;
    let (_, link) = added.text.split_once("/welcome?token=").expect("the link is shown this once");
    let token = link.split('<').next().unwrap();
    let mut bob = Browser::new(&stage);
    assert_eq!(bob.follow(token).await.status, 303);
    bob.look().await;
    assert!(!bob.get("/settings").await.text.contains("name=\"role\""), "nothing to manage");
    assert_eq!(
        bob.post("/settings/accounts", &[("name", "eve"), ("role", "admin")]).await.status,
        403
    );
    let language = bob.post("/account/language", &[("language", "zh-CN")]).await;
    assert_eq!(language.headers["location"], "/account?notice=language-saved");
    assert!(bob.get("/account").await.text.contains("<html lang=\"zh-CN\">"));
    let id = stage.get("accounts/bob").await.ok()["id"].as_str().unwrap().to_owned();
    let disabled = ada.post(&format!("/settings/accounts/{id}/disable"), &[]).await;
    assert_eq!(disabled.status, 303, "{disabled:?}");
    let settings = ada.get("/settings").await.text;
    assert!(!settings.contains(&format!("/settings/accounts/{id}/link")), "it opens nothing");
    assert!(settings.contains(&format!("/settings/accounts/{id}/enable")), "{settings}");
    assert_eq!(bob.get("/account").await.status, 303);
    let own = stage.get("accounts/ada").await.ok()["id"].as_str().unwrap().to_owned();
    let last = ada.post(&format!("/settings/accounts/{own}/remove"), &[]).await;
    assert_eq!(last.status, 409);
    assert!(last.text.contains("last account of role"), "{last:?}");
    let audit = ada.get("/audit").await.text;
    for said in ["Signed in as bob", "Made a one-time link for bob", "<del>false</del>"] {
        assert!(audit.contains(said), "{said}: {audit}");
    }
}

#[tokio::test]
async fn somebody_changes_the_password_by_hand() {
    let stage = Stage::open().await;
    let mut ada = account(&stage, "ada", "viewer").await;
    let set = async |ada: &mut Browser, present, new, again| {
        let fields = [("present", present), ("new", new), ("again", again)];
        ada.post("/account/password", &fields).await
    };
    assert_eq!(set(&mut ada, PASSWORD, "battery staple", "battery maple").await.status, 422);
    assert_eq!(set(&mut ada, PASSWORD, "short", "short").await.status, 422);
    assert_eq!(set(&mut ada, "guess guess", "battery staple", "battery staple").await.status, 409);
    let done = set(&mut ada, PASSWORD, "battery staple", "battery staple").await;
    assert_eq!(done.headers["location"], "/account?notice=password-set");
    ada.look().await;
    ada.csrf.clear();
    assert_eq!(ada.sign_in("ada", "battery staple").await.status, 303);
}

#[tokio::test]
async fn strangers_send_no_more_than_a_short_form() {
    let stage = Stage::open().await;
    let browser = Browser::new(&stage);
    let send = async |path: &str, body: String| {
        let request = browser.http.post(format!("{}{path}", stage.base)).body(body);
        answer(request.header("sec-fetch-site", "same-origin")).await.status.as_u16()
    };
    for path in ["/sign-in", "/welcome"] {
        assert_eq!(send(path, format!("name={}", "a".repeat(16 * 1024))).await, 413, "{path}");
        assert_eq!(send(path, "a&".repeat(2_000)).await, 400, "{path}");
    }
    assert_eq!(send("/sign-in", "name=ada&password=x".to_owned()).await, 401);
}

#[tokio::test]
async fn what_caches_give_to_anybody_bears_no_session() {
    let directory = tempfile::tempdir().unwrap();
    let stage = Stage::open_with(directory.path(), |mut config| {
        config.access.session_idle = Duration::from_secs(30);
        config
    })
    .await;
    let ada = account(&stage, "ada", "viewer").await;
    let page = until("the session is worth a new cookie", async || {
        Some(ada.get("/").await).filter(|page| page.headers.contains_key("set-cookie"))
    })
    .await;
    let (_, rest) = page.text.split_once("\"/assets/").unwrap();
    let style = ada.get(&format!("/assets/{}", rest.split_once('"').unwrap().0)).await;
    assert!(style.headers["cache-control"].to_str().unwrap().contains("public"), "{style:?}");
    assert!(!style.headers.contains_key("set-cookie"), "{:?}", style.headers);
}
