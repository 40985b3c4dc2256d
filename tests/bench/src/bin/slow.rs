//! Memory of scans under way: thousands of servers that accept and never say a word.

#![expect(clippy::print_stdout, reason = "it prints figures")]

use std::{error::Error, net::SocketAddr, sync::Arc, time::Duration};

use bench::{
    child::{self, Peer},
    cpu,
};
use chassis::{clock::SystemClock, dice::Dice};
use lab::site::{Behaviour, Site};
use prober::shell::{
    scan::{Scanner, ScannerConfig},
    tls::PostQuantum,
};
use proto::v1::{Job, Protocol};
use tokio::{task::JoinSet, time::sleep};

/// Scans under way at the same time.
const SCANS: usize = 10_000;
/// Time for one scan: long enough for all of them to be under way together.
const DEADLINE: Duration = Duration::from_secs(20);

type Outcome<T> = Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    // The other side needs as many.
    let allowed = prober::shell::limits::sockets();
    if child::is_peer() {
        let site = Site::open(Behaviour::Silent).await?;
        child::announce(&[site.address()])?;
        return std::future::pending().await;
    }
    println!("sockets allowed      {allowed}");
    let peer = Peer::start()?;
    let scanner = scanner()?;
    // Once before, so that what all scans share is not counted for each.
    drop(tokio::time::timeout(Duration::from_secs(1), scanner.scan(&job(peer.addresses[0]))).await);
    let before = cpu::resident_bytes();
    let mut scans = JoinSet::new();
    for _ in 0..SCANS {
        let (scanner, job) = (scanner.clone(), job(peer.addresses[0]));
        scans.spawn(async move { scanner.scan(&job).await });
    }
    sleep(DEADLINE / 2).await;
    let held = cpu::resident_bytes().saturating_sub(before);
    let mut waited = 0;
    while let Some(fact) = scans.join_next().await {
        waited += usize::from(
            fact?.took.is_some_and(|took| took.seconds >= DEADLINE.as_secs().cast_signed()),
        );
    }
    println!("scans under way      {SCANS}, of which {waited} waited out their deadline");
    println!("memory               {:.1} MiB", mib(held));
    println!(
        "memory of each       {:.1} KiB     promised: below 32 KiB",
        mib(held / SCANS as u64) * 1024.0
    );
    Ok(())
}

fn scanner() -> Outcome<Scanner> {
    let config = ScannerConfig {
        name: "bench".to_owned(),
        region: "default".to_owned(),
        deadline: DEADLINE,
        allow: vec!["127.0.0.0/8".parse().map_err(|_| "a network")?],
        name_servers: vec![],
        post_quantum: PostQuantum::Omitted,
        aia: false,
        sockets: SCANS + 100,
    };
    Ok(Scanner::new(config, Arc::new(SystemClock), Arc::new(Dice::fresh()))?)
}

fn job(server: SocketAddr) -> Job {
    Job {
        domain_id: "4rrewm3tr6pwn4kxotpjwlbjue".to_owned(),
        look: 1,
        host: "bench.example".to_owned(),
        port: server.port().into(),
        protocol: Protocol::Tls.into(),
        fixed_address: server.ip().to_string(),
        ..Job::default()
    }
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn mib(bytes: u64) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}
