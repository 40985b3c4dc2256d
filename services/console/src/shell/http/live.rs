//! `/live`: what a page shows, anew whenever it changes, by server-sent events.
//!
//! One stream for all: states of domains, looks that were asked for, events, deliveries, inboxes.
//! The id of each is a position in all streams; a client that sends it back as `Last-Event-ID` gets
//! what it missed, or `reset` if that is too much.

use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::State,
    http::HeaderMap,
    response::sse::{Event as Sent, KeepAlive, Sse},
};
use futures::{Stream, StreamExt, stream};
use jiff::Timestamp;
use proto::id::{ContactId, DomainId};
use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, watch};
use utoipa::{IntoParams, ToSchema};

use super::{
    Api, Shared,
    deliveries::DeliveryView,
    events::EventView,
    extract::Params,
    inbox::{self, EntryView},
    problem::Problem,
    stream::KEEP_ALIVE,
    view::{self, DomainView},
};
use crate::{
    domain::{
        board::Board,
        inventory::Invalid,
        live::{Change, Position, Source},
        refusal::Full,
        want::Asked,
    },
    shell::live,
};

/// Where the stream is.
pub(super) const PATH: &str = "/api/v1/live";
/// How often it is asked whether whoever watches may still do so, if nothing happens.
pub(super) const ADMITTED_EVERY: Duration = Duration::from_secs(20);

/// What is watched.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct LiveParams {
    /// Only what concerns this domain, and each look at it: its id, or host and port. Default: what
    /// concerns any, and looks that somebody asked for.
    domain: Option<String>,
    /// Only the inbox of this contact: its id. Default: those of all.
    contact: Option<String>,
}

/// Where a stream begins.
#[derive(Debug, Serialize, ToSchema)]
pub struct Hello {
    /// The time by the console's clock.
    pub now: Timestamp,
    /// Entries of the inbox that were not read, of the contact or of all.
    pub unread: usize,
}

/// What became of an inbox.
#[derive(Debug, Serialize, ToSchema)]
pub struct InboxNews {
    /// Whose it is.
    pub contact_id: String,
    /// Its entries that were not read.
    pub unread: usize,
    /// The same of all inboxes, or of the contact that is watched.
    pub unread_in_all: usize,
    /// The entry that came. Absent if entries were read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<EntryView>,
}

/// A domain that is not monitored any more.
#[derive(Debug, Serialize, ToSchema)]
pub struct Gone {
    /// Its id.
    pub id: String,
}

