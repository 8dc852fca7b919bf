//! Arguments outside of stages.

use std::collections::{BTreeMap, BTreeSet};

use span::Diagnostic;

use super::PlanInput;
use crate::{Dockerfile, Expander, InstructionKind};

/// Arguments that a build may be given without declaring them: they reach `RUN` and are kept out of the image.
pub(crate) const PROXIES: [&str; 10] = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "FTP_PROXY",
    "ftp_proxy",
    "NO_PROXY",
    "no_proxy",
    "ALL_PROXY",
    "all_proxy",
];

/// The platform arguments, then every `ARG` before the first `FROM`, in order.
pub(super) fn globals(
    file: &Dockerfile,
    input: &PlanInput,
    target: usize,
) -> Result<BTreeMap<String, String>, Vec<Diagnostic>> {
    let mut globals = BTreeMap::new();
    let stage = match (&input.target, file.stages.get(target).and_then(|stage| stage.name.as_ref())) {
        (Some(target), _) => target.as_str(),
        (None, Some(name)) => name.text.as_str(),
        (None, None) => "default",
    };
    let predefined = parts("BUILD", &input.build_platform)
        .into_iter()
        .chain(parts("TARGET", &input.target_platform))
        .chain([("TARGETSTAGE".to_owned(), stage.to_owned())]);
    for (name, value) in predefined {
        let value = input.build_args.get(&name).cloned().unwrap_or(value);
        globals.insert(name, value);
    }
    let mut problems = Vec::new();
    for definition in file.global_args.iter().flat_map(|arg| &arg.definitions) {
        let name = &definition.name.text;
        if let Some(value) = input.build_args.get(name) {
            globals.insert(name.clone(), value.clone());
        } else if let Some(default) = &definition.default {
            match Expander::new(file.escape, &globals).word(default) {
                Ok(word) => {
                    globals.insert(name.clone(), word.text);
                }
                Err(diagnostic) => problems.push(diagnostic),
            }
        }
    }
    if problems.is_empty() { Ok(globals) } else { Err(problems) }
}

/// `BUILDPLATFORM`, `BUILDOS` and so on of a platform.
fn parts(prefix: &str, platform: &str) -> Vec<(String, String)> {
    let mut parts = platform.split('/');
    let mut next = || parts.next().unwrap_or_default();
    let (os, architecture, variant) = (next(), next(), next());
    // `os(version)` is how a version is written.
    let (os, version) = match os.split_once('(') {
        Some((os, version)) => (os, version.trim_end_matches(')')),
        None => (os, ""),
    };
    [("PLATFORM", platform), ("OS", os), ("OSVERSION", version), ("ARCH", architecture), ("VARIANT", variant)]
        .map(|(name, value)| (format!("{prefix}{name}"), value.to_owned()))
        .to_vec()
}

/// Names of `--build-arg` that no `ARG` declares and that mean nothing by themselves.
pub(super) fn unused(file: &Dockerfile, input: &PlanInput) -> Vec<String> {
    let inside = file.stages.iter().flat_map(|stage| &stage.instructions).flat_map(|instruction| {
        let kind = match &instruction.kind {
            InstructionKind::Onbuild(onbuild) => &onbuild.instruction.kind,
            kind => kind,
        };
        match kind {
            InstructionKind::Arg(definitions) => definitions.as_slice(),
            _ => &[],
        }
    });
    let global = file.global_args.iter().flat_map(|arg| &arg.definitions);
    let declared: BTreeSet<&str> = inside.chain(global).map(|definition| definition.name.as_str()).collect();
    let known = |name: &str| {
        declared.contains(name)
            || PROXIES.contains(&name)
            || name.starts_with("BUILDKIT_")
            || name == "SOURCE_DATE_EPOCH"
            || ["BUILD", "TARGET"].iter().any(|prefix| {
                name.strip_prefix(prefix)
                    .is_some_and(|rest| ["PLATFORM", "OS", "OSVERSION", "ARCH", "VARIANT", "STAGE"].contains(&rest))
            })
    };
    input.build_args.keys().filter(|name| !known(name)).cloned().collect()
}
