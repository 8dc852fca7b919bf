//! Every rule has a page in `docs/rules/`, and its examples hold.
//!
//! A page starts with `# the/id`, an empty line, and `> ` with what the rule is (written by this test). A section whose
//! heading starts with `Bad` is a project in which the rule finds something: fenced blocks `yaml` (with a path after it,
//! else it is a workflow), `toml` (a `trunkline.toml`), `tree` (the paths of files that exist besides), then a block
//! `text` with what is told, and, if the rule has fixes, a block `yaml fixed` with the first file after all of them. A
//! section that starts with `Good` is a project in which it finds nothing. More of both can stand in
//! `tests/cases/GROUP/NAME.md`, in the same form.
//!
//! `TRUNKLINE_BLESS=1` writes the blocks `text` and `fixed`, the `> ` line, and the index `docs/rules/README.md`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use lint::{Confidence, Config, Facts, Fix, Options, Profile, RULES, Rule, Tree};

use crate::sample::Sample;

#[test]
fn examples_hold() {
    let mut failures = String::new();
    for rule in RULES.iter() {
        let page = docs().join(format!("{}.md", rule.id));
        let text = std::fs::read_to_string(&page).unwrap();
        let (mut examples, written) = check(rule, &text, true, &mut failures);
        store(&page, &text, &written, &mut failures);
        let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/cases/{}.md", rule.id));
        if let Ok(text) = std::fs::read_to_string(&cases) {
            let (more, written) = check(rule, &text, false, &mut failures);
            store(&cases, &text, &written, &mut failures);
            examples.0 += more.0;
            examples.1 += more.1;
        }
        if (examples.0 == 0 || examples.1 == 0) && !SHOWN_ELSEWHERE.contains(&rule.id) {
            let _ = writeln!(failures, "{}: a page needs a section `Bad` and a section `Good`", rule.id);
        }
    }
    let index = docs().join("README.md");
    let text = std::fs::read_to_string(&index).unwrap_or_default();
    store(&index, &text, &index_page(), &mut failures);
    assert!(failures.is_empty(), "{failures}\n(TRUNKLINE_BLESS=1 writes what can be written)");
}

/// What fits on no page, or needs a program outside or the reader of another file, is shown by tests in
/// `framework.rs`, `external.rs` and those of the command.
const SHOWN_ELSEWHERE: [&str; 7] = [
    "call/too-many-files",
    "config/invalid",
    "config/unknown-rule",
    "scripts/pyflakes",
    "scripts/shellcheck",
    "yaml/encoding",
    "yaml/too-large",
];

#[test]
fn rules_are_well_formed() {
    for pair in RULES.windows(2) {
        assert!(pair[0].id < pair[1].id, "{} is there twice", pair[0].id);
    }
    for rule in RULES.iter() {
        let (group, name) = rule.id.split_once('/').unwrap();
        let word = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-' || byte.is_ascii_digit())
        };
        assert!(word(group) && word(name), "{}", rule.id);
        assert!(!rule.summary.is_empty() && !rule.summary.ends_with('.'), "{}: {}", rule.id, rule.summary);
        assert!(!rule.checks.is_empty(), "{} checks nothing", rule.id);
        assert!(rule.aliases.iter().all(|alias| alias.contains(':')), "{}", rule.id);
        assert!(rule.page.starts_with(&format!("# {}\n", rule.id)), "{}: the page's heading", rule.id);
    }
}

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/rules")
}

fn blessing() -> bool {
    std::env::var_os("TRUNKLINE_BLESS").is_some()
}

fn store(path: &Path, old: &str, new: &str, failures: &mut String) {
    if old == new {
        return;
    }
    if blessing() {
        if let Err(error) = std::fs::write(path, new) {
            let _ = writeln!(failures, "{}: {error}", path.display());
        }
        return;
    }
    let line = old.lines().zip(new.lines()).position(|(old, new)| old != new);
    let line = line.unwrap_or_else(|| old.lines().count().min(new.lines().count()));
    let (was, is) = (old.lines().nth(line), new.lines().nth(line));
    let _ = writeln!(failures, "{}:{}: {was:?} should be {is:?}", path.display(), line + 1);
}

/// The line under a page's heading.
fn header(rule: &Rule) -> String {
    let mut header =
        format!("> {} · {} confidence · profile `{}`", rule.severity, rule.confidence, rule.profile.as_str());
    for alias in rule.aliases {
        let (linter, name) = alias.split_once(':').unwrap_or(("", alias));
        let _ = write!(header, " · {linter} `{name}`");
    }
    header
}

