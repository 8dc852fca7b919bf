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
    let baseline = Baseline::of(&sample.project, "", &sample.lint(&only("correctness/missing-timeout")));
    let baseline = Baseline::from_json(&baseline.to_json()).unwrap();
    let moved = Sample::workflow(&format!("# one\n# two\n{SLOW}  b:\n    runs-on: x\n    steps:\n      - run: make\n"));
    let mut findings = moved.lint(&only("correctness/missing-timeout"));
    assert_eq!(findings.len(), 2);
    assert_eq!(baseline.filter(&moved.project, "", &mut findings), 1);
    let mut elsewhere = moved.lint(&only("correctness/missing-timeout"));
    assert_eq!(baseline.filter(&moved.project, "other/", &mut elsewhere), 0);
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

fn pedantic() -> Options {
    Options { profile: Some(Profile::Pedantic), confidence: Some(Confidence::Low), ..Options::default() }
}

/// Sizes at which looking at everything again for each way that leads to it would not end.
#[test]
fn values_names_and_needs_are_followed_once() {
    let six = |text: &str| [text; 6].join(" ");
    let own = six("${{ env.A }}");
    let ring = step_with(&format!("A: \"{own}\""), "${{ env.A }}");
    let chain: Vec<String> =
        (0..40).map(|n| format!("V{n}: \"{}\"", six(&format!("${{{{ env.V{} }}}}", n + 1)))).collect();
    let outsider = format!("{}\n          V30: ${{{{ github.event.issue.title }}}}", chain[..30].join("\n          "));
    let far = step_with(&outsider, "${{ env.V0 }}");
    let endless = step_with(&chain.join("\n          "), "${{ env.V0 }}");
    let mut layers = String::new();
    for layer in 0..14 {
        for job in 0..4 {
            let needs: Vec<String> = (0..4).filter(|_| layer > 0).map(|n| format!("a{}_{n}", layer - 1)).collect();
            layers.push_str(&format!(
                "  a{layer}_{job}:\n    needs: [{}]\n    runs-on: ubuntu-latest\n    steps:\n      - run: make\n",
                needs.join(", ")
            ));
        }
    }
    let layers = format!(
        "on: push\njobs:\n{layers}  end:\n    needs: [a0_1, a13_0]\n    runs-on: ubuntu-latest\n    steps:\n      - run: make\n"
    );
    let calls: String = (0..8).map(|n| format!("  j{n}:\n    uses: ./.github/workflows/ci.yml\n")).collect();
    let itself = format!("on: [push, workflow_call]\njobs:\n{calls}");
    for (text, rule) in [
        (&ring, None),
        (&far, Some("security/template-injection")),
        (&endless, None),
        (&layers, Some("correctness/unused-needs")),
        (&itself, Some("call/cycle")),
    ] {
        let found = ids(&Sample::workflow(text), &pedantic());
        assert!(rule.is_none_or(|rule| found.contains(&rule)), "{rule:?} in {found:?}");
    }
    let sample = Sample::workflow(&far);
    let found = sample.lint(&Options::default());
    let injection = found.iter().find(|finding| finding.rule.id == "security/template-injection").unwrap();
    assert!(injection.message.contains("`github.event.issue.title`"), "{}", injection.message);
}

fn step_with(env: &str, expression: &str) -> String {
    format!(
        "on: issues\npermissions: {{}}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo {expression}\n        env:\n          {env}\n"
    )
}

#[test]
fn names_of_checks_are_made_once() {
    let leaf = "jobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make\n";
    let mut files = vec![(".github/workflows/w9.yml".to_owned(), format!("on: workflow_call\n{leaf}"))];
    for number in 0..9 {
        let calls: String =
            (0..10).map(|n| format!("  j{n}:\n    uses: ./.github/workflows/w{}.yml\n", number + 1)).collect();
        let on = if number == 0 { "pull_request" } else { "workflow_call" };
        files.push((format!(".github/workflows/w{number}.yml"), format!("on: {on}\njobs:\n{calls}")));
    }
    files.push((".github/workflows/itself.yml".to_owned(), "on: [pull_request, workflow_call]\njobs:\n  a:\n    uses: ./.github/workflows/itself.yml\n  b:\n    uses: ./.github/workflows/itself.yml\n".to_owned()));
    files.push((".github/workflows/plain.yml".to_owned(), format!("on: pull_request\n{leaf}")));
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let protection = |check: &str| lint::Protection {
        branch: "main".to_owned(),
        required_checks: vec![check.to_owned()],
        merge_queue: true,
    };
    for (check, rules) in [
        ("test", vec!["checks/missing-merge-group"]),
        ("nothing", vec!["checks/unknown-required-check"]),
        (&format!("{}test", "j0 / ".repeat(9)), vec!["checks/missing-merge-group"]),
    ] {
        let facts = Facts { protection: vec![protection(check)], ..Facts::default() };
        let sample = Sample::new(&files, facts);
        let options = Options { confidence: Some(Confidence::Low), ..only("checks/*") };
        assert_eq!(ids(&sample, &options), rules, "{check}");
    }
    assert_eq!(ids(&Sample::new(&files, Facts::default()), &only("checks/*")), Vec::<&str>::new());
}

