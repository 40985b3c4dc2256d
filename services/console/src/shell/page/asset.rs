//! What the pages load: one style sheet, one script, one icon, all of them part of the program.
//!
//! Their names bear the hash of what is in them, so that a browser keeps them for ever and a new
//! version is a new name.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

use axum::{
    Router,
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::shell::http::{Api, problem::Problem};

/// Where they are.
const PREFIX: &str = "/assets/";

/// Bytes of the hash that stand in a name.
const HASH_LEN: usize = 6;

/// What can be loaded: name, media type, content.
const FILES: [(&str, &str, &str); 3] = [
    ("console.css", "text/css; charset=utf-8", include_str!("assets/console.css")),
    ("console.js", "text/javascript; charset=utf-8", include_str!("assets/console.js")),
    ("icon.svg", "image/svg+xml", include_str!("assets/icon.svg")),
];

/// By their names with the hash, and the names without to those.
static NAMED: LazyLock<BTreeMap<String, (&str, &str)>> = LazyLock::new(|| {
    FILES.iter().map(|(name, kind, text)| (hashed(name, text), (*kind, *text))).collect()
});

static PATHS: LazyLock<BTreeMap<&str, String>> = LazyLock::new(|| {
    FILES.iter().map(|(name, _, text)| (*name, format!("{PREFIX}{}", hashed(name, text)))).collect()
});

fn hashed(name: &str, text: &str) -> String {
    let hash = Sha256::digest(text);
    let hash = HEXLOWER.encode(&hash[..HASH_LEN]);
    let (stem, ending) = name.split_once('.').expect("a name has an ending");
    format!("{stem}.{hash}.{ending}")
}

/// The path of one of them.
///
/// # Panics
///
/// When there is none of this name; templates name only those that there are.
pub fn path(name: &str) -> &'static str {
    PATHS.get(name).expect("templates name only assets that there are")
}

/// Answers with them.
pub(super) fn router() -> Router<Arc<Api>> {
    Router::new().route(&format!("{PREFIX}{{name}}"), get(show))
}

async fn show(Path(name): Path<String>) -> Response {
    match NAMED.get(&name) {
        Some((kind, text)) => {
            let headers = [
                (header::CONTENT_TYPE, *kind),
                (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            ];
            (StatusCode::OK, headers, *text).into_response()
        }
        None => Problem::nothing_here().into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_by_its_path() {
        for (name, kind, _) in FILES {
            let found = NAMED.get(path(name).strip_prefix(PREFIX).unwrap()).unwrap();
            assert_eq!(found.0, kind);
        }
    }
}
