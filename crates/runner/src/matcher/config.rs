//! Problem matcher files.

use serde::Deserialize;
use thiserror::Error;

use super::translate::Pattern;

/// A matcher file that cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// Not JSON, or not of the expected shape.
    #[error("not a problem matcher file: line {line}, column {column}: {kind}")]
    Json {
        /// Line of the error, from 1.
        line: usize,
        /// Column of the error, from 1.
        column: usize,
        /// What kind of error; never text of the file, which may be any file.
        kind: &'static str,
    },
    /// JSON that says something impossible.
    #[error("{0}")]
    Invalid(String),
}

#[derive(Deserialize)]
struct FileModel {
    #[serde(rename = "problemMatcher", default)]
    matchers: Option<Vec<MatcherModel>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MatcherModel {
    owner: Option<String>,
    severity: Option<String>,
    from_path: Option<String>,
    pattern: Option<Vec<PatternModel>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PatternModel {
    regexp: Option<String>,
    kind: Option<String>,
    file: Option<i64>,
    from_path: Option<i64>,
    line: Option<i64>,
    column: Option<i64>,
    severity: Option<i64>,
    code: Option<i64>,
    message: Option<i64>,
    #[serde(rename = "loop")]
    repeats: Option<bool>,
}

/// Which group of a pattern gives which part of the problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    File,
    FromPath,
    Line,
    Column,
    Severity,
    Code,
    Message,
}

impl Part {
    pub(super) const COUNT: usize = 7;
    const NAMES: [(Self, &'static str); Self::COUNT] = [
        (Self::File, "file"),
        (Self::FromPath, "fromPath"),
        (Self::Line, "line"),
        (Self::Column, "column"),
        (Self::Severity, "severity"),
        (Self::Code, "code"),
        (Self::Message, "message"),
    ];
}

/// One line's pattern.
#[derive(Debug)]
pub(super) struct LinePattern {
    pub(super) pattern: Pattern,
    pub(super) parts: Vec<(Part, usize)>,
    /// The last pattern of several that matches line after line.
    pub(super) repeats: bool,
}

/// A problem matcher, compiled.
#[derive(Debug)]
pub struct Config {
    owner: String,
    pub(super) severity: Option<String>,
    pub(super) from_path: Option<String>,
    pub(super) patterns: Vec<LinePattern>,
}

impl Config {
    /// Reads and checks a matcher file: `{"problemMatcher": [{"owner": …, "pattern": [{"regexp": …, …}]}]}`.
    pub fn parse(json: &[u8]) -> Result<Vec<Self>, ConfigError> {
        let json = json.strip_prefix(b"\xef\xbb\xbf").unwrap_or(json);
        let model: FileModel = serde_json::from_slice(json).map_err(|error| ConfigError::Json {
            line: error.line(),
            column: error.column(),
            kind: match error.classify() {
                serde_json::error::Category::Data => "a value of another type was expected here",
                serde_json::error::Category::Eof => "the file ends too early",
                _ => "not JSON",
            },
        })?;
        let mut configs: Vec<Self> = Vec::new();
        for matcher in model.matchers.unwrap_or_default() {
            let config = Self::new(matcher).map_err(ConfigError::Invalid)?;
            if configs.iter().any(|known| known.is_of(&config.owner)) {
                return Err(ConfigError::Invalid(format!("Duplicate owner name '{}'", config.owner)));
            }
            configs.push(config);
        }
        Ok(configs)
    }

    /// Who the matcher belongs to; one owner has one matcher at a time.
    #[must_use]
    pub fn owner(&self) -> &str {
        &self.owner
    }

    pub(super) fn is_of(&self, owner: &str) -> bool {
        self.owner.to_lowercase() == owner.to_lowercase()
    }

