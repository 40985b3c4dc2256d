//! What the console was told at its start, for people; nothing that opens anything.

use std::path::Path;

use crate::{
    config::{Config, ConsoleUrl},
    shell::http::Api,
};

/// Each setting and its value; empty for none.
pub(super) fn shown(api: &Api) -> Vec<(&'static str, String)> {
    let Config {
        listen,
        token_file,
        domains_max,
        streams_max,
        url,
        robot_hosts: hosts,
        key_file,
        access,
    } = &api.config;
    let path = |path: &Path| path.display().to_string();
    let file = |file: &Option<std::path::PathBuf>| file.as_deref().map(path).unwrap_or_default();
    let (cert, key) = match &access.tls {
        Some(tls) => (path(&tls.cert), path(&tls.key)),
        None => Default::default(),
    };
    let proxies: Vec<_> = access.proxies.iter().map(ToString::to_string).collect();
    vec![
        ("CONSOLE_LISTEN", listen.to_string()),
        ("CONSOLE_URL", url.as_ref().map(ConsoleUrl::as_str).unwrap_or_default().to_owned()),
        ("CONSOLE_TLS_CERT", cert),
        ("CONSOLE_TLS_KEY", key),
        ("CONSOLE_TRUSTED_PROXIES", proxies.join(", ")),
        ("CONSOLE_PLAIN", access.plain.to_string()),
        ("CONSOLE_SESSION_IDLE", format!("{:?}", access.session_idle)),
        ("CONSOLE_SESSION_MAX", format!("{:?}", access.session_max)),
        ("CONSOLE_DOMAINS_MAX", domains_max.to_string()),
        ("CONSOLE_STREAMS_MAX", streams_max.to_string()),
        ("CONSOLE_ROBOT_HOSTS", hosts.join(", ")),
        ("CONSOLE_TOKEN_FILE", file(token_file)),
        ("CERTHERALD_KEY_FILE", file(key_file)),
    ]
}
