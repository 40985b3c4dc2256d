//! What a service is handed when it starts.

use std::{path::PathBuf, sync::Arc};

use proto::{stream::Service, subject::Token};

use crate::{bus::SharedBus, clock::SharedClock, dice::Dice, health::Health, tasks::Tasks};

/// The world of one service: everything that is not its own business.
#[derive(Clone)]
pub struct Context {
    /// Which service it is.
    pub service: Service,
    /// Name of this instance, unique among all that share the bus.
    pub instance: Token,
    /// The streams.
    pub bus: SharedBus,
    /// The time.
    pub clock: SharedClock,
    /// Randomness.
    pub dice: Arc<Dice>,
    /// The tasks of this process.
    pub tasks: Tasks,
    /// Whether this process is ready.
    pub health: Health,
    /// Directory of this service for what may be thrown away, and for its keys.
    pub data: PathBuf,
}
