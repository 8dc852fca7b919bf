//! The language server: from a keystroke in a long file to its diagnostics.

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use serde_json::{Value, json};

use super::cases::Bench;
use super::measure::median;
use super::project::Project;
use super::table::Row;

const LINES: usize = 1000;
const KEYSTROKES: usize = 60;
const LIMIT: f64 = 20.0;

pub(super) fn measure(bench: &Bench) -> Result<Vec<Row>, String> {
    let text = workflow();
    let project = Project::new(&bench.place, "lsp", &text)?;
    let uri = format!("file://{}/.github/workflows/ci.yml", project.path.display());
    let mut command = Command::new(&bench.program);
    command.arg("lsp").current_dir(&project.path);
    let mut editor = Editor::start(&mut command)?;
    editor.request("initialize", &json!({"processId": null, "rootUri": null, "capabilities": {}}))?;
    editor.notify("initialized", &json!({}))?;
    let document = json!({"uri": uri, "languageId": "yaml", "version": 0, "text": text});
    editor.notify("textDocument/didOpen", &json!({"textDocument": document}))?;
    editor.diagnostics(0)?;
    let mut taken = Vec::new();
    for version in 1..=KEYSTROKES {
        // A letter in the middle of a script, and the next time it is taken away again.
        let column = 15;
        let place = |character: usize| json!({"line": LINES / 2, "character": character});
        let (end, typed) = if version % 2 == 1 { (column, "x") } else { (column + 1, "") };
        let change = json!({"range": {"start": place(column), "end": place(end)}, "text": typed});
        let start = Instant::now();
        let document = json!({"uri": uri, "version": version});
        editor.notify("textDocument/didChange", &json!({"textDocument": document, "contentChanges": [change]}))?;
        editor.diagnostics(version)?;
        taken.push(start.elapsed().as_secs_f64() * 1000.0);
    }
    editor.request("shutdown", &Value::Null)?;
    editor.notify("exit", &Value::Null)?;
    editor.child.wait().map_err(|error| error.to_string())?;
    let how = "keystroke to diagnostics, 1,000 lines";
    Ok(vec![Row::at_most("language server", None, median(&taken), "ms", LIMIT, how)])
}

/// Steps of ten lines each, with expressions in them.
fn workflow() -> String {
    let mut text =
        "name: Long\non: push\npermissions: {}\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps:\n".to_owned();
    let mut number = 0;
    while text.lines().count() + 10 <= LINES {
        number += 1;
        text.push_str(&format!(
            "      - name: Step {number}\n        id: step{number}\n        if: github.ref == 'refs/heads/main' && success()\n        \
             env:\n          TARGET: ${{{{ github.repository }}}}-{number}\n          PREVIOUS: ${{{{ steps.step1.outputs.name }}}}\n        \
             run: |\n          echo \"building $TARGET\"\n          make step-{number} | tee log-{number}.txt\n          \
             echo \"name=value\" >> \"$GITHUB_OUTPUT\"\n"
        ));
    }
    while text.lines().count() < LINES {
        text.push_str("# end\n");
    }
    text
}

/// As much of a client as a measurement needs.
struct Editor {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    requests: u32,
}

impl Editor {
    fn start(command: &mut Command) -> Result<Editor, String> {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("{command:?}: {error}"))?;
        let input = child.stdin.take().ok_or("no standard input")?;
        let output = BufReader::new(child.stdout.take().ok_or("no standard output")?);
        Ok(Editor { child, input, output, requests: 0 })
    }

    fn send(&mut self, message: &Value) -> Result<(), String> {
        let body = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{body}", body.len()).map_err(|error| error.to_string())?;
        self.input.flush().map_err(|error| error.to_string())
    }

    fn notify(&mut self, method: &str, params: &Value) -> Result<(), String> {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}))
    }

    fn request(&mut self, method: &str, params: &Value) -> Result<Value, String> {
        self.requests += 1;
        let id = self.requests;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))?;
        self.wait(|message| message["id"] == id)
    }

    /// Waits for what is told of a version of the file.
    fn diagnostics(&mut self, version: usize) -> Result<Value, String> {
        self.wait(|message| {
            message["method"] == "textDocument/publishDiagnostics" && message["params"]["version"] == version
        })
    }

    fn wait(&mut self, wanted: impl Fn(&Value) -> bool) -> Result<Value, String> {
        loop {
            let message = self.receive()?;
            if wanted(&message) {
                return Ok(message);
            }
        }
    }

    fn receive(&mut self) -> Result<Value, String> {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if self.output.read_line(&mut line).map_err(|error| error.to_string())? == 0 {
                return Err("the language server ended".to_owned());
            }
            match line.trim_end().split_once(": ") {
                Some(("Content-Length", number)) => length = number.parse().unwrap_or(0),
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        self.output.read_exact(&mut body).map_err(|error| error.to_string())?;
        serde_json::from_slice(&body).map_err(|error| error.to_string())
    }
}
