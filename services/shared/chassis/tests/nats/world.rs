//! A real broker, and processes that use it.

use std::{convert::Infallible, path::PathBuf, sync::Arc, time::Duration};

use bytes::Bytes;
use chassis::{
    bus::{
        Append, Expect, Message, SharedBus,
        nats::{Nats, NatsOptions},
    },
    clock::SystemClock,
    context::Context,
    dice::Dice,
    health::Health,
    lease::{self, Term},
    tasks::Tasks,
};
use proto::stream::{Service, Stream};
use tokio::{sync::oneshot, time::Instant};

/// How long anything may take that must happen. A passing test never waits for it: an election
/// among three servers on a busy machine has taken half a minute.
pub(crate) const PATIENCE: Duration = Duration::from_mins(3);

/// Connects as a process does that nobody guards against.
pub(crate) async fn connect(url: &str) -> Nats {
    Nats::connect(NatsOptions::new(url)).await.unwrap()
}

/// A process of its own, as far as it can be one here.
pub(crate) async fn process(url: &str, service: Service, instance: &str) -> Context {
    Context {
        service,
        instance: instance.parse().unwrap(),
        bus: connect(url).await.bus(service),
        clock: Arc::new(SystemClock),
        dice: Arc::new(Dice::fresh()),
        tasks: Tasks::new(),
        health: Health::new(),
        data: PathBuf::new(),
    }
}

/// A message that says nothing but its id.
pub(crate) fn message(stream: &'static Stream, subject: &str, id: &str) -> Append {
    Append {
        stream,
        subject: subject.to_owned(),
        id: id.to_owned(),
        expect: Expect::Any,
        headers: vec![],
        payload: Bytes::from(id.to_owned()),
    }
}

/// Appends until it is in, as every service does.
pub(crate) async fn insist(bus: &SharedBus, append: Append) -> u64 {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match bus.append(append.clone()).await {
            Ok(appended) => return appended.sequence,
            Err(error) if error.is_transient() && Instant::now() < deadline => {}
            Err(error) => panic!("{error:?}"),
        }
    }
}

/// Ids of messages.
pub(crate) fn ids(messages: &[Message]) -> Vec<String> {
    messages.iter().map(|message| message.id.clone()).collect()
}

/// Leads as the detector; the first term that is had.
pub(crate) async fn first_term(context: &Context) -> Term {
    let (tell, told) = oneshot::channel::<Term>();
    let mut tell = Some(tell);
    let leading = context.clone();
    context.tasks.spawn("lead", async move {
        lease::lead(&leading, "detector", |term| {
            let tell = tell.take();
            async move {
                if let Some(tell) = tell {
                    drop(tell.send(term.clone()));
                }
                term.ended().cancelled().await;
                Ok::<_, Infallible>(())
            }
        })
        .await
    });
    told.await.unwrap()
}
