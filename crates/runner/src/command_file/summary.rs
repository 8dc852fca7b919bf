//! `GITHUB_STEP_SUMMARY`.

use thiserror::Error;

use super::decode::decode;
use crate::Masker;

/// Bytes a step's summary may have.
pub const MAX_SUMMARY_SIZE: u64 = 1024 * 1024;

/// A summary that is not taken. The step's result does not change.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SummaryError {
    /// More than [`MAX_SUMMARY_SIZE`].
    #[error("$GITHUB_STEP_SUMMARY is not kept: it may have up to {}k, this one has {}k", MAX_SUMMARY_SIZE / 1024, .0 / 1024)]
    TooLarge(u64),
}

/// The summary with secrets hidden, line by line; none when the file is empty.
pub fn masked_summary(bytes: &[u8], masker: &Masker) -> Result<Option<String>, SummaryError> {
    if bytes.len() as u64 > MAX_SUMMARY_SIZE {
        return Err(SummaryError::TooLarge(bytes.len() as u64));
    }
    if bytes.is_empty() {
        return Ok(None);
    }
    let text = decode(bytes);
    let mut out = String::with_capacity(text.len() + 1);
    for line in text.split_inclusive(['\n', '\r']) {
        let end = line.trim_end_matches(['\n', '\r']).len();
        out.push_str(&masker.mask_str(&line[..end]));
        out.push_str(&line[end..]);
    }
    // A secret of several lines is hidden as a whole, too.
    Ok(Some(masker.mask_str(&out).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masked_and_limited() {
        let masker = Masker::new();
        masker.add("hunter2");
        assert_eq!(masked_summary(b"", &masker), Ok(None));
        assert_eq!(masked_summary(b"# hunter2\nok", &masker), Ok(Some("# ***\nok".to_owned())));
        let large = vec![b'x'; 1024 * 1024 + 1];
        assert_eq!(
            masked_summary(&large, &masker).unwrap_err().to_string(),
            "$GITHUB_STEP_SUMMARY is not kept: it may have up to 1024k, this one has 1024k"
        );
        assert!(masked_summary(&large[1..], &masker).is_ok());
    }
}
