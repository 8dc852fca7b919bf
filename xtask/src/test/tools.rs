use crate::problem::Problem;
use crate::tree;

pub(super) const FILE: &str = "tests/tools.toml";

/// What `tests/tools.toml` lists.
#[derive(Default)]
pub(super) struct Tools {
    pub(super) apt: Vec<Apt>,
    pub(super) npm: Vec<Npm>,
    pub(super) pip: Vec<Pip>,
    unknown: Vec<String>,
}

pub(super) struct Apt {
    pub(super) program: String,
    pub(super) package: String,
    pub(super) purpose: String,
}

pub(super) struct Npm {
    pub(super) directory: String,
    pub(super) purpose: String,
}

pub(super) struct Pip {
    pub(super) package: String,
    pub(super) version: String,
    /// Name of the tool in the tool cache; the package holds it in a directory of the same name.
    pub(super) tool_cache: Option<String>,
    pub(super) purpose: String,
}

pub(super) fn read() -> Result<Tools, String> {
    let text = tree::text(FILE).ok_or_else(|| format!("{FILE} is not there"))?;
    let table: toml::Table = text.parse().map_err(|error| format!("{FILE}: {error}"))?;
    let mut tools = Tools::default();
    for (kind, entries) in &table {
        for entry in entries.as_array().into_iter().flatten() {
            tools.add(kind, entry)?;
        }
    }
    Ok(tools)
}

impl Tools {
    fn add(&mut self, kind: &str, entry: &toml::Value) -> Result<(), String> {
        let optional = |key: &str| entry.get(key).and_then(toml::Value::as_str).map(str::to_owned);
        let word = |key: &str| optional(key).ok_or_else(|| format!("{FILE}: an entry of [[{kind}]] has no `{key}`"));
        let purpose = word("for")?;
        match kind {
            "apt" => self.apt.push(Apt { program: word("program")?, package: word("package")?, purpose }),
            "npm" => self.npm.push(Npm { directory: word("directory")?, purpose }),
            "pip" => self.pip.push(Pip {
                package: word("package")?,
                version: optional("version").unwrap_or_default(),
                tool_cache: optional("tool-cache"),
                purpose,
            }),
            other => self.unknown.push(other.to_owned()),
        }
        Ok(())
    }

    pub(super) fn problems(&self) -> Vec<Problem> {
        let mut problems: Vec<Problem> =
            self.unknown.iter().map(|kind| Problem::new(FILE, 0, format!("[[{kind}]] is not known"))).collect();
        for npm in &self.npm {
            for file in ["package.json", "package-lock.json"] {
                let path = format!("{}/{file}", npm.directory);
                if tree::text(&path).is_none() {
                    problems.push(Problem::new(FILE, 0, format!("{path} is not there")));
                }
            }
        }
        problems
    }
}
