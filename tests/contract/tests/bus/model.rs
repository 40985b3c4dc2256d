//! Any sequence of calls answers as a model in memory does, on both buses.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    future::Future,
    thread,
};

use chassis::bus::{Append, AppendError, Appended, Consumer, Deliveries, Expect, SharedBus};
use proptest::{
    prelude::*,
    sample::select,
    test_runner::{Config, TestRunner},
};
use proto::stream::{PARKED, Retention, Stream};
use tokio::runtime::Runtime;

use crate::world::{KEPT, WORK, World, consumer, fresh_id, message, next, sequences, stream};

static PAIRS: Stream =
    stream("PAIRS", "test.pairs.>", Retention::Latest { per_subject: 2, age: None });

/// Cases on the embedded bus.
const CASES_EMBEDDED: u32 = 96;
/// Cases on NATS, where a call takes a hundred times as long.
const CASES_NATS: u32 = 24;
/// Worlds at a time, each with its share of the cases.
const WORLDS: u32 = 4;

#[test]
fn the_embedded_bus_does_as_the_model_does() {
    check(World::embedded, CASES_EMBEDDED);
}

#[test]
fn nats_does_as_the_model_does() {
    check(World::nats, CASES_NATS);
}

/// One call. Streams and subjects are places in lists.
#[derive(Debug, Clone, Copy)]
enum Call {
    Append { stream: usize, subject: usize, expect: Guess },
    AppendAgain { stream: usize, subject: usize },
    Purge { stream: usize, subject: usize },
    Load { stream: usize, subject: usize, above: usize },
    Last { stream: usize, subject: usize },
    Latest { stream: usize },
    Take { stream: usize, then: Then },
    Restart,
}

/// What an append takes for the version of its subject.
#[derive(Debug, Clone, Copy)]
enum Guess {
    Nothing,
    Right,
    TooOld,
    TooNew,
}

/// How a delivery is answered.
#[derive(Debug, Clone, Copy)]
enum Then {
    Ack,
    Retry,
    Park,
}

const STREAMS: [&Stream; 3] = [&KEPT, &PAIRS, &WORK];
const SUBJECTS: usize = 3;

fn call() -> impl Strategy<Value = Call> {
    let at = || (0..STREAMS.len(), 0..SUBJECTS);
    let guess = select(vec![Guess::Nothing, Guess::Right, Guess::TooOld, Guess::TooNew]);
    let then = select(vec![Then::Ack, Then::Retry, Then::Park]);
    prop_oneof![
        12 => (at(), guess)
            .prop_map(|((stream, subject), expect)| Call::Append { stream, subject, expect }),
        3 => at().prop_map(|(stream, subject)| Call::AppendAgain { stream, subject }),
        2 => at().prop_map(|(stream, subject)| Call::Purge { stream, subject }),
        2 => (at(), 0..4_usize)
            .prop_map(|((stream, subject), above)| Call::Load { stream, subject, above }),
        2 => at().prop_map(|(stream, subject)| Call::Last { stream, subject }),
        2 => (0..STREAMS.len()).prop_map(|stream| Call::Latest { stream }),
        9 => (0..STREAMS.len(), then).prop_map(|(stream, then)| Call::Take { stream, then }),
        1 => Just(Call::Restart),
    ]
}

/// Tries `cases` in all, in several worlds at once: most of a case waits for a disk.
fn check<F: Future<Output = World>>(world: fn() -> F, cases: u32) {
    thread::scope(|scope| {
        for _ in 0..WORLDS {
            scope.spawn(move || check_in(world, cases / WORLDS));
        }
    });
}

