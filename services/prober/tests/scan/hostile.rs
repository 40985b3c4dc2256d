//! Servers that mean harm, or are something else: each costs one deadline at most and bounded
//! memory, and is reported as what it is.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use prober::shell::scan::ScannerConfig;
use proto::v1::{Reason, ScanFact, handshake::Proof, own_failure::Cause};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::world::{Server, config, failure, handshake, job, scanner_with};

/// Reads the hello, then says something.
async fn answering(words: &'static [u8]) -> Server {
    Server::start(move |mut stream| async move {
        hear_hello(&mut stream).await;
        stream.write_all(words).await.ok();
        // Whoever closes with unread input resets, and takes back what it said.
        while stream.read(&mut [0; 1024]).await.is_ok_and(|count| count > 0) {}
    })
    .await
}

async fn hear_hello(stream: &mut TcpStream) {
    let mut header = [0; 5];
    stream.read_exact(&mut header).await.unwrap();
    let mut body = vec![0; usize::from(u16::from_be_bytes([header[3], header[4]]))];
    stream.read_exact(&mut body).await.unwrap();
}

/// Time for one scan of a server that may never answer: short enough to wait for.
const DEADLINE: Duration = Duration::from_secs(3);

/// Scans, and checks that it took no longer than one deadline and what a busy machine adds.
async fn scan_in_time(at: SocketAddr) -> ScanFact {
    let begun = Instant::now();
    let scanner = scanner_with(ScannerConfig { deadline: DEADLINE, ..config() });
    let fact = scanner.scan(&job("a.example", at)).await;
    assert!(begun.elapsed() < DEADLINE + Duration::from_secs(3), "{:?}", begun.elapsed());
    fact
}

fn reason(fact: &ScanFact) -> (Reason, Option<u32>) {
    let failure = failure(fact);
    assert!(failure.detail.chars().count() <= 200 && !failure.detail.is_empty());
    (failure.reason(), failure.alert)
}

