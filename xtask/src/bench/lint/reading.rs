//! What each tool says, as one line a finding: both write GitHub's annotations.

use std::path::Path;
use std::process::{Command, Stdio};

/// One finding, by the name of the tool's rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Told {
    pub(super) file: String,
    pub(super) line: u32,
    /// Beyond what the line says where the tool does not tell.
    pub(super) end: u32,
    pub(super) rule: String,
}

/// Runs a tool in a repository and reads what it tells, in either form. `None` where it gave up: `failure` is the exit
/// code by which a tool says so that others use for findings.
pub(super) fn read(program: &Path, words: &[&str], repository: &Path, failure: Option<i32>) -> Option<Vec<Told>> {
    let mut command = Command::new(program);
    command.args(words).current_dir(repository).stdin(Stdio::null()).stderr(Stdio::null());
    let output = command.output().ok()?;
    if !matches!(output.status.code(), Some(0 | 1 | 3 | 11..=14)) || output.status.code() == failure {
        return None;
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Some(text.lines().filter_map(|line| annotation(line).or_else(|| one_line(line))).collect())
}

/// `::warning file=a.yml,line=3,title=rule::words`.
fn annotation(line: &str) -> Option<Told> {
    let (level, rest) = line.strip_prefix("::")?.split_once(' ')?;
    let (properties, _) = rest.split_once("::")?;
    if !matches!(level, "error" | "warning" | "notice") {
        return None;
    }
    let property =
        |name: &str| properties.split(',').find_map(|property| property.strip_prefix(name)?.strip_prefix('='));
    let line = property("line")?.parse().ok()?;
    let end = property("endLine").and_then(|end| end.parse().ok()).unwrap_or(line);
    let file = property("file")?.replace("%3A", ":").replace("%2C", ",").replace("%25", "%");
    Some(Told { file: file.trim_start_matches("./").to_owned(), line, end, rule: property("title")?.to_owned() })
}

/// `a.yml:3:7: words [rule]`, as actionlint writes it.
fn one_line(line: &str) -> Option<Told> {
    let (file, rest) = line.split_once(".y")?;
    let (ending, rest) = rest.split_once(':')?;
    let (number, rest) = rest.split_once(':')?;
    let (_, rule) = rest.strip_suffix(']')?.rsplit_once(" [")?;
    let line = number.parse().ok()?;
    Some(Told { file: format!("{file}.y{ending}"), line, end: line, rule: rule.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations() {
        let told = annotation("::warning file=./a.yml,line=3,col=2,endLine=4,title=x/y::some: words").unwrap();
        assert_eq!(told, Told { file: "a.yml".into(), line: 3, end: 4, rule: "x/y".into() });
        let told = one_line(".github/workflows/a.yml:3:7: what: is [this] [if-cond]").unwrap();
        assert_eq!(told, Told { file: ".github/workflows/a.yml".into(), line: 3, end: 3, rule: "if-cond".into() });
        assert_eq!(annotation("nothing"), None);
        assert_eq!(annotation("::group::x"), None);
    }
}
