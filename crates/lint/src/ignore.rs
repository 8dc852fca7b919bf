//! Comments that silence rules.
//!
//! `# trunkline: ignore[rule, …]` silences rules on its own line, or on the next one when it stands alone, and in all of
//! a text of several lines that begins there; `# trunkline: ignore-file[rule, …]` in the whole file.
//! `# zizmor: ignore[audit, …]` does what it does for zizmor: it counts anywhere on the lines of the finding. actionlint
//! has no such comments.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::RangeInclusive;

use span::Span;
use yaml::Node;

use crate::comment::Comment;
use crate::document::Document;
use crate::finding::Finding;
use crate::fix::Fix;

/// What the comments of a file silence, read once and kept by line.
#[derive(Debug, Default)]
pub(crate) struct Directives {
    /// Names of rules that are silent in the whole file.
    file: BTreeSet<String>,
    directives: Vec<Directive>,
    /// Directives by the line that they speak of, and by their own.
    by_target: HashMap<u32, Vec<usize>>,
    by_line: BTreeMap<u32, Vec<usize>>,
    texts: Texts,
}

#[derive(Debug)]
struct Directive {
    linter: Linter,
    names: Vec<String>,
    line: u32,
    own_line: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Linter {
    Trunkline,
    Zizmor,
}

/// How comments begin, and whether they speak of the whole file.
const FORMS: [(&str, Linter, bool); 3] = [
    ("trunkline: ignore[", Linter::Trunkline, false),
    ("trunkline: ignore-file[", Linter::Trunkline, true),
    ("zizmor: ignore[", Linter::Zizmor, false),
];

impl Directives {
    pub(crate) fn of(document: &Document) -> Directives {
        let mut all = Directives::default();
        // Most files have none, and their comments are never looked for.
        if !document.text().contains(": ignore") {
            return all;
        }
        let targets = targets(document.text());
        for comment in document.comments() {
            for (linter, of_file, names) in directives(&comment.text) {
                if of_file {
                    all.file.extend(names);
                    continue;
                }
                let index = all.directives.len();
                all.by_target.entry(target(&targets, comment)).or_default().push(index);
                all.by_line.entry(comment.line).or_default().push(index);
                all.directives.push(Directive { linter, names, line: comment.line, own_line: comment.own_line });
            }
        }
        if !all.directives.is_empty() {
            all.texts = Texts::of(document);
        }
        all
    }

    /// Whether one of them silences a finding of their file.
    pub(crate) fn silence(&self, document: &Document, finding: &Finding) -> bool {
        if self.file.iter().any(|name| finding.rule.is_named(name)) {
            return true;
        }
        if self.directives.is_empty() {
            return false;
        }
        let lines = lines(document, finding.span);
        let (first, last) = (*lines.start(), *lines.end());
        let of_text = self.texts.first_line(first).filter(|start| *start != first);
        let speaking =
            [Some(first), of_text].into_iter().flatten().filter_map(|line| self.by_target.get(&line)).flatten();
        let speaking = speaking.map(|index| &self.directives[*index]);
        if speaking.clone().any(|directive| directive.names(finding)) {
            return true;
        }
        let beside = self.on(lines).any(|directive| {
            let counts = match directive.linter {
                Linter::Trunkline => !directive.own_line || directive.line == last,
                Linter::Zizmor => true,
            };
            counts && directive.names(finding)
        });
        let related = finding.related.iter().map(|(span, _)| *span).filter(|span| span.file == document.file);
        beside
            || related
                .flat_map(|span| self.on(self::lines(document, span)))
                .any(|directive| directive.linter == Linter::Zizmor && directive.names(finding))
    }

    fn on(&self, lines: RangeInclusive<u32>) -> impl Iterator<Item = &Directive> {
        self.by_line.range(lines).flat_map(|(_, indices)| indices).map(|index| &self.directives[*index])
    }
}

impl Directive {
    fn names(&self, finding: &Finding) -> bool {
        self.names.iter().any(|name| match self.linter {
            Linter::Trunkline => finding.rule.is_named(name),
            Linter::Zizmor => finding.rule.is_alias("zizmor", name),
        })
    }
}

/// Puts a comment that silences a finding on a line of its own above it, or above the text of several lines that the
/// finding stands in: inside, it would be a part of the text.
pub fn ignore_here(document: &Document, finding: &Finding) -> Fix {
    let first = document.line(finding.span.start);
    let line = Texts::of(document).first_line(first).unwrap_or(first);
    let text = document.text();
    let start = document.source.line_start(line);
    let indent: String = text[start..].chars().take_while(|c| *c == ' ').collect();
    let comment = format!("{indent}# trunkline: ignore[{}]{}", finding.rule.id, document.line_break());
    Fix::safe("silence it by a comment").insert(document.file, start, comment)
}

fn lines(document: &Document, span: Span) -> RangeInclusive<u32> {
    document.line(span.start)..=document.line(span.end.max(span.start + 1) - 1)
}

/// What a comment says; it may say something else first: `# v4.2.2 # zizmor: ignore[…]`.
fn directives(text: &str) -> impl Iterator<Item = (Linter, bool, Vec<String>)> {
    FORMS.iter().filter_map(|(start, linter, of_file)| {
        let (names, _) = text[text.find(start)? + start.len()..].split_once(']')?;
        let names = names.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned);
        Some((*linter, *of_file, names.collect()))
    })
}

/// The line that a comment speaks of: its own, or the next with anything but comments on it.
fn target(targets: &[u32], comment: &Comment) -> u32 {
    if !comment.own_line {
        return comment.line;
    }
    targets.get(comment.line as usize).copied().unwrap_or(comment.line)
}

/// For each line from 0, the number from 1 of the first one from there on with anything but comments on it.
fn targets(text: &str) -> Vec<u32> {
    let lines: Vec<&str> = text.lines().collect();
    let mut targets = vec![0; lines.len()];
    let mut next = u32::try_from(lines.len()).unwrap_or(u32::MAX);
    for (index, line) in lines.iter().enumerate().rev() {
        let line = line.trim_start();
        if !line.is_empty() && !line.starts_with('#') {
            next = u32::try_from(index + 1).unwrap_or(u32::MAX);
        }
        targets[index] = next;
    }
    targets
}

/// The first and last lines of texts of several lines, in the file's order.
#[derive(Debug, Default)]
struct Texts(Vec<(u32, u32)>);

impl Texts {
    fn of(document: &Document) -> Texts {
        let mut texts = Texts::default();
        if let Some(root) = &document.yaml {
            texts.collect(document, root);
        }
        texts.0.sort_unstable();
        texts
    }

    fn collect(&mut self, document: &Document, node: &Node) {
        if node.alias.is_some() {
            return;
        }
        if let Some(scalar) = node.as_scalar() {
            let lines = lines(document, node.span.join(scalar.content));
            if lines.start() < lines.end() {
                self.0.push((*lines.start(), *lines.end()));
            }
        }
        node.items().iter().for_each(|item| self.collect(document, item));
        for (key, value) in node.entries() {
            self.collect(document, key);
            self.collect(document, value);
        }
    }

    /// The first line of the text that a line belongs to.
    fn first_line(&self, line: u32) -> Option<u32> {
        let (first, last) = *self.0.get(self.0.partition_point(|(first, _)| *first <= line).checked_sub(1)?)?;
        (line <= last).then_some(first)
    }
}