    fn new(model: MatcherModel) -> Result<Self, String> {
        let owner = model.owner.filter(|owner| !owner.is_empty()).ok_or("Owner must not be empty")?;
        let severity = model.severity.filter(|severity| !severity.is_empty());
        if let Some(severity) = &severity
            && !["error", "warning", "notice"].contains(&severity.to_ascii_lowercase().as_str())
        {
            return Err(format!(
                "Matcher '{owner}' has the default severity '{severity}'; expected error, warning or notice"
            ));
        }
        let models = model.pattern.unwrap_or_default();
        if models.is_empty() {
            return Err(format!("Matcher '{owner}' does not contain any patterns"));
        }
        let count = models.len();
        let mut patterns = Vec::with_capacity(count);
        let mut seen = Vec::new();
        for (index, model) in models.into_iter().enumerate() {
            let pattern = LinePattern::new(&model, index, count, &mut seen)
                .map_err(|reason| format!("Matcher '{owner}', pattern {}: {reason}", index + 1))?;
            patterns.push(pattern);
        }
        if !seen.contains(&Part::Message) {
            return Err(format!("Matcher '{owner}': at least one pattern must set 'message'"));
        }
        Ok(Self { owner, severity, from_path: model.from_path.filter(|path| !path.is_empty()), patterns })
    }
}

impl LinePattern {
    fn new(model: &PatternModel, index: usize, count: usize, seen: &mut Vec<Part>) -> Result<Self, String> {
        let repeats = model.repeats.unwrap_or(false);
        if repeats && (index == 0 || index + 1 != count) {
            return Err("only the last pattern in a multiline matcher may set 'loop'".to_owned());
        }
        if repeats && model.message.is_none() {
            return Err("the 'loop' pattern must set 'message'".to_owned());
        }
        let pattern = Pattern::new(model.regexp.as_deref().unwrap_or_default())?;
        let mut parts = Vec::new();
        for (part, name) in Part::NAMES {
            let Some(group) = model.group(part) else {
                continue;
            };
            if seen.contains(&part) {
                return Err(format!("the property '{name}' is set twice"));
            }
            let group =
                usize::try_from(group).ok().filter(|group| *group < pattern.group_count()).ok_or_else(|| {
                    format!("the property '{name}' is set to {group}, which is no group of the expression")
                })?;
            seen.push(part);
            parts.push((part, group));
        }
        Ok(Self { pattern, parts, repeats })
    }
}

impl PatternModel {
    fn group(&self, part: Part) -> Option<i64> {
        // `kind: file` says that a problem is about a whole file: there is no place in it.
        let whole_file = self.kind.as_deref() == Some("file");
        match part {
            Part::File => self.file,
            Part::FromPath => self.from_path,
            Part::Line => self.line.filter(|_| !whole_file),
            Part::Column => self.column.filter(|_| !whole_file),
            Part::Severity => self.severity,
            Part::Code => self.code,
            Part::Message => self.message,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Config;

    #[test]
    fn bad_files_are_refused() {
        let pattern = |fields: &str| format!(r#"{{"problemMatcher":[{{"owner":"o","pattern":[{fields}]}}]}}"#);
        let table = [
            ("{".to_owned(), "not a problem matcher file: line 1, column 1: the file ends too early"),
            (r#"{"problemMatcher":7}"#.to_owned(), "not a problem matcher file: line 1, column 19: a value of another type was expected here"),
            (r#"{"problemMatcher":[{"pattern":[]}]}"#.to_owned(), "Owner must not be empty"),
            (pattern(""), "Matcher 'o' does not contain any patterns"),
            (pattern(r#"{"regexp":"x"}"#), "Matcher 'o': at least one pattern must set 'message'"),
            (pattern(r#"{"regexp":"x","message":1}"#), "Matcher 'o', pattern 1: the property 'message' is set to 1, which is no group of the expression"),
            (pattern(r#"{"regexp":"(x)","message":1},{"regexp":"(x)","message":1}"#), "Matcher 'o', pattern 2: the property 'message' is set twice"),
            (pattern(r#"{"regexp":"(x)","message":1,"loop":true}"#), "Matcher 'o', pattern 1: only the last pattern in a multiline matcher may set 'loop'"),
            (pattern(r#"{"regexp":"x","message":0},{"regexp":"x","loop":true}"#), "Matcher 'o', pattern 2: the 'loop' pattern must set 'message'"),
            (
                r#"{"problemMatcher":[{"owner":"o","severity":"bad","pattern":[{"regexp":"x","message":0}]}]}"#.to_owned(),
                "Matcher 'o' has the default severity 'bad'; expected error, warning or notice",
            ),
            (
                r#"{"problemMatcher":[{"owner":"o","pattern":[{"regexp":"x","message":0}]},{"owner":"O","pattern":[{"regexp":"x","message":0}]}]}"#.to_owned(),
                "Duplicate owner name 'O'",
            ),
        ];
        for (json, message) in table {
            assert_eq!(Config::parse(json.as_bytes()).unwrap_err().to_string(), message, "{json}");
        }
    }

    #[test]
    fn a_file_without_matchers_is_fine() {
        assert!(Config::parse(b"{}").unwrap().is_empty());
    }
}
