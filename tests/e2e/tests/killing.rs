//! The notifier may be killed at any instant of a storm, as often as anybody likes: nothing is
//! lost, and no more messages come again than it was killed.
//!
//! Several worlds, so that one waits for a lease while another is busy. Each kill comes at an
//! instant drawn by lot, while the notifier tells what is more than it can tell before. `SEED=17`
//! draws the same instants again.

mod storm;
mod tale;

use std::collections::BTreeSet;
use std::time::Duration;

use chassis::dice::Dice;
use futures::future::join_all;
use harness::eventually::eventually_within;
use harness::fleet::{Fleet, MAILBOX, Plan, RECOVERY, Role, Shape};
use harness::robots::{Robot, Setup, Vendor};
use harness::surroundings::variable;
use serde_json::json;
use tokio::time::sleep;

use self::storm::host;
use self::tale::{Arrival, Tale, Tally};
use crate::robots::Crowd;

/// The worlds: what is killed in each, and how often.
const WORLDS: [(Shape, usize); 8] = [
    // The whole process with its store: it begins at once when it is started again.
    (Shape::Embedded, 32),
    (Shape::Embedded, 32),
    (Shape::Embedded, 32),
    (Shape::Embedded, 32),
    // The notifier alone: whoever follows waits until the lease of the dead one has run out.
    (Shape::Nats, 18),
    (Shape::Nats, 18),
    (Shape::Nats, 18),
    (Shape::Nats, 18),
];

/// Domains that are still to be told of whenever it is started: more than it tells in [`BUSY`].
const BACKLOG: usize = 40;

/// How long it lives at most from its first message on.
const BUSY: Duration = Duration::from_millis(500);

/// Who is told by mail, in the inbox and through a webhook as well.
const SECOND: (&str, &str) = ("Night", "night@lab.test");

/// The secret of that webhook.
const SECOND_SECRET: &str = "whsec_bmlnaHRuaWdodG5pZ2h0bmlnaHRuaWdodG5pZ2h0";

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stdout, reason = "the counts are part of what is promised")]
async fn two_hundred_kills_lose_nothing_and_repeat_no_more_than_one_message_each() {
    let seed = variable("SEED").map_or_else(
        || Dice::fresh().below(100_000),
        |text| text.parse().expect("SEED is a number"),
    );
    println!("replay with SEED={seed}");
    let dice = Dice::seeded(seed);
    let seeds = WORLDS.map(|_| dice.below(u64::MAX));
    let worlds = WORLDS.into_iter().zip(seeds);
    let tallies = join_all(worlds.map(|((shape, kills), seed)| live(shape, kills, seed))).await;
    for (tally, (shape, _)) in tallies.iter().zip(WORLDS) {
        println!("{shape:?}: {tally}");
    }
    let all: Tally = tallies.into_iter().sum();
    println!("in all: {all}");
    assert!(all.kills >= 200 && all.again <= all.kills, "replay with SEED={seed}: {all}");
    assert!(all.broken_off >= all.kills / 2, "too few fell where they hurt: {all}");
}

/// A world in which the notifier is killed so often. Checks that nothing was lost.
async fn live(shape: Shape, kills: usize, seed: u64) -> Tally {
    let (mut world, dice) = (World::open(shape).await, Dice::seeded(seed));
    for _ in 0..kills {
        world.feed().await;
        let before = world.arrivals().len();
        world.fleet.relaunch(world.role(), 1);
        eventually_within(RECOVERY, "the notifier tells something", async || {
            if world.arrivals().len() > before { Ok(()) } else { Err("nothing came") }
        })
        .await;
        sleep(BUSY.mul_f64(dice.chance())).await;
        world.fleet.kill(world.role(), 1).await;
    }
    world.fleet.revive(world.role(), 1).await;
    world.until_told().await;
    if shape == Shape::Embedded {
        // So that its store can be read.
        world.fleet.kill(Role::All, 1).await;
    }
    let records = storm::records(&world.fleet).await;
    Tale::of(&records).judged(world.told, &world.arrivals(), kills)
}

