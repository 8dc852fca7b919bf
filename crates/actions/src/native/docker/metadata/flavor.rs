//! The `flavor` input: what holds for all tags.

use crate::native::docker::list::fields;
use crate::native::error::{Fault, Result};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Latest {
    /// As the kind of tag has it.
    #[default]
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Flavor {
    pub(crate) latest: Latest,
    pub(crate) prefix: String,
    pub(crate) prefix_latest: bool,
    pub(crate) suffix: String,
    pub(crate) suffix_latest: bool,
}

impl Flavor {
    pub(crate) fn parse(lines: &[String]) -> Result<Self> {
        let mut flavor = Self::default();
        for line in lines {
            let mut before = "";
            for field in fields(line)? {
                let mut parts = field.split('=').map(str::trim);
                let key = parts.next().unwrap_or_default().to_lowercase();
                let value = parts.next().ok_or_else(|| Fault::Text(format!("Invalid flavor entry: {line}")))?;
                match key.as_str() {
                    "latest" => {
                        flavor.latest = match value {
                            "auto" => Latest::Auto,
                            "true" => Latest::Always,
                            "false" => Latest::Never,
                            _ => return Err(Fault::Text(format!("Invalid latest flavor entry: {line}"))),
                        }
                    }
                    "prefix" => {
                        value.clone_into(&mut flavor.prefix);
                        before = "prefix";
                    }
                    "suffix" => {
                        value.clone_into(&mut flavor.suffix);
                        before = "suffix";
                    }
                    "onlatest" => {
                        let on = match value {
                            "true" => true,
                            "false" => false,
                            _ => {
                                return Err(Fault::Text(format!("Invalid value for onlatest attribute: {value}")));
                            }
                        };
                        match before {
                            "prefix" => flavor.prefix_latest = on,
                            "suffix" => flavor.suffix_latest = on,
                            _ => {}
                        }
                    }
                    _ => return Err(Fault::Text(format!("Unknown flavor entry: {line}"))),
                }
            }
        }
        Ok(flavor)
    }

    pub(crate) fn lines(&self) -> [String; 5] {
        let latest = match self.latest {
            Latest::Auto => "auto",
            Latest::Always => "true",
            Latest::Never => "false",
        };
        [
            format!("latest={latest}"),
            format!("prefix={}", self.prefix),
            format!("prefixLatest={}", self.prefix_latest),
            format!("suffix={}", self.suffix),
            format!("suffixLatest={}", self.suffix_latest),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        let parse = |text: &str| {
            let lines: Vec<String> = text.lines().map(str::to_owned).collect();
            Flavor::parse(&lines).map(|flavor| flavor.lines().join(" ")).map_err(|error| error.to_string())
        };
        for (text, want) in [
            ("", Ok("latest=auto prefix= prefixLatest=false suffix= suffixLatest=false")),
            (
                "latest=true\nprefix=foo-,onlatest=true\nsuffix=-bar",
                Ok("latest=true prefix=foo- prefixLatest=true suffix=-bar suffixLatest=false"),
            ),
            ("onlatest=true", Ok("latest=auto prefix= prefixLatest=false suffix= suffixLatest=false")),
            ("latest=maybe", Err("Invalid latest flavor entry: latest=maybe")),
            ("prefix", Err("Invalid flavor entry: prefix")),
            ("infix=x", Err("Unknown flavor entry: infix=x")),
            ("prefix=x,onlatest=yes", Err("Invalid value for onlatest attribute: yes")),
        ] {
            assert_eq!(parse(text), want.map(str::to_owned).map_err(str::to_owned), "{text}");
        }
    }
}
