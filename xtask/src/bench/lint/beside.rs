//! The table of agreements with zizmor: for each of its audits, what both tell, what only one does, and why.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use super::corpus::Corpus;
use super::reading::{Told, read};
use super::{tool, version};

/// Findings of the two stand for the same when they are no more than so many lines apart: one tool points at a step,
/// the other at a key of it.
const NEAR: u32 = 2;

/// Why the two differ, by audit.
const REASONS: &str = include_str!("reasons.txt");

#[derive(Default)]
struct Counts {
    both: usize,
    ours: usize,
    theirs: usize,
}

pub(super) fn table(program: &Path, corpus: &Corpus) -> Result<String, String> {
    let zizmor = tool("zizmor").ok_or("zizmor is neither on PATH nor among the tests' tools")?;
    let audits = audits(program)?;
    let mut counts: BTreeMap<String, Counts> = BTreeMap::new();
    let (mut files, mut repositories, mut left_out) = (0, 0, Vec::new());
    for repository in &corpus.repositories {
        let words = [
            "lint",
            "--profile",
            "pedantic",
            "--confidence",
            "low",
            "--format",
            "github",
            "--fail-on",
            "never",
            "--external",
            "never",
        ];
        let ours = read(program, &words, repository);
        let words =
            ["--offline", "--no-config", "--no-exit-codes", "--persona", "auditor", "--format", "github", "--", "."];
        let theirs = read(&zizmor, &words, repository);
        let name = repository.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (Some(ours), Some(theirs)) = (ours, theirs) else {
            left_out.push(name);
            continue;
        };
        repositories += 1;
        files += corpus.files.iter().filter(|file| file.starts_with(repository)).count();
        for (audit, rules) in &audits {
            let ours: Vec<&Told> = ours.iter().filter(|told| rules.contains(&told.rule)).collect();
            let theirs: Vec<&Told> = theirs.iter().filter(|told| told.rule == *audit).collect();
            let count = counts.entry(audit.clone()).or_default();
            let near = |told: &Told, others: &[&Told]| others.iter().any(|other| is_near(told, other));
            count.both += theirs.iter().filter(|told| near(told, &ours)).count();
            count.theirs += theirs.iter().filter(|told| !near(told, &ours)).count();
            count.ours += ours.iter().filter(|told| !near(told, &theirs)).count();
        }
    }
    let mut page = format!(
        "# Lint beside zizmor\n\nWhat `trunkline lint` and {} tell about the same {files} workflows of {repositories} public repositories, with \
         their\nactions and Dependabot files. Made by\n\n```console\n$ cargo xtask bench lint --corpus DIR --table \
         docs/reference/lint-beside-zizmor.md\n```\n\nwith one directory a repository below `DIR`. zizmor works offline, without \
         configuration, as `auditor`, its strictest;\n`trunkline lint` with `--profile pedantic --confidence low`: everything either \
         has to say. Two findings are the same when they\nare of the same audit and no more than {NEAR} lines apart.\n\n",
        version(&zizmor)
    );
    if !left_out.is_empty() {
        let _ = writeln!(page, "Left out, as one of the two gave up: {}.\n", left_out.join(", "));
    }
    page.push_str("| audit | both | only Trunkline | only zizmor | why they differ |\n|---|---:|---:|---:|---|\n");
    for (audit, count) in &counts {
        if count.both + count.ours + count.theirs > 0 {
            let _ = writeln!(
                page,
                "| `{audit}` | {} | {} | {} | {} |",
                count.both,
                count.ours,
                count.theirs,
                if count.ours + count.theirs > 0 { reason(audit) } else { "" }
            );
        }
    }
    let sum = |of: fn(&Counts) -> usize| counts.values().map(of).sum::<usize>();
    let _ = writeln!(
        page,
        "| all | {} | {} | {} | |",
        sum(|count| count.both),
        sum(|count| count.ours),
        sum(|count| count.theirs)
    );
    Ok(page)
}

fn is_near(a: &Told, b: &Told) -> bool {
    a.file == b.file && a.line <= b.end + NEAR && b.line <= a.end + NEAR
}

fn reason(audit: &str) -> &'static str {
    let line = REASONS.lines().find_map(|line| line.strip_prefix(audit)?.strip_prefix(": "));
    line.unwrap_or_default()
}

/// The audits of zizmor that rules stand for, with the rules of each: the program lists them.
fn audits(program: &Path) -> Result<BTreeMap<String, Vec<String>>, String> {
    let output = Command::new(program).args(["lint", "--list-rules"]).output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut audits: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in text.lines() {
        let Some(rule) = line.split_whitespace().find(|word| word.contains('/')) else { continue };
        for alias in line.split([' ', ',', '(', ')']).filter_map(|word| word.strip_prefix("zizmor:")) {
            audits.entry(alias.to_owned()).or_default().push(rule.to_owned());
        }
    }
    if audits.is_empty() {
        return Err("`trunkline lint --list-rules` names no audit of zizmor".to_owned());
    }
    Ok(audits)
}
