//! What widely used actions take and give, by major version: facts of their own `action.yml`.

use std::cmp::Ordering;
use std::sync::{Arc, LazyLock};

use span::{Diagnostic, did_you_mean};
use workflow::{ActionReference, Spanned, Template, TemplateKey, TemplateKind};

/// One or more major versions of an action that are alike.
#[derive(Debug, Clone, Copy)]
pub struct KnownAction {
    /// `owner/repo[/path]`, as its owner spells it.
    pub name: &'static str,
    majors: &'static str,
    /// `node20`, `composite`, `docker`, …
    pub using: &'static str,
    inputs: &'static str,
    outputs: &'static str,
}

/// An input of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownInput {
    pub name: &'static str,
    /// It has no default, and has to be given.
    pub required: bool,
    pub deprecated: bool,
}

static TABLE: LazyLock<Vec<KnownAction>> = LazyLock::new(|| {
    let lines = include_str!("../data/actions.tsv").lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(row).collect()
});

fn row(line: &'static str) -> Option<KnownAction> {
    let mut fields = line.split('\t');
    Some(KnownAction {
        name: fields.next()?,
        majors: fields.next()?,
        using: fields.next()?,
        inputs: fields.next()?,
        outputs: fields.next()?,
    })
}

/// What a version of an action is called in `uses:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// `v4`, `v4.1`, `4.1.2`.
    Major(u32),
    /// A branch, or a tag that is no version.
    Other,
    /// A commit, which says nothing.
    Commit,
}

impl Version {
    /// Of what stands after the `@`, or in a comment such as `# v4.1.2`.
    pub fn parse(git_ref: &str) -> Version {
        let digits = git_ref.strip_prefix('v').unwrap_or(git_ref);
        let major = digits.split(['.', '-', '+']).next().unwrap_or_default();
        if git_ref.len() >= 40 && git_ref.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Version::Commit;
        }
        match major.parse() {
            Ok(major) if major < 1000 => Version::Major(major),
            _ => Version::Other,
        }
    }
}

impl KnownAction {
    /// The action that a `uses:` means. `comment` is the text of the comment after it, in which the version of a commit
    /// may stand. `None` when it is not known, or when it is a commit of unknown version.
    pub fn find(uses: &str, comment: Option<&str>) -> Option<KnownAction> {
        let (name, git_ref) = split(uses)?;
        let version = match Version::parse(git_ref) {
            Version::Commit => {
                let word = comment?
                    .split_whitespace()
                    .find(|word| word.starts_with(|c: char| c == 'v' || c.is_ascii_digit()))?;
                match Version::parse(word) {
                    Version::Major(major) => Version::Major(major),
                    _ => return None,
                }
            }
            version => version,
        };
        let rows = KnownAction::rows(name);
        rows.iter().copied().find(|row| {
            row.majors.split(' ').any(|known| match version {
                Version::Major(major) => known.parse() == Ok(major),
                Version::Other | Version::Commit => known == "*",
            })
        })
    }

    /// Every version of an action that is known, oldest first.
    pub fn rows(name: &str) -> &'static [KnownAction] {
        let order = |row: &KnownAction| compare(row.name, name);
        let start = TABLE.partition_point(|row| order(row) == Ordering::Less);
        let end = start + TABLE[start..].partition_point(|row| order(row) == Ordering::Equal);
        &TABLE[start..end]
    }

    /// The newest major version of the action that runs on one of these.
    pub fn newest_on(&self, using: &[&str]) -> Option<u32> {
        let rows = KnownAction::rows(self.name).iter().filter(|row| using.contains(&row.using));
        rows.flat_map(|row| row.majors.split(' ')).filter_map(|major| major.parse().ok()).max()
    }

    pub fn inputs(&self) -> impl Iterator<Item = KnownInput> + Clone + use<> {
        self.inputs.split(' ').filter(|word| !word.is_empty()).map(|word| KnownInput {
            name: word.trim_end_matches(['!', '~']),
            required: word.contains('!'),
            deprecated: word.ends_with('~'),
        })
    }

    pub fn outputs(&self) -> impl Iterator<Item = &'static str> + Clone + use<> {
        self.outputs.split(' ').filter(|word| !word.is_empty())
    }
}

