//! The logs of a run as GitHub's zip: a file for each job, and a directory with a file for each step.

use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};

use api::wire::LogDecoder;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::text::write_entry;
use crate::{Depot, Error, Result};

/// A job whose log goes into the zip.
#[derive(Clone, Debug)]
pub struct JobOfZip {
    pub job: i64,
    pub fence: i64,
    pub name: String,
    /// The names of its steps by their number in the log.
    pub steps: BTreeMap<u32, String>,
}

impl Depot {
    /// The zip, in memory: logs squeeze well.
    pub async fn log_zip(&self, jobs: &[JobOfZip]) -> Result<Vec<u8>> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default();
        let broken = |error: zip::result::ZipError| Error::Io(std::io::Error::other(error));
        for (index, job) in jobs.iter().enumerate() {
            let mut whole = String::new();
            let mut steps: BTreeMap<u32, String> = BTreeMap::new();
            let mut decoder = LogDecoder::default();
            let mut pieces = self.log(job.job, job.fence, 0);
            while let Some(piece) = pieces.next_piece().await? {
                decoder.feed(&piece);
                let damaged = |error: api::wire::LogDamage| Error::Log { job: job.job, reason: error.to_string() };
                while let Some(entry) = decoder.next_entry().map_err(damaged)? {
                    write_entry(&entry, &mut whole);
                    write_entry(&entry, steps.entry(entry.step).or_default());
                }
            }
            let name = plain(&job.name);
            zip.start_file(format!("{index}_{name}.txt"), options).map_err(broken)?;
            zip.write_all(whole.as_bytes())?;
            for (number, text) in steps {
                let step = job.steps.get(&number).map_or_else(|| format!("step {number}"), |step| plain(step));
                zip.start_file(format!("{name}/{}_{step}.txt", number + 1), options).map_err(broken)?;
                zip.write_all(text.as_bytes())?;
            }
        }
        Ok(zip.finish().map_err(broken)?.into_inner())
    }
}

/// A name as part of a path: what would lead elsewhere, or what Windows does not take, is left out.
fn plain(name: &str) -> String {
    let kept: String = name.chars().filter(|c| !c.is_control() && !r#"/\:*?"<>|"#.contains(*c)).take(90).collect();
    let kept = kept.trim().trim_matches('.').to_owned();
    if kept.is_empty() { "job".to_owned() } else { kept }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn names_stay_within_the_zip() {
        for (name, expected) in [
            ("test (ubuntu, 1)", "test (ubuntu, 1)"),
            ("deploy / build", "deploy  build"),
            ("../../etc/passwd", "etcpasswd"),
            ("...", "job"),
            ("a\nb", "ab"),
        ] {
            assert_eq!(plain(name), expected);
        }
    }
}