#[test]
fn a_comment_counts_for_the_whole_text_that_begins_below_it() {
    const HERE: &str = "# zizmor: ignore[template-injection]";
    let text = |above: &str, beside: &str| {
        format!(
            "on: issues\npermissions: {{}}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      {above}\n      - run: |{beside}\n          # {above}\n          make\n          echo ${{{{ github.event.issue.title }}}}\n      - run: |\n          make\n          echo ${{{{ github.event.issue.body }}}}\n"
        )
    };
    for (above, beside, told) in [
        ("# nothing", "", 2),
        ("# trunkline: ignore[security/template-injection]", "", 1),
        ("# nothing", " # trunkline: ignore[template-injection]", 1),
        (HERE, "", 1),
        ("# nothing", &format!(" {HERE} it is fine"), 1),
        ("# trunkline: ignore[other] zizmor: ignore[template-injection]", "", 1),
    ] {
        let sample = Sample::workflow(&text(above, beside));
        assert_eq!(sample.lint(&only("security/template-injection")).len(), told, "{above} {beside}");
    }
}

#[test]
fn the_comment_that_silences_a_finding_does() {
    for line_break in ["\n", "\r\n"] {
        for step in [
            "run: |\n          import os\n          print('${{ github.event.issue.title }}')\n        shell: python",
            "run: echo ${{ github.event.issue.title }}",
            "run:\n          echo ${{ github.event.issue.title }}\n          x",
        ] {
            let text = format!(
                "on: issues\npermissions: {{}}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - {step}\n"
            )
            .replace('\n', line_break);
            let sample = Sample::workflow(&text);
            let findings = sample.lint(&only("security/template-injection"));
            let mut silent = text.clone();
            let fix = lint::ignore_here(&sample.project.documents()[0], &findings[0]);
            let edit = &fix.edits[0];
            silent.replace_range(edit.span.range(), &edit.text);
            let outcome = lint::lint(&Sample::workflow(&silent).project, &only("security/template-injection"));
            assert_eq!((outcome.findings.len(), outcome.ignored), (0, 1), "{silent}");
            assert_eq!(silent.matches('\n').count(), silent.matches(line_break).count());
        }
    }
}

#[test]
fn types_follow_the_files_they_come_from() {
    let ci = "on: push\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n      - id: greet\n        uses: ./greet\n      - run: echo ${{ steps.greet.outputs.text }}\n";
    let action = |output: &str| {
        format!(
            "name: Greet\ndescription: x\noutputs:\n  {output}:\n    description: x\n    value: x\nruns:\n  using: composite\n  steps: []\n"
        )
    };
    let mut sample =
        Sample::new(&[("greet/action.yml", &action("text")), (".github/workflows/ci.yml", ci)], Facts::default());
    let unknown = only("expression/unknown-property");
    assert_eq!(sample.lint(&unknown).len(), 0);
    let file = sample.sources.add("greet/action.yml", action("other"));
    let source = sample.sources.file(file).clone();
    sample.project.add(lint::Document::read(file, "greet/action.yml", lint::Kind::Action, source, true));
    assert_eq!(sample.lint(&unknown).len(), 1);
}

#[test]
fn the_closest_name_decides_the_severity() {
    let config: Config = toml::from_str(
        r#"severity = { "*" = "error", "correctness/*" = "error", "jactionlint:missing-timeout" = "warning", "correctness/missing-timeout" = "info" }"#,
    )
    .unwrap();
    let sample = Sample::new(&[(".github/workflows/ci.yml", SLOW)], Facts { config, ..Facts::default() });
    assert_eq!(sample.lint(&only("correctness/missing-timeout"))[0].severity, span::Severity::Info);
}

#[test]
fn options_of_rules_are_checked() {
    for (options, wrong) in [
        (
            r#"[rules."security/forbidden-uses"]
            allow = ["a/*"]"#,
            None,
        ),
        (
            r#"[rules."security/forbidden-uses"]
            denied = ["a/*"]"#,
            Some("`security/forbidden-uses` has no option `denied`: it takes `allow` and `deny`"),
        ),
        (
            r#"[rules."security/forbidden-uses"]
            deny = "a/*""#,
            Some("`deny` of `security/forbidden-uses` has to be a list of texts"),
        ),
        (
            r#"[rules."security/dependabot-cooldown"]
            days = "7""#,
            Some("`days` of `security/dependabot-cooldown` has to be a whole number"),
        ),
        (
            r#"[rules."security/unpinned-uses".policies]
            "a/*" = "tag""#,
            Some(
                "`policies` of `security/unpinned-uses` has to be a table of patterns, each with one of any, hash, hash-pin, ref, ref-pin",
            ),
        ),
        (
            r#"[rules."correctness/missing-timeout"]
            minutes = 5"#,
            Some("`correctness/missing-timeout` has no option `minutes`: it takes no options"),
        ),
        (
            r#"[rules."zizmor:forbidden-uses"]
            deny = []"#,
            Some("options stand below the rule's id, such as `security/forbidden-uses`"),
        ),
    ] {
        let config: Config = toml::from_str(options).unwrap();
        let found: Vec<String> = config.wrong_options().into_iter().map(|(_, message)| message).collect();
        assert_eq!(
            found.iter().map(String::as_str).collect::<Vec<_>>(),
            wrong.into_iter().collect::<Vec<_>>(),
            "{options}"
        );
    }
}
