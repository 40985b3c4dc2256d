//! `/deliveries`: who was told what, each attempt, and the channel's own words.

use axum::{Json, extract::State, http::StatusCode};
use jiff::Timestamp;
use proto::{
    id::{ContactId, DeliveryId, DomainId},
    v1::{SendAgain, delivery_due::Cause},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Api, Shared,
    document::DeliveryPath,
    domains::token,
    extract::{Caller, Params, Path},
    paging::{self, Page},
    problem::Problem,
    verification, view,
};
use crate::domain::{
    board::{
        Board,
        delivery::{Delivery, DeliveryState, Step, Turn, why_token},
    },
    inventory::{Actor, Invalid, contact::CHANNELS},
    refusal::{Refusal, Thing},
    want::Want,
};

/// Why something may be told.
pub(in crate::shell) const CAUSES: [Cause; 7] = [
    Cause::Event,
    Cause::Reminder,
    Cause::Test,
    Cause::Again,
    Cause::Escalation,
    Cause::Verification,
    Cause::ChannelBroken,
];

/// Which deliveries.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct DeliveryParams {
    /// Only to this contact.
    pub(in crate::shell) contact: Option<String>,
    /// Only by this method.
    pub(in crate::shell) method: Option<String>,
    /// Only of this domain: its id or name.
    pub(in crate::shell) domain: Option<String>,
    /// Only where it stands so: `due`, `attempted`, `delivered`, `failed`, `parked`, `dropped`.
    pub(in crate::shell) state: Option<String>,
    /// Only for this cause: `event`, `reminder`, `test`, `again`, `escalation`, `verification`,
    /// `channel_broken`.
    pub(in crate::shell) cause: Option<String>,
    /// Items of the page, 1 to 1000. Default 100.
    pub(in crate::shell) limit: Option<usize>,
    /// The `next` of the page before.
    pub(in crate::shell) cursor: Option<String>,
}

/// One piece of news on its way to one contact by one method.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryView {
    /// Its id.
    pub id: String,
    /// Id of the contact.
    pub contact_id: String,
    /// Name of the contact. Absent if it was removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// The notification method, such as `email` or `internal`.
    pub method: String,
    /// Id of the domain, if it speaks of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain_id: Option<String>,
    /// Host of the domain, or the prober's name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub host: String,
    /// Port of the domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u32>,
    /// Id of the event.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub event_id: String,
    /// Kind of the event.
    pub kind: &'static str,
    /// `info`, `warning` or `critical`.
    pub severity: &'static str,
    /// `event`, `reminder`, `test`, `again`, `escalation`, `verification` or `channel_broken`
    /// (another channel of the contact is out of order).
    pub cause: &'static str,
    /// 0 for the first telling, then one more for each reminder.
    pub reminder: u32,
    /// When it became due.
    pub due_at: Timestamp,
    /// `due`, `attempted`, `delivered`, `failed`, `parked` or `dropped`.
    pub state: &'static str,
    /// What was done, in order.
    pub steps: Vec<StepView>,
}

/// One thing that was done.
#[derive(Debug, Serialize, ToSchema)]
pub struct StepView {
    /// When.
    pub at: Timestamp,
    /// What it came to.
    pub state: &'static str,
    /// Which attempt; 0 if none.
    pub attempt: u32,
    /// The channel's own words, or why.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub words: String,
    /// When it is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
    /// Why it need not be told any more, as one word: `closed_before`, `not_wanted`, `no_address`,
    /// `merged` or `acknowledged`. Only of `dropped`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<&'static str>,
    /// Id of the delivery whose message carries this one as well. Absent if it travels alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lead: Option<String>,
    /// Until when nothing at all is sent to the address, unless its contact is saved anew or a test
    /// is delivered. In the year 9999: nothing else ends it, as the address is out of order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rests_until: Option<Timestamp>,
}

