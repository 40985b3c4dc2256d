//! Who comes in, and with what.

use harness::eventually::eventually;
use reqwest::StatusCode;
use serde_json::json;

use crate::{
    browser::location,
    stage::each,
    world::{World, assert_kept_out, person},
};

const NEWCOMERS_EDIT: [(&str, &str); 1] = [("CONSOLE_OPENID_ROLE", "editor")];

#[tokio::test]
async fn a_newcomer_gets_an_account_and_is_known_again() {
    let world = World::open(&NEWCOMERS_EDIT).await;
    world.provider.expect(person("42", "Ada@A.example"));
    let mut ada = world.browser();
    let door = ada.get("/sign-in?next=%2Faudit").await;
    assert!(door.text.contains("Sign in with Example ID"), "{door:?}");
    let (_, rest) = door.text.split_once("href=\"/sign-in/openid?next=").unwrap();
    let next = rest.split('"').next().unwrap();
    let back = ada.agree_from(&format!("/sign-in/openid?next={next}")).await;
    let entered = ada.get_from(&back, "cross-site").await;
    assert_eq!(location(&entered), "/audit");
    assert!(ada.is_signed_in() && ada.cookies.len() == 1, "{:?}", ada.cookies);
    let own = ada.get("/account").await;
    assert!(own.text.contains(&format!("{} 42", world.provider.issuer())), "{own:?}");
    assert!(own.text.contains("without a password here"), "{own:?}");
    let known = world.accounts().await["ada@a.example"].clone();
    assert_eq!((&known["role"], &known["has_password"]), (&json!("editor"), &json!(false)));
    // Mail addresses go from hand to hand; the subject stays.
    world.provider.expect(person("42", "lovelace@a.example"));
    assert_eq!(world.browser().enter().await.status, StatusCode::SEE_OTHER);
    world.provider.expect(person("43", "ada@a.example"));
    let mut heir = world.browser();
    let refused = heir.enter().await;
    assert_kept_out(&heir, &refused, 403, "belongs to somebody else");
    assert_eq!(world.accounts().await.len(), 1);
    let entered = ["sign-ins-refused", "signed-in", "signed-in", "account-saved"];
    eventually("the audit has what happened", async || {
        let audit = world.stage.get("audit").await.ok();
        let items = audit["items"].as_array().unwrap().iter();
        let deeds: Vec<_> = items.map(|item| &item["deeds"][0]).collect();
        let kinds: Vec<_> = deeds.iter().map(|deed| deed["kind"].as_str().unwrap()).collect();
        let is_so = kinds[..4] == entered && deeds[1].to_string().contains("openid");
        if is_so { Ok(()) } else { Err(format!("{audit:#}")) }
    })
    .await;
}

#[tokio::test]
async fn an_invited_account_is_linked_by_a_verified_mail_address() {
    let world = World::open(&[]).await;
    world.invite("ada@a.example", "admin").await;
    world.provider.expect(json!({ "sub": "42", "email": "ada@a.example" }));
    let mut ada = world.browser();
    let refused = ada.enter().await;
    assert_kept_out(&ada, &refused, 403, "does not say that your mail address is verified");
    world.provider.expect(person("42", "ada@a.example"));
    assert_eq!(location(&ada.enter().await), "/");
    let known = &world.accounts().await["ada@a.example"];
    assert_eq!(known["role"], "admin");
    assert_eq!(known["subject"], format!("{} 42", world.provider.issuer()));
    world.provider.expect(person("43", "bob@a.example"));
    let mut bob = world.browser();
    let refused = bob.enter().await;
    assert_kept_out(&bob, &refused, 403, "You have no account here");
}

#[tokio::test]
async fn an_administrator_links_and_unlinks_by_hand() {
    let world = World::open(&[]).await;
    world.invite("ada", "viewer").await;
    world.invite("bob", "viewer").await;
    let subject = json!({ "subject": format!("{} 42", world.provider.issuer()) });
    world.stage.patch("accounts/ada", &subject).await.ok();
    world.stage.patch("accounts/bob", &subject).await.refused(409);
    world.stage.patch("accounts/bob", &json!({ "subject": "x".repeat(600) })).await.refused(422);
    world.provider.expect(json!({ "sub": "42" }));
    let mut ada = world.browser();
    assert_eq!(location(&ada.enter().await), "/");
    world.stage.patch("accounts/ada", &json!({ "subject": "" })).await.ok();
    assert_eq!(location(&ada.get("/").await), "/sign-in", "the session has ended");
    ada.cookies.clear();
    let refused = ada.enter().await;
    assert_kept_out(&ada, &refused, 403, "could name an account");
}

