//! A server whose JetStream is a script of the test: it answers what no real one can be brought to.

use std::{io, sync::Arc};

use async_nats::{Client, Message, Subscriber};
use chassis::tasks::Tasks;
use futures::StreamExt;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};
use tokio_util::sync::CancellationToken;

use crate::server::Server;

/// What a script answers.
pub(crate) enum Line {
    /// This.
    Json(Value),
    /// A sign of life of a consumer that has nothing to deliver.
    Heartbeat,
}

/// A server without JetStream, and what answers in its stead.
pub(crate) struct Stage {
    server: Server,
    tasks: Tasks,
}

impl Stage {
    /// Starts a server and answers all that is asked of JetStream, and of leases.
    pub(crate) async fn open<F>(script: F) -> Self
    where
        F: FnMut(&str, &Message) -> Vec<Line> + Send + 'static,
    {
        let server = Server::without_jetstream("scripted").await;
        let client = async_nats::connect(server.address()).await.unwrap();
        let script = Arc::new(Mutex::new(script));
        let tasks = Tasks::new();
        for subject in ["$JS.API.>", "certherald.leases.*"] {
            let asked = client.subscribe(subject).await.unwrap();
            let raw = raw(&server.address()).await.unwrap();
            let player = Player { client: client.clone(), raw };
            tasks.spawn("script", player.play(asked, script.clone(), tasks.stopping()));
        }
        client.flush().await.unwrap();
        Self { server, tasks }
    }

    pub(crate) fn url(&self) -> String {
        self.server.address()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.tasks.stop();
    }
}

struct Player {
    client: Client,
    raw: TcpStream,
}

impl Player {
    async fn play<F>(
        mut self,
        mut asked: Subscriber,
        script: Arc<Mutex<F>>,
        stopping: CancellationToken,
    ) -> io::Result<()>
    where
        F: FnMut(&str, &Message) -> Vec<Line>,
    {
        while let Some(Some(message)) = stopping.run_until_cancelled(asked.next()).await {
            let call = message.subject.trim_start_matches("$JS.API.").to_owned();
            let lines = (*script.lock())(&call, &message);
            let Some(inbox) = message.reply else { continue };
            for line in lines {
                let (client, inbox) = (&self.client, inbox.clone());
                match line {
                    Line::Json(answer) => {
                        client.publish(inbox, answer.to_string().into()).await.unwrap();
                    }
                    Line::Heartbeat => self.heartbeat(&inbox).await?,
                }
            }
            self.client.flush().await.unwrap();
        }
        Ok(())
    }

    /// The client cannot send a status; by hand it can be written.
    async fn heartbeat(&mut self, inbox: &str) -> io::Result<()> {
        let status = "NATS/1.0 100 Idle Heartbeat\r\n\r\n";
        let length = status.len();
        let line = format!("HPUB {inbox} {length} {length}\r\n{status}\r\n");
        self.raw.write_all(line.as_bytes()).await
    }
}

/// A connection on which anything can be written.
async fn raw(address: &str) -> io::Result<TcpStream> {
    let mut stream = BufReader::new(TcpStream::connect(address).await?);
    stream.read_line(&mut String::new()).await?;
    let mut stream = stream.into_inner();
    stream.write_all(b"CONNECT {\"verbose\":false,\"headers\":true}\r\n").await?;
    Ok(stream)
}
