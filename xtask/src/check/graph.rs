//! Which crate may know which.

use crate::problem::Problem;
use crate::tree;

struct Rule {
    name: &'static str,
    /// No tokio, filesystem, network, clock or randomness.
    pure: bool,
    /// Crates of this workspace it may depend on.
    may_use: &'static [&'static str],
}

const PURE_CORE: &[&str] = &["span", "yaml", "expr", "workflow", "trigger", "engine", "api", "dockerfile", "explain"];

const RULES: &[Rule] = &[
    Rule { name: "span", pure: true, may_use: &[] },
    Rule { name: "yaml", pure: true, may_use: &["span"] },
    Rule { name: "expr", pure: true, may_use: &["span"] },
    Rule { name: "workflow", pure: true, may_use: &["yaml", "expr", "span"] },
    // What `workflow` exposes of expr and span is used by its readers too.
    Rule { name: "trigger", pure: true, may_use: &["workflow", "expr", "span"] },
    Rule { name: "api", pure: true, may_use: &[] },
    Rule { name: "engine", pure: true, may_use: &["workflow", "api", "expr", "span", "trigger"] },
    Rule { name: "dockerfile", pure: true, may_use: &["span"] },
    Rule { name: "git", pure: false, may_use: &[] },
    Rule { name: "blob", pure: false, may_use: &[] },
    Rule { name: "image", pure: false, may_use: &["blob"] },
    Rule { name: "registry", pure: false, may_use: &["blob", "image"] },
    Rule { name: "container", pure: false, may_use: &["image", "sandbox"] },
    Rule { name: "builder", pure: false, may_use: &["blob", "dockerfile", "git", "image", "sandbox", "span"] },
    Rule { name: "docker", pure: false, may_use: &["blob", "builder", "container", "image", "sandbox"] },
    Rule { name: "sandbox", pure: false, may_use: &[] },
    // Native actions put files into a job's sandbox and talk to the services as its clients do.
    Rule {
        name: "actions",
        pure: false,
        may_use: &[
            "git",
            "workflow",
            "yaml",
            "expr",
            "span",
            "api",
            "sandbox",
            "services",
            "image",
            "container",
            "builder",
            "dockerfile",
        ],
    },
    Rule { name: "services", pure: false, may_use: &["api"] },
    Rule {
        name: "runner",
        pure: false,
        may_use: &[
            "span",
            "yaml",
            "expr",
            "workflow",
            "trigger",
            "api",
            "sandbox",
            "git",
            "actions",
            "services",
            "image",
            "container",
            "builder",
            "docker",
        ],
    },
    Rule { name: "lint", pure: false, may_use: &["expr", "span", "trigger", "workflow", "yaml"] },
    Rule { name: "lsp", pure: false, may_use: &["lint", "expr", "span", "workflow", "yaml"] },
    Rule { name: "explain", pure: true, may_use: &["api", "expr", "span", "trigger", "workflow"] },
    // `testkit` only for its databases of tests.
    Rule { name: "store", pure: false, may_use: &["api", "testkit"] },
    Rule { name: "identity", pure: false, may_use: &["api", "store"] },
    Rule { name: "depot", pure: false, may_use: &["api", "blob", "services", "store"] },
    Rule {
        name: "forge",
        pure: false,
        may_use: &["api", "blob", "git", "identity", "store", "span", "workflow", "trigger"],
    },
    Rule {
        name: "rest",
        pure: false,
        may_use: &[
            "api", "blob", "control", "depot", "forge", "identity", "services", "store", "git", "span", "trigger",
            "workflow",
        ],
    },
    Rule {
        name: "control",
        pure: false,
        may_use: &[
            "api", "blob", "engine", "expr", "forge", "git", "identity", "span", "store", "trigger", "workflow",
            "services",
        ],
    },
    Rule {
        name: "agent",
        pure: false,
        may_use: &[
            "actions",
            "api",
            "expr",
            "git",
            "image",
            "runner",
            "sandbox",
            "services",
            "span",
            "workflow",
            "container",
            "builder",
        ],
    },
    Rule {
        name: "server",
        pure: false,
        may_use: &[
            "agent", "api", "blob", "control", "depot", "forge", "identity", "image", "registry", "rest", "services",
            "store",
        ],
    },
    Rule { name: "testkit", pure: false, may_use: &["api"] },
    Rule { name: "xtask", pure: false, may_use: &[] },
    Rule {
        name: "trunkline",
        pure: false,
        may_use: &[
            "span",
            "yaml",
            "expr",
            "workflow",
            "trigger",
            "api",
            "engine",
            "sandbox",
            "git",
            "actions",
            "services",
            "runner",
            "blob",
            "image",
            "registry",
            "dockerfile",
            "container",
            "builder",
            "docker",
            "lint",
            "lsp",
            "explain",
            "store",
            "identity",
            "forge",
            "rest",
            "control",
            "agent",
            "server",
        ],
    },
];

