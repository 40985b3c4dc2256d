//! The work of the one active notifier, for the length of a term.

use std::sync::Arc;

use chassis::{
    bus::BusError,
    context::Context,
    lease::Term,
    worker::{self, Handler},
};
use futures::future;

use super::{
    book::Book,
    channel::Channels,
    courier::{Courier, turnstile::Turnstile},
    intake::{self, Desk, Events, Wishes},
    pen::Pen,
    reading::Reading,
};

/// What a notifier has whether it leads or stands by.
#[derive(Clone)]
pub struct Office {
    /// The world.
    pub context: Context,
    /// What is known.
    pub book: Arc<Book>,
    /// How far the book is.
    pub reading: Reading,
    /// Ways of telling.
    pub channels: Channels,
    /// Through which messages go one by one.
    pub turnstile: Turnstile,
}

/// Takes in events and wishes and sends what is due, until the term ends.
///
/// # Errors
///
/// When the bus is gone for good.
pub async fn serve(mut office: Office, term: Term) -> Result<(), BusError> {
    let ended = term.ended();
    tokio::select! {
        () = ended.cancelled() => return Ok(()),
        () = office.reading.caught_up() => {}
    }
    let Office { mut context, book, reading, channels, turnstile } = office;
    book.begin_term();
    context.bus = term.bus();
    let pen = Pen::new(&context, &term, book.clone());
    let desk = Desk {
        book: book.clone(),
        pen: pen.clone(),
        bus: context.bus.clone(),
        clock: context.clock.clone(),
        reading,
        channels: channels.clone(),
    };
    let courier =
        Courier { context: context.clone(), book, pen, channels, turnstile, ended: ended.clone() };
    let events: Arc<dyn Handler> = Arc::new(Events(desk.clone()));
    let wishes: Arc<dyn Handler> = Arc::new(Wishes(desk));
    let intake = async {
        let hear = future::try_join(
            worker::run(&context, intake::events(), intake::EVENTS_AT_ONCE, events),
            worker::run(&context, intake::wishes(), intake::WISHES_AT_ONCE, wishes),
        );
        // When the process stops, what is held is finished. When the lease is lost it is dropped,
        // and delivered to the next who leads.
        let lost = async {
            ended.cancelled().await;
            if context.tasks.stopping().is_cancelled() {
                future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = lost => Ok(()),
            heard = hear => match heard {
                // A bus that refuses after the term is over is not gone.
                Err(_) if ended.is_cancelled() => Ok(()),
                heard => heard.map(drop),
            },
        }
    };
    let (heard, ()) = tokio::join!(
        async {
            let heard = intake.await;
            // Without ears there is no point in going on: the term ends, and another may begin.
            ended.cancel();
            heard
        },
        courier.work(),
    );
    heard
}
