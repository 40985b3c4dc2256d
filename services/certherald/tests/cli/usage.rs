//! Help, mistakes on the command line, mistakes in the settings.

use crate::typed::{Typed, program, typed, typed_with};

#[test]
fn every_command_explains_itself_with_examples() {
    for command in
        ["up", "check", "assess", "domains", "contacts", "events", "explain", "completions"]
    {
        let help = typed(&[command, "--help"]).exited(0);
        assert!(help.out.contains("Example"), "{command}: {}", help.out);
    }
    let all = typed(&["--help"]).exited(0).out;
    for command in ["up", "prober", "detector", "notifier", "console", "check", "assess"] {
        assert!(all.contains(&format!("\n  {command} ")), "{command}: {all}");
    }
    assert!(typed(&["completions", "bash"]).exited(0).out.contains("_certherald"));
}

#[test]
fn a_mistake_is_unknown_to_those_who_judge_and_usage_to_others() {
    for arguments in [&["check"][..], &["check", "--timeout", "0", "a.example"], &["assess", "x"]] {
        typed(arguments).exited(3);
    }
    for arguments in [&["fly"][..], &["domains"], &["domains", "add"], &["up", "--listen", "here"]]
    {
        typed(arguments).exited(64);
    }
}

#[test]
fn a_demonstration_that_keeps_nothing_is_told_no_place_to_keep_it() {
    let said = typed(&["up", "--demo", "--data", "somewhere"]).exited(64).err;
    assert!(said.contains("'--demo' cannot be used with '--data <DIR>'"), "{said}");
}

#[test]
fn a_service_without_a_broker_says_what_is_missing() {
    for service in ["prober", "detector", "notifier", "console"] {
        let refused = typed(&[service]).exited(64);
        assert!(refused.err.contains("CERTHERALD_NATS_URL is not set"), "{refused:?}");
    }
}

#[test]
fn all_mistakes_in_the_settings_are_told_together() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("settings.toml");
    std::fs::write(&file, "[detector]\ninterval = \"1s\"\n").unwrap();
    let mut command = program(&["up", "--settings"]);
    command.arg(&file).env("PROBER_DEADLINE", "90s").env("CONSOLE_LISTEN", "here");
    command.env("CERTHERALD_LOG", "a=b").env("DETECTOR_CA_BUNDLE", "/nowhere");
    command.env("CONSOLE_TLS_CERT", "/nowhere").env("NOTIFIER_HTTP_CA", "/nowhere");
    let refused = Typed::from(command.output().unwrap()).exited(64);
    for key in [
        "DETECTOR_INTERVAL=1s",
        "PROBER_DEADLINE=90s",
        "CONSOLE_LISTEN=here",
        "CERTHERALD_LOG=a=b",
        "DETECTOR_CA_BUNDLE=/nowhere",
        "CONSOLE_TLS_CERT=/nowhere",
        "NOTIFIER_HTTP_CA=/nowhere",
    ] {
        assert!(refused.err.contains(key), "{key}: {}", refused.err);
    }
}

#[test]
fn a_command_without_a_console_says_where_it_looked() {
    let data = tempfile::tempdir().unwrap();
    let data = data.path().to_str().unwrap();
    let refused = typed(&["domains", "list", "--data", data]).exited(1);
    assert!(refused.err.contains("admin-token"), "{refused:?}");
    std::fs::write(format!("{data}/admin-token"), "cht_x\n").unwrap();
    let url = "http://127.0.0.1:1";
    let refused = typed(&["domains", "list", "--data", data, "--url", url]).exited(1);
    assert!(
        refused.err.contains("the console at http://127.0.0.1:1 does not answer"),
        "{refused:?}"
    );
    typed_with(&["domains", "import", "-", "--data", data, "--url", url], "name\n").exited(1);
}
