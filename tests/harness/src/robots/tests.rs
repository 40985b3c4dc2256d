//! The robots over real HTTP, spoken to by a client that knows nothing of ours.

use std::time::Duration;

use serde_json::json;

use super::*;

fn client() -> reqwest::Client {
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    let builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    builder.timeout(Duration::from_secs(1)).build().unwrap()
}

async fn say(url: &str) -> Result<(u16, String), reqwest::Error> {
    let body = json!({ "msgtype": "text", "text": { "content": "hello" } });
    let answer = client().post(url).json(&body).send().await?;
    Ok((answer.status().as_u16(), answer.text().await?))
}

#[tokio::test]
async fn a_robot_keeps_what_it_took_and_what_it_refused() {
    let robots = Robots::open().await;
    let robot = robots.add(Setup::of(Vendor::WeCom, "0123"));
    assert_eq!(robot.url(), "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=0123");
    let url = format!("{}/cgi-bin/webhook/send?key=", robots.base(Vendor::WeCom));
    let (status, body) = say(&format!("{url}0123")).await.unwrap();
    assert_eq!((status, body.as_str()), (200, r#"{"errcode":0,"errmsg":"ok"}"#));
    let (status, body) = say(&format!("{url}4567")).await.unwrap();
    assert!(status == 200 && body.contains("93000"), "{status} {body}");
    assert_eq!(robot.taken()[0].message().text, "hello");
    assert_eq!((robot.posts().len(), robots.strays().len()), (1, 1));
    robots.remove(&robot);
    let (_, body) = say(&format!("{url}0123")).await.unwrap();
    assert!(body.contains("93000"), "{body}");
}

#[tokio::test]
async fn a_robot_fails_as_it_is_told_and_then_no_more() {
    let robots = Robots::open().await;
    let robot = robots.add(Setup::of(Vendor::DingTalk, "0123"));
    let url = format!("{}/robot/send?access_token=0123", robots.base(Vendor::DingTalk));
    robot.fail(Fault::code(-1));
    robot.fail_next(Fault::Resets);
    robot.fail_next(Fault::Page);
    robot.fail_next(Fault::Leads("http://127.0.0.1:1/".to_owned()));
    robot.fail_next(Fault::NeverEnds);
    robot.fail_next(Fault::Hangs);
    let error = say(&url).await.unwrap_err();
    assert!(!error.is_timeout() && !error.is_connect(), "{error:?}");
    assert!(say(&url).await.unwrap().1.contains("<title>"));
    assert_eq!(say(&url).await.unwrap().0, 307);
    assert!(say(&url).await.unwrap_err().is_timeout(), "its body never ends");
    assert!(say(&url).await.unwrap_err().is_timeout(), "it never answers");
    assert!(say(&url).await.unwrap().1.contains("-1"));
    robot.mend();
    assert!(say(&url).await.unwrap().1.contains("ok"));
    let fates: Vec<_> = robot.posts().iter().map(|post| post.fate).collect();
    assert_eq!(fates.iter().filter(|fate| **fate == Fate::Failed).count(), 6);
    assert_eq!(robot.taken().len(), 1);
}
