//! Takes requests, and answers as the robots say, or as a fault has it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};

use futures::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::post::Call;
use super::{Answer, Fault, Street, Vendor};

/// Bytes of a body that are read: above every limit that is to be checked.
const BODY_MAX: usize = 1024 * 1024;

/// Between two bytes: no silence that anybody would call one.
const DRIP: Duration = Duration::from_millis(50);

/// What an endless body is made of.
const CHUNK: &[u8] = &[b' '; 4_096];

/// The connection is to be reset.
#[derive(Debug)]
struct Reset;

impl fmt::Display for Reset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("told to reset the connection")
    }
}

impl std::error::Error for Reset {}

/// Serves every connection, until it is aborted.
pub(super) async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, street: Arc<Street>) {
    let mut serving = tokio::task::JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let (tls, street) = (tls.clone(), Arc::clone(&street));
        serving.spawn(async move {
            // A client that went away, or whom we sent away.
            drop(serve(stream, tls, street).await);
        });
        while serving.try_join_next().is_some() {}
    }
}

async fn serve(stream: TcpStream, tls: Option<TlsAcceptor>, street: Arc<Street>) -> io::Result<()> {
    match tls {
        None => reset(&hold(stream, street).await),
        Some(tls) => reset(hold(tls.accept(stream).await?, street).await.get_ref().0),
    }
}

/// Without lingering, closing is a reset, unless the client has closed before.
fn reset(stream: &TcpStream) -> io::Result<()> {
    stream.set_zero_linger()
}

/// Holds a connection until it ends, and gives it back.
async fn hold<S: AsyncRead + AsyncWrite + Unpin>(stream: S, street: Arc<Street>) -> S {
    let service = service_fn(move |request| Box::pin(attend(request, Arc::clone(&street))));
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    // An error is the end of it, whoever wanted it.
    drop(std::future::poll_fn(|context| connection.poll_without_shutdown(context)).await);
    connection.into_parts().io.into_inner()
}

async fn attend(
    request: Request<Incoming>,
    street: Arc<Street>,
) -> Result<Response<UnsyncBoxBody<Bytes, Infallible>>, Reset> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, BODY_MAX).collect().await.map_err(|_| Reset)?.to_bytes().to_vec();
    let text =
        |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into();
    let headers =
        head.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    let Some((vendor, path)) = Vendor::of_path(head.uri.path()) else {
        return Ok(response(&Answer::text(404, "nobody lives here")));
    };
    let call = Call {
        at: (street.clock)(),
        method: head.method.to_string(),
        path: path.to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers,
        body,
    };
    let (answer, fault) = street.answer(vendor, call);
    match fault {
        Some(Fault::Hangs) => std::future::pending().await,
        Some(Fault::Resets) => Err(Reset),
        Some(Fault::NeverEnds) => Ok(endless(CHUNK, Duration::ZERO)),
        Some(Fault::Drips) => Ok(endless(b" ", DRIP)),
        Some(Fault::Answers(_) | Fault::Code(..) | Fault::Page | Fault::Leads(_)) | None => {
            Ok(response(&answer))
        }
    }
}

/// A body of one chunk after the other.
fn endless(chunk: &'static [u8], pause: Duration) -> Response<UnsyncBoxBody<Bytes, Infallible>> {
    let chunks = stream::unfold((), move |()| async move {
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        Some((Ok(Frame::data(Bytes::from_static(chunk))), ()))
    });
    Response::new(BodyExt::boxed_unsync(StreamBody::new(chunks)))
}

fn response(answer: &Answer) -> Response<UnsyncBoxBody<Bytes, Infallible>> {
    let mut response = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(*name, value);
    }
    response.body(Full::new(Bytes::from(answer.body.clone())).boxed_unsync()).unwrap()
}
