//! What an image runs on, and which image of several fits.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::cut::cut;

/// An operating system and an architecture, in Go's words: `linux/arm64`, `linux/arm/v7`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Platform {
    pub architecture: String,
    pub os: String,
    #[serde(rename = "os.version", default, skip_serializing_if = "Option::is_none")]
    pub os_version: Option<String>,
    #[serde(rename = "os.features", default, skip_serializing_if = "Option::is_none")]
    pub os_features: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

/// Why a text is no platform.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is not a platform (expected OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT, such as linux/amd64)")]
pub struct PlatformError(String);

impl Platform {
    /// A platform in normal form: other names of architectures become Go's, default variants go away.
    pub fn new(os: &str, architecture: &str, variant: Option<&str>) -> Self {
        let (architecture, variant) = normal(architecture, variant.unwrap_or_default());
        let os = match os.to_ascii_lowercase().as_str() {
            "macos" => "darwin".to_owned(),
            other => other.to_owned(),
        };
        let variant = Some(variant).filter(|variant| !variant.is_empty());
        Self { architecture, os, os_version: None, os_features: None, variant }
    }

    /// The platform of this machine. Containers are Linux everywhere.
    pub fn host() -> Self {
        Self::new("linux", std::env::consts::ARCH, None)
    }

    /// This platform in normal form; what stands in manifests need not be.
    pub fn normalised(&self) -> Self {
        let normal = Self::new(&self.os, &self.architecture, self.variant.as_deref());
        Self { os_version: self.os_version.clone(), os_features: self.os_features.clone(), ..normal }
    }

    /// How well an image for `other` fits this platform: the lower the better, none when it does not run there.
    ///
    /// A processor also runs what was built for lesser variants of it, 64-bit ones what was built for their 32-bit
    /// forerunners.
    pub fn fit(&self, other: &Self) -> Option<usize> {
        let (wanted, other) = (self.normalised(), other.normalised());
        if wanted.os != other.os {
            return None;
        }
        let offer = (other.architecture.as_str(), other.variant.as_deref().unwrap_or_default());
        wanted.runs().iter().position(|(architecture, variant)| offer == (architecture.as_str(), variant.as_str()))
    }

    /// The best of several, by position.
    pub fn choose<'a>(&self, offers: impl IntoIterator<Item = &'a Self>) -> Option<usize> {
        let fits = offers.into_iter().enumerate().filter_map(|(index, offer)| Some((self.fit(offer)?, index)));
        fits.min().map(|(_, index)| index)
    }

    /// Architectures and variants that run here, best first.
    fn runs(&self) -> Vec<(String, String)> {
        let variant = self.variant.as_deref().unwrap_or_default();
        let of = |architecture: &str, variant: &str| (architecture.to_owned(), variant.to_owned());
        let level = |default: u32| variant.strip_prefix('v').map_or(Some(default), |number| number.parse().ok());
        let arm = |from: u32| {
            (5..=from.min(8)).rev().map(|n| of("arm", &if n == 7 { String::new() } else { format!("v{n}") }))
        };
        let mut runs = vec![of(&self.architecture, variant)];
        match (self.architecture.as_str(), level(0)) {
            ("amd64", Some(level)) => {
                runs.extend((2..level.min(9)).rev().map(|n| of("amd64", &format!("v{n}"))));
                if level > 1 {
                    runs.push(of("amd64", ""));
                }
                runs.push(of("386", ""));
            }
            ("arm64", _) => {
                if !variant.is_empty() {
                    runs.push(of("arm64", ""));
                }
                runs.extend(arm(8));
            }
            ("arm", Some(level)) => {
                let level = if level == 0 { 7 } else { level };
                runs.extend(arm(level.saturating_sub(1)));
            }
            _ => {}
        }
        runs
    }
}

/// The variants that go without saying are dropped: amd64 v1, arm64 v8, arm v7.
fn normal(architecture: &str, variant: &str) -> (String, String) {
    let (architecture, variant) = (architecture.to_ascii_lowercase(), variant.to_ascii_lowercase());
    let variant = match variant.as_str() {
        digits if digits.len() == 1 && digits.bytes().all(|byte| byte.is_ascii_digit()) => format!("v{digits}"),
        other => other.to_owned(),
    };
    let (architecture, variant) = match architecture.as_str() {
        "x86_64" | "x86-64" | "amd64" => ("amd64", variant),
        "i386" | "i686" | "x86" | "386" => ("386", String::new()),
        "aarch64" | "arm64" => ("arm64", variant),
        "armhf" => ("arm", "v7".to_owned()),
        "armel" => ("arm", "v6".to_owned()),
        "powerpc64le" => ("ppc64le", variant),
        other => (other, variant),
    };
    let implied = matches!((architecture, variant.as_str()), ("amd64", "v1") | ("arm64", "v8") | ("arm", "v7"));
    (architecture.to_owned(), if implied { String::new() } else { variant })
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match self.variant.as_deref() {
            Some(variant) if !variant.is_empty() => write!(f, "/{variant}"),
            // 32-bit ARM is always written with its variant.
            _ if self.architecture == "arm" => write!(f, "/v7"),
            _ => Ok(()),
        }
    }
}

