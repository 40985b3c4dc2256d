//! `key`: what secrets are sealed with.

use std::process::ExitCode;

use serde_json::Value;

use crate::{
    cli::api::{Key, KeyVerb},
    client::{Client, ClientError},
    domains::{ended, say},
};

/// Does what was typed. Exits with 1 if it could not be done.
pub(crate) async fn run(Key { access, verb }: Key) -> ExitCode {
    let done = async {
        let client = Client::of(&access)?;
        let (path, told): (_, fn(&Value) -> String) = match verb {
            KeyVerb::Rotate => ("system/key/rotate", |rotated| {
                format!("a fresh key seals; {} secrets were sealed anew", rotated["resealed"])
            }),
            KeyVerb::Retire => ("system/key/retire", |_| "the newest key alone is left".to_owned()),
        };
        let answer = client.post(path, &Value::Null).await?;
        say(&if access.json { answer.to_string() } else { told(&answer) });
        Ok::<_, ClientError>(true)
    };
    ended(done.await)
}
