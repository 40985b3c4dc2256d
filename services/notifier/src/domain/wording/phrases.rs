//! What each language must be able to say.

use jiff::SignedDuration;
use proto::v1::{Kind, Reason, Severity, untrusted};

use super::{
    moment::{self, Clock, Unit},
    saying::Saying,
};

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
    Action,
    Severity,
    Detected,
    Since,
    Reminder,
    Reason,
    Detail,
    Certificate,
    Issuer,
    Validity,
    Names,
    Fingerprint,
    Limiting,
    Rung,
    Missing,
    Expected,
    Presented,
    Cause,
    Weaknesses,
    Groups,
    Before,
    After,
    NamesGained,
    NamesLost,
    LastSeen,
    Unanswered,
    Failed,
    Endpoints,
    Recovered,
    OwnerNote,
    Page,
    Verify,
    BrokenChannel,
    Answer,
    Contacts,
}

/// A language.
pub(super) trait Phrases: Sync {
    /// What happened, in a few words: behind the name of the domain.
    fn title(&self, kind: Kind) -> &'static str;

    /// What happened, in one sentence.
    fn sentence(&self, name: &str, saying: &Saying<'_>, clock: &Clock<'_>) -> String;

    /// What to do now.
    fn action(&self, saying: &Saying<'_>) -> &'static str;

    /// What a value is.
    fn label(&self, label: Label) -> &'static str;

    /// What a channel is called, by its token.
    fn channel<'a>(&self, token: &'a str) -> &'a str;

    /// How bad it is.
    fn severity(&self, severity: Severity) -> &'static str;

    /// Why no certificate came, to stand behind a colon.
    fn reason(&self, reason: Reason) -> &'static str;

    /// Why a certificate is not trusted, to stand behind a colon.
    fn distrust(&self, cause: untrusted::Cause) -> &'static str;

    /// A number of units of time.
    fn quantity(&self, count: i64, unit: Unit) -> String;

    /// That a list goes on.
    fn more(&self, count: usize) -> String;

    /// That one value stands for the time from one instant to another.
    fn lasted(&self, from: &str, to: &str, span: &str) -> String;

    /// How many of how many.
    fn share(&self, part: u64, whole: u64) -> String;

    /// That a message could not be delivered through a channel.
    fn undelivered(&self, channel: &str, reason: &str) -> String;

    /// That nothing can be delivered through a channel, of which the message that follows is the
    /// first.
    fn out_of_order(&self, channel: &str, reason: &str) -> String;

    /// That a message waits for a channel through which nothing can be delivered.
    fn waiting(&self, channel: &str, reason: &str) -> String;

    /// What to do about an incomplete chain where the missing certificate is not at hand.
    fn deploy_from_page(&self) -> &'static str;

    /// That so many messages came close together.
    fn gathered(&self, count: usize) -> String;

    /// A number of messages.
    fn messages(&self, count: usize) -> String;

    /// That several domains serve the same certificate.
    fn one_certificate(&self) -> &'static str;

    /// What stands between a label and its value.
    fn colon(&self) -> &'static str;

    /// What stands between the items of a list.
    fn comma(&self) -> &'static str;

    /// A span in its largest units.
    fn span(&self, span: SignedDuration) -> String {
        let quantities = moment::quantities(span);
        let parts = quantities.into_iter().map(|(count, unit)| self.quantity(count, unit));
        parts.collect::<Vec<_>>().join(" ")
    }
}
