//! What the console was told at its start, for people; nothing that opens anything.

use std::path::Path;

use crate::{
    config::{Config, ConsoleUrl, openid::OpenId},
    domain::{inventory::token::Role, openid::Rules},
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
        interval,
        access,
        address_file: _,
    } = &api.config;
    let path = |path: &Path| path.display().to_string();
    let file = |file: &Option<std::path::PathBuf>| file.as_deref().map(path).unwrap_or_default();
    let (cert, key) = match &access.tls {
        Some(tls) => (path(&tls.cert), path(&tls.key)),
        None => Default::default(),
    };
    let proxies: Vec<_> = access.proxies.iter().map(ToString::to_string).collect();
    let mut settings = vec![
        ("CONSOLE_LISTEN", listen.to_string()),
        ("CONSOLE_URL", url.as_ref().map(ConsoleUrl::as_str).unwrap_or_default().to_owned()),
        ("CONSOLE_TLS_CERT", cert),
        ("CONSOLE_TLS_KEY", key),
        ("CONSOLE_TRUSTED_PROXIES", proxies.join(", ")),
        ("CONSOLE_PLAIN", access.plain.to_string()),
        ("CONSOLE_SESSION_IDLE", format!("{:?}", access.session_idle)),
        ("CONSOLE_SESSION_MAX", format!("{:?}", access.session_max)),
        ("CONSOLE_PASSWORDS", access.passwords.to_string()),
        ("CONSOLE_DOMAINS_MAX", domains_max.to_string()),
        ("CONSOLE_STREAMS_MAX", streams_max.to_string()),
        ("CONSOLE_ROBOT_HOSTS", hosts.join(", ")),
        ("CONSOLE_TOKEN_FILE", file(token_file)),
        ("CERTHERALD_KEY_FILE", file(key_file)),
        ("DETECTOR_INTERVAL", format!("{interval:?}")),
    ];
    settings.extend(access.openid.as_ref().map(provider).into_iter().flatten());
    settings
}

fn provider(openid: &OpenId) -> Vec<(&'static str, String)> {
    let OpenId { issuer, client_id, client_secret: _, scopes, label: _, ca, rules } = openid;
    let Rules { newcomers, groups, trusts_email } = rules;
    let scopes: Vec<_> = scopes.iter().map(|scope| scope.0.as_str()).collect();
    let ca = ca.as_deref().map(|path| path.display().to_string()).unwrap_or_default();
    let claim = groups.as_ref().map(|groups| groups.claim.clone()).unwrap_or_default();
    let of_role = |wanted: Role| {
        let roles = groups.iter().flat_map(|groups| &groups.roles);
        let names = roles.filter(|(_, role)| **role == wanted).map(|(group, _)| group.as_str());
        names.collect::<Vec<_>>().join(", ")
    };
    vec![
        ("CONSOLE_OPENID_ISSUER", issuer.as_str().to_owned()),
        ("CONSOLE_OPENID_CLIENT_ID", client_id.clone()),
        ("CONSOLE_OPENID_SCOPES", scopes.join(", ")),
        ("CONSOLE_OPENID_LABEL", openid.label()),
        ("CONSOLE_OPENID_CA", ca),
        ("CONSOLE_OPENID_ROLE", newcomers.map_or("none", Role::token).to_owned()),
        ("CONSOLE_OPENID_TRUST_EMAIL", trusts_email.to_string()),
        ("CONSOLE_OPENID_GROUPS_CLAIM", claim),
        ("CONSOLE_OPENID_ADMIN_GROUPS", of_role(Role::Admin)),
        ("CONSOLE_OPENID_EDITOR_GROUPS", of_role(Role::Editor)),
        ("CONSOLE_OPENID_VIEWER_GROUPS", of_role(Role::Viewer)),
    ]
}
