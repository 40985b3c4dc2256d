//! What goes to one recipient together: as much as fits into one message.

use std::cmp::Reverse;

use futures::{StreamExt, stream};
use jiff::Timestamp;

use super::{AT_ONCE, Courier, Settled};
use crate::{
    domain::plan::ThreadKey,
    shell::book::{Haul, Trip},
};

/// Threads in one message at most, where a channel has no limit of its own.
const TOGETHER_MAX: usize = 400;

/// Threads that are looked at before it is seen whether more would fit: more than the smallest
/// message holds; then as many again each time.
const FIRST_PART: usize = 48;

impl Courier {
    /// Gathers what else goes to where something goes now: what is due, and what waits only for
    /// company. Of the rest as much as does not fit is the beginning of the next message.
    pub(super) async fn gather(
        &self,
        haul: &Haul,
        first: (ThreadKey, Trip),
    ) -> Vec<(ThreadKey, Trip)> {
        let (mut trips, mut resting, mut part) = (vec![first], Vec::new(), FIRST_PART);
        while trips.len() < TOGETHER_MAX {
            let keys = self.book.take_more(haul, part);
            if keys.is_empty() {
                break;
            }
            let (going, others) = self.settle_all(keys, haul.until).await;
            trips.extend(going);
            resting.extend(others);
            if self.fitting(&trips) < trips.len() {
                break;
            }
            part = trips.len();
        }
        // Only now: what rests for a moment only would be taken again and again.
        for (key, at) in resting {
            self.book.put_back(&key, at);
        }
        for (key, _) in self.overflow(&mut trips) {
            self.book.put_back_at_once(&key);
        }
        trips
    }

    /// Settles threads: what is to be sent of them, if it is due until an instant, and until when
    /// the others rest.
    async fn settle_all(
        &self,
        keys: Vec<ThreadKey>,
        until: Timestamp,
    ) -> (Vec<(ThreadKey, Trip)>, Vec<(ThreadKey, Option<Timestamp>)>) {
        let settled = stream::iter(keys).map(|key| async move {
            let settled = self.settle(&key, until).await;
            (key, settled)
        });
        let (mut trips, mut resting) = (Vec::new(), Vec::new());
        for (key, settled) in settled.buffered(AT_ONCE).collect::<Vec<_>>().await {
            match settled {
                Ok(Settled::Goes(trip)) => trips.push((key, *trip)),
                Ok(Settled::Rests(at)) => resting.push((key, at)),
                Err(error) => {
                    let pause = self.pause(&key, &error);
                    resting.push((key, pause));
                }
            }
        }
        (trips, resting)
    }

    /// Leaves what goes now, what is most urgent first and else in order, and takes out the rest.
    fn overflow(&self, trips: &mut Vec<(ThreadKey, Trip)>) -> Vec<(ThreadKey, Trip)> {
        trips.sort_by_key(|(_, trip)| (Reverse(trip.urgency), trip.due_at));
        if trips.first().is_some_and(|(_, trip)| trip.is_alone) {
            return trips.split_off(1);
        }
        let (alone, mut together): (Vec<_>, Vec<_>) =
            trips.drain(..).partition(|(_, trip)| trip.is_alone);
        let fitting = self.fitting(&together);
        let mut rest = together.split_off(fitting);
        *trips = together;
        rest.extend(alone);
        rest
    }

    /// How many of them fit into one message, from the first on; at least one.
    fn fitting(&self, trips: &[(ThreadKey, Trip)]) -> usize {
        let Some((key, first)) = trips.first() else { return 0 };
        let letters: Vec<_> = trips.iter().map(|(_, trip)| &trip.parcel.letter).collect();
        let fits = |count: usize| {
            let letters = letters.get(..count).unwrap_or(&letters);
            let digest = self.book.digest(&key.contact, letters, first.parcel.delivery);
            self.channels.fits(&key.channel, &first.parcel.address, &digest)
        };
        // A longer digest is never shorter: between what fits and what does not lies the border.
        let (mut within, mut beyond) = (1, letters.len() + 1);
        while beyond - within > 1 {
            let middle = usize::midpoint(within, beyond);
            if fits(middle) { within = middle } else { beyond = middle }
        }
        within
    }
}
