//! Bearer tokens and what they open.

use axum::http::{HeaderMap, header};
use chassis::dice::Dice;

use super::{Caller, Stranger, Who};
use crate::domain::{
    board::Board,
    inventory::token::{Issued, hash},
};

/// What a token begins with, so that a scanner for leaked secrets knows it.
const PREFIX: &str = "cht_";
/// Characters of a token that is worth hashing.
const TOKEN_LEN_MAX: usize = 256;

/// A new token: 256 random bits.
pub fn new_secret(dice: &Dice) -> String {
    let random = data_encoding::BASE32_NOPAD.encode(&dice.bytes::<32>()).to_ascii_lowercase();
    format!("{PREFIX}{random}")
}

/// Who sends the token in these headers.
///
/// # Errors
///
/// When there is none, or it opens nothing.
pub(super) fn caller(headers: &HeaderMap, board: &Board) -> Result<Caller, Stranger> {
    let value = headers.get(header::AUTHORIZATION).ok_or(Stranger::Silent)?;
    let text = value.to_str().map_err(|_| Stranger::Unknown)?;
    let (scheme, secret) = text.split_once(' ').ok_or(Stranger::Silent)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Stranger::Silent);
    }
    let secret = secret.trim();
    if secret.len() > TOKEN_LEN_MAX {
        return Err(Stranger::Unknown);
    }
    let hash = hash(secret);
    // Every token is compared, also after one has fitted: the time tells nothing.
    let mut found = None;
    for (token, kept) in board.tokens() {
        if let Some(issued) = kept.entity.issued().filter(|issued: &&Issued| issued.opens(&hash)) {
            found = Some(Caller { who: Who::Token(token), role: issued.role });
        }
    }
    found.ok_or(Stranger::Unknown)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proto::{id::TokenId, subject::Entity};

    use super::*;
    use crate::domain::inventory::{
        Actor, record,
        token::{Role, Token, TokenEvent},
    };

    fn board() -> Board {
        let mut board = Board::default();
        let issued = Issued::new("ci", Role::Editor, "cht_secret").unwrap();
        let record =
            record::<Token>(&[TokenEvent::Issued(issued)], Actor::System, Timestamp::UNIX_EPOCH);
        board.ordered(Entity::Token(TokenId::from_bytes([1; 16])), 1, &record);
        board
    }

    fn asked(authorization: &str) -> Result<Role, Stranger> {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, authorization.parse().unwrap());
        caller(&headers, &board()).map(|caller| caller.role)
    }

    #[test]
    fn a_token_opens_what_its_role_says() {
        assert_eq!(asked("Bearer cht_secret"), Ok(Role::Editor));
        assert_eq!(asked("bearer  cht_secret"), Ok(Role::Editor));
    }

    #[test]
    fn a_stranger_is_told_what_is_missing() {
        assert_eq!(asked("Bearer cht_Secret"), Err(Stranger::Unknown));
        assert_eq!(asked("Basic cht_secret"), Err(Stranger::Silent));
        assert_eq!(asked(&format!("Bearer {}", "x".repeat(300))), Err(Stranger::Unknown));
        assert_eq!(caller(&HeaderMap::new(), &board()), Err(Stranger::Silent));
    }

    #[test]
    fn secrets_are_long_and_differ() {
        let dice = Dice::fresh();
        let (one, other) = (new_secret(&dice), new_secret(&dice));
        assert!(one != other && one.starts_with(PREFIX) && one.len() == PREFIX.len() + 52);
    }
}
