//! What is done on the machine itself, by whoever may read the key file.

use std::{path::PathBuf, process::ExitCode};

use chassis::{
    clock::{Clock, SystemClock},
    dice::Dice,
    seal::{Seal, SealError},
};
use console::config::{ConsoleUrl, InvalidConsoleUrl};

use crate::{
    cli::{Admin, AdminVerb, Reset},
    client, exit,
};

/// Why there is no link.
#[derive(Debug, thiserror::Error)]
enum ResetError {
    /// No console has run here.
    #[error(
        "there is no key file {}: want the data directory of the console (`--data`), or its key \
         file (`--key-file`)",
        path.display()
    )]
    NoKey {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The console's URL is none.
    #[error("`{text}` is no address of a console")]
    Url {
        /// What was read.
        text: String,
        /// What is allowed.
        source: InvalidConsoleUrl,
    },
    /// The key cannot be used.
    #[error("cannot make a link")]
    Seal(#[from] SealError),
}

/// Does it.
pub(crate) fn run(Admin { verb }: Admin) -> ExitCode {
    let AdminVerb::Reset(reset) = verb;
    match link(reset) {
        Ok(link) => {
            print(&link);
            ExitCode::SUCCESS
        }
        Err(error) => {
            exit::complain(&error);
            ExitCode::FAILURE
        }
    }
}

/// A one-time link. The console need not run: it knows its own seal when it sees the link.
fn link(Reset { data, key_file, url }: Reset) -> Result<String, ResetError> {
    let data = data.unwrap_or_else(|| PathBuf::from("certherald-data"));
    let path = key_file.unwrap_or_else(|| data.join("key"));
    // A key that is made now would open nothing.
    if !path.exists() {
        return Err(ResetError::NoKey { path });
    }
    let text = url.unwrap_or_else(|| client::console_of(&data));
    let url: ConsoleUrl =
        text.parse().map_err(|source| ResetError::Url { text: text.clone(), source })?;
    let seal = Seal::open_or_create(&path)?;
    let link = console::reset_link(&seal, &url, &Dice::fresh(), SystemClock.now())?;
    Ok(link.into())
}

#[expect(clippy::print_stdout, reason = "a command speaks to whoever typed it")]
fn print(link: &str) {
    println!("Set an administrator's name and password with this link, once and within a day:");
    println!("{link}");
}