impl FromStr for Platform {
    type Err = PlatformError;

    /// Reads `os/architecture[/variant]`; an architecture alone means Linux.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<&str> = text.trim().split('/').collect();
        let word = |part: &&str| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
        };
        if !parts.iter().all(word) || text.len() > 100 {
            return Err(PlatformError(cut(text, 100)));
        }
        match parts[..] {
            ["local"] => Ok(Self::host()),
            [one] if is_architecture(one) => Ok(Self::new("linux", one, None)),
            [os, architecture] => Ok(Self::new(os, architecture, None)),
            [os, architecture, variant] => Ok(Self::new(os, architecture, Some(variant))),
            _ => Err(PlatformError(text.to_owned())),
        }
    }
}

fn is_architecture(text: &str) -> bool {
    const KNOWN: [&str; 12] = [
        "amd64", "386", "arm64", "arm", "ppc64le", "s390x", "riscv64", "mips64le", "mips64", "loong64", "ppc64", "wasm",
    ];
    KNOWN.contains(&normal(text, "").0.as_str())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn platforms_are_normalised() {
        for (text, expected) in [
            ("linux/amd64", "linux/amd64"),
            ("linux/amd64/v1", "linux/amd64"),
            ("linux/amd64/v3", "linux/amd64/v3"),
            ("amd64", "linux/amd64"),
            ("x86_64", "linux/amd64"),
            ("Linux/AArch64/v8", "linux/arm64"),
            ("linux/arm", "linux/arm/v7"),
            ("linux/arm/7", "linux/arm/v7"),
            ("linux/arm/v6", "linux/arm/v6"),
            ("armel", "linux/arm/v6"),
            ("windows/amd64", "windows/amd64"),
            ("linux", "error"),
            ("linux//amd64", "error"),
            ("a/b/c/d", "error"),
            ("", "error"),
        ] {
            let got = text.parse::<Platform>().map_or("error".to_owned(), |platform| platform.to_string());
            assert_eq!(got, expected, "{text}");
        }
        assert_eq!(
            "linux/".parse::<Platform>().unwrap_err().to_string(),
            "`linux/` is not a platform (expected OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT, such as linux/amd64)"
        );
    }

    #[test]
    fn the_best_of_an_index_is_chosen() {
        let offers = [
            "linux/386",
            "linux/arm/v5",
            "linux/amd64",
            "linux/arm/v7",
            "linux/arm64/v8",
            "windows/amd64",
            "linux/amd64/v2",
        ];
        let offers: Vec<Platform> = offers.iter().map(|text| text.parse().unwrap()).collect();
        for (wanted, expected) in [
            ("linux/amd64", Some("linux/amd64")),
            ("linux/amd64/v3", Some("linux/amd64/v2")),
            ("linux/386", Some("linux/386")),
            ("linux/arm64", Some("linux/arm64")),
            ("linux/arm/v7", Some("linux/arm/v7")),
            ("linux/arm/v6", Some("linux/arm/v5")),
            ("linux/arm/v8", Some("linux/arm/v7")),
            ("linux/s390x", None),
            ("darwin/arm64", None),
        ] {
            let wanted: Platform = wanted.parse().unwrap();
            let chosen = wanted.choose(&offers).map(|index| offers[index].to_string());
            assert_eq!(chosen.as_deref(), expected, "{wanted}");
        }
        let amd64: Platform = "linux/amd64".parse().unwrap();
        assert_eq!(amd64.choose(&offers[..2]), Some(0), "a 64-bit processor runs 32-bit programs");
    }

    proptest! {
        #[test]
        fn any_text_is_a_platform_or_an_error(text in ".*", os in ".*", architecture in ".*", variant in ".*") {
            let platform = Platform::new(&os, &architecture, Some(&variant));
            prop_assert_eq!(platform.normalised(), platform.clone());
            if let Ok(parsed) = text.parse::<Platform>() {
                prop_assert_eq!(parsed.fit(&parsed), Some(0));
                platform.fit(&parsed);
            }
        }
    }
}
