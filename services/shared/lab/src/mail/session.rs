//! One conversation with a client.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::io::{AsyncWriteExt, BufStream};
use tokio::net::TcpStream;

use super::{Door, Mail, Manner, Reply, Shared, Step};

/// A command line, with its end (RFC 5321, section 4.5.3.1.4, and room for extensions).
const LINE_BYTES_MAX: u64 = 4 * 1024;

/// A mail. Ours are a few kilobytes; the limit keeps a runaway client out of memory.
const MAIL_BYTES_MAX: usize = 1024 * 1024;

/// Recipients of one mail, the least that a server must take (RFC 5321, section 4.5.3.1.8).
const RECIPIENTS_MAX: usize = 100;

/// Holds the conversation on a new connection.
pub(super) async fn hold(stream: TcpStream, door: Door, shared: Arc<Shared>) -> io::Result<()> {
    // A greeting and its answer are a packet each; waiting to join them costs 40 ms a mail.
    stream.set_nodelay(true)?;
    match door {
        Door::Plain => Session::new(stream, &shared, Offer::Nothing).greet().await.map(drop),
        Door::Tls(acceptor) => {
            let stream = acceptor.accept(stream).await?;
            Session::new(stream, &shared, Offer::Nothing).greet().await.map(drop)
        }
        Door::StartTls(acceptor) => {
            let session = Session::new(stream, &shared, Offer::StartTls);
            let Some(stream) = session.greet().await? else { return Ok(()) };
            let stream = acceptor.accept(stream).await?;
            Session::new(stream, &shared, Offer::Nothing).converse().await.map(drop)
        }
    }
}

/// What the server offers beside plain SMTP.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Offer {
    Nothing,
    StartTls,
}

/// What follows a command.
enum Next {
    Command,
    HangUp,
    Encrypt,
}

struct Session<'a, Stream> {
    stream: BufStream<Stream>,
    shared: &'a Shared,
    offer: Offer,
    sender: Option<String>,
    recipients: Vec<String>,
}

impl<'a, Stream: AsyncRead + AsyncWrite + Unpin> Session<'a, Stream> {
    fn new(stream: Stream, shared: &'a Shared, offer: Offer) -> Self {
        let stream = BufStream::new(stream);
        Self { stream, shared, offer, sender: None, recipients: Vec::new() }
    }

    /// Greets, then converses.
    async fn greet(mut self) -> io::Result<Option<Stream>> {
        if let Some(refusal) = self.refusal(Step::Greeting) {
            self.say(&refusal).await?;
            return Ok(None);
        }
        self.say(&Reply::new(220, "lab.test ESMTP keeps everything")).await?;
        self.converse().await
    }

    /// Answers commands until one side hangs up, or the client asks for TLS: then the stream is
    /// handed back.
    async fn converse(mut self) -> io::Result<Option<Stream>> {
        while let Some(line) = read_line(&mut self.stream).await? {
            match self.obey(&String::from_utf8_lossy(&line)).await? {
                Next::Command => {}
                Next::HangUp => return Ok(None),
                Next::Encrypt => return Ok(Some(self.stream.into_inner())),
            }
        }
        Ok(None)
    }

    async fn obey(&mut self, line: &str) -> io::Result<Next> {
        let line = line.trim_end();
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let reply = match verb.to_ascii_uppercase().as_str() {
            "EHLO" => return self.introduce().await,
            "HELO" => Reply::new(250, "lab.test"),
            "STARTTLS" if self.offer == Offer::StartTls => {
                self.say(&Reply::new(220, "Go ahead")).await?;
                return Ok(Next::Encrypt);
            }
            "MAIL" if self.offer == Offer::StartTls => Reply::new(530, "Issue STARTTLS first"),
            "MAIL" => self.mail(rest),
            "RCPT" => self.recipient(rest),
            "DATA" => return self.data().await,
            "RSET" => {
                self.forget();
                Reply::new(250, "Forgotten")
            }
            "NOOP" => Reply::new(250, "Nothing done"),
            "QUIT" => {
                self.say(&Reply::new(221, "Goodbye")).await?;
                return Ok(Next::HangUp);
            }
            _ => Reply::new(502, "No such command here"),
        };
        self.say(&reply).await?;
        Ok(Next::Command)
    }

    async fn introduce(&mut self) -> io::Result<Next> {
        let starttls = if self.offer == Offer::StartTls { "250-STARTTLS\r\n" } else { "" };
        let lines = format!(
            "250-lab.test\r\n{starttls}250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n\
             250 SIZE {MAIL_BYTES_MAX}\r\n"
        );
        self.stream.write_all(lines.as_bytes()).await?;
        self.stream.flush().await?;
        Ok(Next::Command)
    }

