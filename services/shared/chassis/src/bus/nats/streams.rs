//! Streams as JetStream keeps them: made when they are missing, mended when they are not as they
//! must be.

use std::time::Duration;

use async_nats::jetstream::{
    ErrorCode,
    stream::{Config, DiscardPolicy, Info, PersistenceMode, RetentionPolicy, StorageType},
};
use proto::stream::{Durability, Retention, Stream};
use serde_json::json;
use tracing::{info, warn};

use super::{
    fault::{ApiError, Unanswered},
    link::{ANSWER_WAIT, Link},
};
use crate::{bus::BusError, error::Chain};

/// How long the broker knows ids of all messages. A repeat at a version is known for ever, by its
/// subject's last message; this is for those that go to any version, and are repeated within
/// seconds.
const DUPLICATE_WINDOW: Duration = Duration::from_mins(2);

/// Makes a stream if it is missing, and tells its state.
pub(super) async fn ensure(link: &Link, stream: &Stream) -> Result<Info, BusError> {
    ensure_as(link, config(stream, link.replicas)).await
}

/// The same for a stream that is described as the broker wants it.
pub(super) async fn ensure_as(link: &Link, config: Config) -> Result<Info, BusError> {
    let name = config.name.clone();
    let operation = || format!("make the stream {name}");
    link.reachable().await.map_err(|error| error.while_doing(operation()))?;
    link.recent()?;
    match link.api(&format!("STREAM.CREATE.{name}"), &config, ANSWER_WAIT).await {
        Err(error) if error.is(ErrorCode::STREAM_NAME_EXIST) => mend(link, config).await,
        made => made,
    }
    .map_err(|error| error.while_doing(operation()))
}

/// The state of a stream, which is made if it is missing.
pub(super) async fn state(link: &Link, stream: &Stream) -> Result<Info, BusError> {
    match info(link, stream.name).await {
        Err(error) if error.is(ErrorCode::STREAM_NOT_FOUND) => ensure(link, stream).await,
        info => info.map_err(|error| error.while_doing(format!("look at {}", stream.name))),
    }
}

/// The state of a stream that should be there.
async fn info(link: &Link, name: &str) -> Result<Info, ApiError> {
    link.api(&format!("STREAM.INFO.{name}"), &json!({}), ANSWER_WAIT).await
}

/// Changes an existing stream in what certherald relies on, and in nothing else: replicas,
/// placement, compression and the like are the operator's. A stream that we may not change is used
/// as it is.
async fn mend(link: &Link, wanted: Config) -> Result<Info, ApiError> {
    let have = info(link, &wanted.name).await?;
    let mended = Config {
        subjects: wanted.subjects,
        retention: wanted.retention,
        discard: wanted.discard,
        discard_new_per_subject: wanted.discard_new_per_subject,
        max_messages_per_subject: wanted.max_messages_per_subject,
        max_age: wanted.max_age,
        allow_direct: wanted.allow_direct,
        allow_message_ttl: wanted.allow_message_ttl,
        ..have.config.clone()
    };
    if mended == have.config || link.is_resigned_to(&mended.name) {
        return Ok(have);
    }
    let call = format!("STREAM.UPDATE.{}", mended.name);
    match link.api(&call, &mended, ANSWER_WAIT).await {
        Ok(info) => {
            info!(stream = %mended.name, "The stream {} was not as it must be: mended.", mended.name);
            Ok(info)
        }
        // A service that may not change streams gets no answer at all.
        Err(error @ (ApiError::Refused(_) | ApiError::Unanswered(Unanswered::Late(_)))) => {
            warn!(
                stream = %mended.name, error = %Chain(&error),
                "The stream {} is not as it must be, and we may not change it. Wanted: {mended:?}",
                mended.name,
            );
            link.resign_to(&mended.name);
            Ok(have)
        }
        Err(error) => Err(error),
    }
}

fn config(stream: &Stream, replicas: usize) -> Config {
    let base = Config {
        name: stream.name.to_owned(),
        subjects: vec![stream.subjects.to_owned()],
        storage: StorageType::File,
        num_replicas: replicas,
        duplicate_window: DUPLICATE_WINDOW,
        allow_direct: true,
        max_bytes: -1,
        max_messages: -1,
        max_messages_per_subject: -1,
        max_consumers: -1,
        max_message_size: -1,
        // A cluster refuses it: there, copies on other machines do the same.
        persist_mode: match (stream.durability, replicas) {
            (Durability::Process, 1) => Some(PersistenceMode::Async),
            (Durability::Process | Durability::Synced, _) => None,
        },
        ..Config::default()
    };
    let config = match stream.retention {
        Retention::Kept => base,
        Retention::Age(age) => Config { max_age: age, ..base },
        Retention::Latest { per_subject, age } => Config {
            max_messages_per_subject: per_subject.into(),
            max_age: age.unwrap_or_default(),
            ..base
        },
        Retention::Work(age) => Config {
            retention: RetentionPolicy::WorkQueue,
            discard: DiscardPolicy::New,
            discard_new_per_subject: true,
            max_messages_per_subject: 1,
            max_age: age.unwrap_or_default(),
            ..base
        },
    };
    if config.max_age.is_zero() {
        return config;
    }
    // The server does not know ids for longer than messages.
    Config { duplicate_window: DUPLICATE_WINDOW.min(config.max_age), ..config }
}

#[cfg(test)]
mod tests {
    use proto::stream::{ALL, FACTS, INVENTORY, JOBS, REQUESTS};

    use super::*;

    #[test]
    fn a_work_queue_refuses_a_second_message_of_a_subject() {
        for stream in [&JOBS, &REQUESTS] {
            let config = config(stream, 1);
            assert_eq!(config.retention, RetentionPolicy::WorkQueue);
            assert_eq!(config.discard, DiscardPolicy::New);
            assert!(config.discard_new_per_subject && config.max_messages_per_subject == 1);
        }
    }

    #[test]
    fn what_must_last_is_never_persisted_at_leisure() {
        for stream in ALL {
            let leisure = config(stream, 1).persist_mode == Some(PersistenceMode::Async);
            assert_eq!(leisure, stream.durability == Durability::Process, "{}", stream.name);
            assert_eq!(config(stream, 3).persist_mode, None, "{}", stream.name);
            assert_eq!(config(stream, 3).num_replicas, 3);
            assert_eq!(config(stream, 1).storage, StorageType::File);
        }
    }

    #[test]
    fn only_what_says_so_is_let_go_of() {
        let kept = config(&INVENTORY, 1);
        assert_eq!((kept.max_age, kept.max_messages_per_subject), (Duration::ZERO, -1));
        let latest = config(&FACTS, 1);
        assert_eq!(latest.max_age, Duration::from_hours(24));
        assert_eq!(latest.max_messages_per_subject, 3);
        assert_eq!(latest.discard, DiscardPolicy::Old);
    }
}
