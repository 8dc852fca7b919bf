//! The engine's inputs as they are written down.

use api::{Conclusion, LegId};
use engine::{Holder, Input};
use serde::{Deserialize, Serialize};

/// Words never change their meaning: runs of an older version are replayed from them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum StoredInput {
    Start,
    Ended { leg: LegId, conclusion: Conclusion, outputs: Vec<(String, String)> },
    Cancel,
    Kill,
    Entered { holder: String },
    Evicted { holder: String },
    Refused { holder: String, reason: String },
    Gate { leg: LegId, refused: Option<String> },
}

impl StoredInput {
    /// `None` for a holder that is written in no known way.
    pub(crate) fn to_engine(&self) -> Option<Input> {
        Some(match self {
            Self::Start => Input::Start,
            Self::Ended { leg, conclusion, outputs } => {
                Input::Ended { leg: *leg, conclusion: *conclusion, outputs: outputs.clone() }
            }
            Self::Cancel => Input::Cancel,
            Self::Kill => Input::Kill,
            Self::Entered { holder } => Input::Entered(parse_holder(holder)?),
            Self::Evicted { holder } => Input::Evicted(parse_holder(holder)?),
            Self::Refused { holder, reason } => {
                Input::Refused { holder: parse_holder(holder)?, reason: reason.clone() }
            }
            Self::Gate { leg, refused } => Input::Gate { leg: *leg, refused: refused.clone() },
        })
    }

    pub(crate) fn ended(leg: LegId, conclusion: Conclusion) -> Self {
        Self::Ended { leg, conclusion, outputs: Vec::new() }
    }

    pub(crate) fn to_json(&self) -> String {
        // Plain words and numbers: it cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// `w0` for a workflow of the run, `l3` for a job.
pub(crate) fn holder_text(holder: Holder) -> String {
    match holder {
        Holder::Workflow(scope) => format!("w{scope}"),
        Holder::Leg(leg) => format!("l{leg}"),
    }
}

fn parse_holder(text: &str) -> Option<Holder> {
    let number = text.get(1..)?.parse().ok()?;
    match text.get(..1)? {
        "w" => Some(Holder::Workflow(number)),
        "l" => Some(Holder::Leg(LegId(number))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_that_are_written_down() {
        let leg = LegId(3);
        let table = [
            (StoredInput::Start, r#"{"type":"start"}"#),
            (
                StoredInput::Ended { leg, conclusion: Conclusion::Success, outputs: vec![("a".into(), "b".into())] },
                r#"{"type":"ended","leg":3,"conclusion":"success","outputs":[["a","b"]]}"#,
            ),
            (StoredInput::Cancel, r#"{"type":"cancel"}"#),
            (StoredInput::Kill, r#"{"type":"kill"}"#),
            (StoredInput::Entered { holder: holder_text(Holder::Leg(leg)) }, r#"{"type":"entered","holder":"l3"}"#),
            (StoredInput::Evicted { holder: holder_text(Holder::Workflow(0)) }, r#"{"type":"evicted","holder":"w0"}"#),
            (
                StoredInput::Refused { holder: holder_text(Holder::Leg(leg)), reason: "deadlock".into() },
                r#"{"type":"refused","holder":"l3","reason":"deadlock"}"#,
            ),
            (StoredInput::Gate { leg, refused: None }, r#"{"type":"gate","leg":3,"refused":null}"#),
        ];
        for (input, text) in table {
            assert_eq!(input.to_json(), text);
            let back: StoredInput = serde_json::from_str(text).unwrap();
            assert!(back == input && back.to_engine().is_some(), "{text}");
        }
        for text in ["", "x1", "w", "l-1", "é"] {
            assert_eq!(parse_holder(text), None, "{text}");
        }
    }
}
