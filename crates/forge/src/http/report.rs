//! What `git receive-pack` says at its end, and what is said in its place.

use std::collections::BTreeSet;

use super::pkt;

/// What became of a push.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Report {
    /// Refs that were changed.
    pub(super) ok: BTreeSet<String>,
}

impl Report {
    /// Reads the lines `unpack …`, `ok NAME` and `ng NAME REASON`.
    pub(super) fn read(mut text: &[u8]) -> Report {
        let mut report = Report::default();
        while let Some(digits) = text.first_chunk::<4>() {
            let Some(pkt::Head::Data(length)) = pkt::head(*digits) else { break };
            let Some(data) = text.get(4..4 + length) else { break };
            let line = String::from_utf8_lossy(data);
            if let Some(name) = line.trim_end_matches('\n').strip_prefix("ok ") {
                report.ok.insert(name.to_owned());
            }
            text = &text[4 + length..];
        }
        report
    }
}

/// The report of a push that was refused before git saw it.
pub(super) fn refused<'a>(names: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<u8> {
    let mut lines = pkt::line(b"unpack ok\n");
    for (name, reason) in names {
        // A reason is one line, and has no end of its own in it.
        let reason: String = reason.chars().map(|c| if c.is_control() { ' ' } else { c }).take(500).collect();
        lines.extend(pkt::line(format!("ng {name} {reason}\n").as_bytes()));
    }
    lines.extend_from_slice(pkt::FLUSH);
    lines
}