fn index_page() -> String {
    let mut page = String::from(
        "# Rules\n\nWhat `trunkline lint` looks for. Each page says why, and shows what is told and what is right.\n",
    );
    let mut group = "";
    for rule in RULES.iter() {
        if rule.group() != group {
            group = rule.group();
            let _ = write!(page, "\n## {group}\n\n| rule | severity | profile | |\n|---|---|---|---|\n");
        }
        let sure = if rule.confidence == Confidence::High {
            String::new()
        } else {
            format!(", {} confidence", rule.confidence)
        };
        let profile = rule.profile.as_str();
        let _ = writeln!(
            page,
            "| [`{0}`]({0}.md) | {1}{sure} | {profile} | {2} |",
            rule.id,
            rule.severity,
            rule.summary.replace('|', "\\|")
        );
    }
    page
}

#[derive(Default)]
struct Section {
    heading: String,
    files: Vec<(String, String)>,
    config: Option<String>,
    tree: Option<Vec<String>>,
}

/// How many bad and good sections there are, and the page as it should be.
fn check(rule: &'static Rule, text: &str, is_page: bool, failures: &mut String) -> ((usize, usize), String) {
    let mut written = String::new();
    let mut counts = (0, 0);
    let mut section = Section::default();
    let mut told = false;
    let mut lines = text.lines().enumerate().peekable();
    while let Some((number, line)) = lines.next() {
        if is_page && number == 2 {
            let _ = writeln!(written, "{}", header(rule));
            continue;
        }
        if let Some(heading) = line.strip_prefix("## ") {
            finish(rule, &section, told, failures, &mut counts);
            section = Section { heading: heading.to_owned(), ..Section::default() };
            told = false;
        }
        let _ = writeln!(written, "{line}");
        let Some(info) = line.strip_prefix("```").filter(|info| !info.is_empty()) else { continue };
        let mut body = String::new();
        for (_, line) in lines.by_ref() {
            if line == "```" {
                break;
            }
            body.push_str(line);
            body.push('\n');
        }
        match info {
            "text" if section.heading.starts_with("Bad") => {
                told = true;
                body = render(rule, &section);
                if body.is_empty() {
                    let _ = writeln!(failures, "{}, {}: nothing was found", rule.id, section.heading);
                }
            }
            "yaml fixed" => body = fixed(rule, &section),
            "toml" => section.config = Some(body.clone()),
            "tree" => section.tree = Some(body.lines().map(str::to_owned).collect()),
            "yaml" => section.files.push((".github/workflows/ci.yml".to_owned(), body.clone())),
            _ => {
                if let Some(path) = info.strip_prefix("yaml ") {
                    section.files.push((path.to_owned(), body.clone()));
                }
            }
        }
        let _ = writeln!(written, "{body}```");
    }
    finish(rule, &section, told, failures, &mut counts);
    (counts, written)
}

fn finish(rule: &'static Rule, section: &Section, told: bool, failures: &mut String, counts: &mut (usize, usize)) {
    let heading = &section.heading;
    if heading.starts_with("Bad") {
        counts.0 += 1;
        if !told {
            let _ = writeln!(failures, "{}, {heading}: a block `text` is missing", rule.id);
        }
        let (sample, findings) = findings(rule, section);
        let _ = sample;
        if findings.iter().any(|finding| !finding.fixes.is_empty()) && fixed(rule, section) == section.files[0].1 {
            let _ = writeln!(failures, "{}, {heading}: the fixes change nothing", rule.id);
        }
    } else if heading.starts_with("Good") {
        counts.1 += 1;
        let found = render(rule, section);
        if section.files.is_empty() {
            let _ = writeln!(failures, "{}, {heading}: there is no file in it", rule.id);
        }
        if !found.is_empty() {
            let _ = writeln!(failures, "{}, {heading}: should be clean\n{found}", rule.id);
        }
    }
}

fn findings(rule: &'static Rule, section: &Section) -> (Sample, Vec<lint::Finding>) {
    #[derive(serde::Deserialize)]
    struct File {
        lint: Config,
    }
    let config = section.config.as_deref().map(|text| match toml::from_str::<File>(text) {
        Ok(file) => file.lint,
        Err(error) => panic!("{}: {error}", rule.id),
    });
    let config = config.unwrap_or_default();
    let files: Vec<(&str, &str)> = section.files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let tree = section
        .tree
        .as_ref()
        .map(|paths| Tree::new(paths.iter().map(String::as_str).chain(files.iter().map(|(path, _)| *path))));
    let sample = Sample::new(&files, Facts { tree, config, today: Some([2026, 11, 30]), ..Facts::default() });
    let options = Options {
        profile: Some(Profile::Pedantic),
        confidence: Some(Confidence::Low),
        only: vec![rule.id.to_owned()],
        threads: 1,
    };
    let findings = sample.lint(&options);
    (sample, findings)
}

fn render(rule: &'static Rule, section: &Section) -> String {
    let (sample, findings) = findings(rule, section);
    sample.render(&findings)
}

fn fixed(rule: &'static Rule, section: &Section) -> String {
    let (sample, findings) = findings(rule, section);
    let document = &sample.project.documents()[0];
    let fixes: Vec<&Fix> = findings.iter().filter_map(|finding| finding.fixes.first()).collect();
    lint::apply(document.file, document.text(), &fixes).text
}
