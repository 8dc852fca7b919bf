//! Lines of a job's log as people see them: groups, marks, colours.

use std::collections::BTreeMap;

use runner::log::Stream;

use super::palette::{BLUE, BOLD, CYAN, DIM, Palette, RED, YELLOW};
use super::text::Colours;

/// What lasts from line to line in one job.
#[derive(Debug, Default)]
pub(crate) struct LogLines {
    steps: BTreeMap<u32, StepLines>,
}

#[derive(Debug, Default)]
struct StepLines {
    out: Colours,
    err: Colours,
    group: Group,
    /// Whether a group was seen; the first one may be the runner's own.
    any_group: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Group {
    #[default]
    None,
    /// What the runner says of every step: its script, shell and environment.
    Header,
    Own,
}

/// A line to be shown.
pub(crate) struct Shown {
    pub(crate) text: String,
    /// The title of the group at the head of the step: `Run …`
    pub(crate) header: bool,
}

impl LogLines {
    /// Takes one line, without its line end, and adds what is to be shown of it.
    pub(crate) fn line(
        &mut self,
        step: u32,
        stream: Stream,
        line: &[u8],
        palette: Palette,
        verbose: bool,
        shown: &mut Vec<Shown>,
    ) {
        let step = self.steps.entry(step).or_default();
        let mut show = |text| {
            shown.push(Shown { text, header: false });
        };
        let indent = if step.group == Group::None { "" } else { "  " };
        let colours = match stream {
            Stream::Runner => {
                let text = Colours::default().line(line, palette.colour);
                match mark(&text) {
                    Some(("group", title)) => {
                        let header = !step.any_group && title.starts_with("Run ");
                        step.any_group = true;
                        step.group = if header { Group::Header } else { Group::Own };
                        if header {
                            shown.push(Shown { text: title.to_owned(), header: true });
                        } else {
                            show(palette.paint(BOLD, format!("▾ {title}")));
                        }
                    }
                    Some(("endgroup", _)) => step.group = Group::None,
                    Some(("debug", text)) => {
                        if verbose {
                            show(palette.paint(DIM, format!("{indent}debug: {text}")));
                        }
                    }
                    Some(("error", text)) => {
                        show(format!("{indent}{} {text}", palette.paint(RED, "error:")));
                    }
                    Some(("warning", text)) => {
                        show(format!("{indent}{} {text}", palette.paint(YELLOW, "warning:")));
                    }
                    Some(("notice", text)) => {
                        show(format!("{indent}{} {text}", palette.paint(CYAN, "notice:")));
                    }
                    Some(("command", text)) => {
                        show(format!("{indent}{}", palette.paint(BLUE, format!("$ {text}"))));
                    }
                    Some(("section", text)) => show(palette.paint(BOLD, format!("{indent}{text}"))),
                    _ if step.group == Group::Header && !verbose => {}
                    _ => show(format!("{indent}{text}")),
                }
                return;
            }
            Stream::Out => &mut step.out,
            Stream::Err => &mut step.err,
        };
        let text = colours.line(line, palette.colour);
        show(format!("{indent}{text}"));
    }
}

/// `##[name]text`
fn mark(line: &str) -> Option<(&str, &str)> {
    line.strip_prefix("##[")?.split_once(']')
}
