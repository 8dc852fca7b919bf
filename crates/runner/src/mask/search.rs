//! Looking for secrets in files.

use std::io::{self, Read};

use super::Masker;

/// Bytes looked at in one go.
const BLOCK: usize = 256 * 1024;

/// Shorter ones do not count: a secret of several lines has lines like `}`, and half of all files hold that.
const LEAST: usize = 4;

impl Masker {
    /// Whether any secret of at least four bytes occurs in a file, whatever is in it. Reads until then.
    pub(crate) fn found_in_file(&self, mut file: impl Read) -> io::Result<bool> {
        let Some(patterns) = self.compiled().whole else {
            return Ok(false);
        };
        let overlap = patterns.longest().saturating_sub(1);
        let mut buffer = vec![0; overlap + BLOCK];
        let mut filled = 0;
        loop {
            let read = match file.read(&mut buffer[filled..]) {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            filled += read;
            if read > 0 && filled < buffer.len() {
                continue;
            }
            let text = &buffer[..filled];
            if patterns.found_in(text) && patterns.ranges(text).iter().any(|range| range.len() >= LEAST) {
                return Ok(true);
            }
            if read == 0 {
                return Ok(false);
            }
            // What begins at the end may go on in the next block.
            buffer.copy_within(filled - overlap..filled, 0);
            filled = overlap;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_searched_across_blocks() {
        let masker = Masker::new();
        masker.add("s3cr3t-value\n}\n");
        let found = |text: &[u8]| masker.found_in_file(text).unwrap();
        assert!(!found(b""));
        assert!(!found(b"{ plain }\n"));
        let long = vec![b'.'; 3 * BLOCK];
        assert!(!found(&long));
        for at in (BLOCK - 20..BLOCK + 20).chain([0, 3 * BLOCK - 12]) {
            let mut text = long.clone();
            text[at..at + 12].copy_from_slice(b"s3cr3t-value");
            assert!(found(&text), "{at}");
        }
        // "s3cr3t-value" in base64.
        assert!(found(b"\xff\0czNjcjN0LXZhbHVl"));
        assert!(!Masker::new().found_in_file(&b"s3cr3t-value"[..]).unwrap());
    }
}
