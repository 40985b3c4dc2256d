//! A mail server that takes nothing from whoever does not sign in.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use lab::mail::Mail;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// The server, and what it has taken.
pub(super) struct Relay {
    /// Where it takes mail, in the clear.
    pub(super) address: SocketAddr,
    mails: Mails,
}

type Mails = Arc<Mutex<Vec<String>>>;

impl Relay {
    pub(super) async fn open() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (address, mails) = (listener.local_addr().unwrap(), Mails::default());
        let kept = Arc::clone(&mails);
        #[expect(clippy::disallowed_methods, reason = "a test has no shutdown to wait for")]
        tokio::spawn(async move {
            let mut sessions = tokio::task::JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                sessions.spawn(session(stream, Arc::clone(&kept)));
            }
        });
        Self { address, mails }
    }

    /// The texts of all mails that it has taken.
    pub(super) fn texts(&self) -> Vec<String> {
        let mails = self.mails.lock().unwrap();
        let read = |raw: &String| Mail::new(String::new(), vec![], raw.as_bytes()).text();
        mails.iter().map(read).collect()
    }
}

async fn session(stream: TcpStream, mails: Mails) -> std::io::Result<()> {
    let (input, mut output) = stream.into_split();
    let mut lines = BufReader::new(input).lines();
    let (mut is_known, mut mail) = (false, None::<String>);
    output.write_all(b"220 mail.test\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let word = line.split(' ').next().unwrap_or_default();
        if let Some(mail) = mail.as_mut().filter(|_| line != ".") {
            mail.push_str(&line);
            mail.push_str("\r\n");
            continue;
        }
        let reply = match word {
            "." => "250 kept",
            "EHLO" => "250-mail.test\r\n250 AUTH PLAIN",
            "AUTH" => "235 welcome",
            "DATA" if is_known => "354 go on",
            "QUIT" => "221 bye",
            _ if is_known => "250 ok",
            _ => "530 5.7.0 sign in",
        };
        is_known |= word == "AUTH";
        mails.lock().unwrap().extend(mail.take());
        mail = (word == "DATA" && is_known).then(String::new);
        output.write_all(format!("{reply}\r\n").as_bytes()).await?;
    }
    Ok(())
}
