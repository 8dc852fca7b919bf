//! The tables of agreements with other linters: for each of their rules, what both tell, what only one does, and why.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use super::corpus::Corpus;
use super::reading::{Told, read};
use super::{tool, version};

/// Findings of two tools stand for the same when they are no more than so many lines apart: one points at a step, the
/// other at a key of it.
const NEAR: u32 = 2;

/// A linter beside which ours is held.
struct Peer {
    name: &'static str,
    /// What it is asked; the files of the repository follow where it wants them.
    words: &'static [&'static str],
    wants_files: bool,
    /// The exit code of its own failure, where that is not clear from the number.
    failure: Option<i32>,
    ours: &'static [&'static str],
    /// How both were asked.
    how: &'static str,
    /// Why they differ, by rule.
    reasons: &'static str,
}

const PEERS: &[Peer] = &[
    Peer {
        name: "zizmor",
        words: &[
            "--offline",
            "--no-config",
            "--no-exit-codes",
            "--persona",
            "auditor",
            "--format",
            "github",
            "--",
            ".",
        ],
        wants_files: false,
        failure: Some(1),
        ours: &["--no-config", "--profile", "pedantic", "--confidence", "low"],
        how: "zizmor works offline, without configuration, as `auditor`, its strictest; `trunkline lint` with\n`--no-config --profile \
              pedantic --confidence low`: everything either has to say.",
        reasons: include_str!("zizmor.txt"),
    },
    Peer {
        name: "actionlint",
        words: &["-shellcheck=", "-pyflakes=", "-no-color", "-oneline"],
        wants_files: true,
        failure: None,
        ours: &["--no-config", "--profile", "default", "--confidence", "medium"],
        how: "actionlint works without shellcheck and pyflakes; `trunkline lint` with `--confidence medium`.",
        reasons: include_str!("actionlint.txt"),
    },
];

#[derive(Default)]
struct Counts {
    both: usize,
    ours: usize,
    theirs: usize,
}

/// The page for the linter of that name.
pub(super) fn table(program: &Path, corpus: &Corpus, name: &str) -> Result<String, String> {
    let peer = PEERS.iter().find(|peer| peer.name == name).ok_or(format!("there is no table beside {name}"))?;
    let other = tool(name).ok_or(format!("{name} is neither on PATH nor among the tests' tools"))?;
    let known = known(program, name)?;
    let mut counts: BTreeMap<String, Counts> = BTreeMap::new();
    let (mut files, mut repositories, mut left_out) = (0, 0, Vec::new());
    for repository in &corpus.repositories {
        let own: Vec<&Path> = corpus.files.iter().filter_map(|file| file.strip_prefix(repository).ok()).collect();
        let Some((ours, theirs)) = both(program, &other, peer, repository, &own) else {
            left_out.push(repository.file_name().unwrap_or_default().to_string_lossy().into_owned());
            continue;
        };
        repositories += 1;
        files += own.len();
        count(&known, &ours, &theirs, &mut counts);
    }
    let mut page = format!(
        "# Lint beside {name}\n\nWhat `trunkline lint` and {} tell about the same {files} workflows of {repositories} public \
         repositories, with their\nactions and Dependabot files. Made by\n\n```console\n$ cargo xtask bench lint --corpus DIR --beside \
         {name} --table docs/reference/lint-beside-{name}.md\n```\n\nwith one directory a repository below `DIR`. {} Two findings \
         are the same when\nthey are of the same rule and no more than {NEAR} lines apart.\n\n",
        version(&other),
        peer.how
    );
    if !left_out.is_empty() {
        let _ = writeln!(page, "Left out, as one of the two gave up: {}.\n", left_out.join(", "));
    }
    let _ = writeln!(
        page,
        "| rule of {name} | both | only Trunkline | only {name} | why they differ |\n|---|---:|---:|---:|---|"
    );
    for (rule, count) in counts.iter().filter(|(_, count)| count.both + count.ours + count.theirs > 0) {
        let why = if count.ours + count.theirs > 0 { reasons(peer, rule, count) } else { String::new() };
        let _ = writeln!(page, "| `{rule}` | {} | {} | {} | {why} |", count.both, count.ours, count.theirs);
    }
    let sum = |of: fn(&Counts) -> usize| counts.values().map(of).sum::<usize>();
    let (both, ours, theirs) = (sum(|count| count.both), sum(|count| count.ours), sum(|count| count.theirs));
    let _ = writeln!(page, "| all | {both} | {ours} | {theirs} | |");
    Ok(page)
}

