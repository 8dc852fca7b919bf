//! Fixes over every workflow and action of this repository, and the examples of the rules' pages: each leaves a file that
//! can be read and lacks nothing, with its own line breaks, and what was made once is not made again.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use lint::{Confidence, Document, Facts, Finding, Fix, Kind, Options, Profile, Safety, apply, mend};

use crate::sample::Sample;

fn options() -> Options {
    Options { profile: Some(Profile::Pedantic), confidence: Some(Confidence::Low), only: Vec::new(), threads: 1 }
}

/// A file after its fixes, and what went wrong on the way.
struct Mended {
    text: String,
    made: usize,
    faults: String,
}

fn of(findings: &[Finding], least: Safety) -> Vec<&Fix> {
    let allowed = |fix: &&Fix| least == Safety::Unsafe || fix.safety == Safety::Safe;
    findings.iter().filter_map(|finding| finding.fixes.iter().find(allowed)).collect()
}

fn mended(path: &str, text: &str, least: Safety) -> Mended {
    let mut done = Mended { text: text.to_owned(), made: 0, faults: String::new() };
    let mut rounds = None;
    loop {
        let sample = Sample::new(&[(path, &done.text)], Facts::default());
        let document = &sample.project.documents()[0];
        let findings = sample.lint(&options());
        let fixes = of(&findings, least);
        for fix in &fixes {
            // By itself, without the guard that leaves out what does harm.
            let alone = apply(document.file, document.text(), &[fix]);
            if alone.text != document.text() && mend(document, &[fix]).applied.is_empty() {
                let _ = writeln!(done.faults, "{path}: `{}` does harm:\n{}", fix.title, alone.text);
            }
        }
        let left = rounds.get_or_insert(fixes.len() + 1);
        let fixed = mend(document, &fixes);
        if fixed.text == done.text {
            return done;
        }
        if *left == 0 {
            let _ = writeln!(done.faults, "{path}: fixes without end");
            return done;
        }
        *left -= 1;
        done.made += fixed.applied.len();
        done.text = fixed.text;
    }
}

/// YAML files below a directory of this repository.
fn files(below: &Path, found: &mut Vec<(String, String)>) {
    let Ok(entries) = std::fs::read_dir(below) else { return };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !path.is_symlink() && !matches!(name.as_str(), "node_modules" | "target" | ".git") {
            files(&path, found);
        } else if name.ends_with(".yml") || name.ends_with(".yaml") {
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            let shown = path.to_string_lossy().into_owned();
            if Kind::of_path(&shown).or_else(|| Kind::of_text(&text)).is_some() {
                found.push((shown, text));
            }
        }
    }
}

/// The YAML of the rules' pages and their further cases.
fn examples(below: &Path, found: &mut Vec<(String, String)>) {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(below).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            examples(&path, found);
            continue;
        }
        let page = std::fs::read_to_string(&path).unwrap();
        for (number, block) in page.split("\n```yaml").skip(1).enumerate() {
            let (info, rest) = block.split_once('\n').unwrap();
            let body = rest.split("\n```").next().unwrap_or_default();
            let name = match info.trim() {
                "" | "fixed" => ".github/workflows/ci.yml",
                path => path,
            };
            found.push((format!("{}/{number}/{name}", path.display()), format!("{body}\n")));
        }
    }
}

#[test]
fn fixes_do_no_harm() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut corpus = Vec::new();
    match std::env::var_os("TRUNKLINE_CORPUS") {
        Some(other) => files(Path::new(&other), &mut corpus),
        None => {
            for below in ["scenarios", "examples", ".github", "crates"] {
                files(&top.join(below), &mut corpus);
            }
            examples(&top.join("docs/rules"), &mut corpus);
            examples(&top.join("crates/lint/tests/cases"), &mut corpus);
        }
    }
    assert!(corpus.len() > 400, "{}", corpus.len());
    let mut faults = String::new();
    let mut made = 0;
    for (path, text) in corpus.iter().filter(|(_, text)| !text.contains('\r')) {
        for least in [Safety::Safe, Safety::Unsafe] {
            let unix = mended(path, text, least);
            faults.push_str(&unix.faults);
            made += unix.made;
            if unix.made > 0 {
                let dos = mended(path, &text.replace('\n', "\r\n"), least);
                if dos.text != unix.text.replace('\n', "\r\n") {
                    let _ = writeln!(faults, "{path}: with CRLF it becomes\n{:?}\nnot\n{:?}", dos.text, unix.text);
                }
            }
        }
    }
    assert!(faults.is_empty(), "{faults}");
    assert!(made > 300, "{made}");
}