impl DeliveryView {
    /// Shows a delivery.
    pub fn of(delivery: &Delivery, board: &Board) -> Self {
        let card = board.contact(&delivery.contact).and_then(|contact| contact.entity.card());
        let news = &delivery.news;
        Self {
            id: delivery.id.to_string(),
            contact_id: delivery.contact.to_string(),
            contact: card.map(|card| card.name().to_owned()),
            method: delivery.channel.to_string(),
            domain_id: delivery.domain.map(|id| id.to_string()),
            host: news.host.to_string(),
            port: (news.port > 0).then_some(news.port),
            event_id: news.event.to_string(),
            kind: news.kind.token(),
            severity: news.severity.token(),
            cause: cause(delivery.cause),
            reminder: delivery.reminder,
            due_at: delivery.due_at,
            state: delivery.state.token(),
            steps: delivery.steps.iter().map(StepView::of).collect(),
        }
    }
}

impl StepView {
    fn of(step: &Step) -> Self {
        Self {
            at: step.at,
            state: step.state.token(),
            attempt: step.attempt,
            words: step.words.to_string(),
            retry_at: step.retry_at,
            why: step.why.map(why_token),
            lead: step.lead.map(|id| id.to_string()),
            rests_until: step.rests_until,
        }
    }
}

/// Why something is told, as it is spelled.
pub(in crate::shell) fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::Unspecified => "unspecified",
        Cause::Event => "event",
        Cause::Reminder => "reminder",
        Cause::Test => "test",
        Cause::Again => "again",
        Cause::Escalation => "escalation",
        Cause::Verification => "verification",
        Cause::ChannelBroken => "channel_broken",
    }
}

struct Wanted {
    contact: Option<ContactId>,
    method: Option<&'static str>,
    domain: Option<DomainId>,
    state: Option<DeliveryState>,
    cause: Option<Cause>,
}

impl Wanted {
    fn read(params: &DeliveryParams, board: &Board) -> Result<Self, Problem> {
        let mut mistakes = Vec::new();
        let contact = params.contact.as_deref().and_then(|text| {
            let invalid = |_| mistakes.push(Invalid::new("contact", text, Want::ContactId));
            text.parse().map_err(invalid).ok()
        });
        let (method, state) = (params.method.as_deref(), params.state.as_deref());
        let wanted = Self {
            contact,
            method: token("method", method, &CHANNELS, |channel| channel, &mut mistakes),
            domain: None,
            state: token("state", state, &DeliveryState::ALL, DeliveryState::token, &mut mistakes),
            cause: token("cause", params.cause.as_deref(), &CAUSES, cause, &mut mistakes),
        };
        if !mistakes.is_empty() {
            return Err(Problem::invalid(mistakes));
        }
        let domain = params.domain.as_deref().map(|key| view::filtered(board, key)).transpose()?;
        Ok(Self { domain: domain.map(|row| row.id), ..wanted })
    }

    fn takes(&self, delivery: &Delivery) -> bool {
        self.contact.is_none_or(|want| want == delivery.contact)
            && self.method.is_none_or(|want| want == &*delivery.channel)
            && self.domain.is_none_or(|want| Some(want) == delivery.domain)
            && self.state.is_none_or(|want| want == delivery.state)
            && self.cause.is_none_or(|want| want == delivery.cause)
    }
}

/// The deliveries, latest first; the last 50,000, and all that are still open.
#[utoipa::path(
    get, path = "/deliveries", tag = "deliveries",
    params(DeliveryParams),
    responses((status = 200, body = Page<DeliveryView>))
)]
pub async fn list(
    State(api): Shared,
    Params(params): Params<DeliveryParams>,
) -> Result<Json<Page<DeliveryView>>, Problem> {
    let limit = paging::limit(params.limit)?;
    api.look(|board| Ok(Json(found(board, &params, limit)?)))
}

