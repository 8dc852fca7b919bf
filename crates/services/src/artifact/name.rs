//! Names of artifacts and of the files in them: what the upload action accepts.

/// Characters that some file system cannot store; refused in artifact names and paths alike.
const NOT_IN_PATHS: &[char] = &['"', ':', '<', '>', '|', '*', '?', '\r', '\n'];
/// Far above what any workflow uses; keeps names fit for headers and indexes.
const MAX_NAME_BYTES: usize = 1024;

/// A name that cannot be stored on every system.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("{what} is empty")]
    Empty { what: &'static str },
    #[error("{what} {name:?} contains {character:?}, which not every file system can store")]
    Character { what: &'static str, name: String, character: char },
    #[error("{what} is longer than {MAX_NAME_BYTES} bytes")]
    TooLong { what: &'static str },
    #[error("{what} {name:?} leads out of the artifact")]
    Escapes { what: &'static str, name: String },
}

/// Checks the name of an artifact.
///
/// # Errors
/// Empty or overlong names, and those with any of `" : < > | * ? \ /` or a line break.
pub fn validate_artifact_name(name: &str) -> Result<(), NameError> {
    let what = "the artifact name";
    check(what, name)?;
    if name == "." || name == ".." {
        return Err(NameError::Escapes { what, name: name.to_owned() });
    }
    match name.chars().find(|character| matches!(character, '\\' | '/')) {
        Some(character) => Err(NameError::Character { what, name: name.to_owned(), character }),
        None => Ok(()),
    }
}

/// Checks the path of a file inside an artifact: relative, with `/` between its parts.
///
/// # Errors
/// As for names, except that separators are allowed; paths that are absolute or have `..` in them.
pub fn validate_file_path(path: &str) -> Result<(), NameError> {
    let what = "the path in the artifact";
    check(what, path)?;
    if path.starts_with('/') || path.split(['/', '\\']).any(|part| part == "..") {
        return Err(NameError::Escapes { what, name: path.to_owned() });
    }
    Ok(())
}

fn check(what: &'static str, name: &str) -> Result<(), NameError> {
    if name.is_empty() {
        return Err(NameError::Empty { what });
    }
    if name.len() > MAX_NAME_BYTES {
        return Err(NameError::TooLong { what });
    }
    match name.chars().find(|character| NOT_IN_PATHS.contains(character) || *character == '\0') {
        Some(character) => Err(NameError::Character { what, name: name.to_owned(), character }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for good in ["a", "build output", "x.zip", "ünï", "a..b", "-"] {
            assert_eq!(validate_artifact_name(good), Ok(()), "{good}");
        }
        for bad in
            ["", ".", "..", "a/b", "a\\b", "a:b", "a\nb", "a\"b", "a<b", "a>b", "a|b", "a*b", "a?b", "a\0", "../x"]
        {
            assert!(validate_artifact_name(bad).is_err(), "{bad:?}");
        }
        assert!(validate_artifact_name(&"x".repeat(1025)).is_err());
    }

    #[test]
    fn paths() {
        for good in ["a", "a/b/c.txt", "a..b/c", ".hidden"] {
            assert_eq!(validate_file_path(good), Ok(()), "{good}");
        }
        for bad in ["", "/etc/passwd", "../x", "a/../../x", "a\\..\\x", "a?"] {
            assert!(validate_file_path(bad).is_err(), "{bad:?}");
        }
    }
}
