//! The console before many domains: how long it takes to open and to show its first page, the first
//! byte of every list, and memory. Everything goes through its port.
//!
//! `cargo run --release -p bench --bin console [DOMAINS] [--up PROGRAM]`. With `--up`, the program
//! (`certherald`) then opens the same directory with all services in it: anew, again, and after a
//! kill. `--memory DOMAINS` folds a board alone and prints what a domain takes.

#![expect(clippy::print_stdout, reason = "it prints figures")]

mod load;
mod stage;
mod town;
mod whole;

use std::{error::Error, hint::black_box, path::Path, time::Instant};

use bench::{child, child::Peer, cpu};
use chassis::clock::{Clock, SystemClock};
use console::domain::board::Board;

use self::{load::Caller, town::Town};

type Outcome<T> = Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let after = |flag: &str| {
        let at = arguments.iter().position(|argument| argument == flag)?;
        arguments.get(at + 1)
    };
    if child::is_peer() {
        return stage::run(Path::new(arguments.get(2).ok_or("no directory")?)).await;
    }
    if let Some(domains) = after("--memory") {
        memory(domains.parse()?);
        return Ok(());
    }
    let domains = arguments.iter().skip(1).find_map(|text| text.parse().ok()).unwrap_or(100_000);
    let directory = tempfile::tempdir()?;
    let begun = Instant::now();
    stage::fill(directory.path(), domains).await?;
    println!("{domains} domains, appended to the embedded bus in {:.1?}", begun.elapsed());

    for how in ["folded anew", "recalled"] {
        first_page(how, directory.path()).await?.peer.stop()?;
    }
    // Killed, and not asked to stop.
    drop(first_page("recalled", directory.path()).await?);
    let measured = first_page("recalled after a kill", directory.path()).await?;
    let resident = cpu::resident_bytes_of(measured.peer.id()) >> 20;
    println!("memory of the console and its bus: {resident} MiB");
    routes(&measured, domains).await?;
    let resident = cpu::resident_bytes_of(measured.peer.id()) >> 20;
    println!("memory afterwards: {resident} MiB");
    measured.peer.stop()?;
    if let Some(program) = after("--up") {
        whole::all(Path::new(program), directory.path()).await?;
    }
    Ok(())
}

/// A console that answers.
struct Measured {
    peer: Peer,
    caller: Caller,
}

async fn first_page(how: &str, data: &Path) -> Outcome<Measured> {
    let begun = Instant::now();
    let peer = Peer::start_with(&[data.as_os_str()])?;
    let address = *peer.addresses.first().ok_or("it listens nowhere")?;
    Caller::opened(address).await;
    let opened = begun.elapsed();
    let caller = Caller::new(address, &token(data)?)?;
    let first = caller.first_pages().await?;
    println!("board {how}: the port opens after {opened:.2?}, the first pages {first:.2?} later");
    Ok(Measured { peer, caller })
}

fn token(data: &Path) -> Outcome<String> {
    Ok(std::fs::read_to_string(data.join("admin-token"))?.trim().to_owned())
}

async fn routes(measured: &Measured, domains: usize) -> Outcome<()> {
    println!("{:<28} {:>10} {:>10}", "first byte", "p50", "p99");
    for route in measured.caller.routes(domains).await? {
        let (half, most) = measured.caller.times(&route).await?;
        println!("{:<28} {half:>10.2?} {most:>10.2?}", route.name);
    }
    Ok(())
}

/// Folds a board alone.
fn memory(domains: usize) {
    let mut town = Town::new(SystemClock.now());
    let before = cpu::resident_bytes();
    let begun = Instant::now();
    let mut board = Board::default();
    for number in 0..domains {
        for heard in town.said(number) {
            board.take(number as u64 + 1, heard);
        }
        // As the keeper does.
        if board.changes() > 2_000 {
            drop(board.take_changes());
        }
    }
    let held = cpu::resident_bytes().saturating_sub(before);
    let each = held / domains.max(1) as u64;
    println!("{domains} domains folded in {:.1?}: {each} bytes each", begun.elapsed());
    black_box(board);
}
