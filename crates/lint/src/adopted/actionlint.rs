//! `.github/actionlint.yaml`.

use globset::{GlobBuilder, GlobSetBuilder};
use regex::Regex;
use span::Diagnostic;
use yaml::Node;

use super::reading::Reader;
use super::{Adopted, IgnoredMessages};

const KEYS: &[&str] = &["self-hosted-runner", "config-variables", "paths"];

pub(super) fn read(root: &Node, adopted: &mut Adopted, problems: &mut Vec<Diagnostic>) {
    let mut reader = Reader { problems };
    for (key, span, value) in reader.mapping("actionlint's configuration", root) {
        match key {
            "self-hosted-runner" => {
                for (key, span, value) in reader.mapping("`self-hosted-runner`", value) {
                    match key {
                        "labels" => labels(&mut reader, value, adopted),
                        _ => reader.unknown_key(key, span, &["labels"]),
                    }
                }
            }
            // Without a value the check is off, with an empty list no variable is allowed.
            "config-variables" if value.is_null() => {}
            "config-variables" => {
                let names = reader.texts("`config-variables`", value);
                adopted.vars = Some(names.into_iter().map(|(name, _)| name.to_owned()).collect());
            }
            "paths" => paths(&mut reader, value, adopted),
            _ => reader.unknown_key(key, span, KEYS),
        }
    }
}

fn labels(reader: &mut Reader<'_>, node: &Node, adopted: &mut Adopted) {
    let mut labels = GlobSetBuilder::new();
    for (label, span) in reader.texts("`labels`", node) {
        match GlobBuilder::new(label).case_insensitive(true).literal_separator(true).build() {
            Ok(glob) => {
                labels.add(glob);
            }
            Err(error) => {
                reader.wrong(span, format!("the label `{label}` is no pattern: {}", error.kind()));
            }
        }
    }
    match labels.build() {
        Ok(labels) => adopted.runner_labels = labels,
        Err(error) => {
            reader.wrong(node.span, error.to_string());
        }
    }
}

fn paths(reader: &mut Reader<'_>, node: &Node, adopted: &mut Adopted) {
    for (pattern, span, value) in reader.mapping("`paths`", node) {
        let files = match GlobBuilder::new(pattern).literal_separator(true).build() {
            Ok(glob) => glob.compile_matcher(),
            Err(error) => {
                reader.wrong(span, format!("`{pattern}` is no pattern of paths: {}", error.kind()));
                continue;
            }
        };
        for (key, span, value) in reader.mapping("what stands below a path", value) {
            if key != "ignore" {
                reader.unknown_key(key, span, &["ignore"]);
                continue;
            }
            let mut patterns = Vec::new();
            for (text, span) in reader.texts("`ignore`", value) {
                match Regex::new(text) {
                    Ok(pattern) => patterns.push(pattern),
                    Err(error) => {
                        let why = error.to_string();
                        let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                        reader.wrong(span, format!("`{text}` is no regular expression: {why}"));
                    }
                }
            }
            adopted.messages.push(IgnoredMessages { files: files.clone(), patterns });
        }
    }
}
