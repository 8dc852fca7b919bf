//! Brackets that close a flow collection at the left of what it belongs to.
//!
//! YAML asks for them further to the right; GitHub's reader does not, and files in use have them there:
//!
//! ```yaml
//! include:
//!   - [
//!     "a",
//!   ]
//! ```

/// The text with such a bracket, at byte `at`, on the line before it, all bytes of it in their places. `None` where it is
/// something else that stands there.
pub(crate) fn join_line(text: &str, at: usize) -> Option<String> {
    if !text.get(at..)?.starts_with([']', '}']) {
        return None;
    }
    let before = text[..at].trim_end_matches([' ', '\t', '\r', '\n']);
    let last_line = before.rsplit('\n').next().unwrap_or(before);
    // A comment would take the bracket in.
    if before.len() == at || !text[before.len()..at].contains('\n') || last_line.contains('#') {
        return None;
    }
    let blanks = " ".repeat(at - before.len());
    Some(format!("{before}{blanks}{}", &text[at..]))
}

#[cfg(test)]
mod tests {
    use super::join_line;

    #[test]
    fn bytes_stay_in_their_places() {
        let text = "a: [\n 1,\n\n]\nb: 2\n";
        let joined = join_line(text, 10).unwrap();
        assert_eq!(joined, "a: [\n 1,  ]\nb: 2\n");
        assert_eq!(joined.len(), text.len());
        assert_eq!(join_line("a: [\n 1, # one\n]", 15), None);
        assert_eq!(join_line("a: [1]", 5), None);
        assert_eq!(join_line("a: b", 2), None);
    }
}
