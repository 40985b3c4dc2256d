//! A console that runs, and what the tests say to it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use chassis::{
    bus::{Append, Expect, SharedBus, embedded::Embedded},
    clock::SystemClock,
    config::Reader,
    context::Context,
    dice::Dice,
    health::Health,
    tasks::Tasks,
};
use console::Config;
use jiff::Timestamp;
use prost::Message;
use proto::{
    id::DomainId,
    stream::{self, Service, Stream},
    subject, time,
    v1::{LogEvent, LogRecord, State, log_event},
};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::Value;
use tempfile::TempDir;

/// How long anything may take here, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A console, its streams, and its first admin token.
pub(crate) struct Stage {
    pub(crate) base: String,
    pub(crate) token: String,
    pub(crate) http: Client,
    pub(crate) tasks: Tasks,
    store: Arc<Embedded>,
    /// The directory it works upon.
    pub(crate) place: PathBuf,
    /// Deleted with the stage, unless it is another's.
    directory: Option<TempDir>,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert!(self.status.is_success(), "{self:?}");
        self.json()
    }

    /// A refusal of this status, as a problem.
    #[track_caller]
    pub(crate) fn refused(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        assert_eq!(self.headers["content-type"], "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["status"], status);
        problem
    }
}

impl Stage {
    pub(crate) async fn open() -> Self {
        Self::open_in(tempfile::tempdir().unwrap()).await
    }

    /// Opens a console with the streams of a directory.
    pub(crate) async fn open_in(directory: TempDir) -> Self {
        let stage = Self::open_at(directory.path()).await;
        Self { directory: Some(directory), ..stage }
    }

    /// The same in a directory of somebody else.
    pub(crate) async fn open_at(place: &Path) -> Self {
        Self::open_with(place, |config| config).await
    }

    /// The same with other settings.
    pub(crate) async fn open_with(place: &Path, change: impl FnOnce(Config) -> Config) -> Self {
        let store = Embedded::open(&place.join("bus")).unwrap();
        let token_file = place.join("admin-token");
        let tasks = Tasks::new();
        let context = Context {
            service: Service::Console,
            instance: "stage".parse().unwrap(),
            bus: store.bus(Service::Console),
            clock: Arc::new(SystemClock),
            dice: Arc::new(Dice::fresh()),
            tasks: tasks.clone(),
            health: Health::new(),
            data: place.join("console"),
        };
        let config = change(Config {
            token_file: Some(token_file.clone()),
            ..Config::read(Reader::new(&|_| None)).unwrap()
        });
        let scheme = if config.access.tls.is_some() { "https" } else { "http" };
        let reserved = console::reserve("127.0.0.1:0".parse().unwrap()).unwrap();
        let base = format!("{scheme}://{}", reserved.local_addr().unwrap());
        let (invited, _) = tokio::sync::oneshot::channel();
        tasks.spawn("console", console::serve(context, config, reserved, invited));
        let http = client();
        until("the console is ready", async || {
            let answer = http.get(format!("{base}/ready")).send().await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
        let token = std::fs::read_to_string(&token_file).unwrap().trim().to_owned();
        let place = place.to_owned();
        Self { base, token, http, tasks, store, place, directory: None }
    }

    /// Stops the console, and opens another with the same streams.
    pub(crate) async fn reopen(self) -> Self {
        Self::open_in(self.close().await).await
    }

    /// Stops the console; what it worked upon is left.
    pub(crate) async fn close(self) -> TempDir {
        let Self { tasks, store, directory, .. } = self;
        tasks.stop();
        assert_eq!(tasks.ended().await, None);
        store.close().await;
        directory.unwrap()
    }

    pub(crate) fn key_file(&self) -> PathBuf {
        self.place.join("console").join("key")
    }

    pub(crate) fn token_file(&self) -> PathBuf {
        self.place.join("admin-token")
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}/api/v1/{path}", self.base);
        self.http.request(method, url).bearer_auth(&self.token)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        answer(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        answer(self.request(Method::POST, path).json(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        answer(self.request(Method::PUT, path).json(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        answer(self.request(Method::PATCH, path).json(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        answer(self.request(Method::DELETE, path)).await
    }

    pub(crate) async fn post_text(&self, path: &str, media_type: &str, text: &str) -> Answer {
        let request = self.request(Method::POST, path).header("content-type", media_type);
        answer(request.body(text.to_owned())).await
    }

    /// The bus as another service speaks on it.
    pub(crate) fn bus(&self, service: Service) -> SharedBus {
        self.store.bus(service)
    }

    /// Appends as another service.
    pub(crate) async fn append(
        &self,
        service: Service,
        stream: &'static Stream,
        subject: String,
        message: &impl Message,
    ) -> u64 {
        let append = Append {
            stream,
            subject,
            id: format!("{:?}", Dice::fresh().bytes::<16>()),
            expect: Expect::Any,
            headers: vec![],
            payload: Bytes::from(message.encode_to_vec()),
        };
        self.bus(service).append(append).await.unwrap().sequence
    }

    /// Says as the detector what happened to a domain.
    pub(crate) async fn log(&self, id: DomainId, state: State, events: Vec<log_event::Event>) {
        let record = LogRecord {
            recorded_at: Some(time::write(now())),
            events: events.into_iter().map(|event| LogEvent { event: Some(event) }).collect(),
            state: state as i32,
            port: 443,
            ..LogRecord::default()
        };
        self.append(Service::Detector, &stream::LOG, subject::log(&id), &record).await;
    }

    /// Asks until the answer is as it should be.
    pub(crate) async fn until(&self, path: &str, good: impl Fn(&Value) -> bool) -> Value {
        until(path, async || {
            let answer = self.get(path).await.ok();
            good(&answer).then_some(answer)
        })
        .await
    }
}

/// A client of one connection pool.
pub(crate) fn client() -> Client {
    // Another test of this process may have installed it.
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    let builder = Client::builder().no_proxy().timeout(PATIENCE);
    // A console with TLS has a certificate of its own here.
    builder.danger_accept_invalid_certs(true).tls_info(true).build().unwrap()
}

pub(crate) async fn answer(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    Answer { status, headers, text: response.text().await.unwrap() }
}

pub(crate) fn now() -> Timestamp {
    chassis::clock::Clock::now(&SystemClock)
}

/// Tries until something is there.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let found = tokio::time::timeout(PATIENCE, looking).await;
    found.unwrap_or_else(|_| panic!("it did not come about within {PATIENCE:?}: {what}"))
}

/// The id of a domain of plain TLS.
pub(crate) fn id_of(name: &str) -> DomainId {
    let (place, _) = console::domain::intake::place(name, None).unwrap();
    place.id()
}

/// The strings of a list of objects under a key.
pub(crate) fn each<'v>(list: &'v Value, key: &str) -> Vec<&'v str> {
    list.as_array().unwrap().iter().map(|item| item[key].as_str().unwrap_or_default()).collect()
}
