//! *Notification*: the list, and the panel that changes a setting.

use serde_json::json;

use crate::{
    page::{Person, operator, version},
    stage::{Stage, id_of},
};

async fn stage() -> Stage {
    let stage = Stage::open().await;
    stage.post("domains", &json!(["a.example", "b.example"])).await.ok();
    stage
}

#[tokio::test]
async fn each_domain_is_listed_with_the_setting_that_applies() {
    let stage = stage().await;
    let person = Person::admin(&stage);
    let page = person.sees(&stage, "/notification").await;
    for shown in ["Public Domain Name Monitoring", "a.example:443", "b.example:443", "Actions"] {
        assert!(page.contains(shown), "{shown}");
    }
    assert!(page.contains("Operator") && page.contains("All day") && page.contains("Daily"));
    let id = id_of("a.example");
    assert!(page.contains(&format!("href=\"/notification?edit={id}\"")));
    let found = person.sees(&stage, "/notification?text=B.EX").await;
    assert!(found.contains("b.example:443") && !found.contains("a.example:443"));
    let none = person.sees(&stage, "/notification?text=%3Cb%3E").await;
    assert!(none.contains("No domain contains") && !none.contains("“<b>”"));
    let chinese = person.in_chinese().sees(&stage, "/notification").await;
    for shown in ["公网域名监控", "通知方式", "站内信", "全天", "操作"] {
        assert!(chinese.contains(shown), "{shown}");
    }
}

#[tokio::test]
async fn a_domain_gets_a_setting_of_its_own_and_follows_the_default_again() {
    let stage = stage().await;
    let person = Person::admin(&stage);
    let id = id_of("a.example");
    let panel = person.sees(&stage, &format!("/notification?edit={id}")).await;
    assert!(panel.contains("Edit Notification") && panel.contains("class=\"panel\""));
    let (version, operator) = (version(&panel), operator());
    let form = [
        ("version", version.as_str()),
        ("enabled", "1"),
        ("contacts", &operator),
        ("methods", "email"),
        ("methods", "internal"),
        ("window", "some"),
        ("anomaly_time.from", "08:00"),
        ("anomaly_time.to", "20:00"),
        ("anomaly_time.time_zone", "Asia/Shanghai"),
        ("repeat", "every"),
        ("repeat_days", "7"),
        ("told", "some"),
        ("kinds", "expired"),
        ("escalates", "some"),
        ("escalation.minutes", "30"),
        ("escalation.contacts", &operator),
    ];
    let path = format!("/notification/{id}?text=a");
    let done = person.does(&stage, &path, &form).await;
    assert_eq!(done, "/notification?text=a&notice=setting-saved");
    let setting = stage.get("domains/a.example/setting").await.ok();
    assert_eq!(setting["own"], true);
    let setting = &setting["setting"];
    assert_eq!(setting["methods"], json!(["email", "internal"]));
    let window = json!({
        "from": "08:00", "to": "20:00", "time_zone": "Asia/Shanghai", "critical_any_time": false
    });
    assert_eq!(setting["anomaly_time"], window);
    assert_eq!((&setting["repeat_days"], &setting["kinds"]), (&json!(7), &json!(["expired"])));
    assert_eq!(setting["escalation"]["minutes"], 30);
    let page = person.sees(&stage, &done).await;
    for shown in ["The setting is saved.", "08:00–20:00 Asia/Shanghai", "Every 7 days", "Own"] {
        assert!(page.contains(shown), "{shown}");
    }
    assert!(page.contains("1 not reached"), "the operator has no mailbox");

    let late = person.send(&stage, &path, &form).await;
    assert_eq!(late.status, 412, "{late:?}");
    assert!(late.text.contains("Somebody has changed it meanwhile"));
    let version = crate::page::version(&late.text);
    let clear = format!("/notification/{id}/clear");
    let done = person.does(&stage, &clear, &[("version", &version)]).await;
    assert_eq!(done, "/notification?notice=setting-cleared");
    assert_eq!(stage.get("domains/a.example/setting").await.ok()["own"], false);
}

#[tokio::test]
async fn what_a_contact_lacks_is_in_the_panel_before_it_is_saved() {
    let stage = stage().await;
    let ada = json!({ "name": "<i>Ada</i>", "email": "ada@example.com" });
    stage.post("contacts", &ada).await.ok();
    let panel = Person::admin(&stage).sees(&stage, "/notification?edit=default").await;
    assert!(panel.contains("<span class=\"lack email\">Email is not verified</span>"));
    assert!(panel.contains("<span class=\"lack email\">no address for Email</span>"));
    assert!(!panel.contains("<i>Ada"), "a name is shown as text");
    assert!(!panel.contains("value=\"recovered\""), "that something is over is no kind to choose");
}

#[tokio::test]
async fn each_mistake_stands_beside_its_field_and_what_was_typed_stays() {
    let stage = stage().await;
    let person = Person::admin(&stage);
    let panel = person.sees(&stage, "/notification?edit=default").await;
    let version = version(&panel);
    let form = [
        ("version", version.as_str()),
        ("window", "some"),
        ("anomaly_time.from", "25:00"),
        ("anomaly_time.to", "20:00"),
        ("anomaly_time.time_zone", "Mars\"><script>"),
        ("repeat", "every"),
        ("repeat_days", "many"),
        ("told", "some"),
        ("escalates", "some"),
        ("escalation.minutes", "0"),
    ];
    let again = person.errs(&stage, "/notification/default", &form).await;
    for field in [
        "contacts",
        "methods",
        "anomaly_time-from",
        "anomaly_time-time_zone",
        "repeat_days",
        "kinds",
        "escalation-minutes",
        "escalation-contacts",
    ] {
        assert!(again.contains(&format!("id=\"{field}-wrong\"")), "{field}");
        assert!(again.contains(&format!("aria-describedby=\"{field}-wrong\"")), "{field}");
    }
    assert!(again.contains("value=\"many\"") && again.contains("value=\"25:00\""));
    assert!(!again.contains("<script>"), "what was typed is shown as text");
    assert!(again.contains("Tick at least one method."));
    let again = person.in_chinese().errs(&stage, "/notification/default", &form).await;
    assert!(again.contains("请至少选择一种通知方式。"));
    assert_eq!(stage.get("settings/default").await.ok()["repeat_days"], 1, "nothing was saved");
}

#[tokio::test]
async fn a_setting_is_changed_by_editors_and_from_pages_of_theirs() {
    let stage = stage().await;
    let foreign = Person::admin(&stage);
    let form = [("csrf", "guess"), ("version", "1")];
    assert_eq!(foreign.send(&stage, "/notification/default", &form).await.status, 403);
    let viewer = Person::viewer(&stage).await;
    let page = viewer.sees(&stage, "/notification?edit=default").await;
    assert!(page.contains("a.example:443") && !page.contains("class=\"panel\""));
    let refused = viewer.send(&stage, "/notification/default", &[("version", "1")]).await;
    assert_eq!(refused.status, 403);
    let absent = foreign.look(&stage, "/notification?edit=absent.example").await;
    assert_eq!(absent.status, 404);
}
