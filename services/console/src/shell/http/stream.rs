//! `/events/stream`: what happens, as it happens, by server-sent events.
//!
//! The id of each is its place in the stream `EVENTS`: a client that sends it back as
//! `Last-Event-ID` goes on behind it, whatever was missed.

use std::{convert::Infallible, pin::pin, sync::Arc, time::Duration};

use axum::{
    extract::State,
    http::HeaderMap,
    response::sse::{Event as Sent, KeepAlive, Sse},
};
use chassis::{
    bus::{Followed, Following, From},
    error::Chain,
};
use futures::{Stream, StreamExt, stream};
use proto::{
    stream::EVENTS,
    subject::{self, About, EVENTS_ALL},
    v1::{Event, Kind},
};
use serde::Deserialize;
use tokio::sync::watch;
use tracing::warn;
use utoipa::IntoParams;

use super::{
    Api, Shared, domains::token, events::EventView, extract::Params, live::ADMITTED_EVERY,
    problem::Problem, view,
};
use crate::{
    domain::{intake, inventory::Invalid, refusal::Full, want::Asked},
    shell::{live, mirror},
};

/// Silence after which a comment is sent, so that proxies keep the connection.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// What is followed.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct FollowParams {
    /// Only this kind, such as `expired`.
    kind: Option<String>,
    /// Only this domain: its id, or host and port.
    domain: Option<String>,
    /// Begin behind this event; 0: with the oldest. The header `Last-Event-ID` goes first. Default:
    /// with the next event.
    after: Option<u64>,
}

/// Follows what happens. Each event is named after its kind, its id is its place in the stream, its
/// data an `EventView`.
#[utoipa::path(
    get, path = "/events/stream", tag = "events",
    params(
        FollowParams,
        ("Last-Event-ID" = Option<u64>, Header, description = "The last event that was seen")
    ),
    responses(
        (status = 200, body = String, content_type = "text/event-stream"),
        (status = 429, description = "Too many streams are open.", body = Problem)
    )
)]
pub async fn follow(
    State(api): Shared,
    headers: HeaderMap,
    Params(params): Params<FollowParams>,
) -> Result<Sse<impl Stream<Item = Result<Sent, Infallible>>>, Problem> {
    let permit = api
        .streams
        .clone()
        .try_acquire_owned()
        .map_err(|_| Problem::full(Full::Streams(api.config.streams_max)))?;
    let pattern = {
        let board = api.mirror.board().read();
        let named = |key: &str| {
            let row = view::named(&board, key).ok()?;
            Some((row.place().host.clone(), row.place().port))
        };
        pattern(&params, named).map_err(|invalid| Problem::invalid(vec![invalid]))?
    };
    let from = match last_event(&headers)?.or(params.after) {
        Some(last) => From::Sequence(last.saturating_add(1)),
        None => From::End,
    };
    let following = api.context.bus.follow(&EVENTS, &pattern, from).await;
    let following = following.map_err(|error| Problem::bus(&error))?;
    let turn = api.mirror.live().watch();
    let admission = Admission { api: api.clone(), headers, turn };
    let begun = (following, admission, permit);
    let sent = stream::unfold(begun, |(mut following, mut admission, permit)| async move {
        let event = next(following.as_mut(), &mut admission).await?;
        Some((Ok(event), (following, admission, permit)))
    });
    // A stream has no end of its own, and must not keep the process from stopping.
    let stopping = api.context.tasks.stopping();
    let sent = sent.take_until(stopping.cancelled_owned());
    Ok(Sse::new(sent).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

/// What somebody was let in with.
struct Admission {
    api: Arc<Api>,
    headers: HeaderMap,
    turn: watch::Receiver<u64>,
}

impl Admission {
    /// Waits for something while it holds. `None` once the token is revoked, the account may not be
    /// used, or the session is over.
    async fn holds<T>(&mut self, awaited: impl Future<Output = T>) -> Option<T> {
        let mut awaited = pin!(awaited);
        loop {
            self.turn.mark_unchanged();
            self.api.enter(&self.headers).ok()?;
            tokio::select! {
                // What comes first is still looked at with the admission of this moment.
                got = &mut awaited => return self.api.enter(&self.headers).ok().map(|_| got),
                () = live::next(&mut self.turn, ADMITTED_EVERY) => {}
            }
        }
    }
}

/// The next event as it is sent; `None` ends the stream, and the client comes back if it may.
async fn next(following: &mut dyn Following, admission: &mut Admission) -> Option<Sent> {
    loop {
        match admission.holds(following.next()).await? {
            Ok(Followed::CaughtUp) => {}
            Ok(Followed::Message(message)) => {
                let Some(event) = mirror::read::<Event>(&message) else { continue };
                let view = EventView::of(message.sequence, &event);
                let sent = Sent::default().id(message.sequence.to_string()).event(view.kind);
                return Some(sent.json_data(view).expect("a view is JSON without line ends"));
            }
            Err(error) => {
                warn!(error = %Chain(&error), "An event stream ends: the bus fails.");
                return None;
            }
        }
    }
}

fn pattern(
    params: &FollowParams,
    named: impl Fn(&str) -> Option<(proto::host::Host, u16)>,
) -> Result<String, Invalid> {
    let mut mistakes = Vec::new();
    let kind = token("kind", params.kind.as_deref(), Kind::ALL, Kind::token, &mut mistakes);
    if let Some(invalid) = mistakes.pop() {
        return Err(invalid);
    }
    let place = match params.domain.as_deref() {
        None => None,
        Some(key) => Some(match named(key) {
            Some(place) => place,
            // Not monitored now; its events may be there all the same.
            None => intake::place(key, None)
                .map(|(place, _)| (place.host, place.port))
                .map_err(|invalid| Invalid { field: "domain".to_owned(), ..invalid })?,
        }),
    };
    Ok(match (kind, place) {
        (None, None) => EVENTS_ALL.to_owned(),
        (Some(kind), None) => subject::events_of_kind(kind),
        (None, Some((host, port))) => subject::events_of(&host, port),
        (Some(kind), Some((host, port))) => subject::event(kind, &About::Domain(host, port)),
    })
}

fn last_event(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    match text.parse() {
        Ok(last) => Ok(Some(last)),
        Err(_) if text.is_empty() => Ok(None),
        Err(_) => Err(Problem::invalid(vec![Invalid::new("Last-Event-ID", text, Asked::EventId)])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterned(kind: Option<&str>, domain: Option<&str>) -> Result<String, String> {
        let own = str::to_owned;
        let params = FollowParams { kind: kind.map(own), domain: domain.map(own), after: None };
        pattern(&params, |_| None).map_err(|invalid| invalid.field)
    }

    #[test]
    fn each_choice_has_its_subject() {
        assert_eq!(patterned(None, None).as_deref(), Ok("certherald.events.>"));
        assert_eq!(patterned(Some("expired"), None).as_deref(), Ok("certherald.events.expired.>"));
        assert_eq!(
            patterned(Some("expired"), Some("a.example:8443")).as_deref(),
            Ok("certherald.events.expired.example.a.8443")
        );
        assert_eq!(
            patterned(None, Some("a.example")).as_deref(),
            Ok("certherald.events.*.example.a.443")
        );
        assert_eq!(patterned(Some("broken"), None), Err("kind".to_owned()));
        assert_eq!(patterned(None, Some("*.example")), Err("domain".to_owned()));
    }
}
