//! Checks: what builds, though hardly as meant.

/// `# check=skip=Rule,Rule;error=true;experimental=all`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckOptions {
    pub skip: Vec<String>,
    pub skip_all: bool,
    pub experimental: Vec<String>,
    pub experimental_all: bool,
    /// What a check finds makes the build fail.
    pub error: bool,
}

impl CheckOptions {
    /// Reads what stands behind `check=`.
    pub fn parse(text: &str) -> Result<CheckOptions, String> {
        let mut options = CheckOptions::default();
        for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
            let Some((key, value)) = part.split_once('=') else {
                return Err(format!("`{part}` is no option of a check"));
            };
            let value = value.trim();
            let rules = || value.split(',').map(|rule| rule.trim().to_owned()).collect();
            match key.trim() {
                "skip" if value == "all" => options.skip_all = true,
                "skip" => options.skip = rules(),
                "experimental" if value == "all" => options.experimental_all = true,
                "experimental" => options.experimental = rules(),
                "error" => match crate::flags::boolean(value) {
                    Some(error) => options.error = error,
                    None => return Err(format!("`error` is `true` or `false`, not `{value}`")),
                },
                other => return Err(format!("`{other}` is no option of a check")),
            }
        }
        Ok(options)
    }
}
