//! A real mail server that is not ours: Exim, delivering everything into one maildir, but for what
//! is addressed to [`UNKNOWN`].

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use lab::authority::identity::{Identity, pem_chain};
use lab::mail::Mail;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;

use crate::binary;
use crate::eventually::eventually;
use crate::process::Process;

/// Whom it does not know, at any domain.
pub const UNKNOWN: &str = "unknown";

/// The file that makes it busy.
const BUSY: &str = "busy";

/// A running server and its maildir.
#[derive(Debug)]
pub struct Exim {
    address: SocketAddr,
    _process: Process,
    directory: TempDir,
}

/// How a server is entered.
#[derive(Debug, Clone, Default)]
pub struct Door {
    /// How the connection is protected.
    pub lock: Lock,
    /// Who must sign in, with which password. None: nobody.
    pub sign_in: Option<(&'static str, &'static str)>,
}

/// How a connection is protected.
#[derive(Debug, Clone, Default)]
pub enum Lock {
    /// Not at all.
    #[default]
    None,
    /// By STARTTLS, which it insists on.
    StartTls(Identity),
    /// By TLS from the first byte.
    Implicit(Identity),
}

impl Exim {
    /// Starts a server on a free port of 127.0.0.1, and waits until it answers.
    pub async fn start() -> Self {
        Self::start_behind(&Door::default()).await
    }

    /// The same, behind a door.
    pub async fn start_behind(door: &Door) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let address = free_address().await;
        let mut process = launch(directory.path(), address, door);
        eventually("exim answers", async || {
            assert!(process.is_running(), "exim ended:\n{}", process.log());
            TcpStream::connect(address).await.map(drop)
        })
        .await;
        Self { address, _process: process, directory }
    }

    /// Where it takes mail.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Has it take no mail for now, or again.
    pub fn set_busy(&self, is_busy: bool) {
        let file = self.directory.path().join(BUSY);
        if is_busy { fs::write(file, "").unwrap() } else { fs::remove_file(file).unwrap() }
    }

    /// The mails delivered so far, in the order of their arrival.
    pub fn mails(&self) -> Vec<Mail> {
        let mut files: Vec<PathBuf> = fs::read_dir(self.directory.path().join("mail/new"))
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
    let recipients = bare.header("Envelope-To").map(unbracketed).into_iter().collect();
    Mail { sender, recipients, ..bare }
}

/// What the configuration says of a door: of TLS, of who may send, and of signing in.
fn written(door: &Door, directory: &Path, port: u16) -> [String; 3] {
    let mut tls = String::new();
    let mut may_send = String::new();
    if let Lock::StartTls(identity) | Lock::Implicit(identity) = &door.lock {
        let (certificate, key) = (directory.join("certificate.pem"), directory.join("key.pem"));
        fs::write(&certificate, pem_chain(&identity.chain)).unwrap();
        fs::write(&key, identity.key_pem()).unwrap();
        tls = format!(
            "tls_advertise_hosts = *\ntls_certificate = {}\ntls_privatekey = {}\n",
            certificate.display(),
            key.display()
        );
        may_send += "  deny message = 530 5.7.0 STARTTLS first\n       !encrypted = *\n";
    } else {
        "tls_advertise_hosts =\n".clone_into(&mut tls);
    }
    if let Lock::Implicit(_) = &door.lock {
        tls = format!("{tls}tls_on_connect_ports = {port}\n");
    }
    let mut guests = String::new();
    if let Some((user, password)) = door.sign_in {
        may_send +=
            "  deny message = 530 5.7.0 Authentication required\n       !authenticated = *\n";
        guests = format!(
            "plain:\n  driver = plaintext\n  public_name = PLAIN\n  server_prompts = :\n  \
             server_condition = \
             ${{if and{{{{eq{{$auth2}}{{{user}}}}}{{eq{{$auth3}}{{{password}}}}}}}}}\n  \
             server_set_id = $auth2\n"
        );
    }
    [tls, may_send, guests]
}

/// It runs as root where the test does, and gives that up to `nobody`, who must be able to reach
/// the directory.
fn launch(directory: &Path, address: SocketAddr, door: &Door) -> Process {
    let exim = binary::tool("exim4", "EXIM", "`apt-get install exim4-daemon-light` has it");
    let (ip, port, place) = (address.ip(), address.port(), directory.display());
    let [tls, may_send, guests] = written(door, directory, port);
    let text = format!(
        "primary_hostname = mail.test\n\
         spool_directory = {place}/spool\n\
         log_file_path = {place}/log/%slog\n\
         exim_user = nobody\nexim_group = nogroup\nnever_users =\n\
         host_lookup =\nrfc1413_query_timeout = 0s\n\
         local_interfaces = {ip}\n{tls}\
         acl_smtp_mail = may_send\nacl_smtp_rcpt = may_receive\n\
         begin acl\nmay_send:\n{may_send}  accept\nmay_receive:\n  \
         deny local_parts = {UNKNOWN}\n       message = 550 5.1.1 no such user\n  \
         defer condition = ${{if exists{{{place}/{BUSY}}}}}\n        message = 450 4.2.0 busy\n  \
         accept\n\
         begin routers\nall:\n  driver = accept\n  transport = keep\n\
         begin transports\nkeep:\n  driver = appendfile\n  maildir_format\n  \
         directory = {place}/mail\n  user = nobody\n  group = nogroup\n  \
         return_path_add\n  envelope_to_add\n\
         begin authenticators\n{guests}"
    );
    let config = directory.join("exim.conf");
    fs::write(&config, text).unwrap();
    for name in ["spool", "log", "mail"] {
        fs::create_dir(directory.join(name)).unwrap();
        own(&directory.join(name));
    }
    for file in fs::read_dir(directory).unwrap() {
        own(&file.unwrap().path());
    }
    fs::set_permissions(directory, fs::Permissions::from_mode(0o755)).unwrap();
    // Whoever may not be root is trusted with a configuration only if root owns it.
    own_by_root(&config);
    let mut command = Command::new(exim);
    command.arg("-bdf").arg("-oX").arg(port.to_string()).arg("-q1m").arg("-C").arg(&config);
    Process::start("exim", command, directory)
}

/// Gives a file or a directory to `nobody`.
fn own(path: &Path) {
    std::os::unix::fs::chown(path, Some(65_534), Some(65_534)).unwrap();
}

fn own_by_root(path: &Path) {
    std::os::unix::fs::chown(path, Some(0), Some(0)).unwrap();
}

async fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufStream};

    use super::*;

    #[tokio::test]
    async fn a_mail_is_delivered_with_its_envelope() {
        let exim = Exim::start().await;
        let mut stream = BufStream::new(TcpStream::connect(exim.address()).await.unwrap());
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
            eventually("the mail is in the maildir", async || exim.mails().pop().ok_or("no mail"))
                .await;
        assert_eq!((mail.subject(), mail.message_id()), ("hello", "1@a.test"));
        assert_eq!(mail.sender, "herald@a.test");
        assert_eq!(mail.recipients, ["ops@example.com"]);
    }
}
