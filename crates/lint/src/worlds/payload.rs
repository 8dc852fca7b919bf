//! Which fields the payloads of events have.

use std::collections::BTreeSet;
use std::sync::LazyLock;

/// The payload of an event with some activity types.
#[derive(Debug, Clone, Default)]
pub(crate) struct Payload {
    fields: BTreeSet<&'static str>,
    /// Those of the event with any type.
    any_type: BTreeSet<&'static str>,
}

/// Whether a field is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PayloadField {
    Possible,
    /// Only with activity types that the workflow does not ask for.
    OtherTypes,
    Never,
}

/// In the payload of every event, where the repository belongs to an organization, or an app is installed.
const EVERYWHERE: &[&str] = &["action", "repository", "sender", "organization", "enterprise", "installation"];

struct Row {
    event: &'static str,
    types: &'static str,
    fields: &'static str,
}

static TABLE: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let lines = include_str!("../../data/payloads.tsv").lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| {
            let mut fields = line.split('\t');
            Some(Row { event: fields.next()?, types: fields.next()?, fields: fields.next()? })
        })
        .collect()
});

impl Payload {
    /// Of an event; `types` are the activity types that a workflow asks for, `None` all. `None` for events whose payload
    /// is not known, or whose types are not.
    pub(crate) fn of(event: &str, types: Option<&[&str]>) -> Option<Payload> {
        // The same payload under another name.
        let event = if event == "pull_request_target" { "pull_request" } else { event };
        let rows = || TABLE.iter().filter(|row| row.event == event);
        rows().next()?;
        let words = |text: &'static str| text.split(' ').filter(|word| !word.is_empty());
        let any_type = rows().flat_map(|row| words(row.fields)).collect();
        let mut fields = BTreeSet::new();
        match types {
            None => fields = BTreeSet::clone(&any_type),
            Some(types) => {
                for wanted in types {
                    let mut known = false;
                    for row in rows().filter(|row| row.types == "*" || words(row.types).any(|own| own == *wanted)) {
                        known = true;
                        fields.extend(words(row.fields));
                    }
                    if !known {
                        return None;
                    }
                }
            }
        }
        Some(Payload { fields, any_type })
    }

    /// Whether a field can be there.
    pub(crate) fn field(&self, name: &str) -> PayloadField {
        let has = |set: &BTreeSet<&str>| set.iter().any(|field| field.eq_ignore_ascii_case(name));
        if EVERYWHERE.iter().any(|field| field.eq_ignore_ascii_case(name)) || has(&self.fields) {
            PayloadField::Possible
        } else if has(&self.any_type) {
            PayloadField::OtherTypes
        } else {
            PayloadField::Never
        }
    }

    /// The fields it can have.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &'static str> {
        self.fields.iter().copied()
    }

    /// The fields of an object in payloads, such as `pull_request`; `None` for objects that are not known.
    pub(crate) fn object(name: &str) -> Option<impl Iterator<Item = &'static str> + Clone + use<>> {
        let row = TABLE.iter().find(|row| row.event.strip_prefix('.') == Some(name))?;
        Some(row.fields.split(' '))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_depend_on_event_and_type() {
        let all = Payload::of("pull_request", None).unwrap();
        let opened = Payload::of("pull_request_target", Some(&["opened"])).unwrap();
        for (name, any, with_opened) in [
            ("pull_request", PayloadField::Possible, PayloadField::Possible),
            ("label", PayloadField::Possible, PayloadField::OtherTypes),
            ("issue", PayloadField::Never, PayloadField::Never),
            ("sender", PayloadField::Possible, PayloadField::Possible),
        ] {
            assert_eq!((all.field(name), opened.field(name)), (any, with_opened), "{name}");
        }
        assert!(Payload::of("issues", Some(&["invented"])).is_none());
        assert!(Payload::of("project_card", None).is_none());
        assert!(Payload::object("pull_request").unwrap().any(|field| field == "head"));
    }
}