fn check_in<F: Future<Output = World>>(world: fn() -> F, cases: u32) {
    let runtime = Runtime::new().unwrap();
    let world = RefCell::new(runtime.block_on(world()));
    let number = Cell::new(0);
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let calls = prop::collection::vec(call(), 1..60);
    TestRunner::new(config)
        .run(&calls, |calls| {
            number.set(number.get() + 1);
            let mut world = world.borrow_mut();
            runtime.block_on(Run::new(number.get()).all(&mut world, &calls))
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
    // The server and the store end inside the runtime.
    let _inside = runtime.enter();
    drop(world);
}

/// A subject, as it should be.
#[derive(Default)]
struct History {
    kept: Vec<u64>,
    last: Option<Append>,
}

/// A consumer, as it should be.
#[derive(Default)]
struct Reader {
    /// Never delivered.
    fresh: BTreeSet<u64>,
    /// Delivered this often, and to be delivered again.
    again: BTreeMap<u64, u32>,
}

/// One case: subjects and consumers of its own on a bus that all share.
struct Run {
    case: u32,
    histories: BTreeMap<(usize, usize), History>,
    readers: [Reader; STREAMS.len()],
    taking: BTreeMap<usize, Box<dyn Deliveries>>,
    parked: usize,
}

type Checked = Result<(), TestCaseError>;

impl Run {
    fn new(case: u32) -> Self {
        Self {
            case,
            histories: BTreeMap::new(),
            readers: Default::default(),
            taking: BTreeMap::new(),
            parked: 0,
        }
    }

    fn subject(&self, stream: usize, subject: usize) -> String {
        let root = STREAMS[stream].subjects.trim_end_matches('>');
        format!("{root}{}.{subject}", self.case)
    }

    fn pattern(&self, stream: usize) -> String {
        let root = STREAMS[stream].subjects.trim_end_matches('>');
        format!("{root}{}.*", self.case)
    }

    fn history(&mut self, stream: usize, subject: usize) -> &mut History {
        self.histories.entry((stream, subject)).or_default()
    }

    async fn all(mut self, world: &mut World, calls: &[Call]) -> Checked {
        for call in calls {
            self.one(world, *call).await?;
        }
        // At last all is taken, and all that is left is what the model has.
        for stream in 0..STREAMS.len() {
            while self.take(&world.bus(), stream, Then::Ack).await? {}
            for subject in 0..SUBJECTS {
                self.load(&world.bus(), stream, subject, 0).await?;
            }
        }
        let parked = format!("-{}.", self.case);
        let pattern = "certherald.parked.detector.*";
        let mut count = 0;
        for last in world.bus().latest(&PARKED, pattern).await.unwrap() {
            let all = world.bus().load(&PARKED, &last.subject, 0).await.unwrap();
            count += all.iter().filter(|message| message.id.contains(&parked)).count();
        }
        prop_assert_eq!(count, self.parked);
        Ok(())
    }

    async fn one(&mut self, world: &mut World, call: Call) -> Checked {
        let bus = world.bus();
        match call {
            Call::Append { stream, subject, expect } => {
                self.append(&bus, stream, subject, expect).await
            }
            Call::AppendAgain { stream, subject } => self.again(&bus, stream, subject).await,
            Call::Purge { stream, subject } => {
                bus.purge(STREAMS[stream], &self.subject(stream, subject), 0).await.unwrap();
                let gone = std::mem::take(self.history(stream, subject));
                self.forget(stream, &gone.kept);
                Ok(())
            }
            Call::Load { stream, subject, above } => self.load(&bus, stream, subject, above).await,
            Call::Last { stream, subject } => {
                let name = self.subject(stream, subject);
                let last = bus.last(STREAMS[stream], &name).await.unwrap();
                let expected = self.history(stream, subject).kept.last().copied();
                prop_assert_eq!(last.map(|message| message.sequence), expected);
                Ok(())
            }
            Call::Latest { stream } => self.latest(&bus, stream).await,
            Call::Take { stream, then } => self.take(&bus, stream, then).await.map(drop),
            Call::Restart => {
                self.taking.clear();
                world.restart().await;
                Ok(())
            }
        }
    }

    async fn append(
        &mut self,
        bus: &SharedBus,
        stream: usize,
        subject: usize,
        expect: Guess,
    ) -> Checked {
        let id = format!("{}-{}.", fresh_id(), self.case);
        let append = message(STREAMS[stream], &self.subject(stream, subject));
        let history = self.history(stream, subject);
        let version = history.kept.last().copied().unwrap_or_default();
        let (expect, fits) = match expect {
            Guess::Nothing => (Expect::Any, true),
            Guess::Right => (Expect::Version(version), true),
            Guess::TooOld if version == 0 => (Expect::Any, true),
            Guess::TooOld => (Expect::Version(version - 1), false),
            Guess::TooNew => (Expect::Version(version + 1), false),
        };
        let append = Append { id, expect, ..append };
        let outstanding = is_work(stream) && !history.kept.is_empty();
        match bus.append(append.clone()).await {
            Ok(Appended { sequence, repeated }) => {
                prop_assert!(fits && !outstanding && !repeated, "appended: {:?}", append);
                prop_assert!(sequence > version);
                history.kept.push(sequence);
                history.last = Some(append);
                let cut = match STREAMS[stream].retention {
                    Retention::Latest { per_subject, .. } => per_subject as usize,
                    Retention::Kept | Retention::Work(_) | Retention::Age(_) => usize::MAX,
                };
                let gone: Vec<_> =
                    history.kept.drain(..history.kept.len().saturating_sub(cut)).collect();
                self.readers[stream].fresh.insert(sequence);
                self.forget(stream, &gone);
            }
            Err(AppendError::Outrun { .. }) => prop_assert!(!fits, "outrun: {:?}", append),
            Err(AppendError::Outstanding { .. }) => {
                prop_assert!(fits && outstanding, "outstanding: {:?}", append);
            }
            Err(error) => prop_assert!(false, "{error}"),
        }
        Ok(())
    }

    async fn again(&mut self, bus: &SharedBus, stream: usize, subject: usize) -> Checked {
        let history = self.history(stream, subject);
        let (Some(append), Some(sequence)) = (&history.last, history.kept.last()) else {
            return Ok(());
        };
        let appended = bus.append(append.clone()).await.unwrap();
        prop_assert_eq!(appended, Appended { sequence: *sequence, repeated: true });
        Ok(())
    }

    async fn load(
        &mut self,
        bus: &SharedBus,
        stream: usize,
        subject: usize,
        above: usize,
    ) -> Checked {
        let name = self.subject(stream, subject);
        let kept = &self.history(stream, subject).kept;
        let above = above.checked_sub(1).and_then(|at| kept.get(at)).copied().unwrap_or_default();
        let loaded = bus.load(STREAMS[stream], &name, above).await.unwrap();
        let expected: Vec<_> = kept.iter().copied().filter(|at| *at > above).collect();
        prop_assert_eq!(sequences(&loaded), expected);
        prop_assert!(loaded.iter().all(|message| message.subject == name));
        Ok(())
    }

    async fn latest(&self, bus: &SharedBus, stream: usize) -> Checked {
        let latest = bus.latest(STREAMS[stream], &self.pattern(stream)).await.unwrap();
        let of_stream = self.histories.iter().filter(|((of, _), _)| *of == stream);
        let mut expected: Vec<_> =
            of_stream.filter_map(|(_, history)| history.kept.last().copied()).collect();
        expected.sort_unstable();
        prop_assert_eq!(sequences(&latest), expected);
        Ok(())
    }

    /// Takes one message if there should be one. Answers whether there was.
    async fn take(
        &mut self,
        bus: &SharedBus,
        stream: usize,
        then: Then,
    ) -> Result<bool, TestCaseError> {
        let Reader { fresh, again } = &self.readers[stream];
        if fresh.is_empty() && again.is_empty() {
            return Ok(false);
        }
        if !self.taking.contains_key(&stream) {
            let (name, pattern) = (format!("model-{}", self.case), self.pattern(stream));
            let model = Consumer { name, pattern, held_max: 1, ..consumer(STREAMS[stream]) };
            self.taking.insert(stream, bus.consume(model).await.unwrap());
        }
        let delivery = next(self.taking.get_mut(&stream).unwrap()).await;
        let sequence = delivery.message.sequence;
        let Reader { fresh, again } = &mut self.readers[stream];
        let before = again.remove(&sequence);
        if before.is_none() {
            prop_assert_eq!(fresh.pop_first(), Some(sequence), "in order");
        }
        prop_assert_eq!(delivery.attempt, before.unwrap_or_default() + 1);
        match then {
            Then::Ack => delivery.ack().await.unwrap(),
            Then::Park => {
                delivery.park("so says the model").await.unwrap();
                self.parked += 1;
            }
            Then::Retry => {
                let attempt = delivery.attempt;
                delivery.retry_in(std::time::Duration::ZERO).await.unwrap();
                again.insert(sequence, attempt);
                return Ok(true);
            }
        }
        if is_work(stream) {
            let of_stream = self.histories.iter_mut().filter(|((of, _), _)| *of == stream);
            of_stream.for_each(|(_, history)| history.kept.retain(|kept| *kept != sequence));
        }
        Ok(true)
    }

    fn forget(&mut self, stream: usize, gone: &[u64]) {
        for sequence in gone {
            self.readers[stream].fresh.remove(sequence);
            self.readers[stream].again.remove(sequence);
        }
    }
}

fn is_work(stream: usize) -> bool {
    matches!(STREAMS[stream].retention, Retention::Work(_))
}
