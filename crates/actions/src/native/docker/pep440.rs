//! Versions of Python packages (PEP 440).

use std::sync::LazyLock;

use regex::Regex;

/// A version that PEP 440 allows.
#[derive(Debug, Clone)]
pub(crate) struct PythonVersion {
    release: Vec<u64>,
    /// Normalised: `1!2.0rc1.post2.dev3+local.1`
    pub(crate) clean: String,
    /// A pre-, post- or development release.
    pub(crate) special: bool,
}

/// The pattern of PEP 440's appendix B.
static VERSION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?ix)^v?(?:(?P<epoch>[0-9]+)!)?(?P<release>[0-9]+(?:\.[0-9]+)*)
        (?P<pre>[-_.]?(?P<pre_l>alpha|a|beta|b|preview|pre|c|rc)[-_.]?(?P<pre_n>[0-9]+)?)?
        (?P<post>-(?P<post_n1>[0-9]+)|[-_.]?(?:post|rev|r)[-_.]?(?P<post_n2>[0-9]+)?)?
        (?P<dev>[-_.]?dev[-_.]?(?P<dev_n>[0-9]+)?)?
        (?:\+(?P<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?$",
    )
    .ok()
});

impl PythonVersion {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let found = VERSION.as_ref()?.captures(text.trim())?;
        let number = |name: &str| found.name(name).map_or(Some(0), |digits| digits.as_str().parse::<u64>().ok());
        let release = found["release"].split('.').map(|part| part.parse().ok()).collect::<Option<Vec<u64>>>()?;
        let mut clean = String::new();
        match number("epoch")? {
            0 => {}
            epoch => clean.push_str(&format!("{epoch}!")),
        }
        clean.push_str(&release.iter().map(u64::to_string).collect::<Vec<_>>().join("."));
        if let Some(letter) = found.name("pre_l") {
            let letter = match letter.as_str().to_ascii_lowercase().as_str() {
                "alpha" | "a" => "a",
                "beta" | "b" => "b",
                _ => "rc",
            };
            clean.push_str(&format!("{letter}{}", number("pre_n")?));
        }
        if found.name("post").is_some() {
            let name = if found.name("post_n1").is_some() { "post_n1" } else { "post_n2" };
            clean.push_str(&format!(".post{}", number(name)?));
        }
        if found.name("dev").is_some() {
            clean.push_str(&format!(".dev{}", number("dev_n")?));
        }
        if let Some(local) = found.name("local") {
            let parts = local.as_str().to_ascii_lowercase();
            let parts = parts
                .split(['-', '_', '.'])
                .map(|part| part.parse::<u64>().map_or_else(|_| part.to_owned(), |number| number.to_string()));
            clean.push_str(&format!("+{}", parts.collect::<Vec<_>>().join(".")));
        }
        let special = ["pre", "post", "dev"].iter().any(|name| found.name(name).is_some());
        Some(Self { release, clean, special })
    }

    /// 0 major, 1 minor, 2 patch.
    pub(crate) fn part(&self, index: usize) -> u64 {
        self.release.get(index).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        for (text, want) in [
            ("v1.2.3", Some(("1.2.3", false))),
            ("1.2", Some(("1.2", false))),
            ("1.0alpha1", Some(("1.0a1", true))),
            ("1.2.3-RC.2", Some(("1.2.3rc2", true))),
            ("1.2post1", Some(("1.2.post1", true))),
            ("1.2-3", Some(("1.2.post3", true))),
            ("1.0dev4", Some(("1.0.dev4", true))),
            ("2!1.0+Ubuntu-01", Some(("2!1.0+ubuntu.1", false))),
            ("sometag", None),
            ("1.2.3-x", None),
            ("99999999999999999999", None),
        ] {
            let got = PythonVersion::parse(text);
            assert_eq!(got.as_ref().map(|one| (one.clean.as_str(), one.special)), want, "{text}");
        }
        let short = PythonVersion::parse("3").unwrap();
        assert_eq!([short.part(0), short.part(1), short.part(2)], [3, 0, 0]);
    }
}
