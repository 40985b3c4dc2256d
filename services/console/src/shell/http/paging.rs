//! Lists in pages: how long one is, and where the next begins.

use data_encoding::BASE64URL_NOPAD;
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::Problem;
use crate::domain::{
    inventory::Invalid,
    want::{Asked, Want},
};

/// Items of a page unless asked otherwise.
pub const LIMIT_DEFAULT: usize = 100;
/// Items of a page: what is shown in one answer is made under the board's lock.
pub const LIMIT_MAX: usize = 1_000;
/// Characters of a cursor that is worth decoding.
const CURSOR_LEN_MAX: usize = 1_024;

/// A part of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Send it as `cursor` to get the next page. Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// How many there are in all, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<usize>,
}

/// How many items a page may have.
///
/// # Errors
///
/// Names what is allowed.
pub fn limit(asked: Option<usize>) -> Result<usize, Problem> {
    match asked {
        None => Ok(LIMIT_DEFAULT),
        Some(limit) if (1..=LIMIT_MAX).contains(&limit) => Ok(limit),
        Some(limit) => Err(Problem::invalid(vec![Invalid::new(
            "limit",
            &limit.to_string(),
            Want::UpTo(LIMIT_MAX),
        )])),
    }
}

/// Takes items up to a limit; the cursor is made from the last one if there are more.
pub fn page<T, V>(
    items: impl Iterator<Item = T>,
    limit: usize,
    cursor: impl Fn(&T) -> Vec<u8>,
    view: impl Fn(T) -> V,
) -> Page<V> {
    let mut items = items.peekable();
    let mut shown = Vec::new();
    let mut next = None;
    while let Some(item) = items.next() {
        if shown.len() + 1 == limit && items.peek().is_some() {
            next = Some(written(&cursor(&item)));
        }
        shown.push(view(item));
        if shown.len() == limit {
            break;
        }
    }
    Page { items: shown, next, total: None }
}

/// A cursor as text.
pub fn written(cursor: &[u8]) -> String {
    BASE64URL_NOPAD.encode(cursor)
}

/// Reads a cursor.
///
/// # Errors
///
/// When it is none.
pub fn read(text: Option<&str>) -> Result<Option<Vec<u8>>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let decoded = (text.len() <= CURSOR_LEN_MAX)
        .then(|| BASE64URL_NOPAD.decode(text.as_bytes()).ok())
        .flatten();
    match decoded {
        Some(cursor) => Ok(Some(cursor)),
        None => Err(foreign(text)),
    }
}

/// Reads a cursor that is a place of a list.
///
/// # Errors
///
/// When it is none.
pub fn place<P>(
    text: Option<&str>,
    place: impl FnOnce(&[u8]) -> Option<P>,
) -> Result<Option<P>, Problem> {
    let Some(cursor) = read(text)? else { return Ok(None) };
    place(&cursor).map(Some).ok_or_else(|| foreign(text.unwrap_or_default()))
}

/// Reads a cursor that is a number or several.
///
/// # Errors
///
/// When it is none.
pub fn numbers<const N: usize>(text: Option<&str>) -> Result<Option<[u64; N]>, Problem> {
    place(text, |cursor| {
        let (chunks, []) = cursor.as_chunks::<8>() else { return None };
        let numbers: Vec<_> = chunks.iter().map(|chunk| u64::from_be_bytes(*chunk)).collect();
        numbers.try_into().ok()
    })
}

fn foreign(text: &str) -> Problem {
    Problem::invalid(vec![Invalid::new("cursor", text, Asked::Cursor)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paged(count: u64, limit: usize) -> Page<u64> {
        page(0..count, limit, |n| n.to_be_bytes().to_vec(), |n| n)
    }

    #[test]
    fn the_last_page_has_no_next() {
        assert_eq!(paged(0, 2).next, None);
        assert_eq!(paged(2, 2).next, None);
        let first = paged(3, 2);
        assert_eq!(first.items, [0, 1]);
        assert_eq!(numbers(first.next.as_deref()).ok(), Some(Some([1])));
    }

    #[test]
    fn a_foreign_cursor_is_refused() {
        assert!(numbers::<1>(Some("AAAA")).is_err());
        assert!(numbers::<2>(Some(&written(&[0; 8]))).is_err());
        assert!(read(Some("!")).is_err());
        assert!(read(Some(&"A".repeat(2_000))).is_err());
        assert!(limit(Some(0)).is_err() && limit(Some(1_001)).is_err());
    }
}
