//! What version of Python is asked for.

use crate::native::error::{Fault, Result};
use crate::native::semver::{Range, Version};
use crate::native::{setup, tool};

/// One line of `python-version`.
#[derive(Debug)]
pub(super) struct Request {
    /// As written.
    pub(super) spec: String,
    pub(super) range: Range,
    /// As the tool cache names it: `x64`, `x64-freethreaded`.
    pub(super) arch: String,
    pub(super) freethreaded: bool,
}

impl Request {
    pub(super) fn read(spec: &str, prereleases: bool, freethreaded: bool, arch: &str) -> Result<Self> {
        for name in ["pypy", "graalpy"] {
            if spec.starts_with(name) {
                return Err(Fault::Text(format!(
                    "`{spec}`: only CPython is set up natively; set `actions.native = never` for the upstream action"
                )));
            }
        }
        let (plain, threads) = match spec.strip_suffix("t-dev") {
            Some(rest) => (format!("{rest}-dev"), true),
            None => match spec.strip_suffix('t').filter(|rest| rest.ends_with(|c: char| c.is_ascii_digit())) {
                Some(rest) => (rest.to_owned(), true),
                None => (spec.to_owned(), false),
            },
        };
        let freethreaded = freethreaded || threads;
        let two = |text: &str| text.split('.').count() == 2 && text.split('.').all(|part| part.parse::<u32>().is_ok());
        let text = match plain.strip_suffix("-dev") {
            Some(rest) if two(rest) => format!("~{rest}.0-0"),
            _ if prereleases && two(&plain) => format!("~{plain}.0-0"),
            _ => semantic(&plain),
        };
        let range =
            Range::parse(&text).ok_or_else(|| Fault::Text(format!("`{spec}` is no version or range of Python")))?;
        let arch = if freethreaded { format!("{arch}-freethreaded") } else { arch.to_owned() };
        Ok(Self { spec: spec.to_owned(), range, arch, freethreaded })
    }

    /// Whether what runs on `PATH` can be what is asked for.
    pub(super) fn is_for_this_machine(&self) -> bool {
        self.arch.trim_end_matches("-freethreaded") == tool::machine()
    }

    /// Names under which such a Python may be on `PATH`.
    pub(super) fn programs(&self) -> Vec<String> {
        let t = if self.freethreaded { "t" } else { "" };
        let mut programs = Vec::new();
        let mut parts = self.spec.trim_start_matches(['~', '^', '=', '>']).split('.');
        if let (Some(major), Some(minor)) = (parts.next(), parts.next()) {
            let minor: String = minor.chars().take_while(char::is_ascii_digit).collect();
            if major.parse::<u32>().is_ok() && !minor.is_empty() {
                programs.push(format!("python{major}.{minor}{t}"));
            }
        }
        if !self.freethreaded {
            programs.extend(["python3".to_owned(), "python".to_owned()]);
        }
        programs
    }

    /// A full version that would do.
    pub(super) fn example(&self) -> Option<String> {
        Version::lenient(self.spec.trim_end_matches("-dev")).map(|version| version.to_string())
    }
}

/// `3.13.0rc2` as semver has it: `3.13.0-rc2`.
pub(super) fn semantic(text: &str) -> String {
    for word in ["rc", "a", "b"] {
        if let Some((numbers, rest)) = text.split_once(word)
            && numbers.ends_with(|c: char| c.is_ascii_digit())
        {
            return format!("{numbers}-{word}{rest}");
        }
    }
    text.to_owned()
}

/// Versions in a file, by its name.
pub(super) fn versions_of_file(name: &str, text: &str) -> Result<Vec<String>> {
    let table = || text.parse::<toml::Table>().map_err(|error| Fault::Text(format!("{name} is not TOML: {error}")));
    let found = if name.ends_with(".toml") {
        let table = table()?;
        let path: &[&str] = match table.contains_key("project") {
            true => &["project", "requires-python"],
            false => &["tool", "poetry", "dependencies", "python"],
        };
        string_at(&table, path).map(|text| text.split(',').map(str::trim).collect::<Vec<_>>().join(" "))
    } else if name.contains("Pipfile") {
        let table = table()?;
        string_at(&table, &["requires", "python_full_version"])
            .or_else(|| string_at(&table, &["requires", "python_version"]))
    } else if name.contains(".tool-versions") {
        setup::tool_versions(text, "python").map(|version| version.trim_start_matches('v').to_owned())
    } else {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        return Ok(lines.map(|line| line.split('/').next().unwrap_or(line).to_owned()).collect());
    };
    Ok(found.into_iter().collect())
}

fn string_at(table: &toml::Table, path: &[&str]) -> Option<String> {
    let (last, above) = path.split_last()?;
    let mut table = table;
    for name in above {
        table = table.get(*name)?.as_table()?;
    }
    table.get(*last)?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests() {
        let table: &[(&str, bool, &[&str], &[&str])] = &[
            ("3.12", false, &["3.12.7"], &["3.13.0", "3.12.0-rc1"]),
            ("3.12.1", false, &["3.12.1"], &["3.12.2"]),
            ("3.x", false, &["3.9.1"], &["4.0.0"]),
            ("3.14-dev", false, &["3.14.0-rc.1", "3.14.2"], &["3.15.0"]),
            ("3.14", true, &["3.14.0-beta.1"], &["3.13.0"]),
            ("3.13.0rc2", false, &["3.13.0-rc2"], &["3.13.0"]),
            (">=3.9 <3.12", false, &["3.11.4"], &["3.12.0"]),
        ];
        for (spec, prereleases, yes, no) in table {
            let request = Request::read(spec, *prereleases, false, "x64").unwrap();
            for version in *yes {
                assert!(request.range.matches(&Version::parse(version).unwrap()), "{spec} {version}");
            }
            for version in *no {
                assert!(!request.range.matches(&Version::parse(version).unwrap()), "{spec} {version}");
            }
        }
        let threads = Request::read("3.13t", false, false, "x64").unwrap();
        assert_eq!((threads.arch.as_str(), threads.programs()), ("x64-freethreaded", vec!["python3.13t".to_owned()]));
        assert!(Request::read("pypy3.10", false, false, "x64").is_err());
        assert!(Request::read("newest", false, false, "x64").is_err());
    }

    #[test]
    fn version_files() {
        for (name, text, want) in [
            (".python-version", "# x\n3.12\n3.11/envs/a\n", vec!["3.12", "3.11"]),
            ("pyproject.toml", "[project]\nrequires-python = '>=3.9,<3.13'\n", vec![">=3.9 <3.13"]),
            ("pyproject.toml", "[tool.poetry.dependencies]\npython = '^3.10'\n", vec!["^3.10"]),
            ("Pipfile", "[requires]\npython_version = '3.8'\n", vec!["3.8"]),
            (".tool-versions", "python 3.12.1\n", vec!["3.12.1"]),
        ] {
            assert_eq!(versions_of_file(name, text).unwrap(), want, "{name}");
        }
        assert!(versions_of_file("pyproject.toml", "=").is_err());
    }
}
