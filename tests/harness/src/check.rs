//! `certherald check` and `certherald assess`: one run, one verdict.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::process::Output;

use serde_json::Value;
use tokio::process::Command;

use crate::binary;

/// A command line being made up, ending in a [`Verdict`].
#[derive(Debug)]
pub struct Check(Command);

/// What the program said.
#[derive(Debug)]
pub struct Verdict {
    /// Its exit code.
    pub code: i32,
    /// Its JSON; null if it said none.
    pub json: Value,
    /// What it said to people.
    pub stderr: String,
}

impl Check {
    /// `check --json` of a domain as people write it, with loopback allowed.
    pub fn of(domain: &str) -> Self {
        Self::strictly_of(domain).arg("--allow").arg("127.0.0.0/8").arg("--allow").arg("::1/128")
    }

    /// `check --json` of a domain, with only public addresses allowed.
    pub fn strictly_of(domain: &str) -> Self {
        let mut command = Command::new(binary::path());
        command.args(["check", "--json", domain]);
        Self(quiet(command))
    }

    /// `assess` of a chain file for a host.
    pub fn assess(host: &str, chain: &Path) -> Self {
        let mut command = Command::new(binary::path());
        command.args(["assess", "--json", "--host", host]).arg(chain);
        Self(quiet(command))
    }

    /// Dials this address instead of resolving the name.
    #[must_use]
    pub fn at(self, address: SocketAddr) -> Self {
        self.arg("--connect").arg(address.to_string())
    }

    /// Trusts the root in this file.
    #[must_use]
    pub fn trusting(self, file: impl AsRef<Path>) -> Self {
        let Self(mut command) = self.arg("--ca");
        command.arg(file.as_ref());
        Self(command)
    }

    /// Resolves names with this server.
    #[must_use]
    pub fn asking(self, server: SocketAddr) -> Self {
        let Self(mut command) = self;
        command.env("PROBER_NAME_SERVERS", server.to_string());
        Self(command)
    }

    /// One more argument.
    #[must_use]
    pub fn arg(self, argument: impl AsRef<std::ffi::OsStr>) -> Self {
        let Self(mut command) = self;
        command.arg(argument);
        Self(command)
    }

    /// Runs it.
    pub async fn run(self) -> Verdict {
        let Self(mut command) = self;
        let Output { status, stdout, stderr } = command.output().await.unwrap();
        let stderr = String::from_utf8_lossy(&stderr).into_owned();
        let said = String::from_utf8_lossy(&stdout);
        let json = if said.trim().is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}\n{stderr}"))
        };
        let code = status.code().unwrap_or_else(|| panic!("{command:?} ended with {status}"));
        Verdict { code, json, stderr }
    }
}

/// Nothing of the test's own environment that the program would take for a setting.
fn quiet(mut command: Command) -> Command {
    command.env_remove("CERTHERALD_LOG").kill_on_drop(true);
    command
}

impl Verdict {
    /// The state of the domain.
    pub fn state(&self) -> &str {
        self.json["state"].as_str().unwrap_or_default()
    }

    /// The kinds of its anomalies, in the order they are told.
    pub fn kinds(&self) -> Vec<&str> {
        let anomalies = self.json["anomalies"].as_array().map(Vec::as_slice).unwrap_or_default();
        anomalies.iter().map(|anomaly| anomaly["kind"].as_str().unwrap_or_default()).collect()
    }

    /// The evidence of the anomaly of a kind.
    pub fn evidence(&self, kind: &str) -> &Value {
        let anomalies = self.json["anomalies"].as_array().map(Vec::as_slice).unwrap_or_default();
        let found = anomalies.iter().find(|anomaly| anomaly["kind"] == kind);
        &found.unwrap_or_else(|| panic!("no `{kind}`: {self:?}"))["evidence"]
    }

    /// All remarks, a line each.
    pub fn remarks(&self) -> String {
        let remarks = self.json["remarks"].as_array().map(Vec::as_slice).unwrap_or_default();
        let lines: Vec<_> = remarks.iter().map(|remark| remark.as_str().unwrap_or("?")).collect();
        lines.join("\n")
    }

    /// Checks state, kinds and exit code together, so that a failure shows all of the verdict.
    #[track_caller]
    pub fn must_be(&self, state: &str, kinds: &[&str], code: i32) {
        let seen = (self.state(), self.kinds(), self.code);
        assert_eq!(seen, (state, kinds.to_vec(), code), "{:#}\n{}", self.json, self.stderr);
    }

    /// Addresses that were looked at.
    pub fn endpoints(&self) -> Vec<IpAddr> {
        let endpoints = self.json["endpoints"].as_array().map(Vec::as_slice).unwrap_or_default();
        let address = |endpoint: &Value| endpoint["address"].as_str()?.parse::<SocketAddr>().ok();
        endpoints.iter().filter_map(address).map(|address| address.ip()).collect()
    }
}
