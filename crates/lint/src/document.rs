//! One file that is linted or that linted files refer to, read once for all rules.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use span::{Diagnostic, FileId, SourceFile, Span};
use workflow::{Action, Spanned, Workflow};
use yaml::{Anchor, Limits, Node, Scalar};

use crate::comment::{self, Comment};
use crate::ignore::Directives;
use crate::shell::{Script, Syntax};
use crate::types::TypeProblem;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Workflow,
    /// `action.yml`.
    Action,
    /// `.github/dependabot.yml`.
    Dependabot,
    /// `.pre-commit-config.yaml`.
    PreCommit,
    /// `trunkline.toml`.
    Config,
    /// `zizmor.yml`, the configuration of zizmor.
    Zizmor,
    /// `.github/actionlint.yaml`, the configuration of actionlint.
    Actionlint,
}

/// A file with everything that is known of it.
#[derive(Debug)]
pub struct Document {
    pub file: FileId,
    /// From the project's top, with `/`: `.github/workflows/ci.yml`.
    pub path: Arc<str>,
    pub kind: Kind,
    pub source: SourceFile,
    /// Whether rules look at it. Files that are only referred to are not linted.
    pub linted: bool,
    /// The tree, as far as the text is YAML.
    pub yaml: Option<Node>,
    pub anchors: Vec<Anchor>,
    /// The workflow as far as it could be read, see [`Document::is_broken`].
    pub workflow: Option<Workflow>,
    pub action: Option<Action>,
    /// What is wrong with the file by itself.
    pub diagnostics: Vec<Diagnostic>,
    /// Whether the text is what the file holds, byte by byte. Text of another encoding has replacements in it.
    pub is_exact: bool,
    comments: OnceLock<Vec<Comment>>,
    directives: OnceLock<Directives>,
    shared: OnceLock<Vec<Span>>,
    scripts: Mutex<HashMap<(u32, u32, Syntax), Arc<Script>>>,
    type_problems: OnceLock<Vec<TypeProblem>>,
}

impl Document {
    /// Reads a file. `source` is the file's own of the source map that gave out `file`.
    pub fn read(file: FileId, path: impl Into<Arc<str>>, kind: Kind, source: SourceFile, linted: bool) -> Document {
        let text = Arc::clone(&source.text);
        Document::read_bytes(file, path, kind, source, text.as_bytes(), linted)
    }

    /// As [`Document::read`], for bytes that need not be UTF-8; `source` has them as text, with replacements.
    pub fn read_bytes(
        file: FileId,
        path: impl Into<Arc<str>>,
        kind: Kind,
        source: SourceFile,
        bytes: &[u8],
        linted: bool,
    ) -> Document {
        let is_exact = bytes == source.text.as_bytes();
        let mut document = Document {
            file,
            path: path.into(),
            kind,
            source,
            linted,
            yaml: None,
            anchors: Vec::new(),
            workflow: None,
            action: None,
            diagnostics: Vec::new(),
            is_exact,
            comments: OnceLock::new(),
            directives: OnceLock::new(),
            shared: OnceLock::new(),
            scripts: Mutex::default(),
            type_problems: OnceLock::new(),
        };
        if kind != Kind::Config {
            document.read_yaml(bytes);
        }
        document
    }

    fn read_yaml(&mut self, bytes: &[u8]) {
        let read = yaml::read_bytes(self.file, bytes, &Limits::default());
        self.anchors = read.anchors;
        self.diagnostics = read.diagnostics;
        let unreadable = self.diagnostics.iter().any(Diagnostic::is_error);
        if let Some(root) = &read.root
            && !(unreadable && root.is_null())
        {
            match self.kind {
                Kind::Workflow => {
                    let parsed = workflow::read_workflow(self.file, &self.path, root);
                    self.workflow = parsed.value;
                    self.diagnostics.extend(parsed.diagnostics);
                }
                Kind::Action => {
                    let parsed = workflow::read_action(self.file, root);
                    self.action = parsed.value;
                    self.diagnostics.extend(parsed.diagnostics);
                }
                Kind::Dependabot | Kind::PreCommit | Kind::Config | Kind::Zizmor | Kind::Actionlint => {}
            }
        }
        self.yaml = read.root;
    }

