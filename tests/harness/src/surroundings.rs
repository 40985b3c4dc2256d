//! What a test is surrounded by: the environment and the time, asked for here only.

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
