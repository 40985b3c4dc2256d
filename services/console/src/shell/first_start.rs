//! Makes a fresh system useful: the admin token, a link that makes the first account, and a contact
//! whose inbox hears of everything.

use std::{
    convert::Infallible,
    io::{self, IsTerminal, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use chassis::{context::Context, error::Chain, seal::SealError};
use proto::{
    id::{ContactId, TokenId},
    subject::Entity,
};
use tracing::info;

use super::{
    entry::Entry,
    mirror::Mirror,
    session::bearer::new_secret,
    store::{Order, Store, StoreError},
};
use crate::domain::{
    board::Versioned,
    inventory::{
        Actor,
        contact::{self, CardDraft, Contact, Form, INTERNAL},
        setting::{self, Kept, Setting, SettingDraft},
        token::{self, Issued, Role, Token},
    },
};

/// Only its owner may read the token.
const TOKEN_FILE_MODE: u32 = 0o600;

/// Why the first start did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum FirstStartError {
    /// The admin token cannot be written.
    #[error("cannot write the admin token to {}", path.display())]
    TokenFile {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// An order cannot be stored.
    #[error("cannot store the first {what}: {reason}")]
    Store {
        /// What was ordered.
        what: &'static str,
        /// Why, with its causes.
        reason: String,
    },
}

impl FirstStartError {
    fn store<R>(what: &'static str) -> impl FnOnce(StoreError<R>) -> Self
    where
        R: std::error::Error + 'static,
    {
        move |error| Self::Store { what, reason: Chain(&error).to_string() }
    }
}

/// Does what a fresh system lacks; nothing on any later start. A second console that starts at the
/// same time finds the first one's records in its way, and leaves it at that.
///
/// # Errors
///
/// See [`FirstStartError`].
pub async fn prepare(
    context: &Context,
    mirror: &Mirror,
    store: &Store,
    token_file: &Path,
) -> Result<(), FirstStartError> {
    let (no_token, no_contact) = {
        let board = mirror.board().read();
        (!board.ever_had_a_token(), !board.ever_had_a_contact())
    };
    if no_token {
        issue_token(context, store, token_file).await?;
    }
    if no_contact {
        add_operator(store).await?;
    }
    Ok(())
}

/// Prints a one-time link that makes the first account, as long as there is none. Answers whether
/// it did.
///
/// # Errors
///
/// When the link cannot be sealed.
pub fn invite(mirror: &Mirror, entry: &Entry) -> Result<bool, SealError> {
    let is_first = mirror.board().read().accounts().next().is_none();
    if is_first {
        let link = entry.first_link()?;
        say(&format!("Nobody has an account yet. Make yours within a day, once: {link}"));
    }
    Ok(is_first)
}

async fn issue_token(context: &Context, store: &Store, path: &Path) -> Result<(), FirstStartError> {
    let secret = new_secret(&context.dice);
    // First the file: a token in the inventory that nobody knows would lock everybody out.
    write_secret(path, &secret)
        .map_err(|source| FirstStartError::TokenFile { path: path.to_owned(), source })?;
    let issued = Issued::new("first admin", Role::Admin, &secret).expect("the name is a line");
    let order = Order::<Token> {
        entity: Entity::Token(TokenId::derive(&["first admin"])),
        known: Versioned::default(),
        seen: None,
        actor: Actor::System,
        command: token::Command::Issue(issued),
    };
    match store.carry_out(order).await {
        Ok(_) => {
            // What is not a terminal is kept, by whoever collects logs.
            if io::stdout().is_terminal() {
                say(&format!("Admin token, shown once and kept in {}: {secret}", path.display()));
            } else {
                say(&format!("The admin token is kept in {}.", path.display()));
            }
            Ok(())
        }
        Err(StoreError::Refused(token::Refusal::Present)) => {
            info!("Another console has made the first admin token.");
            std::fs::remove_file(path)
                .map_err(|source| FirstStartError::TokenFile { path: path.to_owned(), source })
        }
        Err(error) => Err(FirstStartError::store("admin token")(error)),
    }
}

/// Not through the log, which is kept and sent elsewhere.
fn say(line: &str) {
    // Nobody may be listening; the file has it.
    drop(writeln!(io::stdout(), "{line}"));
}

fn write_secret(path: &Path, secret: &str) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory)?;
    }
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(TOKEN_FILE_MODE)
        .open(path)?;
    // The mode above is for a new file only.
    file.set_permissions(std::fs::Permissions::from_mode(TOKEN_FILE_MODE))?;
    writeln!(file, "{secret}")?;
    file.sync_all()
}

/// Adds the contact `Operator`, reached by its inbox, and a default setting that tells it.
async fn add_operator(store: &Store) -> Result<(), FirstStartError> {
    let id = ContactId::derive(&["operator"]);
    let draft = CardDraft { name: "Operator".to_owned(), ..CardDraft::default() };
    let form = Form::read(&draft, &[]).expect("the first contact is within every limit");
    let Ok(entry) = form.sealed(|_| Ok::<_, Infallible>(vec![]));
    let order = Order::<Contact> {
        entity: Entity::Contact(id),
        known: Versioned::default(),
        seen: None,
        actor: Actor::System,
        command: contact::Command::Add(entry),
    };
    store.carry_out(order).await.map_err(FirstStartError::store("contact"))?;
    let draft = default_setting(&[id], &[INTERNAL]);
    let setting = Setting::read(&draft).expect("the first setting is within every limit");
    let order = Order::<Kept> {
        entity: Entity::DefaultSetting,
        known: Versioned::default(),
        seen: None,
        actor: Actor::System,
        command: setting::Command::Save(setting),
    };
    store.carry_out(order).await.map_err(FirstStartError::store("default setting"))?;
    info!("Made the contact `Operator`: its inbox hears of every domain.");
    Ok(())
}

/// A setting that tells these contacts by these methods of everything, all day, again every day.
pub fn default_setting(contacts: &[ContactId], methods: &[&str]) -> SettingDraft {
    SettingDraft {
        enabled: true,
        contacts: contacts.iter().map(ContactId::to_string).collect(),
        methods: methods.iter().map(|method| (*method).to_owned()).collect(),
        anomaly_time: None,
        repeat_days: 1,
        kinds: vec![],
        escalation: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_for_its_owner_only() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("deep/admin-token");
        write_secret(&path, "cht_x").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        write_secret(&path, "cht_y").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "cht_y\n");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, TOKEN_FILE_MODE);
    }
}
