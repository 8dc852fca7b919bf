use std::collections::BTreeMap;

/// `key=value,"key=a,b"`: one record of comma-separated values.
pub(super) struct Attributes {
    flag: &'static str,
    all: BTreeMap<String, String>,
}

impl Attributes {
    /// Fields without `=` are keys with an empty value.
    pub(super) fn read(flag: &'static str, text: &str) -> Result<Self, String> {
        let mut all = BTreeMap::new();
        for field in
            fields(text).ok_or_else(|| format!("{flag}: a quote in it is not closed or stands inside a value"))?
        {
            let (key, value) = field.split_once('=').unwrap_or((&field, ""));
            all.insert(key.trim().to_lowercase(), value.trim().to_owned());
        }
        Ok(Self { flag, all })
    }

    /// An attribute that is set and not empty.
    pub(super) fn take(&mut self, key: &str) -> Option<String> {
        self.all.remove(key).filter(|value| !value.is_empty())
    }

    pub(super) fn flag(&mut self, key: &str, default: bool) -> Result<bool, String> {
        match self.all.remove(key).as_deref() {
            None => Ok(default),
            Some("true" | "1" | "") => Ok(true),
            Some("false" | "0") => Ok(false),
            Some(other) => Err(format!("{} {key}={other}: expected true or false", self.flag)),
        }
    }

    pub(super) fn drop_known(&mut self, keys: &[&str]) {
        self.all.retain(|key, _| !keys.contains(&key.as_str()));
    }

    pub(super) fn rest(self) -> BTreeMap<String, String> {
        self.all
    }

    /// Never shows values: they may be secrets.
    pub(super) fn nothing_left(&self) -> Result<(), String> {
        match self.all.keys().next() {
            None => Ok(()),
            Some(key) => Err(format!("{}: unexpected key '{key}'", self.flag)),
        }
    }
}

fn fields(text: &str) -> Option<Vec<String>> {
    let mut found = Vec::new();
    let mut field = String::new();
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '"' if field.is_empty() => loop {
                match chars.next()? {
                    '"' if chars.peek() == Some(&'"') => {
                        chars.next();
                        field.push('"');
                    }
                    '"' => match chars.peek() {
                        None | Some(',') => break,
                        Some(_) => return None,
                    },
                    other => field.push(other),
                }
            },
            '"' => return None,
            ',' => found.push(std::mem::take(&mut field)),
            other => field.push(other),
        }
    }
    found.push(field);
    Some(found)
}
