//! What a detector does while it leads: decides, asks for looks, tells the world.

use std::sync::Arc;

use chassis::{bus::BusError, context::Context, lease::Term};

use super::{
    along::{Along, Tide},
    errands, intake,
    partition::Letter,
    posts::Posts,
    relay,
    shared::Shared,
};

/// What a term needs.
pub(super) struct Lead {
    pub(super) context: Context,
    pub(super) posts: Posts,
    /// The streams that are read along, to be read to their end before a term begins.
    pub(super) streams: Vec<Along>,
    pub(super) tide: Tide,
    pub(super) shared: Arc<Shared>,
}

impl Lead {
    /// Leads for one term.
    ///
    /// # Errors
    ///
    /// When the bus is gone for good.
    pub(super) async fn term(&self, term: Term) -> Result<(), BusError> {
        let ended = term.ended();
        let led = tokio::select! {
            biased;
            () = ended.cancelled() => Ok(()),
            led = self.lead(&term) => led,
        };
        self.posts.send_all(|| Letter::Rest).await;
        match led {
            // The term ends with it, and another begins: here, or at a standby.
            Err(error) if error.is_transient() => {
                tracing::warn!(error = %chassis::error::Chain(&error), "A term ends early.");
                Ok(())
            }
            led => led,
        }
    }

    async fn lead(&self, term: &Term) -> Result<(), BusError> {
        // What the one before decided at last: not to know it would only cost being outrun.
        for along in &self.streams {
            along.catch_up(&self.context.bus).await?;
        }
        let bus = term.bus();
        self.shared.begin(self.context.clock.now());
        self.posts.send_all(|| Letter::Lead(bus.clone())).await;
        tokio::select! {
            biased;
            taken = intake::facts(&self.context, self.posts.clone()) => taken,
            taken = intake::requests(&self.context, self.posts.clone()) => taken,
            told = relay::run(&self.context, term, &self.tide) => told,
            () = errands::run(&self.context, &bus, &self.posts, &self.shared.errands) => Ok(()),
        }
    }
}
