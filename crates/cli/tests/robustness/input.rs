//! Hostile workflows, output without end, and places where nothing can be written.

use testkit::TestRepository;

use crate::live::{binary, finished, observed, repository};

fn steps(script: &str) -> String {
    let script = script.replace('\n', "\n          ");
    format!("on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: |\n          {script}\n")
}

/// The most memory that the program took, in KiB.
fn peak_of(repository: &TestRepository, arguments: &[&str]) -> (Option<i32>, u64) {
    let program = binary().command(repository, &arguments.iter().map(|&one| one.to_owned()).collect::<Vec<_>>());
    let mut command = std::process::Command::new("bash");
    // The kernel's own mark, read until the process is gone.
    let script = "\"$@\" >/dev/null 2>&1 & p=$!; peak=0; while read -r _ kb _ < <(grep VmHWM /proc/$p/status 2>/dev/null) && [ -n \"$kb\" ]; do peak=$kb; done; wait $p; echo $? $peak";
    command.args(["-c", script, "bash"]).arg(program.get_program()).args(program.get_args());
    command.current_dir(repository.path());
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let output = command.output().expect("bash");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut words = text.split_whitespace();
    (words.next().and_then(|code| code.parse().ok()), words.next().and_then(|peak| peak.parse().ok()).unwrap_or(0))
}

#[test]
fn output_without_end_takes_no_memory() {
    for (script, code) in [
        ("head -c 60000000 /dev/zero | tr '\\0' x", 0),
        ("head -c 20000000 /dev/urandom", 0),
        ("(printf x=; head -c 60000000 /dev/zero | tr '\\0' y) >> $GITHUB_OUTPUT", 1),
        ("head -c 10000000 /dev/urandom >> $GITHUB_ENV", 1),
    ] {
        let repository = repository(&steps(script));
        let (ended, peak) = peak_of(&repository, &["run", "--quiet"]);
        assert_eq!(ended, Some(code), "{script}");
        assert!(peak < 120_000, "{script}: {peak} KiB");
    }
}

#[test]
fn hostile_workflows_are_refused_at_once() {
    let nested = format!("on: push\njobs: {}", "[".repeat(100_000));
    let expression = format!(
        "on: push\njobs:\n  a:\n    if: {}1{}\n    runs-on: x\n    steps: [{{run: x}}]\n",
        "(".repeat(30_000),
        ")".repeat(30_000)
    );
    let mut aliases = "a: &a [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for (name, before) in ('b'..='j').zip('a'..) {
        aliases.push_str(&format!("{name}: &{name} [{}]\n", vec![format!("*{before}"); 9].join(",")));
    }
    let mut matrix =
        "on: push\njobs:\n  a:\n    runs-on: x\n    steps: [{run: x}]\n    strategy:\n      matrix:\n".to_owned();
    for key in 'a'..='f' {
        matrix.push_str(&format!("        {key}: [0,1,2,3,4,5,6,7,8,9]\n"));
    }
    for workflow in [nested, expression, aliases, matrix] {
        let repository = repository(&workflow);
        let finished = finished(&repository, &["run"]);
        assert_eq!(finished.code, Some(3), "{}", finished.stderr);
        assert!(finished.stderr.contains("--> .github/workflows/ci.yml:"), "{}", finished.stderr);
        assert!(finished.stderr.len() < 100_000, "{}", finished.stderr.len());
    }
}

#[test]
fn every_problem_is_told_at_once_and_nothing_runs() {
    let files = [
        (
            ".github/workflows/one.yml",
            "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: ${{ nope.x }}\n      - runs: x\n",
        ),
        (
            ".github/workflows/two.yml",
            "on: pusch\njobs:\n  b:\n    needs: [c]\n    runs-on: x\n    steps: [{run: x}]\n",
        ),
    ];
    let repository = TestRepository::from_files(&files).expect("a repository");
    let finished = finished(&repository, &["run"]);
    assert_eq!(finished.code, Some(3), "{}", finished.stderr);
    for place in ["one.yml:6:", "one.yml:7:", "two.yml:1:", "two.yml:4:"] {
        assert!(finished.stderr.contains(place), "{place}: {}", finished.stderr);
    }
    assert!(!repository.state().join("data/runs").exists());
}

