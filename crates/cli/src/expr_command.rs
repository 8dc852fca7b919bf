//! `trunkline expr`: evaluates an expression outside a workflow and shows how its value came about.

use std::io::{self, BufRead, Read, Write};
use std::path::{Path, PathBuf};

use expr::{EvalError, JsonContext, ParseError, ParseErrorKind, Template, Trace, Value, batch, explain};
use serde_json::{Value as Json, json};

/// The longest line `--batch` reads, in bytes.
const MAX_LINE: u64 = 64 * 1024 * 1024;

/// Evaluate an expression and show the value of each of its parts
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Every context in the --context file may be named, and the status functions called: success(), failure() and \
cancelled() go by job.status in that file, and take the job to have succeeded when it is not there.

With --batch each line of standard input is {\"expr\": \"...\", \"contexts\": {...}} and is answered at once with \
{\"kind\": \"...\", \"value\": ...} or {\"err\": {\"kind\": \"lexing|parsing|evaluation|input\", \"value\": \"...\"}} \
on a line.

Exit status:
  0  the expression was evaluated, whatever its value; with --batch, every line was answered
  1  the text is not an expression, evaluating it failed, or a file could not be read")]
pub(crate) struct ExprArgs {
    /// The expression, or text with ${{ }} in it
    #[arg(value_name = "EXPR", required_unless_present = "batch")]
    pub(crate) expr: Option<String>,

    /// A JSON file with an object of contexts: {"github": {...}, "env": {...}}
    #[arg(long, value_name = "FILE")]
    pub(crate) context: Option<PathBuf>,

    /// Print the value and its parts as JSON
    #[arg(long)]
    pub(crate) json: bool,

    /// Answer expressions from standard input, one JSON object a line
    #[arg(long, conflicts_with_all = ["expr", "context", "json"])]
    pub(crate) batch: bool,
}

/// Why the command could not do its work; a faulty expression is not among the reasons, it is answered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExprError {
    #[error("cannot read the contexts in {}: {source}", path.display())]
    ReadContexts { path: PathBuf, source: io::Error },
    #[error("{} is not JSON: {source}", path.display())]
    ParseContexts { path: PathBuf, source: serde_json::Error },
    #[error(
        "{} does not hold a JSON object; write the contexts as {{\"github\": {{…}}, \"env\": {{…}}}}",
        path.display()
    )]
    ContextsNotObject { path: PathBuf },
    #[error("line {line} of standard input is longer than {MAX_LINE} bytes")]
    LineTooLong { line: usize },
    #[error("cannot read standard input or write the answer: {0}")]
    Stream(#[from] io::Error),
}

/// Runs the command on the process's own streams; the exit status is the one the help promises.
pub(crate) fn run(args: &ExprArgs) -> Result<u8, ExprError> {
    let (out, err) = (io::stdout().lock(), io::stderr().lock());
    let result = match &args.expr {
        Some(text) if !args.batch => run_one(text, args, out, err),
        _ => run_batch(io::stdin().lock(), out),
    };
    match result {
        // Whoever read the answers has seen enough.
        Err(ExprError::Stream(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(0),
        result => result,
    }
}

fn run_batch(mut lines: impl BufRead, mut out: impl Write) -> Result<u8, ExprError> {
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let read = lines.by_ref().take(MAX_LINE).read_until(b'\n', &mut line)?;
        if read == 0 {
            break;
        }
        if line.last() != Some(&b'\n') && line.len() as u64 == MAX_LINE {
            return Err(ExprError::LineTooLong { line: number });
        }
        let text = String::from_utf8_lossy(&line);
        if text.trim().is_empty() {
            continue;
        }
        writeln!(out, "{}", batch::answer(&text))?;
        out.flush()?;
    }
    Ok(0)
}

fn run_one(text: &str, args: &ExprArgs, mut out: impl Write, mut err: impl Write) -> Result<u8, ExprError> {
    let contexts = args.context.as_deref().map_or_else(|| Ok(JsonContext::default()), read_contexts)?;
    let answer = answer(text, &contexts);
    if args.json {
        writeln!(out, "{:#}", answer.to_json())?;
    } else {
        answer.print(text, &mut out, &mut err)?;
    }
    Ok(u8::from(!matches!(answer, Answer::Value { .. })))
}

fn read_contexts(path: &Path) -> Result<JsonContext, ExprError> {
    let text = std::fs::read(path).map_err(|source| ExprError::ReadContexts { path: path.to_owned(), source })?;
    let json: Json =
        serde_json::from_slice(&text).map_err(|source| ExprError::ParseContexts { path: path.to_owned(), source })?;
    let contexts = json.as_object().ok_or_else(|| ExprError::ContextsNotObject { path: path.to_owned() })?;
    Ok(JsonContext::new(contexts))
}

/// What became of the text.
enum Answer {
    Value { value: Value, traces: Vec<Trace> },
    Refused(Vec<ParseError>),
    Failed { error: EvalError, traces: Vec<Trace> },
}

fn answer(text: &str, contexts: &JsonContext) -> Answer {
    let (result, traces) = if text.contains("${{") {
        match contexts.with_scope(|scope| Template::parse(text, scope)) {
            Ok(template) => template.evaluate_traced(contexts),
            Err(errors) => return Answer::Refused(errors),
        }
    } else {
        match contexts.with_scope(|scope| expr::parse(text, scope)) {
            Ok(expr) => {
                let (result, trace) = expr::evaluate_traced(&expr, contexts);
                (result, vec![trace])
            }
            Err(error) => return Answer::Refused(vec![error]),
        }
    };
    match result {
        Ok(value) => Answer::Value { value, traces },
        Err(error) => Answer::Failed { error, traces },
    }
}

impl Answer {
    fn to_json(&self) -> Json {
        let parts = |traces: &[Trace]| traces.iter().map(explain::json).collect::<Json>();
        match self {
            Self::Value { value, traces } => json!({
                "kind": value.kind(),
                "value": value.to_json(),
                "trace": parts(traces),
            }),
            Self::Failed { error, traces } => json!({
                "errors": [fault("evaluation", &error.message, &error.range)],
                "trace": parts(traces),
            }),
            Self::Refused(errors) => {
                let errors: Json = errors
                    .iter()
                    .map(|error| {
                        let kind = match error.kind {
                            ParseErrorKind::Lexing => "lexing",
                            ParseErrorKind::Parsing => "parsing",
                        };
                        fault(kind, &error.message, &error.range)
                    })
                    .collect();
                json!({ "errors": errors })
            }
        }
    }

    /// Prints the value to `out`, then the tree of parts; what went wrong goes to `err`.
    fn print(&self, text: &str, out: &mut impl Write, err: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Value { value, traces } => {
                match value {
                    Value::Null => writeln!(out, "null")?,
                    Value::Array(_) | Value::Object(_) => {
                        writeln!(out, "{}", value.to_json_string())?;
                    }
                    _ => writeln!(out, "{}", value.to_display_string())?,
                }
                print_parts(traces, out)
            }
            Self::Failed { error, traces } => {
                print_fault(text, &error.message, &error.range, err)?;
                print_parts(traces, err)
            }
            Self::Refused(errors) => {
                errors.iter().try_for_each(|error| print_fault(text, &error.message, &error.range, err))
            }
        }
    }
}