#[test]
fn a_fix_that_does_harm_is_left_out_alone() {
    let text = "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: make\n      - run: test\n";
    let sample = Sample::workflow(text);
    let document = &sample.project.documents()[0];
    let at = |part: &str| text.find(part).unwrap();
    let span = |part: &str| span::Span::new(document.file, at(part), at(part) + part.len());
    for (harm, why) in [
        (Fix::safe("x").replace(span("make"), "\"a\" b"), "no YAML"),
        (Fix::safe("x").remove(span("      - run: make\n")).replace(span("test"), "test: x"), "another value"),
        (Fix::safe("x").replace(span("runs-on: x"), "runs-no: x"), "a key that does not exist"),
        (Fix::safe("x").insert(document.file, at("- run: test"), "- "), "another list"),
    ] {
        let good = Fix::safe("y").replace(span("push"), "pull_request");
        let mended = mend(document, &[&harm, &good]);
        assert_eq!(mended.applied, [1], "{why}");
        assert_eq!(mended.text, text.replace("push", "pull_request"), "{why}");
    }
}

#[test]
fn a_key_that_is_there_twice_is_no_harm_of_a_fix() {
    let text = "on: push\nenv:\n  A: 1\n  A: 2\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: make\n";
    let sample = Sample::workflow(text);
    let document = &sample.project.documents()[0];
    let at = text.find("make").unwrap();
    let fix = Fix::safe("x").replace(span::Span::new(document.file, at, at + 4), "test");
    assert_eq!(mend(document, &[&fix]).applied, [0]);
    // And one of them that goes is told from the other.
    let second = text.find("  A: 2\n").unwrap();
    let harm = Fix::safe("y")
        .replace(span::Span::new(document.file, at, at + 4), "test")
        .replace(span::Span::new(document.file, second + 5, second + 6), "[2]");
    assert_eq!(mend(document, &[&harm]).applied, Vec::<usize>::new());
}

#[test]
fn text_of_another_encoding_is_left_alone() {
    let bytes = b"name: Stra\xdfe\non: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: \"a\xe2\x80\x8bb\"\n";
    let mut sources = span::SourceMap::new();
    let file = sources.add("ci.yml", String::from_utf8_lossy(bytes));
    let source = sources.file(file).clone();
    let document = Document::read_bytes(file, "ci.yml", Kind::Workflow, source, bytes, true);
    let at = document.text().find('\u{200b}').unwrap();
    let fix = Fix::safe("take it out").remove(span::Span::new(file, at, at + 3));
    assert_eq!(mend(&document, &[&fix]).applied, Vec::<usize>::new());
}

/// A workflow with one job on a runner, and one step.
fn step(runner: &str, step: &str) -> String {
    let runner = runner.replace('\n', "\n    ");
    let step = step.replace('\n', "\n        ");
    format!("on: issues\npermissions: {{}}\njobs:\n  a:\n    runs-on: {runner}\n    steps:\n      - {step}\n")
}

/// What becomes of the step's script, by safe fixes and by all; `None` where it stays as it is.
fn scripts(text: &str) -> [Option<String>; 2] {
    [Safety::Safe, Safety::Unsafe].map(|least| {
        let mended = mended("ci.yml", text, least);
        assert_eq!(mended.faults, "");
        let sample = Sample::workflow(&mended.text);
        let script = |sample: &Sample| {
            let root = sample.project.documents()[0].yaml.clone().unwrap();
            let steps = root.get("jobs").unwrap().get("a").unwrap().get("steps").unwrap().items().to_vec();
            steps[0].get("run").unwrap().text().unwrap().to_owned()
        };
        Some(script(&sample)).filter(|script_text| *script_text != script(&Sample::workflow(text)))
    })
}

