//! One JSON object a line, in the form of BuildKit's `rawjson`.

use std::io::Write as _;

use builder::{Event, StepId};
use serde_json::{Value, json};

use super::Teller;
use super::steps::Steps;

pub(super) struct RawJson;

fn id(step: StepId) -> String {
    format!("step:{}", step.0)
}

fn vertex(step: StepId, steps: &Steps, mut more: Value) -> Value {
    more["digest"] = json!(id(step));
    more["name"] = json!(steps.name(step));
    json!({ "vertexes": [more] })
}

impl Teller for RawJson {
    fn event(&mut self, event: &Event, steps: &Steps) {
        let now = jiff::Timestamp::now().to_string();
        let line = match event {
            Event::Planned { step, .. } => vertex(*step, steps, json!({})),
            Event::Started { step } => vertex(*step, steps, json!({ "started": now })),
            Event::Cached { step } => vertex(*step, steps, json!({ "started": now, "completed": now, "cached": true })),
            Event::Finished { step, error, took } => {
                let mut more = json!({ "completed": now, "seconds": took.as_secs_f64() });
                if let Some(error) = error {
                    more["error"] = json!(error);
                }
                vertex(*step, steps, more)
            }
            Event::Transfer { step, what, done, total } => {
                let status =
                    json!({ "id": what, "vertex": id(*step), "current": done, "total": total, "timestamp": now });
                json!({ "statuses": [status] })
            }
            Event::Log { step, stderr, data } => {
                let stream = if *stderr { 2 } else { 1 };
                let log = json!({
                    "vertex": id(*step), "stream": stream, "data": String::from_utf8_lossy(data), "timestamp": now,
                });
                json!({ "logs": [log] })
            }
            Event::Warning { message, line } => json!({ "warnings": [{ "short": message, "line": line }] }),
        };
        let _ = writeln!(std::io::stderr(), "{line}");
    }

    fn tick(&mut self, _steps: &Steps) {}

    fn finish(&mut self, _steps: &Steps, _success: bool) {}
}
