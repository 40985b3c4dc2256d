//! One durable consumer: its queue, and those who wait for its next message.

use std::{collections::VecDeque, time::Instant};

use jiff::Timestamp;
use redb::ReadTransaction;

use crate::bus::{
    Consumer, Message,
    embedded::{
        command::{Claim, Claimed, Seat, Ticket},
        disk::{Disk, Failure},
        layout::{CURSORS, PENDING, instant},
        moment::Moment,
        queue::{Queue, Row},
        tables::{Reach, Tables},
    },
};

/// What one consumer may take on in one turn, so that no other waits long for its own.
const REACH: Reach = Reach { rows: 4_096, messages: 256, bytes: 4 * 1024 * 1024 };

/// A consumer that was asked for since the store was opened.
pub(super) struct Place {
    /// As the last who took part described it.
    pub(super) consumer: Consumer,
    /// What it was delivered and has not acknowledged.
    pub(super) queue: Queue,
    seat: Seat,
    waiting: VecDeque<Claim>,
}

/// What there is to hand out.
struct Found {
    /// Those that are to be delivered again; `None`: the message is gone.
    again: Vec<(u64, Option<Message>)>,
    fresh: Vec<Message>,
    /// All up to here has been looked at.
    through: u64,
}

impl Place {
    /// As the store has it; a consumer that is not there begins with the oldest message.
    pub(super) fn open(
        read: &ReadTransaction,
        consumer: Consumer,
        seat: Seat,
        at: Moment,
    ) -> Result<Self, Failure> {
        let (stream, name) = (consumer.stream.name, consumer.name.as_str());
        let cursor = read.open_table(CURSORS)?.get((stream, name))?.map_or(0, |at| at.value());
        let mut rows = Vec::new();
        for row in read.open_table(PENDING)?.range((stream, name, 0)..=(stream, name, u64::MAX))? {
            let (key, row) = row?;
            let (attempts, due) = row.value();
            let rests_until = (due > 0).then(|| instant(due));
            rows.push((key.value().2, Row { attempts, rests_until }));
        }
        let queue = Queue::restore(cursor, rows, at);
        Ok(Self { consumer, queue, seat, waiting: VecDeque::new() })
    }

    /// Somebody waits for messages.
    pub(super) fn wait(&mut self, claim: Claim) {
        self.waiting.push_back(claim);
    }

    /// When something is to be delivered again, if anybody waits for it.
    pub(super) fn next_due(&self) -> Option<Instant> {
        if self.waiting.is_empty() { None } else { self.queue.next_due() }
    }

    /// Hands out what there is to those who wait; `last` is the last sequence of the stream.
    /// Answers whether there is more to look at for those who still wait.
    pub(super) fn serve(&mut self, disk: &Disk, last: u64, at: Moment) -> Result<bool, Failure> {
        self.waiting.retain(|claim| !claim.reply.is_closed());
        let wanted: usize = self.waiting.iter().map(|claim| claim.most).sum();
        if wanted == 0 {
            return Ok(false);
        }
        let reach = Reach { messages: wanted.min(REACH.messages), ..REACH };
        let overdue = self.queue.overdue(at.now, reach.messages);
        if overdue.is_empty() && self.queue.cursor() >= last {
            return Ok(false);
        }
        let found = disk.read(|read| self.find(read, overdue, last, reach))?;
        let mut messages = Vec::with_capacity(reach.messages);
        for (sequence, message) in found.again {
            match message {
                Some(message) => messages.push(message),
                None => self.queue.done(sequence),
            }
        }
        messages.extend(found.fresh);
        self.deal(messages, at);
        self.queue.pass(found.through);
        Ok(found.through < last && !self.waiting.is_empty())
    }

    fn find(
        &self,
        read: &ReadTransaction,
        overdue: Vec<u64>,
        last: u64,
        reach: Reach,
    ) -> Result<Found, Failure> {
        let cursor = self.queue.cursor();
        let Some(tables) = Tables::open(read, self.consumer.stream)? else {
            let again = overdue.into_iter().map(|sequence| (sequence, None)).collect();
            return Ok(Found { again, fresh: Vec::new(), through: cursor });
        };
        let mut again = Vec::new();
        let mut bytes = 0;
        for sequence in overdue {
            let message = tables.get(sequence)?;
            bytes += message.as_ref().map_or(0, |message| message.payload.len());
            again.push((sequence, message));
            if bytes >= reach.bytes {
                break;
            }
        }
        let taken = again.iter().filter(|(_, message)| message.is_some()).count();
        let left = reach.messages - taken;
        if left == 0 || bytes >= reach.bytes || cursor >= last {
            return Ok(Found { again, fresh: Vec::new(), through: cursor });
        }
        let reach = Reach { messages: left, bytes: reach.bytes - bytes, ..reach };
        let scan = tables.scan(&self.consumer.pattern, cursor + 1, last, reach)?;
        Ok(Found { again, fresh: scan.messages, through: scan.next - 1 })
    }

    /// Gives each of those who wait one message after another, until there are none left: whoever
    /// wants many does not take what another waits for. There are never more than are wanted.
    fn deal(&mut self, messages: Vec<Message>, at: Moment) {
        let due = at.after(self.consumer.ack_wait);
        let mut hands: VecDeque<(Claim, Vec<Claimed>)> =
            self.waiting.drain(..).map(|claim| (claim, Vec::new())).collect();
        let mut served = Vec::with_capacity(hands.len());
        for message in messages {
            let Some((claim, mut hand)) = hands.pop_front() else { break };
            let attempt = self.queue.deliver(message.sequence, due);
            let ticket = Ticket { seat: self.seat, sequence: message.sequence, attempt };
            hand.push(Claimed { ticket, message });
            if hand.len() == claim.most {
                served.push((claim, hand));
            } else {
                hands.push_back((claim, hand));
            }
        }
        for (claim, hand) in served.into_iter().chain(hands) {
            if hand.is_empty() {
                self.waiting.push_back(claim);
            } else if let Err(hand) = claim.reply.send(hand) {
                for claimed in hand {
                    self.give_back(claimed.ticket, at);
                }
            }
        }
    }

    /// A delivery never reached anybody.
    pub(super) fn give_back(&mut self, ticket: Ticket, at: Moment) {
        self.queue.give_back(ticket.sequence, ticket.attempt, at.now);
    }
}

/// How the store spells when a message is due.
pub(super) fn due(rests_until: Option<Timestamp>) -> i64 {
    rests_until.map_or(0, |until| until.as_microsecond().max(1))
}