fn fault(kind: &str, message: &str, range: &std::ops::Range<usize>) -> Json {
    json!({"kind": kind, "message": message, "start": range.start, "end": range.end})
}

/// Prints a tree for each expression; one without parts would only repeat the value.
fn print_parts(traces: &[Trace], out: &mut impl Write) -> io::Result<()> {
    let trees: Vec<_> = traces.iter().map(|trace| explain::lines(trace, &str::to_owned)).collect();
    if trees.iter().all(|tree| tree.len() == 1) && trees.len() == 1 {
        return Ok(());
    }
    for tree in trees {
        writeln!(out)?;
        for line in tree {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}

fn print_fault(text: &str, message: &str, range: &std::ops::Range<usize>, err: &mut impl Write) -> io::Result<()> {
    let [line, carets] = explain::carets(text, range);
    writeln!(err, "error: {message}\n  | {line}\n  | {carets}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(text: &str, json: bool) -> ExprArgs {
        ExprArgs { expr: Some(text.to_owned()), context: None, json, batch: false }
    }

    fn printed(text: &str) -> (u8, String, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let status = run_one(text, &args(text, false), &mut out, &mut err).unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (status, text(out), text(err))
    }

    #[test]
    fn a_value_comes_with_its_parts() {
        let (status, out, err) = printed("!failure() && contains('abc', 'B')");
        assert_eq!((status, err.as_str()), (0, ""));
        assert_eq!(
            out,
            "true\n\n\
             !failure() && contains('abc', 'B') → true\n\
             ├─ !failure() → true\n\
             │  └─ failure() → false\n\
             └─ contains('abc', 'B') → true\n"
        );
    }

    #[test]
    fn a_fault_is_pointed_at() {
        let (status, out, err) = printed("1 =2");
        assert_eq!((status, out.as_str()), (1, ""));
        assert_eq!(
            err,
            "error: Unexpected symbol: '=2'. Located at position 3 within expression: 1 =2\n  \
             | 1 =2\n  |   ^^\n"
        );
        let (status, _, err) = printed("v${{ fromJSON('{') }}");
        assert_eq!(status, 1);
        assert!(err.contains("  | v${{ fromJSON('{') }}\n  |      ^^^^^^^^^^^^^\n"), "{err}");
    }

    #[test]
    fn json_has_value_and_positions() {
        let mut out = Vec::new();
        let status = run_one("1 < 2", &args("1 < 2", true), &mut out, Vec::new()).unwrap();
        let shown: Json = serde_json::from_slice(&out).unwrap();
        assert_eq!(status, 0);
        assert_eq!(shown["kind"], "Boolean");
        assert_eq!(shown["value"], true);
        assert_eq!(shown["trace"][0]["parts"][1]["start"], 4);
    }

    #[test]
    fn every_line_of_a_batch_is_answered() {
        let lines = "{\"expr\": \"1 == 1\"}\n\nnonsense\n{\"expr\": \"a.b\", \"contexts\": {\"a\": {\"b\": 2}}}";
        let mut out = Vec::new();
        assert_eq!(run_batch(lines.as_bytes(), &mut out).unwrap(), 0);
        let out = String::from_utf8(out).unwrap();
        let answers: Vec<Json> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(answers.len(), 3);
        assert_eq!(answers[0], json!({"kind": "Boolean", "value": true}));
        assert_eq!(answers[1]["err"]["kind"], "input");
        assert_eq!(answers[2], json!({"kind": "Number", "value": 2}));
    }
}
