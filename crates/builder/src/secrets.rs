//! Secrets while a build runs: their values, and hiding them in what processes write.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::Error;
use crate::request::Secret;

/// A secret has at most as many bytes.
const LARGEST: usize = 512 * 1024;
/// Shorter pieces of secrets are not hidden: everything would be stars.
const SHORTEST: usize = 4;

/// The values of a build's secrets.
pub(crate) struct Secrets {
    values: BTreeMap<String, Arc<[u8]>>,
    /// What is hidden, longest first.
    hidden: Vec<Vec<u8>>,
}

impl Secrets {
    /// Reads them all, so that one that is not there is told before anything runs.
    pub(crate) fn read(given: &BTreeMap<String, Secret>) -> Result<Self, Error> {
        let mut values = BTreeMap::new();
        let mut hidden: Vec<Vec<u8>> = Vec::new();
        for (id, secret) in given {
            let failed = |why: String| Error::context(format!("secret {id}"), why);
            let value: Arc<[u8]> = match secret {
                Secret::Value(value) => value.clone(),
                Secret::File(path) => {
                    std::fs::read(path).map_err(|error| failed(format!("{}: {error}", path.display())))?.into()
                }
                Secret::Env(name) => {
                    use std::os::unix::ffi::OsStringExt as _;
                    let value = std::env::var_os(name).ok_or_else(|| failed(format!("{name} is not set")))?;
                    value.into_vec().into()
                }
            };
            if value.len() > LARGEST {
                return Err(failed(format!("it has more than {LARGEST} bytes")));
            }
            let lines = value.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
            hidden.extend(lines.filter(|line| line.len() >= SHORTEST).map(<[u8]>::to_vec));
            values.insert(id.clone(), value);
        }
        hidden.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        hidden.dedup();
        Ok(Self { values, hidden })
    }

    pub(crate) fn get(&self, id: &str) -> Option<Arc<[u8]>> {
        self.values.get(id).cloned()
    }

    /// A line without its secrets.
    pub(crate) fn hide(&self, line: &[u8]) -> Vec<u8> {
        let mut shown = line.to_vec();
        for secret in &self.hidden {
            let mut at = 0;
            while let Some(found) = find(&shown[at..], secret) {
                shown.splice(at + found..at + found + secret.len(), *b"***");
                at += found + 3;
            }
        }
        shown
    }
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(value: &str) -> Secrets {
        let given = BTreeMap::from([("s".to_owned(), Secret::Value(value.as_bytes().into()))]);
        Secrets::read(&given).unwrap()
    }

    #[test]
    fn values_are_hidden_line_by_line() {
        let secrets = secrets("hunter22\nsecond line\n\nab");
        for (line, shown) in
            [("it is hunter22!", "it is ***!"), ("hunter22hunter22", "******"), ("second line", "***"), ("cab", "cab")]
        {
            assert_eq!(secrets.hide(line.as_bytes()), shown.as_bytes());
        }
    }

    #[test]
    fn what_is_not_there_is_told_by_its_id() {
        let given = BTreeMap::from([("s".to_owned(), Secret::Env("TRUNKLINE_NO_SUCH_VARIABLE".to_owned()))]);
        assert_eq!(Secrets::read(&given).err().unwrap().to_string(), "secret s: TRUNKLINE_NO_SUCH_VARIABLE is not set");
    }
}
