//! Programs that runs use.

use explain::doctor::Finding;

use crate::tools::{on_path, version};

pub(super) fn look() -> Vec<Finding> {
    let mut findings = vec![git(), node(), shells()];
    findings.push(helpers());
    findings
}

/// The numbers of a version.
fn numbers(text: &str) -> Option<(u32, u32)> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let mut parts = text[start..].split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).map(str::parse);
    Some((parts.next()?.ok()?, parts.next()?.ok()?))
}

fn git() -> Finding {
    let (id, title) = ("programs/git", "git");
    let Some(path) = on_path("git") else {
        return Finding::fail(id, title, "not on PATH", "no event can be made up and nothing be checked out")
            .remedy("install git 2.30 or newer");
    };
    let said = version(&path, &["--version"]).unwrap_or_default();
    match numbers(&said) {
        Some(found) if found >= (2, 38) => Finding::ok(id, title, said),
        Some(found) if found >= (2, 30) => {
            Finding::warn(id, title, said, "`why pr` cannot tell whether a pull request merges; that takes git 2.38")
        }
        _ => Finding::fail(id, title, said, "git is too old, or does not answer").remedy("install git 2.30 or newer"),
    }
}

fn node() -> Finding {
    let (id, title) = ("programs/node", "Node.js");
    let Some(path) = on_path("node") else {
        return Finding::warn(id, title, "not on PATH", "JavaScript actions that are not built in cannot run")
            .remedy("install Node.js 20 or newer");
    };
    let said = version(&path, &["--version"]).unwrap_or_default();
    match numbers(&said) {
        Some((major, _)) if major >= 20 => Finding::ok(id, title, format!("{said} ({})", path.display())),
        _ => Finding::warn(
            id,
            title,
            format!("{said} ({})", path.display()),
            "most actions are written for Node.js 20 or 24",
        )
        .remedy("install Node.js 20 or newer"),
    }
}

fn shells() -> Finding {
    let (id, title) = ("programs/shells", "shells");
    let (there, missing): (Vec<&str>, Vec<&str>) =
        ["bash", "sh", "python3", "pwsh"].into_iter().partition(|name| on_path(name).is_some());
    let found = there.join(", ");
    if !there.contains(&"bash") {
        return Finding::fail(id, title, found, "steps without `shell:` run in bash, and it is not on PATH")
            .remedy("install bash");
    }
    let others: Vec<String> = missing.iter().map(|name| format!("`shell: {name}`")).collect();
    let note = if others.is_empty() { String::new() } else { format!("; {} would not work", others.join(" and ")) };
    Finding::ok(id, title, format!("{found}{note}"))
}

/// What actions of ours and many workflows call.
fn helpers() -> Finding {
    let (id, title) = ("programs/helpers", "others");
    let wanted = ["tar", "gzip", "zstd", "unzip", "curl", "sudo", "make", "jq"];
    let (there, missing): (Vec<&str>, Vec<&str>) = wanted.into_iter().partition(|name| on_path(name).is_some());
    if missing.is_empty() {
        return Finding::ok(id, title, there.join(", "));
    }
    let means = match missing.contains(&"zstd") {
        true => "without zstd caches are compressed with gzip, and those of machines that have it do not fit",
        false => "workflows that call them fail here, though GitHub's runners have them",
    };
    Finding::warn(id, title, format!("{}; not on PATH: {}", there.join(", "), missing.join(", ")), means)
}
