//! What Java is asked for.

use std::path::Path;

use crate::native::error::{Fault, Result};
use crate::native::semver::Range;
use crate::native::{NativeCall, setup, tool};

/// `distribution`, and how upstream names it in the tool cache and in the output.
const DISTRIBUTIONS: &[(&str, &str)] = &[
    ("temurin", "Temurin-Hotspot"),
    ("adopt", "Adopt-Hotspot"),
    ("adopt-hotspot", "Adopt-Hotspot"),
    ("adopt-openj9", "Adopt-OpenJ9"),
    ("zulu", "Zulu"),
    ("liberica", "Liberica"),
    ("corretto", "Corretto"),
    ("microsoft", "Microsoft"),
    ("oracle", "Oracle"),
    ("semeru", "IBM_Semeru"),
    ("dragonwell", "Dragonwell"),
    ("sapmachine", "SapMachine"),
    ("graalvm", "GraalVM"),
    ("jetbrains", "JetBrains"),
];

/// A request, read.
pub(super) struct Request {
    pub(super) spec: String,
    pub(super) range: Range,
    pub(super) early: bool,
    pub(super) latest: bool,
    /// As [`DISTRIBUTIONS`] has it.
    pub(super) distribution: &'static str,
    /// `jdk`, `jre`.
    pub(super) package: String,
    pub(super) arch: String,
}

pub(super) fn read(call: &NativeCall, spec: &str, distribution: &str) -> Result<Request> {
    let inputs = call.inputs();
    let known = DISTRIBUTIONS.iter().find(|(name, _)| *name == distribution);
    let (_, distribution) = known.ok_or_else(|| {
        let names: Vec<&str> = DISTRIBUTIONS.iter().map(|(name, _)| *name).collect();
        Fault::Text(format!(
            "No supported distribution was found for input {distribution}; known are {}",
            names.join(", ")
        ))
    })?;
    let (range, early, latest) = range(spec)
        .ok_or_else(|| Fault::Text(format!("The string '{spec}' is not valid SemVer notation for a Java version")))?;
    Ok(Request {
        spec: spec.to_owned(),
        range,
        early,
        latest,
        distribution,
        package: inputs.text_or("java-package", "jdk").to_owned(),
        arch: architecture(inputs.text_or("architecture", tool::machine())).to_owned(),
    })
}

/// The range, whether early access is meant, whether it is `latest`.
fn range(spec: &str) -> Option<(Range, bool, bool)> {
    if spec.eq_ignore_ascii_case("latest") {
        return Some((Range::parse("*")?, false, true));
    }
    let (text, early) = match spec.strip_suffix("-ea") {
        Some(text) => (text.to_owned(), true),
        None if spec.contains("-ea.") => (spec.replace("-ea.", "+"), true),
        None => (spec.to_owned(), false),
    };
    // `1.8` is how old versions were called.
    let text = text.strip_prefix("1.").filter(|rest| rest.starts_with('8')).map_or(text.clone(), str::to_owned);
    Some((Range::parse(&text)?, early, false))
}

pub(super) fn architecture(arch: &str) -> &str {
    match arch {
        "amd64" => "x64",
        "ia32" => "x86",
        "arm64" => "aarch64",
        "arm" => "armv7",
        other => other,
    }
}

/// The version in a file, and the distribution when the file names one.
pub(super) fn version_of_file(name: &str, text: &str) -> Option<(String, Option<String>)> {
    let base = Path::new(name).file_name()?.to_str()?;
    let named = |id: &str| {
        let known = match id {
            "tem" | "temurin" => "temurin",
            "zulu" => "zulu",
            "amzn" | "corretto" => "corretto",
            "librca" | "liberica" => "liberica",
            "ms" | "microsoft" => "microsoft",
            "oracle" => "oracle",
            "sem" | "semeru" => "semeru",
            "sapmchn" | "sapmachine" => "sapmachine",
            "dragonwell" | "albba" => "dragonwell",
            _ => return None,
        };
        Some(known.to_owned())
    };
    match base {
        ".sdkmanrc" => {
            let line =
                text.lines().find_map(|line| line.trim().strip_prefix("java")?.trim_start().strip_prefix('='))?.trim();
            let (version, id) = line.rsplit_once('-').unwrap_or((line, ""));
            Some((version.to_owned(), named(id)))
        }
        ".tool-versions" => {
            let value = setup::tool_versions(text, "java")?;
            let start = value.find(|c: char| c.is_ascii_digit())?;
            let id = value[..start].trim_end_matches('-');
            Some((value[start..].to_owned(), named(id)))
        }
        _ => {
            let line = setup::first_line(text)?;
            let start = line.find(|c: char| c.is_ascii_digit())?;
            Some((line[start..].split_whitespace().next()?.to_owned(), None))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::native::semver::Version;

    #[test]
    fn requests() {
        for (spec, yes, no) in [
            ("17", "17.0.8+7", "18.0.0"),
            ("17.0.8", "17.0.8+7", "17.0.9"),
            ("17.0.8+7", "17.0.8+7", "17.0.8+8"),
            ("1.8", "8.0.392", "1.8.0"),
            ("21-ea", "21.0.0+5", "20.0.0"),
            ("latest", "99.0.0", "1.0.0-x"),
        ] {
            let (range, ..) = range(spec).unwrap();
            assert!(range.matches(&Version::parse(yes).unwrap()), "{spec} {yes}");
            assert!(!range.matches(&Version::parse(no).unwrap()), "{spec} {no}");
        }
        assert!(range("newest").is_none());
    }

    #[test]
    fn version_files() {
        let some = |version: &str, id: Option<&str>| Some((version.to_owned(), id.map(str::to_owned)));
        for (name, text, want) in [
            (".java-version", "17.0.8\n", some("17.0.8", None)),
            (".java-version", "temurin-21\n", some("21", None)),
            (".sdkmanrc", "# x\njava=21.0.5-tem\n", some("21.0.5", Some("temurin"))),
            (".tool-versions", "java corretto-17.0.1\n", some("17.0.1", Some("corretto"))),
            (".java-version", "\n", None),
        ] {
            assert_eq!(version_of_file(name, text), want, "{name} {text}");
        }
    }
}
