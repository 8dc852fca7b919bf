//! Profiles, confidence, configuration, comments, baselines, threads.

use lint::{Baseline, Confidence, Config, Facts, Options, Profile};

use crate::sample::Sample;

const SLOW: &str = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make\n";

fn ids(sample: &Sample, options: &Options) -> Vec<&'static str> {
    sample.lint(options).iter().map(|finding| finding.rule.id).collect()
}

fn only(rule: &str) -> Options {
    Options { only: vec![rule.to_owned()], ..Options::default() }
}

#[test]
fn profiles_and_confidence_decide_what_is_told() {
    let sample = Sample::workflow(SLOW);
    let pedantic = Options { profile: Some(Profile::Pedantic), ..Options::default() };
    assert!(!ids(&sample, &Options::default()).contains(&"correctness/missing-timeout"));
    assert!(ids(&sample, &pedantic).contains(&"correctness/missing-timeout"));
    assert_eq!(ids(&sample, &only("jactionlint:missing-timeout")), ["correctness/missing-timeout"]);
}

#[test]
fn the_configuration_turns_rules_on_and_off_by_path() {
    let config: Config = toml::from_str(
        r#"
        enable = ["missing-timeout"]
        severity = { "correctness/missing-timeout" = "error" }
        [[paths]]
        files = ["**/nightly*.yml"]
        disable = ["correctness/*"]
        "#,
    )
    .unwrap();
    assert!(config.unknown_rules().is_empty());
    let files = [(".github/workflows/ci.yml", SLOW), (".github/workflows/nightly-1.yml", SLOW)];
    let sample = Sample::new(&files, Facts { config, ..Facts::default() });
    let found = sample.lint(&Options::default());
    let shown: Vec<_> = found
        .iter()
        .map(|finding| (&*sample.sources.file(finding.span.file).name, finding.rule.id, finding.severity))
        .collect();
    assert_eq!(shown, [(".github/workflows/ci.yml", "correctness/missing-timeout", span::Severity::Error)]);
    assert!(toml::from_str::<Config>("enabled = []").is_err());
}

#[test]
fn comments_silence_rules() {
    let with = |at: &str, comment: &str| SLOW.replacen(at, &format!("{at}{comment}"), 1);
    let own_line = SLOW.replace("  a:", "  # trunkline: ignore[missing-timeout]\n  a:");
    for (text, silent) in [
        (SLOW.to_owned(), false),
        (with("a:", " # trunkline: ignore[correctness/missing-timeout]"), true),
        (with("a:", " # trunkline: ignore[other, correctness/*]"), true),
        (with("a:", " # trunkline: ignore[security/unpinned-uses]"), false),
        (with("a:", " # zizmor: ignore[missing-timeout]"), false),
        (with("make", " # trunkline: ignore[missing-timeout]"), false),
        (own_line, true),
        (format!("# trunkline: ignore-file[missing-timeout]\n{SLOW}"), true),
    ] {
        let sample = Sample::workflow(&text);
        let outcome = lint::lint(&sample.project, &only("correctness/missing-timeout"));
        assert_eq!(outcome.findings.is_empty(), silent, "{text}");
        assert_eq!(outcome.ignored, usize::from(silent), "{text}");
    }
}

#[test]
fn a_baseline_knows_findings_that_moved() {
    let sample = Sample::workflow(SLOW);
    let baseline = Baseline::of(&sample.project, &sample.lint(&only("correctness/missing-timeout")));
    let baseline = Baseline::from_json(&baseline.to_json()).unwrap();
    let moved = Sample::workflow(&format!("# one\n# two\n{SLOW}  b:\n    runs-on: x\n    steps:\n      - run: make\n"));
    let mut findings = moved.lint(&only("correctness/missing-timeout"));
    assert_eq!(findings.len(), 2);
    assert_eq!(baseline.filter(&moved.project, &mut findings), 1);
    assert_eq!(findings[0].message, "the job `b` has no `timeout-minutes`");
    assert!(Baseline::from_json(r#"{"version": 9, "findings": []}"#).is_err());
}

#[test]
fn many_threads_find_what_one_finds() {
    let names: Vec<String> = (0..60).map(|n| format!(".github/workflows/w{n}.yml")).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), SLOW)).collect();
    let sample = Sample::new(&files, Facts::default());
    let told = |threads| {
        let options =
            Options { threads, confidence: Some(Confidence::Low), profile: Some(Profile::Pedantic), only: Vec::new() };
        lint::render_json(&sample.lint(&options), &sample.sources)
    };
    assert_eq!(told(1), told(4));
    assert!(told(1).contains("w59.yml"));
}

#[test]
fn what_is_too_large_or_no_text_is_a_finding() {
    let mut sources = span::SourceMap::new();
    let mut project = lint::Project::new(Facts::default());
    let large = format!("{SLOW}{}", "#".repeat(1 << 20));
    let latin = b"on: push\nname: K\xfche\n".as_slice();
    for (path, bytes) in [("large.yml", large.as_bytes()), ("latin.yml", latin)] {
        let file = sources.add(path, String::from_utf8_lossy(bytes));
        let source = sources.file(file).clone();
        project.add(lint::Document::read_bytes(file, path, lint::Kind::Workflow, source, bytes, true));
    }
    let found = lint::lint(&project, &Options::default()).findings;
    let shown: Vec<_> = found.iter().map(|finding| (finding.rule.id, sources.position(finding.span))).collect();
    let at = |line, column| span::Position { line, column };
    assert_eq!(shown, [("yaml/too-large", at(1, 1)), ("yaml/encoding", at(2, 8))]);
}

#[test]
fn a_run_of_too_many_files_is_a_finding() {
    let leaf = "on: workflow_call\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make\n";
    let mut root = "on: push\njobs:\n".to_owned();
    let mut files = Vec::new();
    for number in 0..51 {
        root.push_str(&format!("  j{number}:\n    uses: ./.github/workflows/w{number}.yml\n"));
        files.push((format!(".github/workflows/w{number}.yml"), leaf));
    }
    let mut all: Vec<(&str, &str)> = vec![(".github/workflows/root.yml", &root)];
    all.extend(files.iter().map(|(path, text)| (path.as_str(), *text)));
    let sample = Sample::new(&all, Facts::default());
    assert_eq!(ids(&sample, &only("call/*")), ["call/too-many-files"]);
}

#[test]
fn json_has_exactly_these_fields() {
    let sample = Sample::workflow(SLOW);
    let json = lint::render_json(&sample.lint(&only("correctness/missing-timeout")), &sample.sources);
    insta::assert_snapshot!(json, @r#"
    [
      {
        "file": ".github/workflows/ci.yml",
        "line": 3,
        "column": 3,
        "end_line": 3,
        "end_column": 4,
        "rule": "correctness/missing-timeout",
        "severity": "info",
        "confidence": "high",
        "message": "the job `a` has no `timeout-minutes`",
        "help": "a job that hangs is stopped after 360 minutes unless `timeout-minutes` says less"
      }
    ]
    "#);
}
