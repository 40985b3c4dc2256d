//! A disk that is full, and then is not.

use harness::process::Process;
use tokio::process::Command;

use crate::appender::{lines, not_shown, program};

/// A small disk of our own, with a file on it that can be deleted; then the program under test.
const SCRIPT: &str = r#"
mount -t tmpfs -o size=8m certherald "$1" || { echo "no disk"; exit 0; }
head -c 3145728 /dev/zero > "$1/ballast"
exec "$2" full "$1/store" "$1/ballast"
"#;

#[tokio::test]
async fn a_full_disk_refuses_what_it_cannot_keep_and_goes_on_when_there_is_room() {
    let what = "what a full disk does";
    let directory = tempfile::tempdir().unwrap();
    let disk = directory.path().join("disk");
    std::fs::create_dir(&disk).unwrap();
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "--map-root-user", "sh", "-c", SCRIPT, "sh"])
        .arg(&disk)
        .arg(program());
    if Command::new("unshare").arg("--version").output().await.is_err() {
        return not_shown(what, "there is no `unshare`");
    }
    let mut process = Process::start("full", command, directory.path());
    let ended = process.ended().await;
    let log = process.log();
    if log.contains("no disk") || log.contains("unshare failed") {
        return not_shown(what, &log);
    }
    assert!(ended.success(), "{log}");
    let refused = lines(&log, "refused after");
    assert!(
        refused.len() == 1
            && refused[0].contains("(transient: true)")
            && refused[0].contains("os error 28"),
        "{log}"
    );
    assert!(!log.contains("stored without room"), "{log}");
    assert_eq!(lines(&log, "recovered after").len(), 1, "{log}");
    assert_eq!(lines(&log, "all there:"), ["true"], "what was refused is not there either: {log}");
}