/// What a pure crate never links, with the reason.
const IMPURE: &[(&str, &str)] = &[
    ("tokio", "runs tasks"),
    ("tokio-util", "runs tasks"),
    ("libc", "calls the system"),
    ("rustix", "calls the system"),
    ("reqwest", "uses the network"),
    ("axum", "uses the network"),
    ("hyper", "uses the network"),
    ("walkdir", "reads directories"),
    ("ignore", "reads directories"),
    ("tempfile", "writes files"),
    ("getrandom", "is random"),
    ("fastrand", "is random"),
    ("rand", "is random"),
    ("uuid", "is random"),
    ("signal-hook", "handles signals"),
];

/// What the sources of a pure crate never name, tests aside.
const IMPURE_PATHS: &[&str] = &[
    "std::fs",
    "std::net",
    "std::process",
    "std::env",
    "SystemTime",
    "Instant::now",
    "std::thread",
    "Timestamp::now",
    "Zoned::now",
];

pub(super) fn check() -> Result<Vec<Problem>, String> {
    let mut problems = Vec::new();
    let mut manifests = vec!["xtask/Cargo.toml".to_owned()];
    let entries = std::fs::read_dir(tree::root().join("crates")).map_err(|error| format!("crates: {error}"))?;
    for entry in entries.flatten() {
        manifests.push(format!("crates/{}/Cargo.toml", entry.file_name().to_string_lossy()));
    }
    manifests.sort();
    for manifest in manifests {
        check_crate(&manifest, &mut problems);
    }
    Ok(problems)
}

fn check_crate(manifest: &str, problems: &mut Vec<Problem>) {
    let Some(text) = tree::text(manifest) else {
        return;
    };
    let table: toml::Table = match text.parse() {
        Ok(table) => table,
        Err(error) => {
            problems.push(Problem::new(manifest, 0, error.to_string()));
            return;
        }
    };
    let name =
        table.get("package").and_then(|package| package.get("name")).and_then(|name| name.as_str()).unwrap_or("");
    let Some(rule) = RULES.iter().find(|rule| rule.name == name) else {
        problems.push(Problem::new(manifest, 0, format!("crate `{name}` has no rule about what it may depend on")));
        return;
    };
    let dependencies = table.get("dependencies").and_then(toml::Value::as_table);
    for dependency in dependencies.into_iter().flat_map(toml::Table::keys) {
        let at = text.lines().position(|line| line.starts_with(dependency.as_str())).map_or(0, |index| index + 1);
        if RULES.iter().any(|rule| rule.name == dependency) && !rule.may_use.contains(&dependency.as_str()) {
            problems.push(Problem::new(manifest, at, format!("`{name}` may not depend on `{dependency}`")));
        }
        if let Some((_, why)) = IMPURE.iter().find(|(crate_name, _)| rule.pure && crate_name == dependency) {
            problems.push(Problem::new(manifest, at, format!("`{name}` is pure, and `{dependency}` {why}")));
        }
    }
    debug_assert!(!rule.pure || PURE_CORE.contains(&rule.name));
    if rule.pure {
        check_sources(&format!("crates/{name}/src"), problems);
    }
}

fn check_sources(directory: &str, problems: &mut Vec<Problem>) {
    let Ok(files) = tree::files() else { return };
    let test_modules = test_modules(&files, directory);
    let sources = files.iter().filter(|path| path.starts_with(directory) && path.ends_with(".rs"));
    let tested = |path: &&String| {
        path.ends_with("tests.rs")
            || path.contains("/tests/")
            || test_modules.iter().any(|module| path.ends_with(module.as_str()))
    };
    for path in sources.filter(|path| !tested(path)) {
        let Some(text) = tree::text(path) else {
            continue;
        };
        for (index, line) in text.lines().enumerate() {
            if line.trim_start().starts_with("mod tests") {
                break;
            }
            let code = line.split("//").next().unwrap_or("");
            if let Some(found) = IMPURE_PATHS.iter().find(|path| code.contains(**path)) {
                problems.push(Problem::new(path, index + 1, format!("`{found}` in a pure crate")));
            }
        }
    }
}

/// Endings of the paths of modules that exist in tests only.
fn test_modules(files: &[String], directory: &str) -> Vec<String> {
    let mut modules = Vec::new();
    for path in files.iter().filter(|path| path.starts_with(directory) && path.ends_with(".rs")) {
        let text = tree::text(path).unwrap_or_default();
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for pair in lines.windows(2).filter(|pair| pair[0] == "#[cfg(test)]") {
            let name = pair[1].strip_prefix("mod ").or_else(|| pair[1].strip_prefix("pub(crate) mod "));
            if let Some(name) = name.and_then(|name| name.strip_suffix(';')) {
                modules.push(format!("/{name}.rs"));
            }
        }
    }
    modules
}
