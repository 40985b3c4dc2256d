//! What the kernel says of this process: time on a processor, and memory.

use std::{fs, time::Duration};

/// Time that all threads of this process have spent on a processor, to the nanosecond where the
/// kernel keeps it so (`/proc/<pid>/task/<tid>/schedstat`).
pub fn time() -> Duration {
    let threads = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let nanos = threads.filter_map(|thread| {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanos.sum())
}

/// Bytes of memory that this process holds (`VmRSS` of `/proc/self/status`); 0 if the kernel hides
/// it.
pub fn resident_bytes() -> u64 {
    resident("self")
}

/// Bytes of memory that another process holds.
pub fn resident_bytes_of(process: u32) -> u64 {
    resident(&process.to_string())
}

fn resident(process: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or_default() * 1024
}
