//! What is heard: that a delivery is recorded, and that the mail server is spoken to.

use std::{error::Error, io, net::SocketAddr, time::Instant};

use chassis::bus::{Followed, Following, From, SharedBus};
use prost::Message;
use proto::{
    stream::DELIVERIES,
    v1::{DeliveryRecord, delivery_event::Event},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinSet,
};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// What is recorded as delivered.
pub(crate) struct Told(Box<dyn Following>);

impl Told {
    /// From the beginning on.
    pub(crate) async fn follow(bus: &SharedBus) -> Outcome<Self> {
        Ok(Self(bus.follow(&DELIVERIES, DELIVERIES.subjects, From::Sequence(1)).await?))
    }

    /// Waits for so many more.
    pub(crate) async fn until(&mut self, count: usize) -> Outcome<()> {
        let mut told = 0;
        while told < count {
            let Followed::Message(message) = self.0.next().await? else { continue };
            let events = DeliveryRecord::decode(message.payload)?.events;
            told += events.iter().filter(|step| is_delivered(step.event.as_ref())).count();
        }
        Ok(())
    }
}

fn is_delivered(step: Option<&Event>) -> bool {
    matches!(step, Some(Event::Delivered(_)))
}

/// Stands before the mail server and notes when it is spoken to. It closes when this is dropped.
pub(crate) struct Door {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Room for one: what follows the first word is of no interest.
    spoken: mpsc::Receiver<Instant>,
    _passing: JoinSet<()>,
}

impl Door {
    /// A door before a server.
    pub(crate) async fn before(server: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (note, spoken) = mpsc::channel(1);
        let mut passing = JoinSet::new();
        passing.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(pass(client, server, note.clone()));
            }
        });
        Ok(Self { address, spoken, _passing: passing })
    }

    /// What was heard so far is of no interest.
    pub(crate) fn forget(&mut self) {
        while self.spoken.try_recv().is_ok() {}
    }

    /// When it was first spoken to since.
    pub(crate) async fn heard(&mut self) -> Outcome<Instant> {
        Ok(self.spoken.recv().await.ok_or("the door is closed")?)
    }
}

/// Passes on what is said on one connection.
async fn pass(
    mut client: TcpStream,
    server: SocketAddr,
    note: mpsc::Sender<Instant>,
) -> io::Result<()> {
    let mut server = TcpStream::connect(server).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut said, mut answered) = ([0; 4096], [0; 4096]);
    loop {
        tokio::select! {
            read = client.read(&mut said) => match read? {
                0 => return Ok(()),
                length => {
                    note.try_send(Instant::now()).ok();
                    server.write_all(&said[..length]).await?;
                }
            },
            read = server.read(&mut answered) => match read? {
                0 => return Ok(()),
                length => client.write_all(&answered[..length]).await?,
            },
        }
    }
}
