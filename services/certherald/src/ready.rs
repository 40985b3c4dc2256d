//! Asks a process whether it is ready: the health check of a container without a shell.

use std::{process::ExitCode, time::Duration};

use crate::{cli::Ready, exit};

/// How long the answer may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Exits with 0 if the process says that it is ready.
pub(crate) async fn run(Ready { mut admin }: Ready) -> ExitCode {
    // Every address is this host.
    if admin.ip().is_unspecified() {
        admin.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    let ask = async {
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
        let answer = client.get(format!("http://{admin}/ready")).send().await?;
        Ok::<_, reqwest::Error>((answer.status().is_success(), answer.text().await?))
    };
    match ask.await {
        Ok((ready, said)) => {
            print(said.trim_end());
            ExitCode::from(u8::from(!ready))
        }
        Err(error) => {
            exit::complain(&error);
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "a command speaks to whoever typed it")]
fn print(text: &str) {
    println!("{text}");
}