/// Watches all that a page shows, or one domain.
///
/// The first event is `hello`. Then come `domain` and `scan` (data: a `DomainView`), `removed`
/// (`Gone`), `event` (`EventView`), `delivery` (`DeliveryView`) and `inbox` (`InboxNews`). After
/// `reset` what is shown is too old to be mended: ask for it anew, and go on listening. `over` is
/// the last: the session or the token with which this was asked opens nothing any more.
#[utoipa::path(
    get, path = "/live", tag = "events",
    params(
        LiveParams,
        ("Last-Event-ID" = Option<String>, Header, description = "The last event that was seen")
    ),
    responses(
        (status = 200, body = String, content_type = "text/event-stream"),
        (status = 429, description = "Too many streams are open.", body = Problem)
    )
)]
pub async fn watch(
    State(api): Shared,
    headers: HeaderMap,
    Params(params): Params<LiveParams>,
) -> Result<Sse<impl Stream<Item = Result<Sent, Infallible>>>, Problem> {
    let domain = params.domain.as_deref();
    let domain = domain.map(|key| {
        let there = api.look(|board| view::filtered(board, key).map(|row| row.id));
        // The page of a domain that was removed is still open, and it may be added again.
        there.or_else(|problem| key.parse().map_err(|_| problem))
    });
    let contact = params.contact.as_deref().map(inbox::contact).transpose()?;
    let seen = last_event(&headers)?;
    let permit = api
        .streams
        .clone()
        .try_acquire_owned()
        .map_err(|_| Problem::full(Full::Streams(api.config.streams_max)))?;
    let watching = Watching {
        turn: api.mirror.live().watch(),
        position: api.mirror.live().position(),
        domain: domain.transpose()?,
        contact,
        headers,
        queue: VecDeque::new(),
        is_over: false,
        api: api.clone(),
        _permit: permit,
    };
    let sent = stream::unfold(watching.begun(seen), |mut watching| async move {
        let sent = watching.next().await?;
        Some((Ok(sent), watching))
    });
    // A stream has no end of its own, and must not keep the process from stopping.
    let stopping = api.context.tasks.stopping();
    let sent = sent.take_until(stopping.cancelled_owned());
    Ok(Sse::new(sent).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

fn last_event(headers: &HeaderMap) -> Result<Option<Position>, Problem> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    if text.is_empty() {
        return Ok(None);
    }
    let position = text.parse::<Position>().map(Some);
    let invalid = || Invalid::new("Last-Event-ID", text, Asked::Position);
    position.map_err(|_| Problem::invalid(vec![invalid()]))
}

/// One client that watches.
struct Watching {
    api: Arc<Api>,
    headers: HeaderMap,
    domain: Option<DomainId>,
    contact: Option<ContactId>,
    position: Position,
    turn: watch::Receiver<u64>,
    /// What is to be sent: at most what is kept of all streams.
    queue: VecDeque<Sent>,
    /// Whether the last word was said.
    is_over: bool,
    _permit: OwnedSemaphorePermit,
}

impl Watching {
    /// With its first word, and what was missed.
    fn begun(mut self, seen: Option<Position>) -> Self {
        let now = self.api.context.clock.now();
        let unread = self.api.look(|board| inbox::unread(board, self.contact));
        let begun_at = seen.unwrap_or(self.position);
        self.queue.push_back(sent("hello", &begun_at, &Hello { now, unread }));
        let latest = std::mem::replace(&mut self.position, begun_at);
        if self.api.mirror.live().since(&begun_at).is_err() {
            self.reset(latest);
        }
        self
    }

    /// The next event as it is sent; `None` ends the stream.
    async fn next(&mut self) -> Option<Sent> {
        loop {
            if let Some(sent) = self.queue.pop_front() {
                return Some(sent);
            }
            if self.is_over {
                return None;
            }
            if self.api.enter(&self.headers).is_err() {
                self.is_over = true;
                return Some(sent("over", &self.position, &serde_json::json!({})));
            }
            // Seen before looking, so that what comes meanwhile is not waited for.
            self.turn.mark_unchanged();
            self.collect();
            if self.queue.is_empty() {
                live::next(&mut self.turn, ADMITTED_EVERY).await;
            }
        }
    }

    fn collect(&mut self) {
        let Ok(changes) = self.api.mirror.live().since(&self.position) else {
            let latest = self.api.mirror.live().position();
            self.reset(latest);
            return;
        };
        let now = self.api.context.clock.now();
        let mut changes = changes.into_iter().peekable();
        while let Some((source, sequence, change)) = changes.next() {
            // A message may have changed several things: it has been seen once all are sent.
            let goes_on =
                |(next, at, _): &(Source, u64, Change)| (*next, *at) == (source, sequence);
            let position = if changes.peek().is_some_and(goes_on) {
                self.position
            } else {
                self.position.behind(source, sequence)
            };
            let said = self.api.look(|board| self.said(&change, &position, board, now));
            self.queue.extend(said);
            self.position = position;
        }
    }

    fn reset(&mut self, latest: Position) {
        self.position = latest;
        self.queue.push_back(sent("reset", &latest, &serde_json::json!({})));
    }

    /// What is said of a change, unless it does not concern whoever watches.
    fn said(&self, change: &Change, at: &Position, board: &Board, now: Timestamp) -> Vec<Sent> {
        let concerns = |id: &DomainId| self.domain.is_none_or(|want| want == *id);
        match change {
            Change::Domain(id) if concerns(id) => vec![domain("domain", id, at, board, now)],
            Change::Looked(id) if self.waits_for(id, now) => {
                vec![domain("scan", id, at, board, now)]
            }
            Change::Event(sequence) => {
                let event = board.events().find(|(have, _)| have == sequence);
                let event = event.filter(|(_, event)| {
                    self.domain.is_none() || event.domain_id.parse().is_ok_and(|id| concerns(&id))
                });
                let view = event.map(|(sequence, event)| EventView::of(*sequence, event));
                view.map(|view| sent("event", at, &view)).into_iter().collect()
            }
            Change::Delivery(id) => {
                let Some(delivery) = board.deliveries().get(id) else { return vec![] };
                let of_domain = delivery.domain.map_or(self.domain.is_none(), |id| concerns(&id));
                let view = of_domain.then(|| DeliveryView::of(delivery, board));
                let view = view.map(|view| sent("delivery", at, &view));
                let entry = inbox::shown(delivery, board);
                let entry = entry.map(|entry| (delivery.contact, Some(entry)));
                let inbox = entry.and_then(|(whose, entry)| self.inbox(whose, entry, at, board));
                view.into_iter().chain(inbox).collect()
            }
            Change::Read(contact) => self.inbox(*contact, None, at, board).into_iter().collect(),
            Change::Domain(_) | Change::Looked(_) => vec![],
        }
    }

    fn waits_for(&self, id: &DomainId, now: Timestamp) -> bool {
        self.domain == Some(*id)
            || self.domain.is_none() && self.api.mirror.live().is_asked(id, now)
    }

    fn inbox(
        &self,
        whose: ContactId,
        entry: Option<EntryView>,
        at: &Position,
        board: &Board,
    ) -> Option<Sent> {
        let concerns = self.contact.is_none_or(|want| want == whose);
        let news = || InboxNews {
            contact_id: whose.to_string(),
            unread: inbox::unread(board, Some(whose)),
            unread_in_all: inbox::unread(board, self.contact),
            entry,
        };
        concerns.then(|| sent("inbox", at, &news()))
    }
}

fn domain(name: &str, id: &DomainId, at: &Position, board: &Board, now: Timestamp) -> Sent {
    match board.domains().row(id) {
        Some(row) => sent(name, at, &DomainView::of(row, board, now)),
        None => sent("removed", at, &Gone { id: id.to_string() }),
    }
}

fn sent(name: &str, at: &Position, data: &impl Serialize) -> Sent {
    let event = Sent::default().event(name).id(at.to_string());
    event.json_data(data).expect("a view is JSON without line ends")
}
