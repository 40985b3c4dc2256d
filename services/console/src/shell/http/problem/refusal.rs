//! What the entities refuse, as the API says it.

use super::Problem;
use crate::domain::{
    inventory::{account, contact, domain, setting, silence, token},
    refusal::Refusal,
};

impl From<domain::Refusal> for Problem {
    fn from(refusal: domain::Refusal) -> Self {
        Self::conflict(Refusal::Domain(refusal))
    }
}

impl From<contact::Refusal> for Problem {
    fn from(refusal: contact::Refusal) -> Self {
        Self::conflict(Refusal::Contact(refusal))
    }
}

impl From<silence::Refusal> for Problem {
    fn from(refusal: silence::Refusal) -> Self {
        Self::conflict(Refusal::Silence(refusal))
    }
}

impl From<token::Refusal> for Problem {
    fn from(refusal: token::Refusal) -> Self {
        Self::conflict(Refusal::Token(refusal))
    }
}

impl From<account::Refusal> for Problem {
    fn from(refusal: account::Refusal) -> Self {
        Self::conflict(Refusal::Account(refusal))
    }
}

impl From<setting::Refusal> for Problem {
    fn from(refusal: setting::Refusal) -> Self {
        match refusal {}
    }
}

impl From<std::convert::Infallible> for Problem {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}
