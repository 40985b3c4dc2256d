//! Forms of accounts and one-time links on `INVENTORY`.

use bytes::Bytes;
use proto::v1::{
    AccountEvent, AccountLinkMade, AccountPasswordResealed, AccountPasswordSet, AccountRemoved,
    AccountSaved, AccountSessionsEnded, AccountSignInsRefused, AccountSignedIn, AccountSignedOut,
    KeyRetired, KeyRotated, LinkUsed, account_event::Event as Account, inventory_event::Event,
};

use crate::{Form, inventory::one, sample::at};

pub(crate) fn forms() -> Vec<Form> {
    [of_owners(), of_sessions()].into_iter().flatten().collect()
}

fn account(event: Account) -> Event {
    Event::Account(AccountEvent { event: Some(event) })
}

/// What is done to accounts.
fn of_owners() -> Vec<Form> {
    let saved = AccountSaved {
        name: "zoe@example.com".to_owned(),
        role: "editor".to_owned(),
        language: "zh-CN".to_owned(),
        disabled: true,
        subject: "https://id.example 248289761001".to_owned(),
    };
    vec![
        one("account_saved", account(Account::Saved(saved))),
        one(
            "account_password_set",
            account(Account::PasswordSet(AccountPasswordSet {
                sealed_hash: Bytes::from_static(b"\x01\0\0\0\x01sealed"),
            })),
        ),
        one(
            "account_password_resealed",
            account(Account::PasswordResealed(AccountPasswordResealed {
                sealed_hash: Bytes::from_static(b"\x01\0\0\0\x02sealed"),
            })),
        ),
        one("account_sessions_ended", account(Account::SessionsEnded(AccountSessionsEnded {}))),
        one("account_removed", account(Account::Removed(AccountRemoved {}))),
        one(
            "account_link_made",
            account(Account::LinkMade(AccountLinkMade {
                expires_at: Some(at(86_400)),
                link_id: String::new(),
            })),
        ),
        one(
            "account_link_made_with_its_id",
            account(Account::LinkMade(AccountLinkMade {
                expires_at: Some(at(604_800)),
                link_id: "aebagbafaydqqcikbmga2dqpca".to_owned(),
            })),
        ),
        one(
            "link_used",
            Event::LinkUsed(LinkUsed { account_id: "gezdgnbvgy3tqojqgezdgnbvgy".to_owned() }),
        ),
        one("key_rotated", Event::KeyRotated(KeyRotated {})),
        one("key_retired", Event::KeyRetired(KeyRetired {})),
    ]
}

/// Who came and went.
fn of_sessions() -> Vec<Form> {
    vec![
        one(
            "account_signed_in",
            account(Account::SignedIn(AccountSignedIn {
                address: "2001:db8::1".to_owned(),
                with: "password".to_owned(),
                attempt: String::new(),
            })),
        ),
        one(
            "account_signed_in_through_a_provider",
            account(Account::SignedIn(AccountSignedIn {
                address: "192.0.2.1".to_owned(),
                with: "openid".to_owned(),
                attempt: "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE".to_owned(),
            })),
        ),
        one(
            "account_signed_out",
            account(Account::SignedOut(AccountSignedOut {
                session: "aebagbafaydqqcikbmga2dqpca".to_owned(),
                until: Some(at(604_800)),
            })),
        ),
        one(
            "account_sign_ins_refused",
            account(Account::SignInsRefused(AccountSignInsRefused {
                count: 3,
                address: "192.0.2.1".to_owned(),
            })),
        ),
    ]
}
