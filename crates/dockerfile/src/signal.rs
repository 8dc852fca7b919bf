//! Signals of `STOPSIGNAL`.

use span::{Diagnostic, did_you_mean};

use crate::Word;

const NAMES: [&str; 34] = [
    "ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT", "KILL", "PIPE", "POLL",
    "PROF", "PWR", "QUIT", "SEGV", "STKFLT", "STOP", "SYS", "TERM", "TRAP", "TSTP", "TTIN", "TTOU", "URG", "USR1",
    "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ",
];

/// A number from 1 on, or a name with or without `SIG`. Variables have to be in already.
pub fn check(word: &Word) -> Result<(), Diagnostic> {
    let text = word.text.as_str();
    if text.parse::<u32>().is_ok_and(|number| number > 0) {
        return Ok(());
    }
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    if NAMES.contains(&name) || is_real_time(name) {
        return Ok(());
    }
    let diagnostic = Diagnostic::error("dockerfile/signal", format!("`{text}` is no signal")).at(word.span);
    Err(match did_you_mean(name, NAMES) {
        Some(near) => diagnostic.help(format!("did you mean `SIG{near}`?")),
        None => diagnostic.help("as in `STOPSIGNAL SIGTERM`"),
    })
}

/// `RTMIN`, `RTMIN+1` to `RTMIN+15`, `RTMAX-14` to `RTMAX-1`, `RTMAX`.
fn is_real_time(name: &str) -> bool {
    let within = |text: &str, most: u32| text.parse::<u32>().is_ok_and(|number| (1..=most).contains(&number));
    match (name.strip_prefix("RTMIN"), name.strip_prefix("RTMAX")) {
        (Some(""), _) | (_, Some("")) => true,
        (Some(rest), _) => rest.strip_prefix('+').is_some_and(|number| within(number, 15)),
        (_, Some(rest)) => rest.strip_prefix('-').is_some_and(|number| within(number, 14)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use span::{FileId, Span};

    use super::*;

    #[test]
    fn signals() {
        for (text, good) in [
            ("SIGTERM", true),
            ("term", true),
            ("9", true),
            ("SIGRTMIN+3", true),
            ("RTMAX-14", true),
            ("RTMAX-15", false),
            ("RTMIN+16", false),
            ("0", false),
            ("-9", false),
            ("SIGNOPE", false),
            ("", false),
        ] {
            let word = Word::new(text, Span::new(FileId(0), 0, text.len()));
            assert_eq!(check(&word).is_ok(), good, "{text}");
        }
    }
}
