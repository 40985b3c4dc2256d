//! Messages go one by one; what is known when it is a message's turn counts.

use std::sync::{Mutex, mpsc};

use proto::v1::Kind;

use crate::{
    script,
    world::{World, eventually, opened, recovered},
};

#[tokio::test]
async fn what_is_over_before_its_turn_is_not_told() {
    let (release, released) = mpsc::channel::<()>();
    let released = Mutex::new(released);
    let address = script::serve("220 script.test", move |line| {
        if line == "." {
            // The first mail is not taken before we say so.
            released.lock().unwrap().recv().ok();
        }
        Some(script::accept(line))
    });
    let patient = vec![("NOTIFIER_TURN", "1m".to_owned())];
    let world = World::mailing_by(format!("smtp://{address}?tls=none"), patient).await;
    let notifier = world.start("one");
    let count = async |what: &str| {
        world.story("email").await.iter().filter(|said| said.starts_with(what)).count()
    };

    world.happens(&opened("first.example.com", Kind::Expired)).await;
    eventually(async || count("attempted").await, |attempted| *attempted == 1).await;
    world.happens(&opened("second.example.com", Kind::Expired)).await;
    eventually(async || count("due: cause_event").await, |due| *due == 2).await;
    world.happens(&recovered("second.example.com", Kind::Expired)).await;
    eventually(async || count("due: cause_event").await, |due| *due == 3).await;
    release.send(()).unwrap();

    eventually(async || count("dropped: why_closed_before").await, |dropped| *dropped == 2).await;
    assert_eq!((count("attempted").await, count("delivered").await), (1, 1));
    notifier.stop().await;
}
