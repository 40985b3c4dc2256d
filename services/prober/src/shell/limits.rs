//! How many sockets this process may have open, by the limit of the host.

use rlimit::Resource;
use tracing::{info, warn};

/// Files kept for everything but dialling: lookups (256), the bus, logs, the admin port.
const RESERVED: u64 = 512;
/// Sockets even where the limit leaves none: then dialling fails, and says that we ran out.
const SOCKETS_MIN: u64 = 16;
/// Sockets when the limit cannot be read: what a usual soft limit of 1,024 leaves.
const SOCKETS_UNKNOWN: u64 = 512;

/// Raises the limit of open files as far as we may, and answers how many sockets that gives.
pub fn sockets() -> usize {
    let sockets = match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(limit) => limit.saturating_sub(RESERVED).max(SOCKETS_MIN),
        Err(error) => {
            warn!(%error, "The limit of open files cannot be raised.");
            let soft = Resource::NOFILE.get_soft();
            soft.map_or(SOCKETS_UNKNOWN, |soft| soft.saturating_sub(RESERVED).max(SOCKETS_MIN))
        }
    };
    info!(sockets, "May have {sockets} sockets open.");
    usize::try_from(sockets).unwrap_or(usize::MAX)
}
