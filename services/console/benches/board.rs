//! What the board costs with 100,000 domains: time to fold, memory, and time of each page.
//!
//! `cargo bench -p console --bench board [DOMAINS]` prints the figures; nothing is asserted.

use std::{fs, hint::black_box, time::Instant};

use console::domain::{
    board::{
        Board,
        query::{Direction, Filter, Query, Sort},
    },
    intake,
    inventory::{
        Actor,
        domain::{Domain, DomainEvent},
        options::{Options, OptionsDraft},
        record,
    },
};
use jiff::Timestamp;
use proto::{
    subject::Entity,
    v1::{AnomalyOpened, Kind, LogEvent, LogRecord, Severity, State, log_event},
};

/// Looks at each page; the slowest but one in a hundred is told.
const LOOKS: usize = 200;

#[expect(clippy::print_stdout, reason = "figures are what it is for")]
fn main() {
    let count = std::env::args().find_map(|text| text.parse().ok()).unwrap_or(100_000);
    let before = resident_bytes();
    let begun = Instant::now();
    let board = filled(count);
    let took = begun.elapsed();
    let held = resident_bytes().saturating_sub(before);
    println!("{count} domains folded in {took:?}, {} bytes each", held / count as u64);
    let text = |text: &str| Filter { text: Some(text.to_owned()), ..Filter::default() };
    let broken = Filter { state: Some(State::Abnormal), ..Filter::default() };
    let tagged = Filter { tag: Some("t7".to_owned()), ..Filter::default() };
    for (what, filter, sort) in [
        ("by name", Filter::default(), Sort::Name),
        ("by urgency", Filter::default(), Sort::State),
        ("abnormal ones", broken, Sort::Name),
        ("with a tag", tagged, Sort::Name),
        ("containing a text", text("9999"), Sort::Name),
        ("containing no such text", text("zzz"), Sort::Name),
    ] {
        let direction = Direction::Ascending;
        let query = Query { filter, sort, direction, after: None, limit: 100 };
        println!("page {what}: {:?} at p99", p99(|| drop(black_box(board.domains().page(&query)))));
    }
}

/// A board of so many domains, of which one in twenty has something wrong.
fn filled(count: usize) -> Board {
    let mut board = Board::default();
    let now = Timestamp::UNIX_EPOCH;
    for n in 0..count {
        let sequence = n as u64 + 1;
        let name = format!("host-{n}.customer-{}.example.com", n % 1_000);
        let (place, _) = intake::place(&name, None).expect("the name is one");
        let tags = if n % 2 == 0 { vec![format!("t{}", n % 20)] } else { vec![] };
        let draft = OptionsDraft { tags, ..OptionsDraft::default() };
        let options = Options::read(&draft).expect("the options are within every limit");
        let id = place.id();
        let event = DomainEvent::Added(place, options);
        let added = record::<Domain>(&[event], Actor::System, now);
        board.ordered(Entity::Domain(id), sequence, &added);
        board.logged(id, sequence, &log(n));
    }
    board
}

fn log(n: usize) -> LogRecord {
    let broken = n.is_multiple_of(20);
    let opened = log_event::Event::AnomalyOpened(AnomalyOpened {
        anomaly_id: format!("x-{n}-expired-1"),
        kind: Kind::Expired as i32,
        severity: Severity::Critical as i32,
        ..AnomalyOpened::default()
    });
    LogRecord {
        state: if broken { State::Abnormal } else { State::Secure } as i32,
        events: if broken { vec![LogEvent { event: Some(opened) }] } else { vec![] },
        port: 443,
        ..LogRecord::default()
    }
}

fn p99(mut look: impl FnMut()) -> std::time::Duration {
    let mut times: Vec<_> = (0..LOOKS)
        .map(|_| {
            let begun = Instant::now();
            look();
            begun.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[LOOKS * 99 / 100 - 1]
}

/// Memory of this process that is in use (Linux); 0 where that cannot be told.
fn resident_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}
