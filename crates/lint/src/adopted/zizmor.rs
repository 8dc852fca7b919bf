//! `zizmor.yml`.

use span::{Diagnostic, Severity, Span, did_you_mean};
use toml::{Table, Value};
use yaml::Node;

use super::reading::Reader;
use super::{Adopted, IgnoredPlace};

/// Every audit of zizmor 1.32, those too that ask GitHub and have no counterpart here.
const AUDITS: &[&str] = &[
    "adhoc-packages",
    "agentic-actions",
    "anonymous-definition",
    "archived-uses",
    "artipacked",
    "bot-conditions",
    "cache-poisoning",
    "concurrency-limits",
    "dangerous-triggers",
    "dependabot-cooldown",
    "dependabot-execution",
    "excessive-permissions",
    "forbidden-uses",
    "github-app",
    "github-env",
    "hardcoded-container-credentials",
    "impostor-commit",
    "insecure-commands",
    "insecure-url-scheme",
    "known-vulnerable-actions",
    "misfeature",
    "obfuscation",
    "overprovisioned-secrets",
    "ref-confusion",
    "ref-version-mismatch",
    "secrets-inherit",
    "secrets-outside-env",
    "self-hosted-runner",
    "self-repository",
    "stale-action-refs",
    "superfluous-actions",
    "template-injection",
    "typosquat-uses",
    "undocumented-permissions",
    "unpinned-images",
    "unpinned-tools",
    "unpinned-uses",
    "unredacted-secrets",
    "unsound-condition",
    "unsound-contains",
    "unsound-ternary",
    "use-trusted-publishing",
];

const KEYS: &[&str] = &["disable", "ignore", "config", "remap"];

pub(super) fn read(root: &Node, adopted: &mut Adopted, problems: &mut Vec<Diagnostic>) {
    let mut reader = Reader { problems };
    for (key, span, value) in reader.mapping("zizmor's configuration", root) {
        if key != "rules" {
            reader.unknown_key(key, span, &["rules"]);
            continue;
        }
        for (audit, span, value) in reader.mapping("`rules`", value) {
            if !AUDITS.contains(&audit) {
                unknown_audit(&mut reader, audit, span);
            }
            of_audit(&mut reader, audit, value, adopted);
        }
    }
}

fn unknown_audit(reader: &mut Reader<'_>, audit: &str, span: Span) {
    let told = Diagnostic::warning("config/unknown-rule", format!("zizmor has no audit `{audit}`")).at(span);
    reader.problems.push(match did_you_mean(audit, AUDITS.iter().copied()) {
        Some(meant) => told.help(format!("did you mean `{meant}`?")),
        None => told,
    });
}

fn of_audit(reader: &mut Reader<'_>, audit: &str, node: &Node, adopted: &mut Adopted) {
    for (key, span, value) in reader.mapping("what stands below an audit", node) {
        match key {
            "disable" => match value.as_bool() {
                Some(true) => adopted.disabled.push(audit.to_owned()),
                Some(false) => {}
                None => {
                    reader.wrong(value.span, format!("`disable` is true or false, not {}", value.describe_kind()));
                }
            },
            "ignore" => {
                for (text, span) in reader.texts("`ignore`", value) {
                    match place(audit, text) {
                        Ok(place) => adopted.ignored.push(place),
                        Err(why) => {
                            reader.wrong(span, format!("`{text}` is not of the form FILE.yml[:LINE[:COLUMN]]: {why}"));
                        }
                    }
                }
            }
            "config" => options(reader, audit, span, value, adopted),
            "remap" => {
                for (key, span, value) in reader.mapping("`remap`", value) {
                    match key {
                        "severity" => severity(reader, audit, value, adopted),
                        _ => reader.unknown_key(key, span, &["severity"]),
                    }
                }
            }
            _ => reader.unknown_key(key, span, KEYS),
        }
    }
}

fn place(audit: &str, text: &str) -> Result<IgnoredPlace, &'static str> {
    let mut parts = text.splitn(3, ':');
    let file = parts.next().unwrap_or_default().to_owned();
    if !file.ends_with(".yml") && !file.ends_with(".yaml") {
        return Err("the file is one of YAML");
    }
    if file.contains('/') {
        return Err("the file stands there by its name, without directories");
    }
    let mut number = || match parts.next() {
        None => Ok(None),
        Some(text) => match text.parse::<u32>() {
            Ok(number) if number > 0 => Ok(Some(number)),
            _ => Err("lines and columns are numbers from 1"),
        },
    };
    let (line, column) = (number()?, number()?);
    Ok(IgnoredPlace { audit: audit.to_owned(), file, line, column })
}

fn severity(reader: &mut Reader<'_>, audit: &str, node: &Node, adopted: &mut Adopted) {
    let severity = match node.text() {
        Some("informational" | "low") => Severity::Info,
        Some("medium") => Severity::Warning,
        Some("high") => Severity::Error,
        _ => {
            reader.wrong(node.span, "`severity` is informational, low, medium or high");
            return;
        }
    };
    adopted.severity.insert(audit.to_owned(), severity);
}