#[test]
fn a_variable_takes_the_place_of_an_expression_where_the_shell_reads_it() {
    const TITLE: &str = "${{ github.event.issue.title }}";
    let echo = format!("run: echo \"{TITLE}\"");
    let posix = [Some("echo \"${ISSUE_TITLE}\""); 2];
    let pwsh = [None, Some("echo \"${env:ISSUE_TITLE}\"")];
    let none = [None; 2];
    let matrix = |values: &str| format!("${{{{ matrix.os }}}}\nstrategy:\n  matrix:\n    os: {values}");
    for (runner, run, expected) in [
        ("ubuntu-latest", echo.clone(), posix),
        ("[self-hosted, linux]", echo.clone(), posix),
        ("some-ubuntu-24.04-8core", echo.clone(), posix),
        ("windows-latest", echo.clone(), pwsh),
        ("[self-hosted, windows]", echo.clone(), pwsh),
        ("our-machine", echo.clone(), none),
        ("windows-or-linux", echo.clone(), none),
        ("${{ inputs.os }}", echo.clone(), none),
        ("${{ vars.BIG && 'ubuntu-24.04' || 'ubuntu-latest' }}", echo.clone(), posix),
        ("${{ vars.BIG && 'ubuntu-24.04' || 'windows-2025' }}", echo.clone(), none),
        ("${{ inputs.os }}\ncontainer: alpine", echo.clone(), posix),
        (&matrix("[ubuntu-latest, macos-latest]"), echo.clone(), posix),
        (&matrix("[windows-latest, ubuntu-latest]"), echo.clone(), none),
        (&matrix("[windows-latest, windows-2022]"), echo.clone(), pwsh),
        (&matrix("[ubuntu-latest]\n    include:\n      - os: windows-latest"), echo.clone(), none),
        (&matrix("${{ fromJSON(vars.OS) }}"), echo.clone(), none),
        (&matrix("[windows-latest, ubuntu-latest]"), format!("shell: bash\n{echo}"), posix),
        ("ubuntu-latest", format!("shell: ${{{{ matrix.shell }}}}\n{echo}"), none),
        ("windows-latest", format!("shell: cmd\n{echo}"), none),
        ("windows-latest", format!("run: echo '{TITLE}'"), none),
        ("windows-latest", format!("run: |\n  {TITLE}/x.ps1"), none),
        ("windows-latest", format!("run: |\n  copy {TITLE}/x y"), [None, Some("copy ${env:ISSUE_TITLE}/x y\n")]),
        // Over several lines, PowerShell is still in the string or the command that it was in.
        (
            "windows-latest",
            format!("run: |\n  copy `\n    {TITLE}/x y"),
            [None, Some("copy `\n  ${env:ISSUE_TITLE}/x y\n")],
        ),
        (
            "windows-latest",
            format!("run: |\n  echo \"a\n  b {TITLE}\""),
            [None, Some("echo \"a\nb ${env:ISSUE_TITLE}\"\n")],
        ),
        ("windows-latest", format!("run: |\n  echo 'a\n  b {TITLE} c'"), none),
        (
            "windows-latest",
            format!("run: |\n  echo @\"\n  b {TITLE}\n  \"@"),
            [None, Some("echo @\"\nb ${env:ISSUE_TITLE}\n\"@\n")],
        ),
        ("windows-latest", format!("run: |\n  echo @'\n  b {TITLE}\n  '@"), none),
        (
            "windows-latest",
            format!("run: |\n  if (\"{TITLE}\" -eq 'x') {{\n    a\n  }}"),
            [None, Some("if (\"${env:ISSUE_TITLE}\" -eq 'x') {\n  a\n}\n")],
        ),
        ("windows-latest", format!("run: |\n  # {TITLE}\n  a"), none),
        // Outside of quotes, PowerShell takes these for a part of the variable.
        ("windows-latest", format!("run: y {TITLE}.Length"), none),
        ("windows-latest", format!("run: y {TITLE}.zip"), none),
        ("windows-latest", format!("run: y {TITLE}[0]"), none),
        ("windows-latest", format!("run: y {TITLE}::x"), none),
        ("windows-latest", format!("run: y \"{TITLE}.zip\""), [None, Some("y \"${env:ISSUE_TITLE}.zip\"")]),
        // What is run as code is no less so in a variable.
        ("windows-latest", format!("run: iex \"echo {TITLE}\""), none),
        ("windows-latest", format!("run: Invoke-Expression -Command {TITLE}"), none),
        ("windows-latest", format!("run: invoke-expression (a \"{TITLE}\")"), none),
        ("windows-latest", format!("run: echo \"{TITLE}\" | x | iex"), none),
        (
            "windows-latest",
            format!("run: echo \"{TITLE}\" | x; iex y"),
            [None, Some("echo \"${env:ISSUE_TITLE}\" | x; iex y")],
        ),
        // What `sh` would read as something else.
        ("ubuntu-latest", format!("run: echo '{TITLE}'"), none),
        ("ubuntu-latest", format!("run: echo \"$${TITLE}\"").replace("$$$", "$$"), none),
        ("ubuntu-latest", format!("run: |\n  ISSUE_TITLE=x\n  echo \"{TITLE}\""), none),
        ("ubuntu-latest", format!("run: |\n  cat <<'EOF'\n  {TITLE}\n  EOF"), none),
        ("ubuntu-latest", "env: {my-var: x}\nrun: echo \"${{ env.my-var }} x\"".to_owned(), none),
        // Each style of YAML has its own way to write quotes.
        ("ubuntu-latest", format!("run: {TITLE} --version"), none),
        ("ubuntu-latest", format!("run: a {TITLE} b"), [None, Some("a \"${ISSUE_TITLE}\" b")]),
        ("ubuntu-latest", format!("run: \"a {TITLE}\""), [None, Some("a \"${ISSUE_TITLE}\"")]),
        ("ubuntu-latest", format!("run: '{TITLE} b'"), [None, Some("\"${ISSUE_TITLE}\" b")]),
        ("ubuntu-latest", format!("run: |\n  {TITLE} b"), [None, Some("\"${ISSUE_TITLE}\" b\n")]),
        // Values in which the shell reads more than text.
        ("ubuntu-latest", "env: {A: $HOME/x}\nrun: echo \"${{ env.A }}\"".to_owned(), [None, Some("echo \"${A}\"")]),
        ("ubuntu-latest\ncontainer: alpine", "run: ls \"${{ github.workspace }}\"".to_owned(), none),
    ] {
        let text = step(runner, &run);
        let expected = expected.map(|script: Option<&str>| script.map(str::to_owned));
        // In a container the directory gets a variable of another name.
        if run.contains("github.workspace") {
            assert_eq!(scripts(&text)[0].as_deref(), Some("ls \"${THE_GITHUB_WORKSPACE}\""), "{text}");
            continue;
        }
        assert_eq!(scripts(&text), expected, "{text}");
    }
}

