use std::io::Write;

/// Says that a test did not run and why: on stderr, and as a line of the file named by `TRUNKLINE_SKIPS`, which
/// `cargo xtask test` counts.
pub fn skip(test: &str, reason: &str) {
    let line = format!("skipped: {test}: {reason}");
    eprintln!("{line}");
    let Some(path) = std::env::var_os("TRUNKLINE_SKIPS") else {
        return;
    };
    let written = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
    if let Err(error) = written {
        eprintln!("the skip could not be recorded: {error}");
    }
}