/// What single audits take.
fn options(reader: &mut Reader<'_>, audit: &str, key_span: Span, node: &Node, adopted: &mut Adopted) {
    let entries = reader.mapping("`config`", node);
    let mut table = Table::new();
    for (key, span, value) in entries {
        let taken = match (audit, key) {
            ("unpinned-uses", "policies") => Some(Value::Table(policies(reader, value))),
            ("forbidden-uses", "allow" | "deny") => Some(patterns(reader, key, value)),
            ("secrets-outside-env" | "known-vulnerable-actions", "allow") => {
                let texts = reader.texts("`allow`", value);
                Some(Value::Array(texts.into_iter().map(|(text, _)| Value::from(text)).collect()))
            }
            ("dependabot-cooldown", "days") => match value.as_number() {
                #[expect(clippy::cast_possible_truncation, reason = "whole and small")]
                Some(days) if days >= 1.0 && days.fract() == 0.0 && days < 1e6 => Some(Value::from(days as i64)),
                _ => {
                    reader.wrong(value.span, "`days` is a whole number from 1");
                    None
                }
            },
            _ => {
                match keys(audit) {
                    [] => {
                        reader.wrong(span, format!("{audit} takes no configuration"));
                    }
                    keys => reader.unknown_key(key, span, keys),
                }
                None
            }
        };
        table.extend(taken.map(|value| (key.to_owned(), value)));
    }
    if audit == "forbidden-uses" && table.len() == 2 {
        reader.wrong(key_span, "forbidden-uses takes `allow` or `deny`, not both");
    }
    let rule = crate::rules::RULES.iter().find(|rule| rule.is_alias("zizmor", audit));
    if let Some(rule) = rule.filter(|_| !table.is_empty()) {
        adopted.options.insert(rule.id, table);
    }
}

fn keys(audit: &str) -> &'static [&'static str] {
    match audit {
        "unpinned-uses" => &["policies"],
        "forbidden-uses" => &["allow", "deny"],
        "secrets-outside-env" | "known-vulnerable-actions" => &["allow"],
        "dependabot-cooldown" => &["days"],
        _ => &[],
    }
}

fn policies(reader: &mut Reader<'_>, node: &Node) -> Table {
    let mut table = Table::new();
    for (pattern, span, value) in reader.mapping("`policies`", node) {
        if !is_pattern(pattern) {
            no_pattern(reader, pattern, span);
        }
        match value.text() {
            Some(policy @ ("any" | "ref-pin" | "hash-pin")) => {
                table.insert(pattern.to_owned(), Value::from(policy));
            }
            _ => {
                reader.wrong(value.span, "a policy is any, ref-pin or hash-pin");
            }
        }
    }
    table
}

fn patterns(reader: &mut Reader<'_>, key: &str, node: &Node) -> Value {
    let mut patterns = Vec::new();
    for (pattern, span) in reader.texts(&format!("`{key}`"), node) {
        if is_pattern(pattern) {
            patterns.push(Value::from(pattern));
        } else {
            no_pattern(reader, pattern, span);
        }
    }
    Value::Array(patterns)
}

fn no_pattern(reader: &mut Reader<'_>, pattern: &str, span: Span) {
    let problem = reader.wrong(span, format!("`{pattern}` is no pattern of actions"));
    problem.help.push(
        "there are `*`, `owner/*`, `owner/repo`, `owner/repo/*`, `owner/repo/path`, each also with `@ref`".to_owned(),
    );
}

fn is_pattern(pattern: &str) -> bool {
    let (name, git_ref) = pattern.split_once('@').map_or((pattern, None), |(name, git_ref)| (name, Some(git_ref)));
    let parts: Vec<&str> = name.split('/').collect();
    let last = parts.len() - 1;
    let whole = parts
        .iter()
        .enumerate()
        .all(|(at, part)| !part.is_empty() && (!part.contains('*') || (*part == "*" && at == last)));
    whole
        && (parts.len() > 1 || name == "*")
        && git_ref.is_none_or(|git_ref| !git_ref.is_empty() && !name.ends_with('*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_actions() {
        for (pattern, expected) in [
            ("*", true),
            ("actions/*", true),
            ("actions/checkout", true),
            ("github/codeql-action/*", true),
            ("github/codeql-action/init@v2", true),
            ("actions", false),
            ("*/checkout", false),
            ("actions/check*", false),
            ("actions/*@v1", false),
            ("actions/checkout@", false),
        ] {
            assert_eq!(is_pattern(pattern), expected, "{pattern}");
        }
    }

    #[test]
    fn every_alias_is_an_audit() {
        for rule in crate::rules::RULES.iter() {
            for alias in rule.aliases.iter().filter_map(|alias| alias.strip_prefix("zizmor:")) {
                assert!(AUDITS.contains(&alias), "{alias}");
            }
        }
    }
}