#[tokio::test]
async fn groups_give_roles_also_where_the_token_is_thin() {
    let world = World::open(&[
        ("CONSOLE_OPENID_GROUPS_CLAIM", "realm_access.roles"),
        ("CONSOLE_OPENID_ADMIN_GROUPS", "ops"),
        ("CONSOLE_OPENID_VIEWER_GROUPS", "staff,guests"),
    ])
    .await;
    let groups = |names: &[&str]| {
        let mut claims = person("42", "ada@a.example");
        claims["realm_access"] = json!({ "roles": names });
        claims
    };
    let role = async || world.accounts().await["ada@a.example"]["role"].clone();
    world.provider.expect_thin(json!({ "sub": "42" }), groups(&["staff"]));
    let mut ada = world.browser();
    assert_eq!(location(&ada.enter().await), "/");
    assert_eq!(role().await, "viewer");
    world.provider.expect(groups(&["staff", "ops"]));
    assert_eq!(location(&world.browser().enter().await), "/");
    assert_eq!(role().await, "admin");
    assert_eq!(ada.get("/settings").await.status, 200, "the first session goes on");
    world.provider.expect(groups(&["staff"]));
    assert_eq!(location(&world.browser().enter().await), "/");
    assert_eq!(role().await, "admin", "nobody else is one");
    world.invite("bob", "admin").await;
    assert_eq!(location(&world.browser().enter().await), "/");
    assert_eq!(role().await, "viewer");
    world.provider.expect(groups(&["choir"]));
    let mut late = world.browser();
    let refused = late.enter().await;
    assert_kept_out(&late, &refused, 403, "None of your groups");
}

#[tokio::test]
async fn a_disabled_account_ends_its_sessions_and_lets_nobody_in() {
    let world = World::open(&NEWCOMERS_EDIT).await;
    world.provider.expect(person("42", "ada@a.example"));
    let mut ada = world.browser();
    ada.enter().await;
    let other = ada.cookies.clone();
    let csrf = ada.csrf().await;
    assert_eq!(location(&ada.post("/sign-out", &[("csrf", &csrf)]).await), "/sign-in");
    ada.cookies = other;
    assert_eq!(location(&ada.get("/").await), "/sign-in", "signed out");
    ada.cookies.clear();
    ada.enter().await;
    assert_eq!(ada.get("/").await.status, 200);
    world.stage.patch("accounts/ada@a.example", &json!({ "disabled": true })).await.ok();
    assert_eq!(location(&ada.get("/").await), "/sign-in");
    ada.cookies.clear();
    let refused = ada.enter().await;
    assert_kept_out(&ada, &refused, 403, "Your account is disabled");
    world.stage.delete("accounts/ada@a.example").await;
    assert_eq!(location(&ada.enter().await), "/", "a newcomer again");
}

#[tokio::test]
async fn passwords_may_be_left_out_and_links_let_in_all_the_same() {
    let world = World::open(&[("CONSOLE_PASSWORDS", "false")]).await;
    let added = json!({ "name": "ada", "role": "admin" });
    let added = world.stage.post("accounts", &added).await.ok();
    let link = added["link"]["url"].as_str().unwrap();
    let (_, token) = link.split_once("token=").unwrap();
    let mut ada = world.browser();
    let fields = [("token", token), ("password", "correct horse"), ("again", "correct horse")];
    assert_eq!(location(&ada.post("/welcome", &fields).await), "/");
    assert!(ada.get("/account").await.text.contains("Nobody signs in with a password here"));
    ada.cookies.clear();
    let fields = [("name", "ada"), ("password", "correct horse")];
    let refused = ada.post("/sign-in", &fields).await;
    assert_kept_out(&ada, &refused, 403, "Nobody signs in with a password here");
    assert!(!refused.text.contains("type=\"password\""), "{refused:?}");
}

#[tokio::test]
async fn the_secret_is_nowhere_and_the_rest_is_shown() {
    let world = World::open(&[("CONSOLE_OPENID_ROLE", "admin")]).await;
    world.provider.expect(person("42", "ada@a.example"));
    let mut ada = world.browser();
    let back = ada.agree().await;
    let mut seen = vec![format!("{:?}", ada.cookies), back.clone()];
    seen.push(format!("{:?}", ada.get_from(&back, "cross-site").await));
    for path in ["/settings", "/account", "/audit", "/sign-in"] {
        seen.push(ada.get(path).await.text);
    }
    assert!(seen[3].contains("CONSOLE_OPENID_CLIENT_ID") && seen[3].contains("Example ID"));
    for path in ["accounts", "audit", "system", "openapi.json"] {
        seen.push(world.stage.get(path).await.text);
    }
    let secret = harness::openid::CLIENT_SECRET;
    let written: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    for text in &seen {
        assert!(!text.contains(secret) && !text.contains(&written), "{text}");
    }
    let accounts = world.stage.get("accounts").await.ok();
    assert_eq!(each(&accounts["items"], "name"), ["ada@a.example"]);
}
