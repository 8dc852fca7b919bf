use span::Severity;

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::steps::RunStep;
use crate::subject::StepSubject;

pub(super) static RULE: Rule = Rule {
    id: "security/adhoc-packages",
    severity: Severity::Info,
    confidence: Confidence::High,
    profile: Profile::Pedantic,
    aliases: &["zizmor:adhoc-packages"],
    summary: "a step installs packages that no lock file pins",
    page: page!("security/adhoc-packages"),
    checks: &[Check::Step(check)],
};

fn check(subject: &StepSubject<'_>, report: &mut Report<'_>) {
    let Some(run) = RunStep::of(subject) else { return };
    for command in run.commands().iter().flat_map(|script| &script.commands) {
        let Some(package) = installs(&command.inner_text()) else { continue };
        report
            .at(
                run.place(subject, command.range.clone()),
                format!("`{package}` and all that it needs are whatever is newest"),
            )
            .help("keep it in a lock file of the repository, and install from that");
    }
}

/// Options whose value is the next word.
const WITH_VALUE: &[&str] =
    &["--cache", "--loglevel", "--prefix", "--registry", "--tag", "--userconfig", "--workspace", "-w", "-C", "--dir"];

/// The first package that a command installs by name.
fn installs<'w>(words: &[&'w str]) -> Option<&'w str> {
    let (name, rest) = words.split_first()?;
    let mut operands: Vec<&str> = Vec::new();
    let mut words = rest.iter().copied();
    while let Some(word) = words.next() {
        if WITH_VALUE.contains(&word) {
            words.next();
        } else if !word.starts_with('-') {
            operands.push(word);
        }
    }
    let (verb, packages) = operands.split_first()?;
    let installs = match *name {
        "gem" => matches!(*verb, "install" | "i"),
        "bundle" | "yarn" | "pnpm" => *verb == "add",
        "npm" => matches!(
            *verb,
            "install"
                | "i"
                | "in"
                | "ins"
                | "inst"
                | "insta"
                | "instal"
                | "isnt"
                | "isnta"
                | "isntal"
                | "isntall"
                | "add"
        ),
        _ => false,
    };
    // What is not written out or lies in the repository is no package of a registry.
    packages.first().copied().filter(|package| installs && !package.is_empty() && !package.starts_with(['.', '/']))
}

#[cfg(test)]
mod tests {
    #[test]
    fn packages_by_name() {
        for (words, expected) in [
            (&["npm", "install", "-g", "typescript"][..], Some("typescript")),
            (&["npm", "install"], None),
            (&["npm", "ci"], None),
            (&["npm", "i", "./local"], None),
            (&["npm", "install", "--loglevel", "verbose", ""], None),
            (&["npm", "install", "--registry", "http://localhost", "deno"], Some("deno")),
            (&["gem", "install", "bundler"], Some("bundler")),
            (&["yarn", "install"], None),
            (&["pnpm", "add", "x"], Some("x")),
        ] {
            assert_eq!(super::installs(words), expected, "{words:?}");
        }
    }
}
