//! `POST /api/graphql`.

use identity::Caller;
use serde_json::{Map, Value, json};

use super::check::check;
use super::context::Context;
use super::document::{Operation, parse};
use super::execute::Execution;
use super::fault::Fault;
use crate::{Answer, Api, Problem, Result};

/// The largest document, in bytes.
const LARGEST: usize = 256 * 1024;

/// Answers a request whose caller is known. What is wrong with it is said in the answer, with status 200, as GitHub does.
pub(crate) async fn answer(api: &Api, caller: &Caller, from: &str, body: &[u8]) -> Result {
    let request: Value = serde_json::from_slice(body).map_err(|_| Problem::bad_request("Problems parsing JSON"))?;
    let Some(query) = request["query"].as_str() else {
        return Err(Problem::bad_request("A query attribute must be specified and must be a string."));
    };
    if query.len() > LARGEST {
        return Err(Problem::bad_request(format!("The query is longer than {LARGEST} bytes.")));
    }
    if crate::api::has_nul(&request) {
        return Err(Problem::bad_request("The request has a NUL in a string."));
    }
    let variables = request["variables"].as_object().cloned().unwrap_or_default();
    let answer = execute(api, (caller, from), query, request["operationName"].as_str(), &variables).await;
    Ok(Answer::json(answer.unwrap_or_else(|faults| {
        let errors: Vec<Value> = faults.iter().map(Fault::to_json).collect();
        json!({ "errors": errors })
    })))
}

async fn execute(
    api: &Api,
    (caller, from): (&Caller, &str),
    query: &str,
    name: Option<&str>,
    variables: &Map<String, Value>,
) -> std::result::Result<Value, Vec<Fault>> {
    check_nesting(query).map_err(|fault| vec![fault])?;
    let document = parse(query).map_err(|fault| vec![fault])?;
    let operation = Operation::pick(&document, name, variables).map_err(|fault| vec![fault])?;
    let points = check(&operation)?;
    if !api.rate().take(caller, from, api.store().now(), points).1 {
        let message = format!("API rate limit exceeded: this query costs {} points.", points + 1);
        return Err(vec![Fault::new("RATE_LIMITED", message)]);
    }
    let context = Context { api, caller };
    let mut execution = Execution::new(&context, &operation);
    let data = if operation.mutation {
        // What has begun to change something is not left in the middle.
        execution.run().await
    } else {
        match tokio::time::timeout(api.settings().query_time, execution.run()).await {
            Ok(data) => data,
            Err(_) => {
                let message = "Something went wrong: the query took too long. Ask for less at once.";
                return Err(vec![Fault::new("RESOURCE_LIMITS_EXCEEDED", message)]);
            }
        }
    };
    let mut answer = json!({ "data": data });
    if let (false, Some(answer)) = (execution.faults.is_empty(), answer.as_object_mut()) {
        answer.insert("errors".to_owned(), execution.faults.iter().map(Fault::to_json).collect());
    }
    Ok(answer)
}

/// The parser calls itself for every bracket: deep ones must not reach it.
fn check_nesting(query: &str) -> std::result::Result<(), Fault> {
    let (mut depth, mut deepest) = (0_usize, 0_usize);
    for byte in query.bytes() {
        match byte {
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    if deepest > 100 {
        return Err(Fault::document("parseError", "The document is nested deeper than 100 brackets"));
    }
    Ok(())
}
