//! The script file.

use uuid::Uuid;

/// A fresh name for a script: a GUID and the shell's extension.
#[must_use]
pub fn file_name(extension: &str) -> String {
    format!("{}{extension}", Uuid::new_v4())
}

/// What GitHub adds so that a failing command or program fails the script. Here the shell's name counts with case.
pub(super) fn fixed_up(shell: &str, script: &str) -> String {
    match shell {
        "cmd" => format!("@echo off\n{script}"),
        "pwsh" | "powershell" => format!(
            "$ErrorActionPreference = 'stop'\n{script}\n\
             if ((Test-Path -LiteralPath variable:\\LASTEXITCODE)) {{ exit $LASTEXITCODE }}"
        ),
        _ => script.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts() {
        assert_eq!(fixed_up("bash", "a\r\nb"), "a\r\nb");
        assert_eq!(fixed_up("cmd", "dir"), "@echo off\ndir");
        assert_eq!(
            fixed_up("pwsh", "ls"),
            "$ErrorActionPreference = 'stop'\nls\nif ((Test-Path -LiteralPath variable:\\LASTEXITCODE)) { exit $LASTEXITCODE }"
        );
        assert!(file_name(".sh").ends_with(".sh"));
        assert_eq!(file_name("").len(), 36);
    }
}
