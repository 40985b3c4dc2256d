//! Who goes, and how far.

use serde_json::json;

use crate::{
    browser::location,
    stage::answer,
    world::{World, person},
};

const NEWCOMERS_LOOK: [(&str, &str); 1] = [("CONSOLE_OPENID_ROLE", "viewer")];

#[tokio::test]
async fn whoever_came_through_the_provider_signs_out_there_as_well() {
    let world = World::open(&NEWCOMERS_LOOK).await;
    world.provider.end_sessions();
    world.provider.expect(person("42", "ada@a.example"));
    let mut ada = world.browser();
    ada.enter().await;
    let csrf = ada.csrf().await;
    let out = ada.post("/sign-out", &[("csrf", &csrf)]).await;
    assert_eq!(out.status, 200, "a form may not be led elsewhere: {out:?}");
    assert!(!ada.is_signed_in(), "also if the way there is never gone");
    let (_, rest) = out.text.split_once("content=\"0; url=").unwrap();
    let onward = rest.split('"').next().unwrap().replace("&#38;", "&");
    assert!(out.text.contains("Sign out of Example ID as well"), "{out:?}");
    assert!(onward.contains("/logout?tenant=a&client_id="), "{onward}");
    assert!(!onward.contains("id_token_hint"), "{onward}");
    assert_eq!(world.provider.ended(), 0);
    let there = answer(world.stage.http.get(&onward)).await;
    assert_eq!(world.provider.ended(), 1, "{there:?}");
    assert!(there.text.contains("Sign in with Example ID"), "and back: {there:?}");
}

#[tokio::test]
async fn a_session_that_a_password_opened_is_none_of_the_providers() {
    let world = World::open(&[]).await;
    world.provider.end_sessions();
    let ada = json!({ "name": "ada", "role": "viewer" });
    let added = world.stage.post("accounts", &ada).await.ok();
    let (_, token) = added["link"]["url"].as_str().unwrap().split_once("token=").unwrap();
    let mut ada = world.browser();
    let fields = [("token", token), ("password", "correct horse"), ("again", "correct horse")];
    assert_eq!(location(&ada.post("/welcome", &fields).await), "/");
    let csrf = ada.csrf().await;
    assert_eq!(location(&ada.post("/sign-out", &[("csrf", &csrf)]).await), "/sign-in");
}
