//! Speaks HTTP on the connections that the listener takes, and waits for nobody for ever.
//!
//! Whoever only holds a connection takes the room of somebody who asks. How long each is waited for
//! is a [`Patience`]. Start reading at [`serve`].

use std::{
    net::SocketAddr,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::{ConnectInfo, Request},
};
use hyper::{
    body::Incoming,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::debug;

use super::{
    REQUEST_WITHIN,
    listener::{Bounded, Held},
    peer::Remote,
};

/// How long whoever holds a connection is waited for.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For the head of the first request, from when the connection is there.
    pub first: Duration,
    /// For the head of a further request over HTTP/1.1, from when the one before is answered.
    pub next: Duration,
    /// For any byte, in either direction.
    pub silence: Duration,
}

impl Patience {
    /// With browsers and proxies.
    pub const USUAL: Self = Self {
        // Browsers open a connection before they need it, and open another if it is gone.
        first: Duration::from_secs(30),
        // Proxies keep a connection for 60 s, and must not use it just when it is closed here.
        next: Duration::from_secs(75),
        // A request that takes its time is silent, and is answered; streams have a heartbeat.
        silence: REQUEST_WITHIN.saturating_add(Duration::from_secs(30)),
    };
}

/// Answers until it is to stop; then takes no connection more, and ends once each has answered what
/// it was asked.
pub async fn serve(
    mut listener: Bounded,
    router: Router,
    patience: Patience,
    stopping: CancellationToken,
) {
    let connections = TaskTracker::new();
    while let Some((held, address)) = stopping.run_until_cancelled(listener.accept()).await {
        connections.spawn(answer(held, address, router.clone(), patience, stopping.clone()));
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

/// Answers on one connection until it ends.
async fn answer(
    held: Held,
    address: SocketAddr,
    router: Router,
    patience: Patience,
    stopping: CancellationToken,
) {
    let asked = Arc::new(AtomicBool::new(false));
    let service = TowerToHyperService::new(router);
    let service = service_fn({
        let asked = Arc::clone(&asked);
        move |mut request: Request<Incoming>| {
            asked.store(true, Ordering::Relaxed);
            request.extensions_mut().insert(ConnectInfo(Remote::from(address)));
            service.call(request)
        }
    });
    let mut http = Builder::new(TokioExecutor::new());
    http.http1().timer(TokioTimer::new()).header_read_timeout(patience.next);
    let mut connection = pin!(http.serve_connection(TokioIo::new(held), service));
    let mut first = pin!(tokio::time::sleep(patience.first));
    let mut is_ending = false;
    loop {
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    debug!(%address, error, "A connection ended early.");
                }
                return;
            }
            () = first.as_mut(), if !first.is_elapsed() => {
                if !asked.load(Ordering::Relaxed) {
                    return debug!(%address, "A connection was held, and nothing asked.");
                }
            }
            () = stopping.cancelled(), if !is_ending => {
                is_ending = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use axum::routing::get;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
        sync::Notify,
        task::JoinHandle,
    };

    use super::*;

    const SHORT: Duration = Duration::from_millis(100);
    const LONG: Duration = Duration::from_hours(1);
    const ENDLESS: Patience = Patience { first: LONG, next: LONG, silence: LONG };

    /// A server that answers until it is to stop.
    struct Served {
        address: SocketAddr,
        stopping: CancellationToken,
        serving: JoinHandle<()>,
        slow: Arc<Slow>,
    }

    /// A page that takes its time.
    #[derive(Default)]
    struct Slow {
        asked: Notify,
        answered: Notify,
    }

    /// A server with a page that is there at once, and one that is there once it is said so.
    async fn begin(patience: Patience) -> Served {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let slow = Arc::new(Slow::default());
        let page = Arc::clone(&slow);
        let late = || async move {
            page.asked.notify_one();
            page.answered.notified().await;
            "late"
        };
        let router = Router::new().route("/", get(|| async { "here" })).route("/slow", get(late));
        let stopping = CancellationToken::new();
        let listener = Bounded::new(socket, None, patience.silence);
        let serving = serve(listener, router, patience, stopping.clone());
        let serving = TaskTracker::new().spawn(serving);
        Served { address, stopping, serving, slow }
    }

    /// All that is answered to some bytes until the connection is closed.
    async fn answered(address: SocketAddr, said: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(said.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let closed = tokio::time::timeout(100 * SHORT, stream.read_to_end(&mut answer)).await;
        // What was said and is not read makes a reset of the end.
        if let Err(error) = closed.expect("the connection is closed") {
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        }
        String::from_utf8_lossy(&answer).into_owned()
    }

    #[tokio::test]
    async fn whoever_asks_nothing_is_not_waited_for() {
        let Served { address, .. } = begin(Patience { first: SHORT, ..ENDLESS }).await;
        for said in ["", "GET / HTTP/1.1\r\nHost: x\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
            assert!(!answered(address, said).await.contains("here"), "{said}");
        }
    }

    #[tokio::test]
    async fn whoever_asks_no_more_is_not_waited_for() {
        let Served { address, .. } = begin(Patience { next: 10 * SHORT, ..ENDLESS }).await;
        let answer = answered(address, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
        assert!(answer.ends_with("here"), "{answer}");
    }

    #[tokio::test]
    async fn a_connection_without_a_sign_of_life_is_closed() {
        let Served { address, .. } = begin(Patience { silence: SHORT, ..ENDLESS }).await;
        assert_eq!(answered(address, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await, "");
    }

    #[tokio::test]
    async fn what_was_asked_before_the_end_is_answered() {
        let Served { address, stopping, serving, slow } = begin(ENDLESS).await;
        let idle = TcpStream::connect(address).await.unwrap();
        let asked = answered(address, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
        let (answer, ()) = tokio::join!(asked, async {
            slow.asked.notified().await;
            stopping.cancel();
            slow.answered.notify_one();
        });
        assert!(answer.ends_with("late"), "{answer}");
        let ended = tokio::time::timeout(100 * SHORT, serving).await;
        ended.expect("nobody is waited for who asks nothing").unwrap();
        drop(idle);
    }
}
