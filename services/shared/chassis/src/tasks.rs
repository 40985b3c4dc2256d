//! The tasks of a process, and their orderly end.

use std::{error::Error, future::Future, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{debug, error, warn};

use crate::error::Chain;

/// How long tasks may finish what they hold. Shorter than the 30 s that container runtimes allow
/// between SIGTERM and SIGKILL.
pub const GRACE: Duration = Duration::from_secs(20);

/// The tasks of a process. When one fails, all are asked to stop.
#[derive(Debug, Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    stopping: CancellationToken,
    failure: Arc<Mutex<Option<String>>>,
}

impl Tasks {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs a task until it ends by itself. Its error or panic ends the process, in order.
    pub fn spawn<F, E>(&self, name: &'static str, task: F)
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Error + Send + Sync + 'static,
    {
        let tasks = self.clone();
        let handle = self.tracker.spawn(task);
        self.tracker.spawn(async move {
            let failure = match handle.await {
                Ok(Ok(())) => return debug!(task.name = name, "Task `{name}` ended."),
                Ok(Err(error)) => Chain(&error).to_string(),
                Err(join) if join.is_cancelled() => return,
                Err(join) => join.to_string(),
            };
            error!(task.name = name, error = %failure, "Task `{name}` failed: stopping.");
            tasks.failure.lock().get_or_insert(format!("{name}: {failure}"));
            tasks.stopping.cancel();
        });
    }

    /// Is cancelled when tasks must take nothing more and finish what they hold.
    pub fn stopping(&self) -> CancellationToken {
        self.stopping.clone()
    }

    /// Asks all to stop.
    pub fn stop(&self) {
        self.stopping.cancel();
    }

    /// Waits until all have ended, for [`GRACE`] at most: redelivery covers the rest. Answers the
    /// first failure, if there was one.
    pub async fn ended(&self) -> Option<String> {
        self.tracker.close();
        if tokio::time::timeout(GRACE, self.tracker.wait()).await.is_err() {
            warn!(tasks = self.tracker.len(), "Some tasks did not end in time: leaving them.");
        }
        self.failure.lock().clone()
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[tokio::test]
    async fn the_end_of_one_is_not_the_end_of_all_but_its_failure_is() {
        let tasks = Tasks::new();
        let stopping = tasks.stopping();
        tasks.spawn("done", async { Ok::<_, io::Error>(()) });
        let held = stopping.clone();
        tasks.spawn("held", async move {
            held.cancelled().await;
            Ok::<_, io::Error>(())
        });
        tasks.spawn("broken", async { Err(io::Error::other("no disk")) });
        stopping.cancelled().await;
        assert_eq!(tasks.ended().await.as_deref(), Some("broken: no disk"));
    }

    #[tokio::test]
    async fn a_panic_is_a_failure() {
        let tasks = Tasks::new();
        tasks.spawn("bug", async {
            assert!(tokio::runtime::Handle::try_current().is_err(), "an invariant");
            Ok::<_, io::Error>(())
        });
        assert!(tasks.ended().await.is_some_and(|failure| failure.contains("panicked")));
    }
}
