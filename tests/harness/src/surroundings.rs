//! What a test is surrounded by: the environment and the time, asked for here only.

use std::fs;
use std::time::Duration;

use jiff::Timestamp;

/// The value of an environment variable, if it is set and not empty.
pub fn variable(key: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "the surroundings of a test enter here")]
    std::env::var(key).ok().filter(|value| !value.is_empty())
}

/// The time. Real processes share this clock with the test.
pub fn now() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "the surroundings of a test enter here")]
    Timestamp::now()
}

/// How long this thread has been ready to go on and had no processor, since others had them all;
/// nothing where the kernel does not count it. A figure of a busy machine is true without it.
pub fn kept_waiting() -> Duration {
    let counted = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = counted.split(' ').nth(1).and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.unwrap_or_default())
}
