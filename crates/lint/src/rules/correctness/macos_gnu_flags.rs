use span::Severity;

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::runners::{System, system_of};
use crate::shell::Word;
use crate::steps::{RunStep, Shell};
use crate::subject::StepSubject;

pub(super) static RULE: Rule = Rule {
    id: "correctness/macos-gnu-flags",
    severity: Severity::Warning,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &["jactionlint:macos-gnu-flags"],
    summary: "an option of GNU tools is used on macOS, which has others",
    page: page!("correctness/macos-gnu-flags"),
    checks: &[Check::Step(check)],
};

fn check(subject: &StepSubject<'_>, report: &mut Report<'_>) {
    if subject.owner.job().and_then(system_of) != Some(System::MacOs) {
        return;
    }
    let Some(run) = RunStep::of(subject).filter(|run| run.shell == Shell::Posix) else { return };
    let text = run.text();
    // GNU tools may have been put in front.
    if text.contains("gnubin") || text.contains("coreutils") || text.contains("uname") || text.contains("OSTYPE") {
        return;
    }
    let Some(script) = run.commands() else { return };
    for command in &script.commands {
        let words = command.inner();
        let Some(name) = words.first().and_then(|word| word.literal()) else { continue };
        if let Some((word, help)) = gnu_only(name, &words[1..]) {
            report
                .at(
                    run.place(subject, word.range.clone()),
                    format!("`{name}` of macOS has no `{}` like this", word.text),
                )
                .help(help);
        }
    }
}

/// The option that only the GNU version has, and what to do.
fn gnu_only<'w>(name: &str, words: &'w [Word]) -> Option<(&'w Word, &'static str)> {
    let option =
        |names: &[&str]| words.iter().find(|word| names.contains(&word.text.split('=').next().unwrap_or_default()));
    match name {
        "sed" => {
            let at = words.iter().position(|word| word.text == "-i")?;
            // macOS takes the next word as the suffix of a backup: a script there is not one.
            let next = words.get(at + 1)?;
            let script = next.text.starts_with("s/")
                || next.text.starts_with("s|")
                || next.text.starts_with("s#")
                || next.text.starts_with("s,");
            (script || next.text == "-e")
                .then_some((&words[at], "write `sed -i '' …`, or `sed -i.bak …`, which both take"))
        }
        "date" => option(&["-d", "--date"]).map(|word| (word, "use `date -j -f`, or `gdate` of coreutils")),
        "grep" => {
            option(&["-P", "-oP", "-Po", "--perl-regexp"]).map(|word| (word, "use `grep -E`, or `perl`, or `ggrep`"))
        }
        "stat" => option(&["-c", "--format", "--printf"]).map(|word| (word, "use `stat -f`, or `gstat` of coreutils")),
        "cp" => option(&["--parents", "--no-preserve"]).map(|word| (word, "use `rsync -R`, or `gcp` of coreutils")),
        "readlink" => option(&["-e", "-m", "--canonicalize"]).map(|word| (word, "use `readlink -f`")),
        "base64" => option(&["-w", "-w0", "--wrap"]).map(|word| (word, "leave it out: macOS does not break lines")),
        "mktemp" => option(&["--suffix", "--tmpdir"]).map(|word| (word, "use `mktemp -t PREFIX`")),
        _ => None,
    }
}
