//! A name server for tests: it answers what it was told, over UDP on loopback.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

/// A query over UDP without extensions (RFC 1035, section 4.2.1), and room for EDNS.
const QUERY_BYTES_MAX: usize = 1_232;

/// Bytes of a header (RFC 1035, section 4.1.1).
const HEADER_LEN: usize = 12;

/// A name server. Names that it was not told of do not exist.
#[derive(Debug)]
pub struct NameServer {
    address: SocketAddr,
    answering: JoinHandle<()>,
}

impl NameServer {
    /// One that knows these names and their addresses.
    pub async fn knowing(names: &[(&str, IpAddr)]) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = socket.local_addr().unwrap();
        let mut zone: BTreeMap<Vec<u8>, Vec<IpAddr>> = BTreeMap::new();
        for (name, address) in names {
            zone.entry(wire(name)).or_default().push(*address);
        }
        #[expect(clippy::disallowed_methods, reason = "a test has no shutdown to wait for")]
        let answering = tokio::spawn(answer(socket, zone));
        Self { address, answering }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.answering.abort();
    }
}

async fn answer(socket: UdpSocket, zone: BTreeMap<Vec<u8>, Vec<IpAddr>>) {
    let mut query = [0; QUERY_BYTES_MAX];
    loop {
        let Ok((length, client)) = socket.recv_from(&mut query).await else { continue };
        if let Some(reply) = query.get(..length).and_then(|query| reply(query, &zone)) {
            // A client that has gone away needs no answer.
            drop(socket.send_to(&reply, client).await);
        }
    }
}

/// The reply to a query with one question, or `None` if it is no such query.
fn reply(query: &[u8], zone: &BTreeMap<Vec<u8>, Vec<IpAddr>>) -> Option<Vec<u8>> {
    const NO_SUCH_NAME: u8 = 3;
    /// Authoritative, recursion available (bits of the third and fourth byte).
    const FLAGS: [u8; 2] = [0x84, 0x80];

    let name_end = HEADER_LEN + query.get(HEADER_LEN..)?.iter().position(|&byte| byte == 0)? + 1;
    let name = query.get(HEADER_LEN..name_end)?.to_ascii_lowercase();
    let kind = query.get(name_end..name_end + 2)?;
    let question = query.get(HEADER_LEN..name_end + 4)?;
    let addresses = zone.get(&name);
    let records: Vec<_> = addresses
        .into_iter()
        .flatten()
        .filter(|address| kind == if address.is_ipv4() { [0, 1] } else { [0, 28] })
        .map(record)
        .collect();

    let mut reply = query.get(..2)?.to_vec();
    // The wish for recursion comes back as it came.
    reply.push(FLAGS[0] | (query.get(2)? & 1));
    reply.push(FLAGS[1] | if addresses.is_none() { NO_SUCH_NAME } else { 0 });
    reply.extend([0, 1, 0, u8::try_from(records.len()).ok()?, 0, 0, 0, 0]);
    reply.extend(question);
    reply.extend(records.concat());
    Some(reply)
}

/// An A or AAAA record of the name in the question, to be kept for a minute.
fn record(address: &IpAddr) -> Vec<u8> {
    const NAME_OF_QUESTION: [u8; 2] = [0xc0, 0x0c];
    const A_MINUTE: [u8; 4] = [0, 0, 0, 60];
    let (kind, bytes) = match address {
        IpAddr::V4(v4) => (1, v4.octets().to_vec()),
        IpAddr::V6(v6) => (28, v6.octets().to_vec()),
    };
    let length = u8::try_from(bytes.len()).unwrap();
    [&NAME_OF_QUESTION[..], &[0, kind, 0, 1], &A_MINUTE, &[0, length], &bytes].concat()
}

/// A name as it travels: each label with its length before it.
fn wire(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in name.split('.').filter(|label| !label.is_empty()) {
        bytes.push(u8::try_from(label.len()).unwrap());
        bytes.extend(label.to_ascii_lowercase().into_bytes());
    }
    bytes.push(0);
    bytes
}
