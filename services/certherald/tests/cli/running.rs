//! `up`, and the commands that speak to it.

use std::{
    fs::File,
    io::{Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::typed::{Typed, program, typed, typed_with};

/// How long anything may take here, on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// Everything in one process, with a data directory.
struct Running {
    child: Child,
    log: PathBuf,
}

impl Running {
    /// Starts it, and waits until it greets.
    fn start(data: &Path) -> Self {
        let mut command = program(&["up", "--listen", "127.0.0.1:0", "--data"]);
        command.arg(data).env("CERTHERALD_ADMIN", "127.0.0.1:0");
        Self::with(command, data.join("log"))
    }

    fn with(mut command: Command, log: PathBuf) -> Self {
        let out = File::create(&log).unwrap();
        let command = command.stdout(out.try_clone().unwrap()).stderr(out).stdin(Stdio::null());
        let running = Self { child: command.spawn().unwrap(), log };
        running.until("is up.");
        running
    }

    fn until(&self, what: &str) {
        let begun = Instant::now();
        while !self.said().contains(what) {
            assert!(begun.elapsed() < PATIENCE, "it never said `{what}`: {}", self.said());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Asks it to stop, and answers how it ended.
    fn stop(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        assert!(asked.success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn at(data: &Path, arguments: &[&str]) -> Typed {
    let mut all = arguments.to_vec();
    all.extend(["--data", data.to_str().unwrap()]);
    typed(&all)
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|domain| domain["name"].as_str().unwrap()).collect()
}

#[test]
fn a_way_in_is_made_on_the_machine_itself() {
    let data = tempfile::tempdir().unwrap();
    let data = data.path();
    let nowhere = at(data, &["admin", "reset"]).exited(1);
    assert!(nowhere.err.contains("there is no key file"), "{nowhere:?}");
    let running = Running::start(data);
    assert!(running.said().contains("/welcome?token="), "{}", running.said());
    let noted = std::fs::read_to_string(data.join("console-address")).unwrap();
    assert!(running.said().contains(&format!("console  {}", noted.trim())), "{noted}");
    let link = at(data, &["admin", "reset"]).exited(0).out;
    let link = link.lines().last().unwrap().strip_prefix("http://").unwrap().to_owned();
    let (host, path) = link.split_once('/').unwrap();
    let mut connection = TcpStream::connect(host).unwrap();
    let request = format!("GET /{path} HTTP/1.0\r\nHost: {host}\r\n\r\n");
    connection.write_all(request.as_bytes()).unwrap();
    let mut page = String::new();
    connection.read_to_string(&mut page).unwrap();
    assert!(page.starts_with("HTTP/1.0 200") && page.contains("name=\"password\""), "{page}");
    assert_eq!(running.stop(), Some(0));
    assert!(at(data, &["admin", "reset"]).exited(0).out.contains("/welcome?token="));
}

#[test]
fn commands_and_links_lead_to_where_people_reach_the_console() {
    let data = tempfile::tempdir().unwrap();
    let mut command = program(&["up", "--listen", "127.0.0.1:0", "--data"]);
    command.arg(data.path()).env("CERTHERALD_ADMIN", "127.0.0.1:0");
    command.env("CONSOLE_URL", "https://tls.example");
    let running = Running::with(command, data.path().join("log"));
    running.until("is up.");
    assert!(running.said().contains("console  https://tls.example/"), "{}", running.said());
    let link = at(data.path(), &["admin", "reset"]).exited(0).out;
    assert!(link.contains("https://tls.example/welcome?token="), "{link}");
    assert_eq!(running.stop(), Some(0));
}

#[test]
fn domains_and_contacts_survive_a_restart() {
    let data = tempfile::tempdir().unwrap();
    let data = data.path();
    let running = Running::start(data);
    let token = std::fs::read_to_string(data.join("admin-token")).unwrap();
    assert!(running.said().contains("The admin token is kept in"), "{}", running.said());
    assert!(!running.said().contains(token.trim()), "a token is no line of a log");
    // Names that nobody serves: RFC 6761 keeps `.invalid` for that.
    let added =
        at(data, &["domains", "add", "--tag", "shop", "a.invalid", "*.b.invalid"]).exited(1);
    assert!(added.out.contains("added  a.invalid:443"), "{added:?}");
    assert!(added.out.contains("wildcard"), "{added:?}");
    let piped = ["domains", "add", "-", "--data", data.to_str().unwrap()];
    typed_with(&piped, "c.invalid, d.invalid:8443\n").exited(0);
    let refused = at(data, &["domains", "add", "a b"]).exited(1);
    assert!(refused.err.contains("is no host name"), "{refused:?}");
    let ada = ["contacts", "add", "--name", "Ada", "--email", "ada@example.com", "--verified"];
    let contact = at(data, &ada).exited(0);
    assert!(contact.out.contains("now tells `Ada` of every domain"), "{contact:?}");
    let key = "693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa";
    let robot = data.join("robot");
    std::fs::write(&robot, format!("{key}\n")).unwrap();
    let robot = format!("wecom={}", robot.display());
    let team = at(data, &["contacts", "add", "--name", "Team", "--robot", &robot]).exited(0);
    assert!(!team.out.contains(key), "{team:?}");
    let bad = at(data, &["contacts", "add", "--name", "Ada", "--email", "ada"]).exited(1);
    assert!(bad.err.contains("email: `ada`: want a mailbox"), "{bad:?}");
    at(data, &["domains", "remove", "c.invalid"]).exited(0);
    assert_eq!(running.stop(), Some(0));

    let running = Running::start(data);
    assert!(!running.said().contains("admin token is kept"), "a token is made once");
    // Nobody has made an account yet, so that the link is printed again.
    running.until("/, the first time by the one-time link above");
    assert!(running.said().contains("/welcome?token="), "{}", running.said());
    let list = at(data, &["domains", "list", "--json"]).exited(0).json();
    assert_eq!(names(&list), ["a.invalid:443", "d.invalid:8443"]);
    assert_eq!(list[0]["tags"], json!(["shop"]));
    let shown = at(data, &["domains", "show", "a.invalid"]).exited(0).out;
    assert!(shown.contains("a.invalid:443") && shown.contains("tags        shop"), "{shown}");
    let explained = at(data, &["explain", "a.invalid"]).exited(0).out;
    assert!(explained.contains("+ The switch of the default setting is on."), "{explained}");
    let explained = at(data, &["explain", "a.invalid", "--json"]).exited(0).json();
    assert_eq!(explained["domain"], "a.invalid:443");
    at(data, &["explain", "nobody.invalid"]).exited(1);
    let exported = at(data, &["domains", "export"]).exited(0).out;
    let file = data.join("out.csv");
    std::fs::write(&file, &exported).unwrap();
    let again = at(data, &["domains", "import", file.to_str().unwrap()]).exited(0);
    assert!(again.out.contains("already there  a.invalid:443"), "{again:?}");
    let template = at(data, &["domains", "import", "--template"]).exited(0).out;
    assert!(template.starts_with("name,protocol,"), "{template}");
    let contacts = at(data, &["contacts", "list"]).exited(0).out;
    assert!(contacts.contains("Ada  ada@example.com  (email, internal, told by default)"));
    assert!(contacts.contains("Team    (internal, wecom)"), "{contacts}");
    assert_eq!(running.stop(), Some(0));
}

#[test]
fn a_test_message_says_what_the_channel_said() {
    let data = tempfile::tempdir().unwrap();
    let running = Running::start(data.path());
    let test = ["contacts", "test", "Operator", "--method", "internal"];
    let told = at(data.path(), &test).exited(0);
    assert!(told.out.starts_with("delivered"), "{told:?}");
    let mail = at(data.path(), &["contacts", "test", "Operator"]).exited(1);
    assert!(mail.err.contains("method: `email`"), "{mail:?}");
    assert_eq!(running.stop(), Some(0));
}

#[test]
fn a_port_that_is_taken_is_named() {
    let data = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut command = program(&["up", "--listen", &address, "--data"]);
    command.arg(data.path()).env("CERTHERALD_ADMIN", "127.0.0.1:0");
    let refused = Typed::from(command.output().unwrap()).exited(1);
    assert!(refused.err.contains(&format!("cannot listen on {address}")), "{refused:?}");
    assert!(refused.err.contains("CONSOLE_LISTEN, or `--listen` of `up`"), "{refused:?}");
    let mut command = program(&["up", "--listen", "127.0.0.1:0", "--data"]);
    command.arg(data.path()).env("CERTHERALD_ADMIN", &address);
    let refused = Typed::from(command.output().unwrap()).exited(1);
    assert!(refused.err.contains("CERTHERALD_ADMIN names another"), "{refused:?}");
}

#[test]
fn a_demonstration_touches_nothing_that_is_really_there() {
    let directory = tempfile::tempdir().unwrap();
    let there = |name: &str| directory.path().join(name);
    std::fs::write(there("token"), "real\n").unwrap();
    let settings = "[console]\nurl = \"https://tls.example\"\n[prober]\ndeadline = \"90s\"\n";
    std::fs::write(there("settings.toml"), settings).unwrap();
    let mut command = program(&["up", "--demo", "--listen", "127.0.0.1:0"]);
    command.env("TMPDIR", directory.path()).env("CERTHERALD_SETTINGS", there("settings.toml"));
    for (key, value) in [
        ("CERTHERALD_NATS_URL", "nats://127.0.0.1:1".into()),
        ("CERTHERALD_ADMIN", "nowhere".into()),
        ("CERTHERALD_DATA", there("data")),
        ("CERTHERALD_KEY_FILE", there("key")),
        ("CONSOLE_TOKEN_FILE", there("token")),
        ("CONSOLE_TLS_CERT", there("certificate")),
        ("NOTIFIER_CONSOLE_URL", "https://tls.example".into()),
    ] {
        command.env(key, value);
    }
    let running = Running::with(command, there("log"));
    running.until("is up.");
    running.until("The demonstration begins");
    assert!(!running.said().contains("tls.example"), "{}", running.said());
    assert_eq!(running.stop(), Some(0));
    assert_eq!(std::fs::read_to_string(there("token")).unwrap(), "real\n");
    let names = std::fs::read_dir(directory.path()).unwrap();
    let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["log", "settings.toml", "token"]);
}
