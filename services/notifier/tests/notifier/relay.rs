//! A wire between the notifier and a real mail server, which can be cut at the worst instant.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use parking_lot::{Condvar, Mutex};

/// What ends a mail.
const END: &[u8] = b"\r\n.\r\n";

/// What becomes of the answer to a whole mail, which the server has taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The connection dies with it.
    Cut,
    /// It does not come, and the connection stays.
    Held,
}

/// A wire to a server.
pub(crate) struct Relay {
    pub(crate) address: SocketAddr,
    trouble: Arc<Trouble>,
}

/// Whether answers are kept back, and how it is heard that they are no more.
struct Trouble {
    is_on: Mutex<bool>,
    changed: Condvar,
}

impl Relay {
    /// A wire that keeps the answers to mails from coming back, until it is mended.
    pub(crate) fn to(server: SocketAddr, answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let trouble = Arc::new(Trouble { is_on: Mutex::new(true), changed: Condvar::new() });
        let now = trouble.clone();
        // Ends with the test's process: it waits for connections until then.
        thread::spawn(move || {
            for client in listener.incoming() {
                let (client, now) = (client.unwrap(), now.clone());
                let server = TcpStream::connect(server).unwrap();
                thread::spawn(move || connect(&client, &server, answer, &now));
            }
        });
        Self { address, trouble }
    }

    /// From now on every answer comes.
    pub(crate) fn mend(&self) {
        *self.trouble.is_on.lock() = false;
        self.trouble.changed.notify_all();
    }
}

fn connect(client: &TcpStream, server: &TcpStream, answer: Answer, trouble: &Trouble) {
    let is_whole = Arc::new(AtomicBool::new(false));
    let seen = is_whole.clone();
    let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    thread::spawn(move || {
        let mut last = Vec::new();
        carry(&from, &to, |bytes| {
            last.extend_from_slice(bytes);
            last.drain(..last.len().saturating_sub(END.len()));
            if last == END {
                seen.store(true, Ordering::SeqCst);
            }
            true
        });
    });
    carry(server, client, |_| match answer {
        _ if !is_whole.load(Ordering::SeqCst) => true,
        Answer::Cut => !*trouble.is_on.lock(),
        Answer::Held => {
            trouble.changed.wait_while(&mut trouble.is_on.lock(), |is_on| *is_on);
            true
        }
    });
}

/// Carries bytes until either side ends, or `passes` says no.
fn carry(mut from: &TcpStream, mut to: &TcpStream, mut passes: impl FnMut(&[u8]) -> bool) {
    let mut buffer = [0; 4_096];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let bytes = &buffer[..count];
        if !passes(bytes) || to.write_all(bytes).is_err() {
            break;
        }
    }
    for side in [from, to] {
        side.shutdown(Shutdown::Both).ok();
    }
}
