//! Answers that mislead: of copies that lag for good, of servers that do not know a stream yet, and
//! answers that never come.

use async_nats::{Message, jetstream::stream};
use chassis::bus::From;
use harness::eventually::eventually;
use proto::stream::{LOG, Service};
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::{
    script::{Line, Stage},
    world::{PATIENCE, connect, first_term, process},
};

const SUBJECT: &str = "certherald.log.0.x";

/// When all that is made up here was made.
const MADE_AT: &str = "2026-01-01T00:00:00Z";

/// How often the leader may be asked whether one and the same copy has all.
const ASKED_MAX: u32 = 20;

/// The leader of a stream of one message, and copies of it, of which the first lag.
struct Copies {
    lagging: u32,
    /// How often the leader does not know the stream.
    missing: u32,
    consumers: u32,
    asked: u32,
    /// Whether a copy was asked that does not lag. What it delivers cannot be played: no server
    /// takes it from a client.
    left: CancellationToken,
}

impl Copies {
    fn new(lagging: u32, missing: u32) -> Self {
        Self { lagging, missing, consumers: 0, asked: 0, left: CancellationToken::new() }
    }

    fn answer(&mut self, call: &str, message: &Message) -> Vec<Line> {
        let request = || serde_json::from_slice::<Value>(&message.payload).unwrap();
        let mut tokens = call.splitn(4, '.');
        match [tokens.next(), tokens.next()].map(Option::unwrap_or_default) {
            ["STREAM", "INFO"] => {
                let config = stream::Config { name: LOG.name.to_owned(), ..Default::default() };
                vec![Line::Json(stream(&json!(config)))]
            }
            ["STREAM", "CREATE"] => vec![Line::Json(stream(&request()))],
            ["STREAM", "MSG"] => self.leader(),
            ["CONSUMER", "CREATE"] => {
                (self.consumers, self.asked) = (self.consumers + 1, 0);
                let pending = u64::from(self.consumers > self.lagging);
                vec![Line::Json(consumer(&request(), pending))]
            }
            ["CONSUMER", "MSG"] if self.consumers > self.lagging => {
                self.left.cancel();
                vec![Line::Heartbeat]
            }
            ["CONSUMER", "MSG"] => vec![Line::Heartbeat],
            _ => panic!("{call} is not in the script"),
        }
    }

    fn leader(&mut self) -> Vec<Line> {
        self.asked += 1;
        assert!(self.asked < ASKED_MAX, "one copy is asked for ever");
        if self.missing > 0 {
            self.missing -= 1;
            let error = json!({ "code": 404, "err_code": 10_059, "description": "not found" });
            return vec![Line::Json(json!({ "error": error }))];
        }
        let message = json!({ "subject": SUBJECT, "seq": 1, "time": MADE_AT });
        vec![Line::Json(json!({ "message": message })), Line::Heartbeat]
    }
}

fn stream(config: &Value) -> Value {
    let state = json!({
        "messages": 1, "bytes": 1, "first_seq": 1, "first_ts": MADE_AT, "last_seq": 1,
        "last_ts": MADE_AT, "consumer_count": 0
    });
    json!({ "config": config, "created": MADE_AT, "state": state })
}

fn consumer(request: &Value, pending: u64) -> Value {
    let none = json!({ "consumer_seq": 0, "stream_seq": 0 });
    json!({
        "stream_name": LOG.name, "name": "passing", "created": MADE_AT,
        "config": request["config"], "delivered": none, "ack_floor": none, "num_ack_pending": 0,
        "num_redelivered": 0, "num_waiting": 0, "num_pending": pending
    })
}

/// Follows copies from the start until one is asked that does not lag.
async fn follow(mut copies: Copies) {
    let left = copies.left.clone();
    let stage = Stage::open(move |call, message| copies.answer(call, message)).await;
    let bus = connect(&stage.url()).await.bus(Service::Detector);
    let mut following = bus.follow(&LOG, LOG.subjects, From::Sequence(1)).await.unwrap();
    tokio::select! {
        biased;
        () = left.cancelled() => {}
        next = timeout(PATIENCE, following.next()) => panic!("a copy was believed: {next:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_lags_for_good_is_left_for_another() {
    follow(Copies::new(2, 0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_a_server_does_not_know_yet_is_not_an_empty_one() {
    follow(Copies::new(1, 1)).await;

    let mut copies = Copies::new(0, 1);
    let stage = Stage::open(move |call, message| copies.answer(call, message)).await;
    let bus = connect(&stage.url()).await.bus(Service::Detector);
    assert_eq!(bus.last(&LOG, SUBJECT).await.unwrap().map(|last| last.sequence), Some(1));

    let mut copies = Copies::new(0, 2);
    let stage = Stage::open(move |call, message| copies.answer(call, message)).await;
    let bus = connect(&stage.url()).await.bus(Service::Detector);
    let error = bus.last(&LOG, SUBJECT).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_that_nobody_answers_is_tried_again_in_time() {
    let mut unanswered = 1;
    let stage = Stage::open(move |call, message| {
        let after = message.headers.as_ref().and_then(|headers| headers.get("lease-after"));
        let Some(after) = after.and_then(|after| after.as_str().parse::<u64>().ok()) else {
            assert!(call.starts_with("STREAM.MSG.DELETE"), "{call} is not in the script");
            return vec![Line::Json(json!({ "success": true }))];
        };
        if after == 1 && unanswered > 0 {
            unanswered -= 1;
            return vec![];
        }
        vec![Line::Json(json!({ "stream": "LEASES", "seq": after + 1 }))]
    })
    .await;
    let context = process(&stage.url(), Service::Detector, "a").await;
    let term = first_term(&context).await;
    eventually("the lease is renewed", async || {
        assert!(!term.ended().is_cancelled(), "the term ended before a second attempt");
        if term.fence() >= 2 { Ok(()) } else { Err(term.fence()) }
    })
    .await;
    context.tasks.stop();
    context.tasks.ended().await;
}
