//! What goes to one recipient together: as much as fits into one message.

use std::cmp::Reverse;

use futures::{StreamExt, stream};
use jiff::Timestamp;

use super::{AT_ONCE, Courier, Settled};
use crate::{
    domain::plan::ThreadKey,
    shell::book::{Haul, Trip},
};

impl Courier {
    /// Settles threads of one lane and sends, in one message, what is to be sent of them and fits;
    /// what does not is the beginning of the next.
    pub(super) async fn gather(&self, Haul { keys, until }: Haul) {
        let (mut trips, resting) = self.settle_all(keys, Timestamp::MIN).await;
        // Something goes now: what waits only for company goes with it.
        let has_company = !trips.is_empty();
        let (waiting, resting): (Vec<_>, Vec<_>) = resting
            .into_iter()
            .partition(|(_, at)| has_company && at.is_some_and(|at| at <= until));
        let waiting = waiting.into_iter().map(|(key, _)| key).collect();
        let (joining, still_resting) = self.settle_all(waiting, until).await;
        trips.extend(joining);
        for (key, at) in resting.into_iter().chain(still_resting) {
            self.book.put_back(&key, at);
        }
        for (key, _) in self.overflow(&mut trips) {
            self.book.put_back_in_turn(&key);
        }
        let keys: Vec<_> = trips.iter().map(|(key, _)| key.clone()).collect();
        let delivered = self.deliver(trips).await;
        let pause = match (&delivered, keys.first()) {
            (Err(error), Some(key)) => self.pause(key, error),
            (_, _) => Some(self.context.clock.now()),
        };
        for key in &keys {
            self.book.put_back(key, pause);
        }
    }

    /// Settles threads: what is to be sent of them, and until when the others rest. What is due
    /// until an instant may go.
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