/// What the two tell about a repository.
fn both(
    program: &Path,
    other: &Path,
    peer: &Peer,
    repository: &Path,
    files: &[&Path],
) -> Option<(Vec<Told>, Vec<Told>)> {
    let ours = [&["lint", "--format", "github", "--fail-on", "never"], peer.ours].concat();
    let mut theirs = peer.words.to_vec();
    if peer.wants_files {
        theirs.extend(files.iter().filter_map(|file| file.to_str()));
    }
    Some((read(program, &ours, repository, None)?, read(other, &theirs, repository, peer.failure)?))
}

fn count(known: &BTreeMap<String, Vec<String>>, ours: &[Told], theirs: &[Told], counts: &mut BTreeMap<String, Counts>) {
    let others = theirs.iter().map(|told| &told.rule);
    for rule in known.keys().chain(others).collect::<std::collections::BTreeSet<_>>() {
        let same = known.get(rule).map_or(&[][..], Vec::as_slice);
        let ours: Vec<&Told> = ours.iter().filter(|told| same.contains(&told.rule)).collect();
        let theirs: Vec<&Told> = theirs.iter().filter(|told| told.rule == *rule).collect();
        let near = |told: &Told, others: &[&Told]| others.iter().any(|other| is_near(told, other));
        let count = counts.entry(rule.clone()).or_default();
        count.both += theirs.iter().filter(|told| near(told, &ours)).count();
        count.theirs += theirs.iter().filter(|told| !near(told, &ours)).count();
        count.ours += ours.iter().filter(|told| !near(told, &theirs)).count();
    }
}

fn is_near(a: &Told, b: &Told) -> bool {
    a.file == b.file && a.line <= b.end + NEAR && b.line <= a.end + NEAR
}

/// Every reason that is written down for a rule. One that begins with `+3` or `-3` speaks of so many findings that only
/// ours or only the other linter has; what such reasons leave over is told.
fn reasons(peer: &Peer, rule: &str, count: &Counts) -> String {
    let (mut ours, mut theirs, mut counted) = (0, 0, false);
    let mut parts = Vec::new();
    for reason in peer.reasons.lines().filter_map(|line| line.strip_prefix(rule)?.strip_prefix(": ")) {
        let (number, text) = reason.split_once(' ').unwrap_or((reason, ""));
        match (number.bytes().next(), number.get(1..).unwrap_or_default().parse::<usize>()) {
            (Some(b'+'), Ok(number)) => {
                ours += number;
                counted = true;
                parts.push(format!("{number} here: {text}"));
            }
            (Some(b'-'), Ok(number)) => {
                theirs += number;
                counted = true;
                parts.push(format!("{number} there: {text}"));
            }
            _ if reason.is_empty() => {}
            _ => parts.push(reason.to_owned()),
        }
    }
    if counted && (ours, theirs) != (count.ours, count.theirs) {
        parts.push(format!("**explained are {ours} here, {theirs} there**"));
    }
    parts.join("; ")
}

/// The rules of the other linter that ours stand for, with ours of each: the program lists them.
fn known(program: &Path, name: &str) -> Result<BTreeMap<String, Vec<String>>, String> {
    let output = Command::new(program).args(["lint", "--list-rules"]).output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut known: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in text.lines() {
        let Some(rule) = line.split_whitespace().find(|word| word.contains('/')) else { continue };
        let aliases = line.split([' ', ',', '(', ')']).filter_map(|word| word.strip_prefix(name)?.strip_prefix(':'));
        for alias in aliases {
            known.entry(alias.to_owned()).or_default().push(rule.to_owned());
        }
    }
    if known.is_empty() { Err(format!("`trunkline lint --list-rules` names no rule of {name}")) } else { Ok(known) }
}
