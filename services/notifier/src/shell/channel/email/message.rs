//! A letter as a mail: text and page as alternatives, a stable id, threaded with what it answers
//! to.

use std::time::SystemTime;

use lettre::{
    Address, Message,
    address::AddressError,
    message::{
        Attachment, Mailbox, MultiPart, SinglePart,
        header::{ContentType, Header, HeaderName, HeaderValue},
    },
};
use proto::id::DeliveryId;

use crate::shell::channel::Parcel;

/// File name of certificates that are to be deployed.
const PEM_NAME: &str = "missing-intermediates.pem";

/// Why a mail cannot be written.
#[derive(Debug, thiserror::Error)]
pub(super) enum MessageError {
    /// The address is no mailbox.
    #[error("`{mailbox}` is no mailbox")]
    Mailbox {
        /// The address.
        mailbox: String,
        /// What is wrong with it.
        source: AddressError,
    },
    /// Its parts do not make a mail.
    #[error("the mail cannot be put together")]
    Message(#[from] lettre::error::Error),
}

/// Puts a letter into a mail to one mailbox.
pub(super) fn compose(
    parcel: &Parcel,
    mailbox: &str,
    from: &Mailbox,
) -> Result<Message, MessageError> {
    let address: Address = mailbox
        .parse()
        .map_err(|source| MessageError::Mailbox { mailbox: mailbox.to_owned(), source })?;
    let letter = &parcel.letter;
    let domain = from.email.domain();
    let mut builder = Message::builder()
        .from(from.clone())
        .to(Mailbox::new(Some(parcel.name.clone()), address))
        .subject(&letter.subject)
        .date(SystemTime::from(parcel.at))
        // Constant over all attempts, so that a mail that came twice is seen to be one.
        .message_id(Some(message_id(parcel.delivery, domain)))
        .header(AutoSubmitted)
        .header(AutoResponseSuppress);
    if let Some(root) = parcel.roots.first() {
        let roots = parcel.roots.iter().map(|root| message_id(root.id, domain));
        builder = builder
            .in_reply_to(message_id(root.id, domain))
            .references(roots.collect::<Vec<_>>().join(" "));
    }
    let bodies = MultiPart::alternative()
        .singlepart(SinglePart::plain(letter.text()))
        .singlepart(SinglePart::html(letter.html()));
    let mail = match &letter.pem {
        None => builder.multipart(bodies)?,
        Some(pem) => {
            let kind =
                ContentType::parse("application/x-pem-file").unwrap_or(ContentType::TEXT_PLAIN);
            let file = Attachment::new(PEM_NAME.to_owned()).body(pem.clone(), kind);
            builder.multipart(MultiPart::mixed().multipart(bodies).singlepart(file))?
        }
    };
    Ok(mail)
}

fn message_id(delivery: DeliveryId, domain: &str) -> String {
    format!("<{delivery}@{domain}>")
}

/// Keeps vacation replies away (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

/// The same for Exchange.
#[derive(Clone)]
struct AutoResponseSuppress;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

impl Header for AutoResponseSuppress {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("X-Auto-Response-Suppress")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "All".to_owned())
    }
}