#[test]
fn a_home_that_is_full_or_read_only() {
    let repository = repository(&steps("exit 0"));
    assert_eq!(finished(&repository, &["run", "--quiet"]).code, Some(0));
    // Within a mount namespace of its own, where the platform lets us have one.
    let script = "mount -t tmpfs -o size=64k none \"$TRUNKLINE_HOME\" && head -c 1000000 /dev/zero > \"$TRUNKLINE_HOME/fill\"; \
                  \"$0\" run; echo \"code $?\"; find \"$TRUNKLINE_HOME\" -name '*.new' -o -name 'meta.json'; \
                  mount -o remount,ro \"$TRUNKLINE_HOME\"; \"$0\" run; echo \"code $?\"";
    let program = binary().command(&repository, &[]);
    let mut command = std::process::Command::new("unshare");
    command
        .args(["--mount", "--map-root-user", "bash", "-c", script])
        .arg(program.get_program())
        .current_dir(repository.path());
    command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = command.output().expect("unshare");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if !stdout.contains("code") {
        testkit::skip("a_home_that_is_full_or_read_only", "no mount namespace can be had here");
        return;
    }
    assert_eq!(stdout, "code 5\ncode 5\n", "{stderr}");
    assert!(stderr.contains("No space left on device") && stderr.contains("Read-only file system"), "{stderr}");
}

#[test]
fn odd_places_are_places_too() {
    let workflow = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n        with: {submodules: true}\n      - run: cat sub/file; git log --oneline\n";
    let repository = repository(workflow);
    let script = "git init -q ../inner && cd ../inner && echo inside > file && git add . && git commit -qm i && cd ../project && \
                  git -c protocol.file.allow=always submodule --quiet add ../inner sub && git commit -qam s && git checkout -q --detach";
    repository.script(script).expect("a submodule");
    let (code, run, stderr) = observed(&repository, &["run"]);
    assert_eq!(code, Some(0), "{run:#?}{stderr}");
    assert!(run.log.iter().any(|line| line == "inside"), "{:?}", run.log);
    for name in ["with space", "\u{e9}\u{4e16}", "new\nline"] {
        let target = repository.path().join("..").join(name);
        std::fs::create_dir(&target).expect("made");
        let status =
            std::process::Command::new("cp").arg("-r").arg(repository.path().join(".git")).arg(&target).status();
        assert!(status.expect("cp").success());
        let status = std::process::Command::new("git").arg("-C").arg(&target).args(["reset", "-q", "--hard"]).status();
        assert!(status.expect("git").success());
        let directory = target.to_string_lossy().into_owned();
        let (code, run, stderr) = observed(&repository, &["run", "-C", &directory]);
        assert_eq!(code, Some(0), "{name}: {run:#?}{stderr}");
    }
}

#[test]
fn a_secret_longer_than_a_line_is_in_no_reason() {
    let repository = repository(
        "\
on: push
jobs:
  a:
    runs-on: ubuntu-latest
    env: {TOKEN: '${{ secrets.LONG }}'}
    steps:
      - run: exit 1
        if: env.TOKEN == 'x'
",
    );
    let secret = "s3cr3t-head-".repeat(20);
    let given = format!("LONG={secret}");
    let (code, seen, stderr) = observed(&repository, &["run", "-s", &given]);
    assert_eq!(code, Some(0), "{stderr}");
    let told = format!("{seen:?}");
    assert!(told.contains("env.TOKEN is '***'"), "{told}");
    assert!(!told.contains("s3cr3t-head"), "{told}");
}