/// The deliveries that somebody asks for.
pub(in crate::shell) fn found(
    board: &Board,
    params: &DeliveryParams,
    limit: usize,
) -> Result<Page<DeliveryView>, Problem> {
    let before = turn(params.cursor.as_deref())?;
    let wanted = Wanted::read(params, board)?;
    let found = board.deliveries().latest(before).filter(|d| wanted.takes(d));
    let shown = |delivery: &Delivery| DeliveryView::of(delivery, board);
    Ok(paging::page(found, limit, |delivery| cursor(delivery), shown))
}

/// The cursor behind a delivery.
pub(in crate::shell) fn cursor(delivery: &Delivery) -> Vec<u8> {
    let (sequence, place) = delivery.turn;
    [sequence.to_be_bytes(), u64::from(place).to_be_bytes()].concat()
}

/// The turn that a cursor stands for.
pub(in crate::shell) fn turn(cursor: Option<&str>) -> Result<Option<Turn>, Problem> {
    let numbers = paging::numbers::<2>(cursor)?;
    Ok(numbers.map(|[sequence, place]| (sequence, u32::try_from(place).unwrap_or(u32::MAX))))
}

/// One delivery.
#[utoipa::path(
    get, path = "/deliveries/{delivery}", tag = "deliveries",
    params(DeliveryPath),
    responses((status = 200, body = DeliveryView))
)]
pub async fn show(
    State(api): Shared,
    Path(key): Path<String>,
) -> Result<Json<DeliveryView>, Problem> {
    api.look(|board| Ok(Json(DeliveryView::of(known(board, &key)?, board))))
}

/// Tries a parked delivery again.
///
/// Instead of a link that verifies a mailbox, another is sent, to the mailbox that the contact has
/// by now.
#[utoipa::path(
    post, path = "/deliveries/{delivery}/again", tag = "deliveries",
    params(DeliveryPath),
    responses(
        (status = 202, body = DeliveryView),
        (
            status = 409,
            description = "It is not parked, or bore a link and there is no mailbox to verify.",
            body = Problem
        ),
        (
            status = 429,
            description = "A link was sent to the mailbox less than a minute ago.",
            body = Problem,
            headers(("Retry-After", description = "Seconds to wait"))
        )
    )
)]
pub async fn again(
    State(api): Shared,
    Caller(caller): Caller,
    Path(key): Path<String>,
) -> Result<(StatusCode, Json<DeliveryView>), Problem> {
    Ok((StatusCode::ACCEPTED, Json(try_again(&api, caller.actor(), &key).await?)))
}

/// Asks that a parked delivery be tried again.
pub(in crate::shell) async fn try_again(
    api: &Api,
    actor: Actor,
    key: &str,
) -> Result<DeliveryView, Problem> {
    let (again, cause, view) = api.look(|board| {
        let delivery = known(board, key)?;
        if delivery.state != DeliveryState::Parked {
            return Err(Problem::conflict(Refusal::NotParked(delivery.state)));
        }
        let again = SendAgain {
            contact_id: delivery.contact.to_string(),
            channel: delivery.channel.to_string(),
            domain_id: delivery.domain.map(|id| id.to_string()).unwrap_or_default(),
            delivery_id: delivery.id.to_string(),
        };
        Ok((again, delivery.cause, DeliveryView::of(delivery, board)))
    })?;
    if cause == Cause::Verification {
        // Its link is old, and for the mailbox of then.
        verification::ask(api, actor, &again.contact_id).await?;
    } else {
        let asked = api.requests.send_again(again, actor).await;
        asked.map_err(|error| Problem::append(&error))?;
    }
    Ok(view)
}

/// A delivery that is there.
pub(in crate::shell) fn known<'b>(board: &'b Board, key: &str) -> Result<&'b Delivery, Problem> {
    let id: Option<DeliveryId> = key.parse().ok();
    let delivery = id.and_then(|id| board.deliveries().get(&id));
    delivery.ok_or_else(|| Problem::absent(Thing::Delivery, key))
}