#[test]
fn variables_stand_in_the_order_of_the_script() {
    let text = step("ubuntu-latest", "run: echo \"${{ inputs.a }} ${{ inputs.b }} ${{ inputs.c }}\"");
    let mended = mended("ci.yml", &text, Safety::Safe);
    assert_eq!(mended.made, 3);
    let wanted = "- env:
          INPUTS_A: ${{ inputs.a }}
          INPUTS_B: ${{ inputs.b }}
          INPUTS_C: ${{ inputs.c }}
        run: echo \"${INPUTS_A} ${INPUTS_B} ${INPUTS_C}\"\n";
    assert!(mended.text.ends_with(wanted), "{}", mended.text);
}

#[test]
fn what_an_alias_repeats_is_left_alone() {
    let text = "on: issues\nenv:\n  CMD: &cmd echo \"${{ github.event.issue.title }}\"\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: *cmd\n      - &checkout\n        uses: actions/checkout@v4\n      - *checkout\n";
    assert_eq!(mended("ci.yml", text, Safety::Unsafe).text, text);
}

#[test]
fn an_entry_is_taken_away_and_no_more() {
    const NAME: &str = "ACTIONS_ALLOW_UNSECURE_COMMANDS";
    for (env, expected) in [
        (format!("{{ {NAME}: true, FOO: bar }}"), Some("{ FOO: bar }".to_owned())),
        (format!("{{ FOO: bar, {NAME}: true }}"), Some("{ FOO: bar }".to_owned())),
        (format!("\n  {NAME}: true # old\n  FOO: bar"), Some("\n  FOO: bar".to_owned())),
        (format!("\n  FOO: bar\n  {NAME}: true"), Some("\n  FOO: bar".to_owned())),
        (format!("\n  {NAME}: true"), None),
    ] {
        let whole = |env: &str| {
            format!(
                "on: push\nenv: {env}\npermissions: {{}}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    timeout-minutes: 5\n    steps:\n      - run: make\n"
            )
        };
        let text = whole(&env);
        assert_eq!(mended("ci.yml", &text, Safety::Safe).text, text);
        assert_eq!(mended("ci.yml", &text, Safety::Unsafe).text, whole(expected.as_ref().unwrap_or(&env)));
    }
}

#[test]
fn the_token_is_taken_away_safely_only_where_no_step_may_need_it() {
    for (later, safe) in [
        ("run: ls && tar cf x.tar .", true),
        ("uses: actions/upload-artifact@v4", true),
        ("run: mkdocs gh-deploy --force", false),
        ("run: npm ci", false),
        ("run: make release", false),
        ("run: echo $(git push)", false),
        ("run: $COMMAND", false),
        ("uses: ./tools/release", false),
        ("uses: someone/deploy@v1", false),
    ] {
        let text = format!("{}      - {later}\n", step("ubuntu-latest", "uses: actions/checkout@v4"));
        let has = |least| mended("ci.yml", &text, least).text.contains("persist-credentials: false");
        assert_eq!((has(Safety::Safe), has(Safety::Unsafe)), (safe, true), "{later}");
    }
}