/// `owner/repo[/path]` and what stands after the `@`.
pub(crate) fn split(uses: &str) -> Option<(&str, &str)> {
    match ActionReference::parse(uses).ok()? {
        ActionReference::Repository { .. } => uses.split_once('@'),
        _ => None,
    }
}

fn compare(a: &str, b: &str) -> Ordering {
    a.bytes().map(|byte| byte.to_ascii_lowercase()).cmp(b.bytes().map(|byte| byte.to_ascii_lowercase()))
}

/// A step's `with:` held against an action that is known.
pub(crate) fn check_inputs(
    uses: &Spanned<Arc<str>>,
    with: Option<&Template>,
    comment: Option<&str>,
) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let Some(action) = KnownAction::find(&uses.value, comment) else { return found };
    let entries = match with.map(|with| &with.kind) {
        None => &[][..],
        Some(TemplateKind::Mapping(entries)) => entries,
        // An expression that gives the mapping: known at run time.
        Some(_) => return found,
    };
    let mut given: Vec<&str> = Vec::new();
    for entry in entries {
        let TemplateKey::Literal(name) = &entry.key else { return found };
        given.push(name);
        match action.inputs().find(|input| input.name.eq_ignore_ascii_case(name)) {
            Some(input) if input.deprecated => {
                let message = format!("the input `{name}` of `{}` is deprecated", uses.value);
                found.push(Diagnostic::warning("action/deprecated-input", message).at(entry.key_span));
            }
            Some(_) => {}
            None if action.using == "docker" && matches!(&**name, "args" | "entrypoint") => {}
            None => found.push(unknown(&action, name, uses).at(entry.key_span)),
        }
    }
    // A tag that is no version may stand for an input: `install-action@nextest`.
    let is_branch = |git_ref: &str| matches!(git_ref, "main" | "master");
    let special =
        split(&uses.value).is_some_and(|(_, git_ref)| Version::parse(git_ref) == Version::Other && !is_branch(git_ref));
    for input in action.inputs().filter(|input| input.required && !special) {
        if !given.iter().any(|given| given.eq_ignore_ascii_case(input.name)) {
            let message = format!("`{}` needs the input `{}`", uses.value, input.name);
            found.push(Diagnostic::warning("action/missing-input", message).at(uses.span));
        }
    }
    found
}

fn unknown(action: &KnownAction, name: &str, uses: &Spanned<Arc<str>>) -> Diagnostic {
    let diagnostic = Diagnostic::warning("action/unknown-input", format!("`{}` has no input `{name}`", uses.value));
    let names = action.inputs().map(|input| input.name);
    if let Some(meant) = did_you_mean(name, names.clone()) {
        return diagnostic.help(format!("did you mean `{meant}`?"));
    }
    let other = KnownAction::rows(action.name)
        .iter()
        .rev()
        .find(|row| row.inputs().any(|input| input.name.eq_ignore_ascii_case(name)));
    if let Some(other) = other {
        let majors: Vec<String> =
            other.majors.split(' ').filter(|major| *major != "*").map(|major| format!("v{major}")).collect();
        if !majors.is_empty() {
            return diagnostic.help(format!("{} of `{}` has it", majors.join(", "), action.name));
        }
    }
    if action.inputs.is_empty() {
        return diagnostic.help("it takes no inputs");
    }
    diagnostic.help(format!("its inputs are {}", names.take(24).collect::<Vec<_>>().join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order() {
        assert!(TABLE.len() > 100);
        assert!(TABLE.windows(2).all(|pair| compare(pair[0].name, pair[1].name) != Ordering::Greater));
    }

    #[test]
    fn versions_are_found() {
        for (uses, comment, using) in [
            ("actions/checkout@v4", None, Some("node20")),
            ("Actions/Checkout@v4.2.1", None, Some("node20")),
            ("actions/checkout@main", None, Some("node24")),
            ("actions/checkout@v99", None, None),
            ("actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8", None, None),
            ("actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8", Some("v3.1.0"), Some("node16")),
            ("actions/cache/restore@v3", None, Some("node16")),
            ("./local", None, None),
            ("nobody/nothing@v1", None, None),
        ] {
            assert_eq!(KnownAction::find(uses, comment).map(|action| action.using), using, "{uses}");
        }
    }
}
