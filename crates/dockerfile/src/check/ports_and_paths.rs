//! Rules about `EXPOSE`, `COPY` and `ADD`.

use super::report::{Report, Rule};
use crate::{Ignore, Transfer, Word, expose};

pub(super) fn expose(words: &[Word], comments: &[Word], report: &mut Report<'_>) {
    let Ok(ports) = expose::ports(words) else { return };
    for (span, text) in ports.casing {
        let message = format!("the protocol of `{text}` should be in lower case");
        report.add(Rule::EXPOSE_PROTO_CASING, span, message, comments);
    }
    for (span, text) in ports.mapped {
        let message = format!("`{text}` names an address or a port of the host, which EXPOSE does not use");
        report.add(Rule::EXPOSE_INVALID_FORMAT, span, message, comments);
    }
}

/// Sources that `.dockerignore` leaves out. Exceptions make that hard to tell, so that files with some are not checked.
pub(super) fn ignored(
    keyword: &str,
    transfer: &Transfer,
    ignore: Option<&Ignore>,
    comments: &[Word],
    report: &mut Report<'_>,
) {
    let Some(ignore) = ignore.filter(|ignore| !ignore.has_exceptions()) else { return };
    for source in &transfer.sources {
        if source.text.contains("://") || source.text.starts_with("git@") {
            continue;
        }
        let parts: Vec<&str> = source.text.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        let path = parts.join("/");
        if !path.is_empty() && ignore.ignores(&path) {
            let message = format!("{keyword} takes `{path}`, which `.dockerignore` leaves out");
            report.add(Rule::COPY_IGNORED_FILE, source.span, message, comments);
        }
    }
}