    pub fn text(&self) -> &str {
        &self.source.text
    }

    /// Whether something in it is wrong enough to keep it from running. Parts of the model are missing then.
    pub fn is_broken(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// The directory it lies in, without a slash at the end; empty for the top.
    pub fn directory(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(directory, _)| directory)
    }

    /// The text under a span of this file.
    pub fn text_of(&self, span: Span) -> &str {
        self.text().get(span.range()).unwrap_or_default()
    }

    /// The scalar that was written with exactly this span.
    pub fn scalar(&self, span: Span) -> Option<&Scalar> {
        scalar(self.yaml.as_ref()?, span)
    }

    /// The bytes behind a range of the decoded text of the scalar at `span`: where in the file a part of an expression
    /// or of a script stands.
    pub fn place(&self, span: Span, range: Range<usize>) -> Span {
        let place = self.scalar(span).map_or(span, |scalar| scalar.source_span(range));
        if place.is_empty() { span } else { place }
    }

    /// Every comment, in the file's order.
    pub fn comments(&self) -> &[Comment] {
        self.comments.get_or_init(|| comment::comments(self.file, self.text(), self.yaml.as_ref()))
    }

    /// What comments silence.
    pub(crate) fn directives(&self) -> &Directives {
        self.directives.get_or_init(|| Directives::of(self))
    }

    /// The line break that the file has: that of its first line.
    pub fn line_break(&self) -> &'static str {
        match self.text().find('\n') {
            Some(at) if self.text()[..at].ends_with('\r') => "\r\n",
            _ => "\n",
        }
    }

    /// The script in the scalar at `span`, read once for all that look at it.
    pub(crate) fn script(&self, span: Span, syntax: Syntax, text: &str) -> Arc<Script> {
        let mut scripts = self.scripts.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (span.start, span.end, syntax);
        Arc::clone(scripts.entry(key).or_insert_with(|| Arc::new(Script::read_as(syntax, text))))
    }

    /// Whether something under a span is repeated elsewhere by an alias: what is changed there changes in each place.
    pub(crate) fn is_shared(&self, span: Span) -> bool {
        if self.anchors.iter().all(|anchor| anchor.uses == 0) {
            return false;
        }
        let shared = self.shared.get_or_init(|| {
            let mut spans = Vec::new();
            self.yaml.iter().for_each(|root| repeated(root, &mut spans));
            spans
        });
        shared.iter().any(|other| other.start < span.end && span.start < other.end)
    }

    /// Forgets what was derived from other files, of which one has changed.
    pub(crate) fn forget(&mut self) {
        self.type_problems = OnceLock::new();
    }

    /// What is wrong with the types of its expressions, found when it is first asked for.
    pub(crate) fn type_problems(&self, find: impl FnOnce() -> Vec<TypeProblem>) -> &[TypeProblem] {
        self.type_problems.get_or_init(find)
    }

    /// The comment on the line on which `span` ends, after it.
    pub fn comment_after(&self, span: Span) -> Option<&Comment> {
        let line = self.line(span.end);
        // No line has two.
        let at = self.comments().binary_search_by_key(&line, |comment| comment.line).ok()?;
        self.comments().get(at).filter(|comment| comment.span.start >= span.end)
    }

    /// The text of the comment after a `uses:` that names a commit, where its version may stand.
    pub fn version_comment(&self, uses: &Spanned<Arc<str>>) -> Option<&str> {
        // Only commits have one: the comments of most files are never looked for.
        let (_, git_ref) = uses.value.split_once('@')?;
        let is_commit = git_ref.len() >= 40 && git_ref.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_commit { self.comment_after(uses.span).map(|comment| comment.text.as_str()) } else { None }
    }

    /// The number of the line of an offset, from 1.
    pub fn line(&self, offset: u32) -> u32 {
        self.source.line(offset as usize)
    }
}

