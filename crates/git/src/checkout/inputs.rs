//! The inputs of the action.

use crate::Token;

/// The input `submodules`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Submodules {
    /// Not checked out.
    #[default]
    No,
    /// `true`: those of the repository.
    Direct,
    /// `recursive`: also those of submodules.
    Recursive,
}

/// The inputs of the action, parsed.
#[derive(Debug, Clone)]
pub struct CheckoutInputs {
    /// `repository`; `None`: the workflow's own.
    pub repository: Option<String>,
    /// `ref`, ASCII whitespace trimmed; empty: the event's.
    pub reference: String,
    /// `path`, relative to the workspace.
    pub path: String,
    /// `clean`.
    pub clean: bool,
    /// `filter`; accepted, meaningless with shared objects.
    pub filter: Option<String>,
    /// `sparse-checkout` patterns.
    pub sparse: Vec<String>,
    /// `sparse-checkout-cone-mode`.
    pub cone: bool,
    /// `fetch-depth`; 0 is everything.
    pub fetch_depth: u32,
    /// `fetch-tags`.
    pub fetch_tags: bool,
    /// `submodules`.
    pub submodules: Submodules,
    /// `persist-credentials`.
    pub persist_credentials: bool,
    /// `set-safe-directory`. Nothing has to be done for it: the workspace belongs to the job's user.
    pub set_safe_directory: bool,
    /// `lfs`. Accepted; pointers stay pointers.
    pub lfs: bool,
    /// `token`, when it is one the server accepts. A made-up local token must not be given: anonymous access works better.
    pub token: Option<Token>,
}

impl CheckoutInputs {
    /// Reads inputs by name (`fetch-depth`, …) with the action's defaults and leniency. `get` returns the raw value.
    pub fn from_inputs(get: &dyn Fn(&str) -> Option<String>) -> CheckoutInputs {
        // Only ASCII white space may go: other spaces are legal in ref names.
        let text = |name: &str| {
            let raw = get(name).unwrap_or_default();
            raw.trim_matches(|c: char| c.is_ascii_whitespace() || c == '\u{b}').to_owned()
        };
        let some = |name: &str| Some(text(name)).filter(|text| !text.is_empty());
        let flag = |name: &str, default: bool| some(name).map_or(default, |text| text.eq_ignore_ascii_case("true"));
        let submodules = match text("submodules").to_ascii_lowercase().as_str() {
            "true" => Submodules::Direct,
            "recursive" => Submodules::Recursive,
            _ => Submodules::No,
        };
        CheckoutInputs {
            repository: some("repository"),
            reference: text("ref"),
            path: text("path"),
            clean: flag("clean", true),
            filter: some("filter"),
            sparse: text("sparse-checkout")
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty())
                .map(str::to_owned)
                .collect(),
            cone: flag("sparse-checkout-cone-mode", true),
            fetch_depth: depth(some("fetch-depth").as_deref()),
            fetch_tags: flag("fetch-tags", false),
            submodules,
            persist_credentials: flag("persist-credentials", true),
            set_safe_directory: flag("set-safe-directory", true),
            lfs: flag("lfs", false),
            token: Token::new(&text("token")),
        }
    }
}

/// Unset is 1; what is no number, or negative, is 0; fractions are cut.
fn depth(text: Option<&str>) -> u32 {
    let Some(text) = text else { return 1 };
    let number: f64 = text.parse().unwrap_or(0.0);
    if !number.is_finite() || number < 0.0 {
        return 0;
    }
    format!("{:.0}", number.floor()).parse().unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::{CheckoutInputs, Submodules, depth};

    #[test]
    fn fetch_depth_is_read_leniently() {
        for (text, want) in [
            (None, 1),
            (Some("0"), 0),
            (Some("5"), 5),
            (Some("2.9"), 2),
            (Some("-1"), 0),
            (Some("all"), 0),
            (Some("9999999999"), u32::MAX),
        ] {
            assert_eq!(depth(text), want, "{text:?}");
        }
    }

    #[test]
    fn inputs_have_the_defaults_of_the_action() {
        let inputs = CheckoutInputs::from_inputs(&|_| None);
        assert!(inputs.clean && inputs.persist_credentials && inputs.cone && !inputs.fetch_tags && !inputs.lfs);
        assert_eq!((inputs.fetch_depth, inputs.submodules, inputs.reference.as_str()), (1, Submodules::No, ""));
        let given = CheckoutInputs::from_inputs(&|name| match name {
            "ref" => Some(" \tv1\n".into()),
            "submodules" => Some("Recursive".into()),
            "clean" => Some("no".into()),
            "sparse-checkout" => Some("src\n\n docs \n".into()),
            _ => Some(String::new()),
        });
        assert_eq!((given.reference.as_str(), given.submodules, given.clean), ("v1", Submodules::Recursive, false));
        assert_eq!(given.sparse, ["src", "docs"]);
    }
}