#[tokio::test]
async fn another_protocol_is_quoted() {
    let http = answering(b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n\r\n").await;
    let fact = scan_in_time(http.at).await;
    assert_eq!(reason(&fact), (Reason::NotTls, None));
    assert_eq!(failure(&fact).detail, "answered `HTTP/1.1 400 Bad Request`, which is not TLS");

    let ssh = Server::start(|mut stream| async move {
        stream.write_all(b"SSH-2.0-OpenSSH_9.9\r\n").await.ok();
        while stream.read(&mut [0; 64]).await.is_ok_and(|count| count > 0) {}
    });
    let fact = scan_in_time(ssh.await.at).await;
    assert_eq!(failure(&fact).detail, "answered `SSH-2.0-OpenSSH_9.9`, which is not TLS");

    // Too short for a record, and then silence.
    let terse = answering(b"no").await;
    assert_eq!(reason(&scan_in_time(terse.at).await), (Reason::NotTls, None));
}

#[tokio::test]
async fn silence_costs_one_deadline() {
    let mute = answering(b"").await;
    let fact = scan_in_time(mute.at).await;
    assert_eq!(reason(&fact), (Reason::HandshakeFailed, None));
    assert!(failure(&fact).detail.starts_with("connected, but no answer within"));
}

#[tokio::test]
async fn one_byte_at_a_time_costs_one_deadline() {
    // The beginning of a record of 16 KiB, and then a byte now and then.
    let slow = Server::start(|mut stream| async move {
        hear_hello(&mut stream).await;
        stream.write_all(&[22, 3, 3, 0x40, 0, 2, 0, 0x3f, 0xfc]).await.ok();
        while stream.write_all(&[3]).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    });
    let fact = scan_in_time(slow.await.at).await;
    assert_eq!(reason(&fact), (Reason::HandshakeFailed, None));
}

#[tokio::test]
async fn endless_handshake_records_end() {
    // Hello requests, which a client of TLS 1.2 has to let pass, and warnings, which it may.
    for record in [&[22, 3, 3, 0, 4, 0, 0, 0, 0][..], &[21, 3, 3, 0, 2, 1, 90]] {
        let endless = Server::start(move |mut stream| async move {
            hear_hello(&mut stream).await;
            let flood = record.repeat(1000);
            while stream.write_all(&flood).await.is_ok() {}
        });
        let fact = scan_in_time(endless.await.at).await;
        assert_eq!(reason(&fact).0, Reason::HandshakeFailed);
    }
}

#[tokio::test]
async fn a_message_of_16_mib_is_not_waited_for() {
    let huge = Server::start(|mut stream| async move {
        hear_hello(&mut stream).await;
        let mut record = vec![22, 3, 3, 0x40, 0, 11, 0xff, 0xff, 0xff];
        record.resize(5 + 0x4000, 7);
        while stream.write_all(&record).await.is_ok() {
            record[5..9].fill(7);
        }
    });
    assert_eq!(reason(&scan_in_time(huge.await.at).await).0, Reason::HandshakeFailed);
}

#[tokio::test]
async fn garbage_within_tls_is_no_panic() {
    for words in [
        &[22, 3, 3, 0, 4, 2, 0, 0, 0][..],
        &[22, 3, 3, 0, 6, 2, 0, 0, 2, 3, 3],
        &[20, 3, 3, 0, 1, 1, 20, 3, 3, 0, 1, 1],
        &[23, 3, 3, 0, 2, 1, 1],
        &[22, 3, 3, 0xff, 0xff],
        &[0x16, 1, 1, 0, 4, 9, 9, 9, 9],
    ] {
        let garbled = answering(words).await;
        assert_eq!(reason(&scan_in_time(garbled.at).await).0, Reason::HandshakeFailed, "{words:?}");
    }
}

#[tokio::test]
async fn an_alert_is_named() {
    let strict = answering(&[21, 3, 3, 0, 2, 2, 112]).await;
    let fact = scan_in_time(strict.at).await;
    assert_eq!(reason(&fact), (Reason::HandshakeFailed, Some(112)));
    // One that makes the reader for old TLS try as well: the first answer is what is reported.
    let modern = answering(&[21, 3, 3, 0, 2, 2, 70]).await;
    assert_eq!(reason(&scan_in_time(modern.at).await), (Reason::HandshakeFailed, Some(70)));
}

#[tokio::test]
async fn hanging_up_is_told_apart() {
    let closing = Server::start(|mut stream| async move {
        hear_hello(&mut stream).await;
    });
    let fact = scan_in_time(closing.await.at).await;
    assert_eq!(reason(&fact), (Reason::HandshakeFailed, None));
    assert_eq!(failure(&fact).detail, "the server closed the connection without an answer");

    let resetting = Server::start(|stream| async move { stream.set_zero_linger().unwrap() });
    let fact = scan_in_time(resetting.await.at).await;
    assert_eq!(reason(&fact), (Reason::HandshakeFailed, None));
}

#[tokio::test]
async fn a_closed_port_refuses() {
    let server = Server::start(|_| async {}).await;
    let at = server.at;
    drop(server);
    let fact = scan_in_time(at).await;
    assert_eq!(reason(&fact), (Reason::ConnectRefused, None));
    let timings = fact.endpoints[0].timings.as_ref().unwrap();
    assert_eq!((timings.connect, timings.handshake), (None, None));
}

#[tokio::test]
async fn a_port_that_never_answers_times_out() {
    // A full accept queue drops further SYNs, as a packet filter does.
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    socket.listen(0).unwrap();
    let at = socket.local_addr().unwrap().as_socket().unwrap();
    let mut held = Vec::new();
    while let Ok(Ok(stream)) =
        tokio::time::timeout(Duration::from_millis(300), TcpStream::connect(at)).await
    {
        held.push(stream);
    }
    let fact = scan_in_time(at).await;
    assert_eq!(reason(&fact), (Reason::ConnectTimeout, None));
}

#[tokio::test]
async fn an_address_that_is_not_allowed_is_never_dialled() {
    let (touched, mut touch) = tokio::sync::mpsc::channel(1);
    let server = Server::start(move |_| {
        let touched = touched.clone();
        async move { touched.send(()).await.unwrap() }
    })
    .await;
    let scanner = scanner_with(ScannerConfig { allow: Vec::new(), ..config() });
    let fact = scanner.scan(&job("a.example", server.at)).await;
    assert_eq!(reason(&fact), (Reason::AddressNotAllowed, None));
    let mapped = format!("::ffff:{}", server.at.ip());
    let job = proto::v1::Job { fixed_address: mapped, ..job("a.example", server.at) };
    assert_eq!(reason(&scanner.scan(&job).await), (Reason::AddressNotAllowed, None));
    assert!(touch.try_recv().is_err());
}

#[tokio::test]
async fn without_a_socket_the_failure_is_ours() {
    let mute = answering(b"").await;
    let scanner =
        scanner_with(ScannerConfig { sockets: 1, deadline: Duration::from_secs(20), ..config() });
    let holder = tokio::spawn({
        let (scanner, job) = (scanner.clone(), job("a.example", mute.at));
        async move { scanner.scan(&job).await }
    });
    // The holder has the only socket once the other one has to wait: whoever comes second loses.
    let job = job("a.example", mute.at);
    let second = scanner.scan(&job);
    let fact = tokio::select! {
        fact = second => fact,
        fact = holder => fact.unwrap(),
    };
    let own = fact.own_failure.expect("ours");
    assert_eq!(own.cause(), Cause::OutOfResources);
    assert_eq!(own.detail, "every socket of this prober is in use");
}

#[tokio::test]
async fn a_malformed_job_is_ours() {
    let job = proto::v1::Job { port: 0, ..job("a.example", SocketAddr::from(([127, 0, 0, 1], 1))) };
    let fact = scanner_with(config()).scan(&job).await;
    assert_eq!(fact.own_failure.map(|own| own.cause()), Some(Cause::ProberFailed));
    assert_eq!((fact.look, fact.inventory_revision), (7, 3));
}

#[tokio::test]
async fn a_chain_counts_even_if_the_server_goes_silent_after_it() {
    // ServerHello of TLS 1.0 and a certificate that is none, and then nothing.
    let mut hello = vec![2, 0, 0, 38, 3, 1];
    hello.extend([7; 32]);
    hello.extend([0, 0xc0, 0x2f, 0]);
    let certificate = [11, 0, 0, 10, 0, 0, 7, 0, 0, 4, b'l', b'e', b'a', b'f'];
    let messages = [&hello[..], &certificate].concat();
    let length = u16::try_from(messages.len()).unwrap().to_be_bytes();
    let words = [&[22, 3, 1][..], &length, &messages].concat();
    let server = answering(words.leak()).await;
    let fact = scan_in_time(server.at).await;
    let found = handshake(&fact);
    assert_eq!(found.proof(), Proof::Unknown);
    assert_eq!(crate::world::chain(&fact), [b"leaf".to_vec()]);
    assert_eq!(found.remark, "the answer was not complete in time");
}
