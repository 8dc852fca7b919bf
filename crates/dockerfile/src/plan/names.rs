//! Names of images and platforms, as far as a file's meaning depends on them.

/// Whether two names mean the same image: `alpine`, `alpine:latest` and `docker.io/library/alpine` do.
pub(super) fn same_name(a: &str, b: &str) -> bool {
    familiar(a).eq_ignore_ascii_case(familiar(b))
}

fn familiar(name: &str) -> &str {
    let name = name.strip_prefix("docker.io/").or_else(|| name.strip_prefix("index.docker.io/")).unwrap_or(name);
    let name = name.strip_prefix("library/").unwrap_or(name);
    name.strip_suffix(":latest").unwrap_or(name)
}

/// `os/arch[/variant]`, or one of the two alone.
pub(super) fn is_platform(text: &str) -> bool {
    let parts: Vec<&str> = text.split('/').collect();
    let good = |part: &&str| {
        !part.is_empty()
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '(' | ')' | '+'))
    };
    parts.len() <= 3 && parts.iter().all(good)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_one_image() {
        for (a, b, same) in [
            ("alpine", "alpine:latest", true),
            ("docker.io/library/alpine", "alpine", true),
            ("alpine:3", "alpine", false),
            ("ghcr.io/a/b", "a/b", false),
            ("docker.io/a/b:latest", "a/b", true),
        ] {
            assert_eq!(same_name(a, b), same, "{a} {b}");
        }
    }

    #[test]
    fn platforms() {
        for (text, good) in [
            ("linux/amd64", true),
            ("linux/arm/v7", true),
            ("amd64", true),
            ("", false),
            ("a/b/c/d", false),
            ("a b", false),
        ] {
            assert_eq!(is_platform(text), good, "{text}");
        }
    }
}
