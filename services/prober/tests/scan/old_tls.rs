//! Answers of real servers, changed in every way for a while: the reader never panics and never
//! takes more than it may. `FUZZ_SECONDS` says for how long, 1 by default.

use std::time::{Duration, Instant};

use prober::domain::old_tls::{
    answer::{Answer, Progress, Reader},
    client_hello::client_hello,
};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::openssl::{Key, OpenSsl};

async fn capture(key: Key, args: &[&str]) -> Vec<u8> {
    let args = [&["-cipher", "ALL:@SECLEVEL=0"], args].concat();
    let server = OpenSsl::serve(key, &args).await;
    let mut stream = TcpStream::connect(server.at).await.unwrap();
    stream.write_all(&client_hello(Some("a.example"), &[7; 32])).await.unwrap();
    let mut answer = Vec::new();
    while read(&answer, 4096).0 != Some(Progress::Done) {
        assert!(stream.read_buf(&mut answer).await.unwrap() > 0, "the answer ends early");
    }
    answer
}

fn read(bytes: &[u8], piece: usize) -> (Option<Progress>, Answer) {
    let mut reader = Reader::default();
    let mut progress = None;
    for piece in bytes.chunks(piece) {
        progress = reader.feed(piece).ok();
        if progress != Some(Progress::More) {
            break;
        }
    }
    (progress, reader.answer())
}

fn mutated(captures: &[Vec<u8>], dice: &mut StdRng) -> Vec<u8> {
    let mut bytes = captures[dice.random_range(0..captures.len())].clone();
    for _ in 0..dice.random_range(1..8) {
        let at = dice.random_range(0..bytes.len());
        match dice.random_range(0..6) {
            0 => bytes[at] = dice.random(),
            1 => bytes[at] ^= 1 << dice.random_range(0..8),
            2 => bytes.truncate(at.max(1)),
            3 => {
                bytes.insert(at, dice.random());
            }
            4 => {
                let end = (at + dice.random_range(1..64)).min(bytes.len());
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
            _ => {
                let other = &captures[dice.random_range(0..captures.len())];
                let from = dice.random_range(0..other.len());
                bytes.truncate(at.max(1));
                bytes.extend(&other[from..]);
            }
        }
    }
    bytes
}

#[tokio::test]
async fn changed_answers_of_real_servers_are_read_without_harm() {
    let captures = [
        capture(Key::Rsa(2048), &["-tls1"]).await,
        capture(Key::Ec("P-256"), &["-tls1_2"]).await,
        capture(Key::Ec("P-256"), &["-tls1_2", "-Verify", "1"]).await,
        capture(Key::Rsa(1024), &["-tls1_2", "-cipher", "DHE-RSA-AES128-SHA:@SECLEVEL=0"]).await,
    ];
    let seconds =
        std::env::var("FUZZ_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let seed =
        std::env::var("SEED").ok().and_then(|text| text.parse().ok()).unwrap_or_else(rand::random);
    println!("replay with SEED={seed}");
    let mut dice = StdRng::seed_from_u64(seed);
    let end = Instant::now() + Duration::from_secs(seconds);
    let (mut rounds, mut with_chain) = (0_u64, 0_u64);
    while Instant::now() < end {
        let bytes = mutated(&captures, &mut dice);
        let piece = if dice.random() { bytes.len() } else { dice.random_range(1..200) };
        let (_, answer) = read(&bytes, piece);
        let size: usize =
            answer.chain.iter().flat_map(|chain| &chain.certificates).map(bytes::Bytes::len).sum();
        assert!(size <= bytes.len(), "more came out than went in, SEED={seed}");
        with_chain += u64::from(answer.chain.is_some());
        rounds += 1;
    }
    println!("{rounds} changed answers, {with_chain} still with a chain");
    assert!(with_chain > 0 && with_chain < rounds, "the changes reach both outcomes");
}
