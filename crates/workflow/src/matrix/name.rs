//! What a leg is called where its job has no name of its own making.

use expr::Value;

use super::Leg;

/// GitHub's bound for a job's name, in characters.
const MAX_NAME: usize = 100;

/// `job (a, b)`: the job's name and the leg's values, cut with `...` where it gets too long.
///
/// Only for jobs without a `name:` or with one that has no expression: an expression is taken to tell legs apart itself.
/// Values inside an axis value that is a mapping or list count one by one, as in `JobNameBuilder` of actions/runner.
#[must_use]
pub fn leg_name(job_display: &str, leg: &Leg) -> String {
    let mut segments = Vec::new();
    for value in leg.axes.iter().filter_map(|axis| leg.values.get(axis)) {
        collect(value, &mut segments);
    }
    let name =
        if segments.is_empty() { job_display.to_owned() } else { format!("{job_display} ({})", segments.join(", ")) };
    if name.chars().count() <= MAX_NAME {
        return name;
    }
    name.chars().take(MAX_NAME - 3).chain("...".chars()).collect()
}

fn collect(value: &Value, segments: &mut Vec<String>) {
    // A name longer than the bound is cut anyway.
    if segments.len() > MAX_NAME {
        return;
    }
    match value {
        Value::Null => {}
        Value::Array(items) => items.iter().for_each(|item| collect(item, segments)),
        Value::Object(entries) => entries.values().for_each(|value| collect(value, segments)),
        scalar => {
            let text = scalar.to_display_string();
            if !text.is_empty() {
                segments.push(text.into_owned());
            }
        }
    }
}
