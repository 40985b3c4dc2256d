//! What the entities refuse, as the API says it.

use super::Problem;
use crate::domain::inventory::{account, contact, domain, setting, silence, token};

impl From<domain::Refusal> for Problem {
    fn from(refusal: domain::Refusal) -> Self {
        match refusal {
            domain::Refusal::Absent => Self::conflict(refusal.to_string()),
        }
    }
}

impl From<contact::Refusal> for Problem {
    fn from(refusal: contact::Refusal) -> Self {
        match refusal {
            contact::Refusal::Absent
            | contact::Refusal::NothingToKeep { .. }
            | contact::Refusal::Moved => Self::conflict(refusal.to_string()),
        }
    }
}

impl From<silence::Refusal> for Problem {
    fn from(refusal: silence::Refusal) -> Self {
        match refusal {
            silence::Refusal::Absent => Self::conflict(refusal.to_string()),
        }
    }
}

impl From<token::Refusal> for Problem {
    fn from(refusal: token::Refusal) -> Self {
        match refusal {
            token::Refusal::Absent | token::Refusal::Present => Self::conflict(refusal.to_string()),
        }
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

impl From<account::Refusal> for Problem {
    fn from(refusal: account::Refusal) -> Self {
        match refusal {
            account::Refusal::Absent
            | account::Refusal::Present
            | account::Refusal::Unusable
            | account::Refusal::MovedOn => Self::conflict(refusal.to_string()),
        }
    }
}