/// The places of what aliases repeat.
fn repeated(node: &Node, out: &mut Vec<Span>) {
    if node.alias.is_some() {
        out.push(node.span);
        return;
    }
    node.items().iter().for_each(|item| repeated(item, out));
    for (key, value) in node.entries() {
        repeated(key, out);
        repeated(value, out);
    }
}

fn scalar(node: &Node, span: Span) -> Option<&Scalar> {
    if node.span == span
        && let Some(scalar) = node.as_scalar()
    {
        return Some(scalar);
    }
    for item in node.items() {
        if let Some(found) = below(item, span) {
            return Some(found);
        }
    }
    for (key, value) in node.entries() {
        if let Some(found) = below(key, span).or_else(|| below(value, span)) {
            return Some(found);
        }
    }
    None
}

/// What an alias repeats stands elsewhere in the file, and is found there.
fn below(node: &Node, span: Span) -> Option<&Scalar> {
    if node.alias.is_none() && node.span.contains(span) { scalar(node, span) } else { None }
}

impl Kind {
    /// What a file is by its path, if that tells.
    pub fn of_path(path: &str) -> Option<Kind> {
        let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
        match name {
            "action.yml" | "action.yaml" => return Some(Kind::Action),
            ".pre-commit-config.yaml" | ".pre-commit-config.yml" => return Some(Kind::PreCommit),
            "trunkline.toml" => return Some(Kind::Config),
            "dependabot.yml" | "dependabot.yaml" if directory.ends_with(".github") => return Some(Kind::Dependabot),
            "actionlint.yml" | "actionlint.yaml" if directory.ends_with(".github") => return Some(Kind::Actionlint),
            // A workflow may have that name too.
            "zizmor.yml" | "zizmor.yaml" if !directory.ends_with("workflows") => return Some(Kind::Zizmor),
            _ => {}
        }
        let yaml = name.ends_with(".yml") || name.ends_with(".yaml");
        let workflows = directory.ends_with(".github/workflows") || directory.ends_with(".trunkline/workflows");
        (yaml && workflows).then_some(Kind::Workflow)
    }

    /// What a YAML file with a name that says nothing is, by the keys at its left margin. `None` is none of ours.
    pub fn of_text(text: &str) -> Option<Kind> {
        let has = |key: &str| {
            text.lines().any(|line| {
                let line = line.strip_prefix(['"', '\'']).unwrap_or(line);
                line.strip_prefix(key).is_some_and(|rest| rest.trim_start_matches(['"', '\'']).starts_with(':'))
            })
        };
        if has("jobs") && has("on") {
            Some(Kind::Workflow)
        } else if has("runs") && !has("jobs") {
            Some(Kind::Action)
        } else if has("updates") && has("version") {
            Some(Kind::Dependabot)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds() {
        for (path, expected) in [
            (".github/workflows/ci.yml", Some(Kind::Workflow)),
            ("sub/.github/workflows/ci.yaml", Some(Kind::Workflow)),
            (".github/workflows/sub/ci.yml", None),
            ("action.yaml", Some(Kind::Action)),
            ("tools/setup/action.yml", Some(Kind::Action)),
            (".github/dependabot.yml", Some(Kind::Dependabot)),
            ("dependabot.yml", None),
            (".github/actionlint.yaml", Some(Kind::Actionlint)),
            (".github/zizmor.yml", Some(Kind::Zizmor)),
            ("zizmor.yaml", Some(Kind::Zizmor)),
            (".github/workflows/zizmor.yml", Some(Kind::Workflow)),
            ("trunkline.toml", Some(Kind::Config)),
            ("docs/ci.yml", None),
        ] {
            assert_eq!(Kind::of_path(path), expected, "{path}");
        }
        for (text, expected) in [
            ("name: x\non: push\njobs:\n  a:\n", Some(Kind::Workflow)),
            ("'on': push\njobs:\n  a:\n", Some(Kind::Workflow)),
            ("name: x\nruns:\n  using: composite\n", Some(Kind::Action)),
            ("version: 2\nupdates: []\n", Some(Kind::Dependabot)),
            ("services:\n  on: 1\n", None),
        ] {
            assert_eq!(Kind::of_text(text), expected, "{text}");
        }
    }
}
