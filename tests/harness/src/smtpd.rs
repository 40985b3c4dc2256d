//! A real mail server that is not ours: `OpenSMTPD`, delivering everything into one maildir.
//!
//! It insists on its system-wide spool, so it runs with a private view of the file system where
//! that may be made, and as the only one of its kind elsewhere: others of the same process wait for
//! it. Both need root.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command as Blocking, Stdio};
use std::sync::{Arc, LazyLock};

use lab::mail::Mail;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::binary;
use crate::eventually::eventually;
use crate::process::Process;

/// Gives the server a spool and a socket directory of its own; ends all of its processes with it.
const PRIVATE: [&str; 4] = ["--mount", "--pid", "--fork", "--kill-child=KILL"];

/// The only place there is for servers without a private view.
static PUBLIC: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(1)));

/// A running server and its maildir.
#[derive(Debug)]
pub struct Smtpd {
    address: SocketAddr,
    _process: Process,
    directory: TempDir,
    _place: Option<OwnedSemaphorePermit>,
}

impl Smtpd {
    /// Starts a server on a free port of 127.0.0.1, and waits until it answers.
    pub async fn start() -> Self {
        let place = if may_be_private() {
            None
        } else {
            Some(Arc::clone(&PUBLIC).acquire_owned().await.unwrap())
        };
        let directory = tempfile::tempdir().unwrap();
        let address = free_address().await;
        let mut process = launch(directory.path(), address);
        eventually("smtpd answers", async || {
            assert!(process.is_running(), "smtpd ended:\n{}", process.log());
            TcpStream::connect(address).await.map(drop)
        })
        .await;
        Self { address, _process: process, directory, _place: place }
    }

    /// Where it takes mail, in the clear.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The mails delivered so far, in the order of their arrival.
    pub fn mails(&self) -> Vec<Mail> {
        let mut files: Vec<PathBuf> = fs::read_dir(maildir(self.directory.path()).join("new"))
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort_by_key(|file| file.metadata().unwrap().modified().unwrap());
        files.iter().map(|file| delivered(&fs::read(file).unwrap())).collect()
    }
}

/// The server writes the envelope into the headers it adds.
fn delivered(raw: &[u8]) -> Mail {
    let bare = Mail::new(String::new(), Vec::new(), raw);
    let unbracketed = |text: String| text.trim_matches(['<', '>']).to_owned();
    let sender = bare.header("Return-Path").map(unbracketed).unwrap_or_default();
    let recipients = bare.header("Delivered-To").map(unbracketed).into_iter().collect();
    Mail { sender, recipients, ..bare }
}

fn maildir(directory: &Path) -> PathBuf {
    directory.join("mail")
}

fn launch(directory: &Path, address: SocketAddr) -> Process {
    let smtpd = binary::tool("smtpd", "SMTPD", "`apt-get install opensmtpd` has it");
    let config = directory.join("smtpd.conf");
    let mail = maildir(directory);
    let (ip, port, place) = (address.ip(), address.port(), mail.display());
    // Who delivers is `nobody`, and must be able to reach the maildir.
    let text = format!(
        "listen on {ip} port {port} hostname mail.test\n\
         table everyone {{ \"@\" = \"nobody\" }}\n\
         action \"keep\" maildir \"{place}\" virtual <everyone>\n\
         match from any for any action \"keep\"\n"
    );
    fs::write(&config, text).unwrap();
    fs::create_dir(&mail).unwrap();
    for path in [directory, mail.as_path()] {
        run(Blocking::new("chmod").arg("755").arg(path));
    }
    run(Blocking::new("chown").arg("nobody").arg(&mail));
    Process::start("smtpd", command(&smtpd, &config), directory)
}

fn command(smtpd: &Path, config: &Path) -> Command {
    let mut command = if may_be_private() {
        let mut command = Command::new("unshare");
        let script = "mount -t tmpfs none /var/spool && mount -t tmpfs none /run && exec \"$@\"";
        command.args(PRIVATE).args(["sh", "-c", script, "sh"]).arg(smtpd);
        command
    } else {
        Command::new(smtpd)
    };
    command.arg("-d").arg("-f").arg(config);
    command
}

fn may_be_private() -> bool {
    let mut trial = Blocking::new("unshare");
    trial.args(PRIVATE).arg("true").stderr(Stdio::null());
    trial.status().is_ok_and(|status| status.success())
}

async fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

fn run(command: &mut Blocking) {
    let status = command.status().unwrap();
    assert!(status.success(), "{command:?} ended with {status}: a real mail server needs root");
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufStream};

    use super::*;

    #[tokio::test]
    async fn a_mail_is_delivered_with_its_envelope() {
        let smtpd = Smtpd::start().await;
        let mut stream = BufStream::new(TcpStream::connect(smtpd.address()).await.unwrap());
        for line in [
            "",
            "HELO a.test",
            "MAIL FROM:<herald@a.test>",
            "RCPT TO:<ops@example.com>",
            "DATA",
            "Subject: hello\r\nMessage-ID: <1@a.test>\r\n\r\nbody\r\n.",
        ] {
            if !line.is_empty() {
                stream.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
                stream.flush().await.unwrap();
            }
            let mut reply = String::new();
            stream.read_line(&mut reply).await.unwrap();
            assert!(reply.starts_with(['2', '3']), "{line}: {reply}");
        }
        let mail =
            eventually("the mail is in the maildir", async || smtpd.mails().pop().ok_or("no mail"))
                .await;
        assert_eq!((mail.subject(), mail.message_id()), ("hello", "1@a.test"));
        assert_eq!(mail.sender, "herald@a.test");
        assert_eq!(mail.recipients, ["ops@example.com"]);
    }
}
