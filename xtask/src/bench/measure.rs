use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A command with nothing on stdin and its output thrown away.
pub(super) fn quiet(program: impl AsRef<std::ffi::OsStr>, words: &[&str], directory: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(words).current_dir(directory).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Milliseconds from start to end. A failing command is an error: its time means nothing.
pub(super) fn time(command: &mut Command) -> Result<f64, String> {
    let start = Instant::now();
    let status = command.status().map_err(|error| format!("{command:?}: {error}"))?;
    let taken = start.elapsed().as_secs_f64() * 1000.0;
    if status.success() { Ok(taken) } else { Err(format!("{command:?}: {status}")) }
}

/// The largest resident size of the process itself in MiB, its children left aside: what the kernel notes as `VmHWM`, read
/// until the process is gone.
pub(super) fn peak_memory(command: &mut Command) -> Result<f64, String> {
    let mut child = command.spawn().map_err(|error| format!("{command:?}: {error}"))?;
    let path = format!("/proc/{}/status", child.id());
    let mut peak = 0.0_f64;
    loop {
        if let Ok(text) = std::fs::read_to_string(&path) {
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("");
            let kib: f64 = line.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(0.0);
            peak = peak.max(kib / 1024.0);
        }
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            return if status.success() {
                Ok(peak)
            } else {
                Err(format!("{command:?}: code {:?}, signal {:?}", status.code(), status.signal()))
            };
        }
        std::thread::sleep(Duration::from_micros(500));
    }
}

pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => sorted[count / 2],
        count => (sorted[count / 2 - 1] + sorted[count / 2]) / 2.0,
    }
}
