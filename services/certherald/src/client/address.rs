//! Where the console of a data directory answers: the console notes it, the commands read it.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use console::config::ConsoleUrl;

/// Where a console notes its address.
pub(crate) fn file(data: &Path) -> PathBuf {
    data.join("console-address")
}

/// Where the console of a data directory answers, if that was ever noted.
pub(crate) fn read(data: &Path) -> Option<String> {
    let text = std::fs::read_to_string(file(data)).ok()?;
    Some(text.trim().to_owned())
}

/// Where a console answers that is told these settings.
pub(crate) fn told(setting: impl Fn(&str) -> Option<String>) -> String {
    let set = |key| setting(key).filter(|text| !text.trim().is_empty());
    let scheme = if set("CONSOLE_TLS_CERT").is_some() { "https" } else { "http" };
    let listen = set("CONSOLE_LISTEN").and_then(|text| text.trim().parse().ok());
    let listen = listen.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8080)));
    set("CONSOLE_URL").unwrap_or_else(|| ConsoleUrl::at(scheme, listen).as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_console_that_noted_nothing_is_where_its_settings_say() {
        let at = |settings: &[(&str, &str)]| {
            told(|key| {
                let found = settings.iter().find(|(name, _)| *name == key);
                found.map(|(_, text)| (*text).to_owned())
            })
        };
        assert_eq!(at(&[("CONSOLE_URL", " ")]), "http://127.0.0.1:8080/");
        let listen = ("CONSOLE_LISTEN", "0.0.0.0:8081");
        assert_eq!(at(&[listen]), "http://127.0.0.1:8081/");
        let cert = ("CONSOLE_TLS_CERT", "chain.pem");
        assert_eq!(at(&[listen, cert]), "https://127.0.0.1:8081/");
        assert_eq!(at(&[cert, ("CONSOLE_URL", "https://tls.example")]), "https://tls.example");
    }
}
