//! The one thread that writes. It takes all that waits, stores it with one sync, answers, and hands
//! out what came to those who wait for it; so nothing is answered or seen before it is stored.
//!
//! Start reading at [`run`], then [`Engine::turn`].

mod ages;
mod commit;
mod mend;
mod place;

use std::{
    collections::BTreeMap,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use proto::stream;
use tokio::sync::{
    mpsc::{self, error::TryRecvError},
    oneshot,
};
use tracing::error;

use super::{
    batch::Refused,
    command::{Command, Reply, Seat, Ticket, Write},
    disk::{Disk, Failure},
    heads::Heads,
    layout::{META, META_FENCES},
    leases::{Leases, Wish},
    moment::Moment,
};
use crate::{
    bus::{AppendError, BusError, Consumer, Lease},
    clock::SharedClock,
};
use ages::Ages;
use commit::Outcome;
use mend::Failing;
use place::Place;

/// Commands that share a sync. More would make the first of them wait long for little gain.
const BATCH_MAX: usize = 1_024;

/// For how much of the time that the last write took to wait for those whom it answered, since they
/// are likely to ask for more: one batch of all of them costs one sync, two of a half each cost
/// two.
const LINGER_PART: u32 = 4;

/// The longest such wait.
const LINGER_MAX: Duration = Duration::from_millis(1);

/// Between two looks during that wait.
const LINGER_STEP: Duration = Duration::from_micros(30);

/// How long the count of a delivery may stay in memory only. It is written with whatever comes
/// next; this is for when nothing does.
const SAVE_AFTER: Duration = Duration::from_millis(250);

/// All that the thread knows.
pub(super) struct Engine {
    disk: Arc<Disk>,
    heads: Arc<Heads>,
    clock: SharedClock,
    /// Consumers, by seat.
    places: Vec<Place>,
    leases: Leases,
    ages: Ages,
    /// Last sequence of each stream that anything was appended to.
    lasts: BTreeMap<String, u64>,
    /// The last write.
    written: Written,
    /// When the places of consumers must be saved, if they are not.
    save_by: Option<Instant>,
    /// Why nothing can be stored at present.
    failing: Option<Failing>,
    /// When reading is tried again, if what consumers wait for could not be read.
    look_after: Option<Instant>,
    /// Whether there is more to do than one turn does.
    hurries: bool,
}

/// How many one write answered, and how long it took.
#[derive(Debug, Clone, Copy, Default)]
struct Written {
    count: usize,
    took: Duration,
}

/// Turns until the last handle is gone or the bus is closed.
pub(super) async fn run(mut engine: Engine, mut commands: mpsc::Receiver<Command>) {
    let mut taken = Vec::with_capacity(BATCH_MAX);
    let mut closing = Vec::new();
    while closing.is_empty() {
        let wake = engine.next_wake();
        let wait = async {
            match wake {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            count = commands.recv_many(&mut taken, BATCH_MAX) => if count == 0 { break },
            () = wait => {}
        }
        linger(&mut commands, &mut taken, engine.written);
        closing = engine.turn(taken.drain(..));
    }
    // Whoever asks from now on is told that the bus is closed, and so is who waits in line.
    commands.close();
    engine.save();
    // The files are let go of before anybody is told so.
    drop(engine);
    for closed in closing {
        // Whoever does not wait for the answer does not need it.
        closed.send(()).ok();
    }
}

/// Waits a little for those whom the last write answered.
fn linger(commands: &mut mpsc::Receiver<Command>, taken: &mut Vec<Command>, last: Written) {
    let begun = Instant::now();
    let most = last.count.min(BATCH_MAX);
    let wait = (last.took / LINGER_PART).min(LINGER_MAX);
    while !taken.is_empty() && taken.len() < most && begun.elapsed() < wait {
        match commands.try_recv() {
            Ok(command) => taken.push(command),
            // The runtime's timers are too coarse for so short a wait.
            Err(TryRecvError::Empty) => thread::sleep(LINGER_STEP),
            Err(TryRecvError::Disconnected) => return,
        }
    }
}

impl Engine {
    /// What a store holds.
    pub(super) fn open(
        disk: Arc<Disk>,
        heads: Arc<Heads>,
        clock: SharedClock,
    ) -> Result<Self, Failure> {
        let at = Moment { now: Instant::now(), wall: clock.now() };
        let fences = disk.read(|read| {
            let meta = read.open_table(META)?;
            Ok(meta.get(META_FENCES)?.map_or(0, |fences| fences.value()))
        })?;
        let mut engine = Self {
            disk,
            heads,
            clock,
            places: Vec::new(),
            leases: Leases::new(fences),
            ages: Ages::new(at),
            lasts: BTreeMap::new(),
            written: Written::default(),
            save_by: None,
            failing: None,
            look_after: None,
            hurries: false,
        };
        engine.reread()?;
        for stream in stream::ALL {
            engine.ages.know(stream);
        }
        Ok(engine)
    }

    /// When there is something to do, whether or not anybody asks for anything.
    fn next_wake(&self) -> Option<Instant> {
        let at = self.moment();
        let not_before = self.failing.as_ref().map(|failing| failing.until);
        if !self.disk.is_sound() {
            return not_before.or(Some(at.now));
        }
        if self.hurries {
            return Some(at.now);
        }
        let look = match self.look_after {
            Some(look_after) => Some(look_after),
            None => self.places.iter().filter_map(Place::next_due).min(),
        };
        let due = look.into_iter().chain(self.save_by).chain(self.ages.next_due(at)).min()?;
        Some(due.max(not_before.unwrap_or(due)))
    }

    /// Does what is asked and what is due. Answers who waits for the end.
    fn turn(&mut self, commands: impl Iterator<Item = Command>) -> Vec<oneshot::Sender<()>> {
        let at = self.moment();
        self.mend(at);
        let (mut writes, mut wishes, mut closing) = (Vec::new(), Vec::new(), Vec::new());
        for command in commands {
            match command {
                Command::Write(write) => writes.push(write),
                Command::Lease(wish, reply) => wishes.push((wish, reply)),
                Command::Holder(name, reply) => {
                    answer(reply, Ok(self.leases.holder(&name, at)));
                }
                Command::Close(closed) => closing.push(closed),
                Command::Enlist(consumer, reply) => answer(reply, self.enlist(consumer, at)),
                Command::Claim(claim) => {
                    if let Some(place) = self.places.get_mut(claim.seat.0) {
                        place.wait(claim);
                    }
                }
                Command::Retry(ticket, wait, reply) => {
                    self.retry_in(ticket, wait, at);
                    answer(reply, Ok(()));
                }
                Command::Hold(ticket, reply) => {
                    self.hold(ticket, at);
                    answer(reply, Ok(()));
                }
                Command::GiveBack(tickets) => self.give_back(&tickets, at),
                // It has been, at the beginning of this turn.
                Command::Mend => {}
            }
        }
        self.write(writes, wishes, at);
        // Writing may have taken a while, and a delivery's time begins when it is handed out.
        self.serve(self.moment());
        closing
    }

    fn write(&mut self, writes: Vec<Write>, wishes: Vec<(Wish, Reply<Option<Lease>>)>, at: Moment) {
        for write in &writes {
            if let Write::Append { append, .. } = write {
                self.ages.know(append.stream);
            }
        }
        let fences = self.leases.ceiling_for(wishes.len());
        let due = self.save_by.is_some_and(|by| by <= at.now) || self.ages.expired(at).count() > 0;
        let idle = writes.is_empty() && fences.is_none() && !due;
        let stored = if idle { Ok(Vec::new()) } else { self.try_commit(&writes, fences, at) };
        self.written = Written { count: writes.len(), took: at.now.elapsed() };
        match stored {
            Ok(outcomes) => {
                for (write, outcome) in writes.into_iter().zip(outcomes) {
                    settle(write, outcome);
                }
                for (wish, reply) in wishes {
                    answer(reply, Ok(self.leases.grant(wish, at)));
                }
            }
            Err(trouble) => self.refuse(trouble, writes, wishes, at),
        }
    }

    /// Hands out what there is.
    fn serve(&mut self, at: Moment) {
        self.hurries = false;
        if self.look_after.is_none_or(|look_after| look_after <= at.now) {
            let mut unread = None;
            for place in &mut self.places {
                let last = self.lasts.get(place.consumer.stream.name).copied().unwrap_or_default();
                match place.serve(&self.disk, last, at) {
                    Ok(more) => self.hurries |= more,
                    // Who waits, waits on.
                    Err(failure) => unread = Some(failure),
                }
            }
            self.looked(unread);
        }
        if self.save_by.is_none() && self.places.iter().any(|place| place.queue.is_unsaved()) {
            self.save_by = Some(at.after(SAVE_AFTER));
        }
    }

    fn enlist(&mut self, consumer: Consumer, at: Moment) -> Result<Seat, BusError> {
        self.ages.know(consumer.stream);
        let same = |place: &Place| {
            place.consumer.stream.name == consumer.stream.name
                && place.consumer.name == consumer.name
        };
        if let Some(seat) = self.places.iter().position(same) {
            self.places[seat].consumer = consumer;
            return Ok(Seat(seat));
        }
        let seat = Seat(self.places.len());
        let operation = format!("consume {} as {}", consumer.stream.name, consumer.name);
        let place = self.disk.read(|read| Place::open(read, consumer, seat, at));
        self.places.push(place.map_err(|failure| failure.of(operation))?);
        Ok(seat)
    }

    fn retry_in(&mut self, ticket: Ticket, wait: Duration, at: Moment) {
        if let Some(place) = self.places.get_mut(ticket.seat.0) {
            place.queue.retry_in(ticket.sequence, ticket.attempt, wait, at);
        }
    }

    fn hold(&mut self, ticket: Ticket, at: Moment) {
        if let Some(place) = self.places.get_mut(ticket.seat.0) {
            let due = at.after(place.consumer.ack_wait);
            place.queue.hold(ticket.sequence, ticket.attempt, due);
        }
    }

    fn give_back(&mut self, tickets: &[Ticket], at: Moment) {
        for ticket in tickets {
            if let Some(place) = self.places.get_mut(ticket.seat.0) {
                place.give_back(*ticket, at);
            }
        }
    }

    /// Saves what is unsaved, at the end. What does not get saved is delivered again.
    fn save(&mut self) {
        let unsaved = self.places.iter().any(|place| place.queue.is_unsaved());
        if unsaved && self.commit(&[], None, self.moment()).is_err() {
            error!("Cannot store at the end which messages were delivered.");
        }
    }

    fn set_last(&mut self, stream: &str, last: u64, at: Moment) {
        self.lasts.insert(stream.to_owned(), last);
        self.heads.set(stream, last);
        self.ages.appended(stream, at);
    }

    fn moment(&self) -> Moment {
        Moment { now: Instant::now(), wall: self.clock.now() }
    }

    fn place(&self, seat: Seat) -> Option<&Place> {
        self.places.get(seat.0)
    }

    fn places(&self) -> impl Iterator<Item = (Seat, &Place)> {
        self.places.iter().enumerate().map(|(seat, place)| (Seat(seat), place))
    }

    fn places_mut(&mut self) -> impl Iterator<Item = (Seat, &mut Place)> {
        self.places.iter_mut().enumerate().map(|(seat, place)| (Seat(seat), place))
    }
}

impl Drop for Engine {
    /// However the thread ends, nobody waits for it any more, and the files are free.
    fn drop(&mut self) {
        self.heads.close();
        self.disk.close();
    }
}

/// Answers one who shared a write that was stored.
fn settle(write: Write, outcome: Outcome) {
    match (write, outcome) {
        (Write::Append { append, reply, .. }, Outcome::Appended(result)) => {
            let subject = append.subject;
            answer(
                reply,
                result.map_err(|refused| match refused {
                    Refused::Outrun { expected } => AppendError::Outrun { subject, expected },
                    Refused::Outstanding => AppendError::Outstanding { subject },
                }),
            );
        }
        (Write::Done { reply, .. } | Write::Purge { reply, .. }, _) => answer(reply, Ok(())),
        (Write::Append { .. }, Outcome::Done) => {
            unreachable!("outcomes are in the order of writes")
        }
    }
}

/// Answers, if anybody still waits for it.
fn answer<T, E>(reply: Reply<T, E>, result: Result<T, E>) {
    reply.send(result).ok();
}
