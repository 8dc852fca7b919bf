//! The programs of this machine that jobs use, and their versions.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use api::Tool;

/// What most workflows call, each with the words that make it say its version.
const KNOWN: &[(&str, &[&str])] = &[
    ("bash", &["--version"]),
    ("cargo", &["--version"]),
    ("gcc", &["--version"]),
    ("git", &["--version"]),
    ("go", &["version"]),
    ("java", &["--version"]),
    ("make", &["--version"]),
    ("node", &["--version"]),
    ("python3", &["--version"]),
    ("ruby", &["--version"]),
    ("rustc", &["--version"]),
];

/// How long a program may take to say its version.
const PATIENCE: Duration = Duration::from_secs(3);

/// The first file of that name on `PATH` that may be executed.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|dir| dir.join(name))
        .find(|file| std::fs::metadata(file).is_ok_and(|meta| meta.is_file() && meta.mode() & 0o111 != 0))
}

/// Tools as they lie there, with the versions that were asked for before. `remembered` is the file that keeps those.
pub(crate) fn present(remembered: &Path) -> BTreeMap<String, Tool> {
    let known: BTreeMap<String, Tool> =
        std::fs::read(remembered).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    let found = KNOWN.iter().filter_map(|(name, _)| {
        let path = std::fs::canonicalize(on_path(name)?).ok()?;
        let meta = std::fs::metadata(&path).ok()?;
        let mut tool = Tool {
            path: path.to_string_lossy().into_owned(),
            changed_at: meta.mtime(),
            size: meta.len(),
            version: None,
        };
        if let Some(before) = known.get(*name)
            && (&before.path, before.changed_at, before.size) == (&tool.path, tool.changed_at, tool.size)
        {
            tool.version.clone_from(&before.version);
        }
        Some(((*name).to_owned(), tool))
    });
    found.collect()
}

/// Asks every tool whose version is not known, and remembers the answers. Blocks.
pub(crate) fn ask(tools: &mut BTreeMap<String, Tool>, remembered: &Path) {
    let mut asked = false;
    for (name, tool) in tools.iter_mut().filter(|(_, tool)| tool.version.is_none()) {
        let words = KNOWN.iter().find(|(known, _)| known == name).map_or(&["--version"][..], |(_, words)| *words);
        // By its name: what lies behind a link may be a program that goes by the name it is called by.
        tool.version = on_path(name).and_then(|program| version(&program, words));
        asked |= tool.version.is_some();
    }
    if asked && let Ok(text) = serde_json::to_vec(tools) {
        // What cannot be remembered is asked for again.
        let _ = std::fs::write(remembered, text);
    }
}

/// The first line that the program prints.
pub(crate) fn version(program: &Path, words: &[&str]) -> Option<String> {
    let mut child = Command::new(program)
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let end = Instant::now() + PATIENCE;
    let status = loop {
        match child.try_wait().ok()? {
            Some(status) => break status,
            None if Instant::now() > end => {
                // It has had its time; what is left of it goes with it.
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    let output = child.wait_with_output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    status.success().then(|| line.chars().take(120).collect())
}
