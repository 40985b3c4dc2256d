//! A notifier that dies at any step: nothing is lost, and at most the step it died in is repeated.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use chassis::bus::{
    Append, AppendError, Appended, Bus, BusError, Consumer, Deliveries, Following, From, Lease,
    Message, SharedBus,
};
use futures::future::join_all;
use harness::robots::Fault;
use jiff::Timestamp;
use proto::{
    stream::{Service, Stream},
    v1::Kind,
};

use crate::{
    robots::{SECRET, Scene},
    world::{World, eventually, opened, ops, recovered, verified},
};

/// Whether the append at which a process dies was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    Stored,
    Lost,
}

/// A bus for a process that dies at one of its appends: from then on it hears and says nothing.
struct Dying {
    bus: SharedBus,
    left: AtomicUsize,
    last: Last,
}

impl Dying {
    fn lives(&self) -> Result<(), BusError> {
        if self.left.load(Ordering::SeqCst) > 0 { Ok(()) } else { Err(BusError::Closed) }
    }
}

#[async_trait]
impl Bus for Dying {
    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        let less = |left: usize| left.checked_sub(1);
        let left = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less);
        let subject = append.subject.clone();
        match (left, self.last) {
            (Ok(2..), _) => return self.bus.append(append).await,
            (Ok(_), Last::Stored) => drop(self.bus.append(append).await?),
            (Ok(_), Last::Lost) | (Err(_), _) => {}
        }
        Err(AppendError::Failed { subject, source: BusError::Closed })
    }

    async fn load(
        &self,
        stream: &'static Stream,
        subject: &str,
        above: u64,
    ) -> Result<Vec<Message>, BusError> {
        self.lives()?;
        self.bus.load(stream, subject, above).await
    }

    async fn last(
        &self,
        stream: &'static Stream,
        subject: &str,
    ) -> Result<Option<Message>, BusError> {
        self.lives()?;
        self.bus.last(stream, subject).await
    }

    async fn latest(
        &self,
        stream: &'static Stream,
        pattern: &str,
    ) -> Result<Vec<Message>, BusError> {
        self.lives()?;
        self.bus.latest(stream, pattern).await
    }

    async fn consume(&self, consumer: Consumer) -> Result<Box<dyn Deliveries>, BusError> {
        self.lives()?;
        self.bus.consume(consumer).await
    }

    async fn follow(
        &self,
        stream: &'static Stream,
        pattern: &str,
        from: From,
    ) -> Result<Box<dyn Following>, BusError> {
        self.lives()?;
        self.bus.follow(stream, pattern, from).await
    }

    async fn purge(
        &self,
        stream: &'static Stream,
        subject: &str,
        keep: u32,
    ) -> Result<(), BusError> {
        self.lives()?;
        self.bus.purge(stream, subject, keep).await
    }

    async fn acquire(
        &self,
        lease: &str,
        holder: &str,
        limit: std::time::Duration,
    ) -> Result<Option<Lease>, BusError> {
        self.lives()?;
        self.bus.acquire(lease, holder, limit).await
    }

    async fn renew(&self, lease: &Lease) -> Result<Option<Lease>, BusError> {
        self.lives()?;
        self.bus.renew(lease).await
    }

    async fn release(&self, lease: &Lease) -> Result<(), BusError> {
        self.lives()?;
        self.bus.release(lease).await
    }

    async fn holder(&self, lease: &str) -> Result<Option<String>, BusError> {
        self.lives()?;
        self.bus.holder(lease).await
    }

    async fn now(&self) -> Result<Timestamp, BusError> {
        self.lives()?;
        self.bus.now().await
    }
}

/// Appends of an alarm through two channels: due, attempted, delivered, each twice.
const APPENDS: usize = 6;

async fn dies_and_is_followed(at: usize, last: Last) {
    let host = "shop.example.com";
    let world = World::new().await;
    let bus = world.store.bus(Service::Notifier);
    let dying = Arc::new(Dying { bus, left: AtomicUsize::new(at), last });
    let mortal = world.start_on("mortal", dying.clone());
    world.happens(&opened(host, Kind::Expired)).await;
    let left = async || dying.left.load(Ordering::SeqCst);
    eventually(left, |left| *left == 0).await;
    mortal.stop_however().await;

    let heir = world.start("heir");
    let told = async |channel: &str, times: usize| {
        let delivered = async || {
            let story = world.story(channel).await;
            story.iter().filter(|step| *step == "delivered").count()
        };
        eventually(delivered, |delivered| *delivered == times).await;
    };
    told("email", 1).await;
    told("internal", 1).await;
    world.happens(&recovered(host, Kind::Expired)).await;
    told("email", 2).await;
    told("internal", 2).await;
    heir.stop().await;

    let mails = world.sink.mails();
    let case = format!("dead at append {at}, which was {last:?}");
    assert!((2..=3).contains(&mails.len()), "{case}: {} mails", mails.len());
    let alarms: Vec<_> = mails.iter().filter(|mail| mail.references().is_empty()).collect();
    assert_eq!(alarms.len(), mails.len() - 1, "{case}: one recovery");
    assert!(alarms.iter().all(|mail| mail.message_id() == alarms[0].message_id()), "{case}");
    assert_eq!(world.inbox().await.len(), 2, "{case}: the inbox has each once");
}

#[tokio::test]
async fn a_death_at_any_step_loses_nothing_and_repeats_at_most_one() {
    let cases = (1..=APPENDS).flat_map(|at| [(at, Last::Stored), (at, Last::Lost)]);
    join_all(cases.map(|(at, last)| dies_and_is_followed(at, last))).await;
}

/// Appends of an alarm for a robot that is out of order: it is due there and in the inbox, which
/// has it, and has the excuse; a mail is due that says so, attempted, delivered.
const APPENDS_OF_A_DETOUR: usize = 8;

async fn dies_on_a_detour(at: usize) {
    let scene = Scene::open().await;
    let addresses = vec![scene.address(SECRET), verified("ops@example.com")];
    scene.world.save(ops(), "Ops", addresses).await;
    scene.robot.fail(Fault::Code(400_102, "robot stopped".to_owned()));
    scene.test().await;
    scene.until_story(&["due: cause_test", "attempted 1", "parked"]).await;
    scene.notifier.stop().await;

    let (bus, last) = (scene.world.store.bus(Service::Notifier), Last::Stored);
    let dying = Arc::new(Dying { bus, left: AtomicUsize::new(at), last });
    let mortal = scene.world.start_on("mortal", dying.clone());
    scene.world.happens(&opened("shop.example.com", Kind::Expired)).await;
    let left = async || dying.left.load(Ordering::SeqCst);
    eventually(left, |left| *left == 0).await;
    mortal.stop_however().await;

    let heir = scene.world.start("heir");
    let mails = scene.world.until_mails(1).await;
    assert_eq!(mails[0].subject(), "[TLS] DingTalk: nothing can be delivered", "append {at}");
    heir.stop().await;
}

#[tokio::test]
async fn whoever_dies_before_it_has_told_of_a_broken_channel_is_followed_by_one_who_does() {
    join_all((1..=APPENDS_OF_A_DETOUR).map(dies_on_a_detour)).await;
}