struct World {
    shape: Shape,
    fleet: Fleet,
    crowd: Crowd,
    second: Robot,
    /// Domains of which something is to be told: the first so many.
    told: usize,
}

impl World {
    /// Two contacts, who are told of all domains, through every channel that each has; the notifier
    /// is dead.
    async fn open(shape: Shape) -> Self {
        let crowd = Crowd::gather().await;
        let second = Setup::of(Vendor::Webhook, "n1ghtpath").signed(SECOND_SECRET);
        let second = crowd.robots.add(second);
        let plan = Plan::new(shape).telling_one_by_one().told(crowd.robots.settings());
        let mut fleet = plan.start().await;
        let first = crowd.join(&fleet).await;
        let (name, mailbox) = SECOND;
        let webhook = json!({ "url": second.url(), "secret": SECOND_SECRET });
        let contact =
            json!({ "name": name, "email": mailbox, "verified": true, "webhook": webhook });
        let added = fleet.api.post("/contacts", &contact).await.unwrap();
        let mut setting = fleet.api.get("/settings/default").await.unwrap();
        let methods = setting["methods"].take();
        let setting = json!({ "contacts": [first, added["id"]], "methods": methods });
        fleet.api.put("/settings/default", &setting).await.unwrap();
        fleet.kill(role_of(shape), 1).await;
        Self { shape, fleet, crowd, second, told: 0 }
    }

    fn role(&self) -> Role {
        role_of(self.shape)
    }

    /// More domains expire, so that there is enough to tell. The notifier is dead meanwhile.
    async fn feed(&mut self) {
        let mails = self.fleet.post.mails();
        let arrived: BTreeSet<_> =
            mails.iter().flat_map(|mail| tale::hosts(mail.subject())).collect();
        let more = BACKLOG.saturating_sub(self.told - arrived.len());
        storm::expire(&self.fleet, self.told..self.told + more).await;
        self.told += more;
    }

    /// All that arrived, but for what came into the inbox.
    fn arrivals(&self) -> Vec<Arrival> {
        let mails = self.fleet.post.mails();
        let mails = mails.iter().map(|mail| Arrival::mail(mail));
        let robots = self.crowd.hands.iter().map(|hand| (MAILBOX, &hand.robot));
        let robots = robots.chain([(SECOND.1, &self.second)]);
        let posts = robots.flat_map(|(contact, robot)| {
            let taken = robot.taken().into_iter();
            taken.map(move |post| Arrival::post(contact, robot.vendor(), &post))
        });
        mails.chain(posts).collect()
    }

    /// Waits until everybody has heard of every domain through every channel.
    async fn until_told(&self) {
        let hosts: BTreeSet<_> = (0..self.told).map(host).collect();
        let of_first = Vendor::ALL.map(Vendor::method).into_iter().chain(["email"]);
        let of_first = of_first.map(|channel| (MAILBOX, channel));
        let recipients: Vec<_> =
            of_first.chain(["email", "webhook"].map(|channel| (SECOND.1, channel))).collect();
        eventually_within(RECOVERY, "everybody has heard of everything", async || {
            let arrivals = self.arrivals();
            for (contact, channel) in &recipients {
                let named = tale::named(&arrivals, contact, channel);
                let missing: Vec<_> = hosts.difference(&named).collect();
                if !missing.is_empty() {
                    return Err(format!("{channel} of {contact} never named {missing:?}"));
                }
            }
            Ok(())
        })
        .await;
        eventually_within(RECOVERY, "no delivery is open", async || {
            for state in ["due", "attempted", "failed"] {
                let open = self.fleet.api.all(&format!("/deliveries?state={state}")).await?;
                if !open.is_empty() {
                    return Err(format!("{} are {state}", open.len()));
                }
            }
            Ok::<_, String>(())
        })
        .await;
        for hand in &self.crowd.hands {
            assert!(hand.robot.refused().is_empty(), "{:#?}", hand.robot.refused());
        }
    }
}

fn role_of(shape: Shape) -> Role {
    match shape {
        Shape::Embedded => Role::All,
        Shape::Nats => Role::Notifier,
    }
}
