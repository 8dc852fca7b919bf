//! `trunkline lint` as it is called.

mod others;
mod scope;

use testkit::{Finished, TestRepository};

use crate::places::binary;

const GOOD: &str =
    "on: push\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make\n";
const BAD: &str = "on: push # every push\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-20.04 # the old one\n    needs: b\n    steps:\n      - run: make\n";

fn lint(repository: &TestRepository, arguments: &[&str]) -> Finished {
    lint_input(repository, arguments, None)
}

fn lint_input(repository: &TestRepository, arguments: &[&str], input: Option<&str>) -> Finished {
    let mut all = vec!["lint".to_owned(), "--external".to_owned(), "never".to_owned()];
    all.extend(arguments.iter().map(|argument| (*argument).to_owned()));
    binary().run(repository, &all, &[], input).unwrap_or_else(|error| panic!("{error}"))
}

fn rules(finished: &Finished) -> Vec<String> {
    let json: serde_json::Value = serde_json::from_str(&finished.stdout).unwrap_or_default();
    let entries = json.as_array().map(Vec::as_slice).unwrap_or_default();
    entries.iter().map(|entry| entry["rule"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn findings_go_to_standard_output_and_into_the_exit_code() {
    let repository = TestRepository::from_files(&[(".github/workflows/ci.yml", BAD)]).unwrap();
    let found = lint(&repository, &["--profile", "correctness"]);
    assert_eq!(found.code, Some(1), "{}", found.stderr);
    insta::assert_snapshot!(found.stdout, @"
    error[correctness/deprecated-runner-label]: GitHub has had no `ubuntu-20.04` since April 2025
     --> .github/workflows/ci.yml:5:14
      |
    5 |     runs-on: ubuntu-20.04 # the old one
      |              ^^^^^^^^^^^^
      |
      = help: use `ubuntu-latest`, or the version that you need

    error[workflow/unknown-need]: there is no job `b`
     --> .github/workflows/ci.yml:6:12
      |
    6 |     needs: b
      |            ^
      |
      = help: the jobs are a
    ");
    assert_eq!(lint(&repository, &["--profile", "correctness", "--fail-on", "never"]).code, Some(0));
    let good = TestRepository::from_files(&[(".github/workflows/ci.yml", GOOD)]).unwrap();
    let clean = lint(&good, &["--profile", "correctness"]);
    assert_eq!((clean.code, clean.stdout.as_str()), (Some(0), ""), "{}", clean.stderr);
    assert_eq!(clean.stderr, "0 findings in 1 file\n");
}

#[test]
fn one_bad_file_does_not_stop_the_others() {
    let files = [
        (".github/workflows/broken.yml", "on: [push\njobs: {"),
        (".github/workflows/ci.yml", BAD),
        ("tools/greet/action.yml", "name: Greet\ndescription: x\nruns:\n  using: node12\n  main: x.js\n"),
        ("trunkline.toml", "[run]\nnetwork = \"lan\"\n[lint]\ndisable = [\"nothing/such\"]\n"),
    ];
    let repository = TestRepository::from_files(&files).unwrap();
    let found = lint(&repository, &["--format", "json"]);
    let rules = rules(&found);
    for rule in ["yaml/syntax", "workflow/unknown-need", "correctness/outdated-runtime", "config/invalid"] {
        assert!(rules.iter().any(|other| other == rule), "{rule} in {rules:?}");
    }
}

#[test]
fn names_of_rules_in_the_configuration_have_to_exist() {
    let files = [
        (".github/workflows/ci.yml", GOOD),
        ("trunkline.toml", "[lint]\ndisable = [\"correctness/missing-timeuot\"]\n"),
    ];
    let repository = TestRepository::from_files(&files).unwrap();
    let found = lint(&repository, &["--rule", "config/*"]);
    insta::assert_snapshot!(found.stdout, @r#"
    warning[config/unknown-rule]: there is no rule `correctness/missing-timeuot`
     --> trunkline.toml:2:12
      |
    2 | disable = ["correctness/missing-timeuot"]
      |            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: did you mean `correctness/missing-timeout`?
    "#);
}

#[test]
fn paths_are_files_directories_and_standard_input() {
    let files =
        [(".github/workflows/ci.yml", BAD), ("corpus/a.yml", BAD), ("corpus/b.txt", BAD), ("corpus/c.yml", "x: 1\n")];
    let repository = TestRepository::from_files(&files).unwrap();
    let files_of = |finished: &Finished| {
        let json: serde_json::Value = serde_json::from_str(&finished.stdout).unwrap();
        let mut files: Vec<String> =
            json.as_array().unwrap().iter().map(|entry| entry["file"].as_str().unwrap().to_owned()).collect();
        files.dedup();
        files
    };
    let json = ["--format", "json", "--rule", "workflow/unknown-need"];
    assert_eq!(files_of(&lint(&repository, &[&json[..], &["corpus"]].concat())), ["corpus/a.yml"]);
    assert_eq!(files_of(&lint(&repository, &[&json[..], &["corpus/b.txt"]].concat())), ["corpus/b.txt"]);
    let input = lint_input(
        &repository,
        &[&json[..], &["-", "--stdin-filename", ".github/workflows/x.yml"]].concat(),
        Some(BAD),
    );
    assert_eq!(files_of(&input), [".github/workflows/x.yml"]);
    assert_eq!(lint_input(&repository, &["--fix", "-"], Some(BAD)).code, Some(2));
    let missing = lint(&repository, &["nowhere.yml"]);
    assert_eq!(missing.code, Some(4), "{}", missing.stderr);
    assert_eq!(lint(&repository, &["--rule", "no/such"]).code, Some(2));
}

#[test]
fn fixes_keep_comments_and_layout() {
    let text = "on: push # every push\njobs:\n  a:   # first\n    runs-on:   ubuntu-20.04 # old\n    steps:\n      - run: make\u{a0}all # two\n";
    let repository = TestRepository::from_files(&[(".github/workflows/ci.yml", text)]).unwrap();
    let read = || std::fs::read_to_string(repository.path().join(".github/workflows/ci.yml")).unwrap();
    let fixed = lint(&repository, &["--fix", "--rule", "correctness/*"]);
    assert!(fixed.stderr.contains(".github/workflows/ci.yml: 1 put right"), "{}", fixed.stderr);
    assert_eq!(read(), text.replace('\u{a0}', " "));
    lint(&repository, &["--fix", "--unsafe-fixes", "--rule", "correctness/*"]);
    assert_eq!(read(), text.replace('\u{a0}', " ").replace("ubuntu-20.04", "ubuntu-latest"));
}

#[test]
fn a_baseline_holds_what_was_there() {
    let repository = TestRepository::from_files(&[(".github/workflows/ci.yml", BAD)]).unwrap();
    let rule = ["--rule", "correctness/deprecated-runner-label", "--baseline", "lint.json"];
    assert_eq!(lint(&repository, &rule).code, Some(4));
    assert_eq!(lint(&repository, &[&rule[..], &["--write-baseline"]].concat()).code, Some(0));
    let known = lint(&repository, &rule);
    assert_eq!((known.code, known.stdout.as_str()), (Some(0), ""), "{}", known.stderr);
    assert!(known.stderr.contains("1 in the baseline"), "{}", known.stderr);
    repository
        .write(
            ".github/workflows/ci.yml",
            &format!("# moved\n{BAD}  c:\n    runs-on: macos-11\n    steps:\n      - run: x\n"),
        )
        .unwrap();
    let more = lint(&repository, &[&rule[..], &["--format", "json"]].concat());
    assert_eq!(rules(&more), ["correctness/deprecated-runner-label"]);
}

#[test]
fn only_changed_lines_are_told() {
    let repository =
        TestRepository::from_files(&[(".github/workflows/ci.yml", BAD), (".github/workflows/old.yml", BAD)]).unwrap();
    repository.script("git init -q . 2>/dev/null || true").unwrap();
    repository.commit_all("first").unwrap();
    let rule = "correctness/deprecated-runner-label";
    let changed = ["--format", "json", "--rule", rule, "--changed-since", "HEAD"];
    assert_eq!(rules(&lint(&repository, &changed)), Vec::<String>::new());
    repository.write(".github/workflows/ci.yml", &BAD.replace("ubuntu-20.04", "macos-12")).unwrap();
    repository.write(".github/workflows/new.yml", BAD).unwrap();
    let found = lint(&repository, &changed);
    assert_eq!(rules(&found).len(), 2, "{}", found.stdout);
    assert!(!found.stdout.contains("old.yml"));
    assert_eq!(lint(&repository, &["--changed-since", "nothing"]).code, Some(4));
}

#[test]
fn every_format_has_the_finding() {
    let repository = TestRepository::from_files(&[(".github/workflows/ci.yml", BAD)]).unwrap();
    for (format, part) in [
        ("json", "\"rule\": \"workflow/unknown-need\""),
        ("sarif", "\"ruleId\": \"workflow/unknown-need\""),
        (
            "github",
            "::error file=.github/workflows/ci.yml,line=6,col=12,endLine=6,endColumn=13,title=workflow/unknown-need::",
        ),
        ("junit", "type=\"workflow/unknown-need\""),
        ("text", "error[workflow/unknown-need]"),
    ] {
        let found = lint(&repository, &["--format", format]);
        assert!(found.stdout.contains(part), "{format}: {}", found.stdout);
    }
}

#[test]
fn labels_of_actionlint_count() {
    let workflow = GOOD.replace("ubuntu-latest", "ubuntu-lates");
    let files = [
        (".github/workflows/ci.yml", workflow.as_str()),
        (".github/actionlint.yaml", "self-hosted-runner:\n  labels: [ubuntu-lates]\n"),
    ];
    let told = TestRepository::from_files(&files[..1]).unwrap();
    let known = TestRepository::from_files(&files).unwrap();
    let rule = ["--rule", "correctness/unknown-runner-label"];
    assert_eq!((lint(&told, &rule).code, lint(&known, &rule).code), (Some(1), Some(0)));
}

#[test]
fn rules_explain_themselves() {
    let repository = TestRepository::from_files(&[("x", "")]).unwrap();
    let run = |arguments: &[&str]| {
        let all: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        binary().run(&repository, &all, &[], None).unwrap()
    };
    let page = run(&["lint", "--explain", "workflow/unknown-need"]);
    assert!(page.stdout.starts_with("# workflow/unknown-need\n"), "{}", page.stdout);
    assert!(page.stdout.contains("## Good"));
    let unknown = run(&["lint", "--explain", "workflow/unknown-ned"]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.stderr.contains("did you mean `workflow/unknown-need`?"), "{}", unknown.stderr);
    let list = run(&["lint", "--list-rules"]);
    assert!(list.stdout.lines().count() > 100, "{}", list.stdout);
}

#[test]
fn shellcheck_is_asked_where_it_is() {
    if !crate::places::on_path("shellcheck") {
        testkit::skip("shellcheck_is_asked_where_it_is", "shellcheck is not on PATH");
        return;
    }
    let text = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: |\n          cd x\n          if [ \"$A\" == 1 ]; then\n            echo '${{ github.ref }}'\n";
    let repository = TestRepository::from_files(&[(".github/workflows/ci.yml", text)]).unwrap();
    let arguments = ["lint", "--rule", "scripts/shellcheck", "--format", "json"].map(str::to_owned);
    let found = binary().run(&repository, &arguments, &[], None).unwrap();
    let json: serde_json::Value = serde_json::from_str(&found.stdout).unwrap();
    // `cd` without `||` is fine, as GitHub stops at the first command that fails.
    let first = &json.as_array().unwrap()[0];
    let place = (first["line"].as_u64(), first["column"].as_u64(), first["end_column"].as_u64());
    assert_eq!(place, (Some(8), Some(11), Some(13)), "{}", found.stdout);
}

const INJECTION: &str = "on: issues\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo \"${{ github.event.issue.title }}\"\n";

#[test]
fn fixes_are_made_of_what_is_told_only() {
    let path = ".github/workflows/ci.yml";
    let repository = TestRepository::from_files(&[(path, INJECTION)]).unwrap();
    repository.script("git init -q . 2>/dev/null || true").unwrap();
    repository.commit_all("first").unwrap();
    let text = format!("{INJECTION}# more\n");
    repository.write(path, &text).unwrap();
    let read = || std::fs::read_to_string(repository.path().join(path)).unwrap();
    let fixed = lint(&repository, &["--fix", "--changed-since", "HEAD"]);
    assert_eq!((fixed.code, read()), (Some(0), text.clone()), "{}", fixed.stderr);
    lint(&repository, &["--baseline", "lint.json", "--write-baseline"]);
    let fixed = lint(&repository, &["--fix", "--baseline", "lint.json"]);
    assert_eq!((fixed.code, read()), (Some(0), text.clone()), "{}", fixed.stderr);
    let fixed = lint(&repository, &["--fix"]);
    assert!(fixed.stderr.contains("1 put right"), "{}", fixed.stderr);
    assert!(read().contains("echo \"${ISSUE_TITLE}\""), "{}", read());
}

#[test]
fn fixes_leave_text_of_other_encodings_and_links_alone() {
    let latin = b"name: Stra\xdfe\non: push\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: \"a\xe2\x80\x8bb\"\n";
    let repository = TestRepository::from_files(&[("real.yml", INJECTION)]).unwrap();
    let workflows = repository.path().join(".github/workflows");
    std::fs::create_dir_all(&workflows).unwrap();
    std::fs::write(workflows.join("latin.yml"), latin).unwrap();
    std::os::unix::fs::symlink("../../real.yml", workflows.join("link.yml")).unwrap();
    let fixed =
        lint(&repository, &["--fix", "--format", "json", ".github/workflows/latin.yml", ".github/workflows/link.yml"]);
    assert_eq!(std::fs::read(workflows.join("latin.yml")).unwrap(), latin);
    assert!(rules(&fixed).contains(&"yaml/encoding".to_owned()), "{}", fixed.stdout);
    assert!(std::fs::symlink_metadata(workflows.join("link.yml")).unwrap().is_symlink());
    assert!(std::fs::read_to_string(repository.path().join("real.yml")).unwrap().contains("ISSUE_TITLE"));
}

#[test]
fn a_step_with_many_expressions_is_put_right_in_one_go() {
    let script: String = (1..=20).map(|n| format!("          echo \"${{{{ inputs.a{n} }}}}\"\n")).collect();
    let text = INJECTION
        .replace("      - run: echo \"${{ github.event.issue.title }}\"\n", &format!("      - run: |\n{script}"));
    let repository = TestRepository::from_files(&[(".github/workflows/ci.yml", &text)]).unwrap();
    let fix = ["--fix", "--confidence", "low", "--rule", "security/template-injection"];
    let fixed = lint(&repository, &fix);
    assert!(fixed.stderr.contains("20 put right"), "{}", fixed.stderr);
    let again = lint(&repository, &fix);
    assert_eq!((again.code, again.stderr.as_str()), (Some(0), "0 findings in 1 file\n"));
}

#[test]
fn a_baseline_of_two_repositories_keeps_them_apart() {
    let repository =
        TestRepository::from_files(&[("r1/.github/workflows/a.yml", INJECTION), ("r2/.github/workflows/a.yml", GOOD)])
            .unwrap();
    let baseline = ["r1", "r2", "--baseline", "b.json", "--rule", "security/template-injection"];
    lint(&repository, &[&baseline[..], &["--write-baseline"]].concat());
    assert_eq!(lint(&repository, &baseline).code, Some(0));
    repository.write("r2/.github/workflows/a.yml", INJECTION).unwrap();
    let found = lint(&repository, &baseline);
    assert!(found.stdout.contains("r2/.github") && !found.stdout.contains("r1/.github"), "{}", found.stdout);
}

#[test]
fn a_checker_of_scripts_that_fails_stops_nothing() {
    let repository = TestRepository::from_files(&[
        (".github/workflows/ci.yml", INJECTION),
        ("bin/shellcheck", "#!/bin/sh\necho broken >&2\nexit 3\n"),
    ])
    .unwrap();
    repository.script("chmod +x bin/shellcheck").unwrap();
    let path = format!("{}:/usr/bin:/bin", repository.path().join("bin").display());
    let run = |rule: &str| {
        let arguments = ["lint", "--rule", rule].map(str::to_owned);
        binary().run(&repository, &arguments, &[("PATH".to_owned(), path.clone())], None).unwrap()
    };
    let other = run("security/template-injection");
    assert!(other.code == Some(1) && !other.stderr.contains("shellcheck"), "{}", other.stderr);
    let own = run("scripts/*");
    assert_eq!(own.code, Some(0), "{}", own.stderr);
    assert!(own.stderr.contains("warning: shellcheck answered in an unknown form"), "{}", own.stderr);
}

#[test]
fn annotations_name_files_from_the_top() {
    let repository = TestRepository::from_files(&[(".github/workflows/ci.yml", INJECTION), ("sub/x", "")]).unwrap();
    repository.script("git init -q . 2>/dev/null || true").unwrap();
    let run = |format: &str| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_trunkline"))
            .args(["lint", "--external", "never", "--format", format])
            .current_dir(repository.path().join("sub"))
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(run("github").contains("file=.github/workflows/ci.yml,"), "{}", run("github"));
    let sarif: serde_json::Value = serde_json::from_str(&run("sarif")).unwrap();
    let uri = "/runs/0/results/0/locations/0/physicalLocation/artifactLocation/uri";
    assert_eq!(sarif.pointer(uri).unwrap(), ".github/workflows/ci.yml");
    let rule = sarif.pointer("/runs/0/tool/driver/rules/0").unwrap();
    assert_eq!(rule["shortDescription"]["text"], "text that others write becomes part of a script");
    assert_eq!(rule["properties"]["precision"], "high");
}

#[test]
fn a_result_is_known_again_when_lines_come_in_above_it() {
    let step = "      - run: echo \"${{ github.event.issue.title }}\"\n";
    let text =
        format!("on: issues\npermissions: {{}}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n{step}{step}");
    let path = ".github/workflows/ci.yml";
    let repository = TestRepository::from_files(&[(path, &text)]).unwrap();
    let results = || {
        let arguments = ["lint", "--external", "never", "--format", "sarif"].map(str::to_owned);
        let output = binary().run(&repository, &arguments, &[], None).unwrap();
        let report: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
        let results = report.pointer("/runs/0/results").unwrap().as_array().unwrap().clone();
        let place = |result: &serde_json::Value| {
            let line = result.pointer("/locations/0/physicalLocation/region/startLine").unwrap().as_u64().unwrap();
            let print = result.pointer("/partialFingerprints/trunklineLine~1v1").unwrap().as_str().unwrap();
            (line, print.to_owned())
        };
        results.iter().map(place).collect::<Vec<_>>()
    };
    let before = results();
    assert_eq!(before.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [7, 8]);
    // Two that are alike are told apart by their order.
    let [(_, first), (_, second)] = &before[..] else { unreachable!() };
    assert_eq!((first.strip_suffix(":1"), first == second), (second.strip_suffix(":2"), false));
    // In other lines, and deeper.
    let moved = text.replace("on: issues\n", "# one\n# two\non: issues\n").replace("      - run", "        - run");
    repository.write(path, &moved).unwrap();
    let after = results();
    assert_eq!(after.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [9, 10]);
    let prints = |results: &[(u64, String)]| results.iter().map(|(_, print)| print.clone()).collect::<Vec<_>>();
    assert_eq!(prints(&after), prints(&before));
    // Another line has another one.
    repository.write(path, &moved.replacen("echo", "print", 1)).unwrap();
    let changed = results();
    assert!(!prints(&before).contains(&changed[0].1), "{changed:?}");
}
