//! Answers expressions one JSON line at a time, in the shape of GitHub's own test vectors.

use serde_json::{Value as Json, json};

use crate::{JsonContext, ParseErrorKind, evaluate_within, parse};

/// What GitHub lets one expression take when nothing else is said.
const MAX_MEMORY: usize = 1024 * 1024;

/// Answers a line `{"expr": "…", "contexts": {…}}` with `{"kind": "…", "value": …}` or
/// `{"err": {"kind": "lexing" | "parsing" | "evaluation", "value": "…"}}`. A line that is no such object is
/// answered with an error of kind `input`. The answer is one line without its end.
pub fn answer(line: &str) -> String {
    let answered = answer_json(line);
    answered.unwrap_or_else(|(kind, message)| json!({"err": {"kind": kind, "value": message}})).to_string()
}

fn answer_json(line: &str) -> Result<Json, (&'static str, String)> {
    let input = |message: String| ("input", message);
    let request: Json = serde_json::from_str(line).map_err(|error| input(format!("the line is not JSON: {error}")))?;
    let expr = request
        .get("expr")
        .and_then(Json::as_str)
        .ok_or_else(|| input("the line has no string under \"expr\"".to_owned()))?;
    let contexts = match request.get("contexts") {
        None | Some(Json::Null) => JsonContext::default(),
        Some(Json::Object(contexts)) => JsonContext::new(contexts),
        Some(_) => return Err(input("\"contexts\" is not an object".to_owned())),
    };
    let expr = contexts.with_scope(|scope| parse(expr, scope)).map_err(|error| {
        let kind = match error.kind {
            ParseErrorKind::Lexing => "lexing",
            ParseErrorKind::Parsing => "parsing",
        };
        (kind, error.message)
    })?;
    let value = evaluate_within(&expr, &contexts, MAX_MEMORY).map_err(|error| ("evaluation", error.message))?;
    Ok(json!({"kind": value.kind(), "value": value.to_json()}))
}
