//! Downloads of Python: the builds of python-build-standalone, which run wherever they are unpacked.

use super::MIRROR;
use super::request::Request;
use crate::native::error::{Fault, Result};
use crate::native::semver::Version;
use crate::native::tool::Release;
use crate::native::{NativeCall, fetch};

/// Names the newest set of builds, and where its files are.
const LATEST: &str =
    "https://raw.githubusercontent.com/astral-sh/python-build-standalone/latest-release/latest-release.json";

#[derive(Debug, serde::Deserialize)]
struct Latest {
    asset_url_prefix: String,
}

/// The newest build that fits; the newest set of builds has the last patch of each minor version. A mirror is a
/// directory with the files of one set.
pub(super) async fn resolve(call: &NativeCall, request: &Request) -> Result<Release> {
    let base = match call.env(MIRROR) {
        "" => fetch::json::<Latest>(call, LATEST).await?.asset_url_prefix,
        mirror => mirror.to_owned(),
    };
    let base = base.trim_end_matches('/');
    let sums = fetch::text(call, &format!("{base}/SHA256SUMS")).await?;
    let found = pick(&sums, request, base);
    found.ok_or_else(|| Fault::Text(format!("{base} has no Python {} for {}", request.spec, request.arch)))
}

fn pick(sums: &str, request: &Request, base: &str) -> Option<Release> {
    let machine = match request.arch.trim_end_matches("-freethreaded") {
        "x64" => "x86_64",
        "arm64" => "aarch64",
        other => other,
    };
    let kind = if request.freethreaded { "freethreaded-install_only.tar.gz" } else { "install_only.tar.gz" };
    let end = format!("-{machine}-unknown-linux-gnu-{kind}");
    let mut all: Vec<(Version, Release)> = sums
        .lines()
        .filter_map(|line| {
            let (sum, name) = line.split_once(char::is_whitespace)?;
            let name = name.trim().trim_start_matches('*');
            let (version, _set) = name.strip_prefix("cpython-")?.strip_suffix(&end)?.split_once('+')?;
            let text = super::request::semantic(version);
            let version = Version::parse(&text)?;
            let release = Release { version: text, url: format!("{base}/{name}"), sha256: Some(sum.to_owned()) };
            request.range.matches(&version).then_some((version, release))
        })
        .collect();
    all.sort_by(|(a, _), (b, _)| b.cmp(a));
    all.into_iter().next().map(|(_, release)| release)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds() {
        let sums = "aa  cpython-3.12.7+20241016-x86_64-unknown-linux-gnu-install_only.tar.gz\n\
                    bb  cpython-3.13.0+20241016-x86_64-unknown-linux-gnu-install_only.tar.gz\n\
                    cc  cpython-3.13.0+20241016-x86_64-unknown-linux-gnu-freethreaded-install_only.tar.gz\n\
                    dd  cpython-3.13.0+20241016-aarch64-apple-darwin-install_only.tar.gz\n";
        for (spec, want) in [("3.12", Some("aa")), (">=3.10", Some("bb")), ("3.13t", Some("cc")), ("3.11", None)] {
            let request = Request::read(spec, false, false, "x64").unwrap();
            let release = pick(sums, &request, "https://m");
            assert_eq!(release.and_then(|release| release.sha256).as_deref(), want, "{spec}");
        }
    }
}
