//! Attends to a listening socket: one task per connection, all of them gone when the socket closes.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

/// Connections answered at once. More wait in the kernel's queue: a test with a thousand domains
/// stays below, and a runaway client does not use up the open files.
const CONNECTIONS_MAX: usize = 4_096;

/// How long one connection may last. Longer than any deadline of who connects, so that it is
/// always the other side that gives up.
const CONNECTION_MAX: Duration = Duration::from_mins(2);

/// Pause after a failed accept: it fails when open files run out, and each try costs CPU.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// An open socket and the tasks that serve it. Dropping it closes both.
#[derive(Debug)]
pub(crate) struct Attendance {
    stop: CancellationToken,
    tasks: TaskTracker,
    /// Ends the tasks when the attendance is dropped without [`Attendance::end`].
    _guard: DropGuard,
}

impl Attendance {
    /// Calls `answer` for each connection until ended.
    pub(crate) fn begin<Answer, Answering>(listener: TcpListener, answer: Answer) -> Self
    where
        Answer: Fn(TcpStream) -> Answering + Send + Sync + 'static,
        Answering: Future<Output = io::Result<()>> + Send + 'static,
    {
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        tasks.spawn(accept(listener, answer, stop.clone(), tasks.clone()));
        Self { _guard: stop.clone().drop_guard(), stop, tasks }
    }

    /// Connections that are open. The task beside theirs is the one that accepts them.
    pub(crate) fn connections(&self) -> usize {
        self.tasks.len().saturating_sub(1)
    }

    /// Closes the socket and all its connections, and returns when they are closed.
    pub(crate) async fn end(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

async fn accept<Answer, Answering>(
    listener: TcpListener,
    answer: Answer,
    stop: CancellationToken,
    tasks: TaskTracker,
) where
    Answer: Fn(TcpStream) -> Answering,
    Answering: Future<Output = io::Result<()>> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let (place, accepted) = tokio::select! {
            () = stop.cancelled() => return,
            next = next(&listener, &places) => next,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                warn!(%error, "Accepted no connection.");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let (answering, stop) = (answer(stream), stop.clone());
        tasks.spawn(async move {
            let limited = tokio::time::timeout(CONNECTION_MAX, answering);
            if let Some(Ok(Err(error))) = stop.run_until_cancelled(limited).await {
                debug!(%error, "A connection ended early.");
            }
            drop(place);
        });
    }
}

async fn next(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (tokio::sync::OwnedSemaphorePermit, io::Result<(TcpStream, std::net::SocketAddr)>) {
    let place = Arc::clone(places).acquire_owned().await;
    let place = place.expect("the semaphore is never closed");
    (place, listener.accept().await)
}
