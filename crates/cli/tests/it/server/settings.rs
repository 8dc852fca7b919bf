//! What a newcomer gives a server at its start: settings from three places, and mistakes in each of them.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use super::instance::Instance;

/// The address that a server says it is reached at.
fn reached(arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let server = Instance::bare();
    let mut command = server.command(&["serve", "--listen", "127.0.0.1:0", "--runners", "0"]);
    command.args(arguments).envs(environment.iter().copied()).stdout(Stdio::piped());
    let mut process = command.spawn().expect("the server");
    let mut lines = BufReader::new(process.stdout.take().expect("its output")).lines();
    let first = lines.next().expect("a line").expect("a line");
    process.kill().expect("a living server");
    process.wait().expect("its end");
    first.split("reached at ").nth(1).unwrap_or(&first).to_owned()
}

#[test]
fn arguments_win_over_the_environment_and_that_over_the_file() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("settings.toml");
    std::fs::write(&file, "public_url = \"http://file.example/\"\n").expect("a file");
    let file = file.to_string_lossy();
    let (config, variable) = (["--config", &*file], ("TRUNKLINE_PUBLIC_URL", "http://variable.example"));
    let argument = [&config[..], &["--public-url", "http://argument.example"]].concat();
    assert_eq!(reached(&config, &[]), "http://file.example");
    assert_eq!(reached(&config, &[variable]), "http://variable.example");
    assert_eq!(reached(&argument, &[variable]), "http://argument.example");
    assert!(reached(&[], &[]).starts_with("http://localhost:"), "what it listens on");
}

/// People write it where they think of it.
#[test]
fn the_data_directory_of_an_administrators_command_stands_anywhere() {
    let server = Instance::bare();
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data").to_string_lossy().into_owned();
    let said = |words: &[&str]| {
        let mut process = server.command(words);
        let child = process.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = child.expect("the program");
        // It may not want to read.
        let _ = writeln!(child.stdin.take().expect("its input"), "correct horse battery");
        let output = child.wait_with_output().expect("its output");
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{words:?}: {errors}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    said(&["admin", "user", "add", "ann", "--data", &data]);
    for words in [["admin", "--data", &data, "user", "list"], ["admin", "user", "list", "--data", &data]] {
        assert!(said(&words).contains("ann"));
    }
}

#[test]
fn what_keeps_a_server_from_starting_is_told() {
    let server = Instance::bare();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = taken.local_addr().expect("an address").to_string();
    let directory = tempfile::tempdir().expect("a directory");
    let file = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.to_string_lossy().into_owned()
    };
    let (plain, key) = (file("plain", "x"), file("readable.key", "0123"));
    let unknown = file("unknown.toml", "listen = [\"127.0.0.1:0\"]\npublik_url = \"x\"\n");
    let words = file("words.toml", "lease = \"ninety\"\n");
    let login = file("login.toml", "[login]\nissuer = \"https://id.example\"\n");
    let cases: [(&[&str], i32, &[&str]); 13] = [
        (&["--listen", "3000"], 2, &["expected HOST:PORT to listen on, such as 127.0.0.1:3000, not `3000`"]),
        (&["--listen", "127.0.0.1:99999"], 2, &["not `127.0.0.1:99999`"]),
        (&["--listen", &taken], 5, &["cannot listen on", "Address already in use", "hint: choose another address"]),
        (
            &["--data", &plain],
            5,
            &["the data directory", "cannot be used", "hint: choose another directory with --data"],
        ),
        (&["--data", "/proc/none"], 5, &["the data directory /proc/none cannot be used"]),
        (&["--database", "mysql://x/y"], 5, &["postgres://USER@HOST/NAME is expected"]),
        (
            &["--database", "postgres://nobody:hush@127.0.0.1:1/none"],
            5,
            &["127.0.0.1:1: ", "Connection refused", "hint: look at --database"],
        ),
        (&["--certificate", &plain, "--key", &plain], 3, &["there is no certificate in this file"]),
        (&["--public-url", "ci.example.com"], 2, &["begins with http:// or https://"]),
        (&["--public-url", "https://example.com/ci"], 2, &["without a path", "hint: such as https://ci.example.com"]),
        (&["--master-key", &key], 5, &["can be read by others", "chmod 600"]),
        (&["--config", &unknown], 3, &["unknown.toml:2:1: unknown field `publik_url`, expected one of"]),
        (&["--config", &words], 3, &["words.toml:1:9: expected a time such as 30s"]),
    ];
    for (arguments, code, expected) in cases {
        let output = server.command(&["serve", "--runners", "0", "--listen", "127.0.0.1:0"]).args(arguments).output();
        let output = output.expect("the program");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        for part in expected {
            assert!(told.contains(part), "{arguments:?}: {told}");
        }
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {told}");
        assert!(!told.contains("hush"), "{told}");
    }
    let output = server.command(&["serve", "--config", &login]).output().expect("the program");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("login.toml:1:1: missing field `client_id`"), "{told}");
}