    fn mail(&mut self, rest: &str) -> Reply {
        if let Some(refusal) = self.refusal(Step::Sender) {
            return refusal;
        }
        match mailbox(rest, "FROM:") {
            Some(sender) => {
                self.forget();
                self.sender = Some(sender);
                Reply::new(250, "Sender noted")
            }
            None => Reply::new(501, "Want MAIL FROM:<mailbox>"),
        }
    }

    fn recipient(&mut self, rest: &str) -> Reply {
        if self.sender.is_none() {
            return Reply::new(503, "Want MAIL first");
        }
        if let Some(refusal) = self.refusal(Step::Recipient) {
            return refusal;
        }
        match (mailbox(rest, "TO:"), self.shared.manner()) {
            (None, _) => Reply::new(501, "Want RCPT TO:<mailbox>"),
            (Some(name), Manner::RefuseMailbox(refused, reply))
                if name.eq_ignore_ascii_case(&refused) =>
            {
                reply
            }
            (Some(_), _) if self.recipients.len() == RECIPIENTS_MAX => {
                Reply::new(452, "Too many recipients")
            }
            (Some(name), _) => {
                self.recipients.push(name);
                Reply::new(250, "Recipient noted")
            }
        }
    }

    async fn data(&mut self) -> io::Result<Next> {
        let (Some(sender), false) = (self.sender.clone(), self.recipients.is_empty()) else {
            self.say(&Reply::new(503, "Want MAIL and RCPT first")).await?;
            return Ok(Next::Command);
        };
        self.say(&Reply::new(354, "End with a dot on a line of its own")).await?;
        let Some(raw) = read_mail(&mut self.stream).await? else {
            self.say(&Reply::new(552, "Too large")).await?;
            return Ok(Next::HangUp);
        };
        let mail = Mail::new(sender, std::mem::take(&mut self.recipients), &raw);
        self.forget();
        match (self.refusal(Step::Mail), self.shared.manner()) {
            (Some(refusal), _) => self.say(&refusal).await?,
            (None, Manner::DropAndHangUp) => return Ok(Next::HangUp),
            (None, Manner::KeepAndHangUp) => {
                self.shared.keep(mail);
                return Ok(Next::HangUp);
            }
            (None, Manner::Accept | Manner::Refuse(..) | Manner::RefuseMailbox(..)) => {
                self.shared.keep(mail);
                self.say(&Reply::new(250, "Kept")).await?;
            }
        }
        Ok(Next::Command)
    }

    fn refusal(&self, at: Step) -> Option<Reply> {
        match self.shared.manner() {
            Manner::Refuse(step, reply) if step == at => Some(reply),
            Manner::Accept
            | Manner::Refuse(..)
            | Manner::RefuseMailbox(..)
            | Manner::KeepAndHangUp
            | Manner::DropAndHangUp => None,
        }
    }

    fn forget(&mut self) {
        self.sender = None;
        self.recipients.clear();
    }

    async fn say(&mut self, Reply { code, text }: &Reply) -> io::Result<()> {
        self.stream.write_all(format!("{code} {text}\r\n").as_bytes()).await?;
        self.stream.flush().await
    }
}

/// The mailbox in `FROM:<mailbox> …` or `TO:<mailbox> …`.
fn mailbox(text: &str, keyword: &str) -> Option<String> {
    let (head, rest) = text.split_at_checked(keyword.len())?;
    let rest = head.eq_ignore_ascii_case(keyword).then_some(rest)?;
    let (mailbox, _) = rest.trim_start().strip_prefix('<')?.split_once('>')?;
    Some(mailbox.to_owned())
}

/// One line with its end, or `None` when the client has hung up.
async fn read_line(stream: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    stream.take(LINE_BYTES_MAX).read_until(b'\n', &mut line).await?;
    match line.last() {
        None => Ok(None),
        Some(b'\n') => Ok(Some(line)),
        Some(_) => Err(io::Error::new(io::ErrorKind::InvalidData, "a line is too long or cut")),
    }
}

/// A mail up to its final dot, with leading dots unstuffed (RFC 5321, section 4.5.2), or `None`
/// if it is too large.
async fn read_mail(stream: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
    let mut mail = Vec::new();
    loop {
        let Some(line) = read_line(stream).await? else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        if line == b".\r\n" {
            return Ok(Some(mail));
        }
        mail.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        if mail.len() > MAIL_BYTES_MAX {
            return Ok(None);
        }
    }
}
