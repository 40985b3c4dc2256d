//! Exit codes that are no verdict.

use std::{error::Error, ffi::OsString, process::ExitCode};

use chassis::error::Chain;

/// Unknown, as monitoring plugins say it: our own failure, never the domain's.
pub(crate) const UNKNOWN: u8 = 3;

/// The command line was not understood: unknown for the commands that judge, since their callers
/// read 2 as critical; `EX_USAGE` of sysexits for the others.
pub(crate) fn misused(command: Option<&OsString>) -> ExitCode {
    let judges = command.is_some_and(|command| command == "check" || command == "assess");
    ExitCode::from(if judges { UNKNOWN } else { chassis::start::EXIT_USAGE })
}

/// Says why nothing could be judged.
pub(crate) fn unknown(error: &dyn Error) -> ExitCode {
    complain(error);
    ExitCode::from(UNKNOWN)
}

/// Says what went wrong, with its causes.
#[expect(clippy::print_stderr, reason = "a command speaks to whoever typed it")]
pub(crate) fn complain(error: &dyn Error) {
    eprintln!("certherald: {}", Chain(error));
}
