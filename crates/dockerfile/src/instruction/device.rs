use span::{Diagnostic, Span, did_you_mean};

use crate::Word;
use crate::flags::boolean;
use crate::statement::Statement;

/// `RUN --device`: a device of the Container Device Interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    pub name: String,
    pub required: bool,
    pub span: Span,
}

impl Device {
    /// `name`, `name=…`, `name,required`.
    pub(crate) fn parse(statement: &mut Statement<'_>, word: &Word) -> Option<Device> {
        let mut device = Device { name: String::new(), required: false, span: word.span };
        let problem = |message: String| Diagnostic::error("dockerfile/device", message).at(word.span);
        for field in word.text.split(',') {
            let (key, value) = match field.split_once('=') {
                Some((key, value)) => (key, Some(value)),
                None => (field, None),
            };
            match (key.to_ascii_lowercase().as_str(), value) {
                ("required", None) => device.required = true,
                ("required", Some(value)) => match boolean(value) {
                    Some(required) => device.required = required,
                    None => statement.problem(problem(format!("`required` is `true` or `false`, not `{value}`"))),
                },
                ("name", Some(value)) if device.name.is_empty() => value.clone_into(&mut device.name),
                // A device's own name holds a `=`: `vendor.com/class=name`.
                _ if device.name.is_empty() => field.clone_into(&mut device.name),
                _ => {
                    let near = did_you_mean(key, ["name", "required"]);
                    let diagnostic = problem(format!("a device has no option `{key}`"));
                    statement.problem(match near {
                        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                        None => diagnostic,
                    });
                }
            }
        }
        if device.name.is_empty() {
            statement
                .problem(problem("a device needs a name".to_owned()).help("as in `--device=vendor.com/class=name`"));
            return None;
        }
        Some(device)
    }
}
