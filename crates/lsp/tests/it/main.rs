//! The server as a client sees it, over the library's own messages.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::Duration;

use lint::{Document, Facts, Kind, Project};
use lsp::{Error, Opened};
use lsp_server::{Connection, Message, Notification, Request, Response};
use serde_json::{Value, json};
use span::SourceMap;

const TOP: &str = "/repository";

/// Patience that is enough on any machine.
const PATIENCE: Duration = Duration::from_secs(120);

struct Client {
    connection: Connection,
    server: Option<JoinHandle<Result<(), Error>>>,
    next: i32,
    /// The newest diagnostics of each file.
    told: Vec<(String, Value)>,
}

impl Client {
    /// A client of a server that finds these files on the disk.
    fn new(files: &[(&str, &str)]) -> Client {
        let files: Vec<(String, String)> =
            files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        let (connection, other) = Connection::memory();
        let server = std::thread::spawn(move || {
            let open = |_: &Path| {
                let mut sources = SourceMap::new();
                let mut project = Project::new(Facts::default());
                for (path, text) in &files {
                    let kind = Kind::of_path(path).unwrap_or(Kind::Workflow);
                    let file = sources.add(path.as_str(), text.as_str());
                    let source = sources.file(file).clone();
                    project.add(Document::read(file, path.as_str(), kind, source, true));
                }
                Some(Opened { top: PathBuf::from(TOP), project })
            };
            lsp::serve(&other, &open)
        });
        let mut client = Client { connection, server: Some(server), next: 0, told: Vec::new() };
        client.ask("initialize", json!({ "capabilities": {} }));
        client.tell("initialized", json!({}));
        client
    }

    fn tell(&self, method: &str, params: Value) {
        let message = Notification { method: method.to_owned(), params };
        self.connection.sender.send(message.into()).unwrap();
    }

    fn answer(&mut self, method: &str, params: Value) -> Response {
        self.next += 1;
        let id = self.next.into();
        let request = Request { id, method: method.to_owned(), params };
        self.connection.sender.send(request.clone().into()).unwrap();
        loop {
            match self.connection.receiver.recv_timeout(PATIENCE).unwrap() {
                Message::Response(response) if response.id == request.id => return response,
                other => self.take(other),
            }
        }
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.answer(method, params).response_result.unwrap()
    }

    fn take(&mut self, message: Message) {
        if let Message::Notification(told) = message
            && told.method == "textDocument/publishDiagnostics"
        {
            let uri = told.params["uri"].as_str().unwrap().to_owned();
            self.told.push((uri, told.params));
        }
    }

    fn open(&self, path: &str, text: &str) {
        let document = json!({ "uri": uri(path), "languageId": "yaml", "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document }));
    }

    fn change(&self, path: &str, version: i32, text: &str) {
        let document = json!({ "uri": uri(path), "version": version });
        self.tell("textDocument/didChange", json!({ "textDocument": document, "contentChanges": [{ "text": text }] }));
    }

    /// The diagnostics of a version of a file.
    fn diagnostics(&mut self, path: &str, version: i32) -> Vec<Value> {
        loop {
            let found = self.told.iter().rev().find(|(other, told)| *other == uri(path) && told["version"] == version);
            if let Some((_, told)) = found {
                return told["diagnostics"].as_array().unwrap().clone();
            }
            let message = self.connection.receiver.recv_timeout(PATIENCE).unwrap();
            self.take(message);
        }
    }

    fn end(mut self) -> Result<(), Error> {
        drop(self.connection);
        self.server.take().unwrap().join().unwrap()
    }
}

fn uri(path: &str) -> String {
    format!("file://{TOP}/{path}")
}

fn at(path: &str, text: &str, needle: &str) -> Value {
    let before = &text[..text.find(needle).unwrap()];
    let line = before.matches('\n').count();
    let character = before.len() - before.rfind('\n').map_or(0, |newline| newline + 1);
    json!({ "textDocument": { "uri": uri(path) }, "position": { "line": line, "character": character } })
}

/// The text after an edit of ASCII lines.
fn edited(text: &str, edit: &Value) -> String {
    let offset = |place: &Value| {
        let (line, character) =
            (place["line"].as_u64().unwrap() as usize, place["character"].as_u64().unwrap() as usize);
        text.split_inclusive('\n').take(line).map(str::len).sum::<usize>() + character
    };
    let (start, end) = (offset(&edit["range"]["start"]), offset(&edit["range"]["end"]));
    format!("{}{}{}", &text[..start], edit["newText"].as_str().unwrap(), &text[end..])
}

const CI: &str = ".github/workflows/ci.yml";
const CALLED: &str = ".github/workflows/called.yml";

#[test]
fn the_ignore_action_silences_its_finding() {
    for line_break in ["\n", "\r\n"] {
        let text = "on: issues\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: |\n          import os\n          print('${{ github.event.issue.title }}')\n        shell: python\n"
            .replace('\n', line_break);
        let mut client = Client::new(&[(CI, &text)]);
        client.open(CI, &text);
        let found = client.diagnostics(CI, 1);
        assert_eq!(found.len(), 1, "{found:?}");
        let params = json!({
            "textDocument": { "uri": uri(CI) },
            "range": found[0]["range"],
            "context": { "diagnostics": found },
        });
        let actions = client.ask("textDocument/codeAction", params);
        let actions = actions.as_array().unwrap();
        let ignore =
            actions.iter().find(|action| action["title"] == "Ignore security/template-injection here").unwrap();
        let edits = &ignore["edit"]["changes"][uri(CI)];
        let silent = edited(&text, &edits[0]);
        assert_eq!(silent.matches('\n').count(), silent.matches(line_break).count(), "{silent:?}");
        client.change(CI, 2, &silent);
        assert_eq!(client.diagnostics(CI, 2), Vec::<Value>::new(), "{silent}");
        assert!(matches!(client.end(), Err(Error::Closed)));
    }
}

#[test]
fn an_input_is_renamed_in_every_file() {
    let called = "on:\n  workflow_call:\n    inputs:\n      who: {type: string}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo ${{ inputs.who }}\n";
    let ci = "on: push\njobs:\n  a:\n    uses: ./.github/workflows/called.yml\n    with: {who: me}\n  b:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: ./node\n        with: {text: x}\n";
    let node = "name: Node\ndescription: x\ninputs:\n  text: {description: x}\nruns:\n  using: node24\n  main: x.js\n";
    let mut client = Client::new(&[(CI, ci), (CALLED, called), ("node/action.yml", node)]);
    client.open(CI, ci);
    client.open(CALLED, called);
    for (path, text, needle) in [(CI, ci, "who: me"), (CALLED, called, "who:"), (CALLED, called, "who }}")] {
        let mut params = at(path, text, needle);
        params["newName"] = "whom".into();
        let changes = client.ask("textDocument/rename", params)["changes"].clone();
        let count = |path: &str| changes[uri(path)].as_array().map_or(0, Vec::len);
        assert_eq!((count(CI), count(CALLED)), (1, 2), "{needle}: {changes}");
    }
    let mut params = at(CI, ci, "text: x");
    params["newName"] = "words".into();
    let refused = client.answer("textDocument/rename", params).response_result.unwrap_err();
    assert!(refused.message.contains("the code of the action node/action.yml names `text` too"), "{refused:?}");
}

#[test]
fn after_shutdown_only_exit_is_answered() {
    let mut client = Client::new(&[]);
    assert_eq!(client.ask("shutdown", Value::Null), Value::Null);
    let refused = client.answer("textDocument/hover", at(CI, "x", "x")).response_result.unwrap_err();
    assert_eq!(refused.code, -32600, "{refused:?}");
    client.tell("exit", Value::Null);
    assert!(client.end().is_ok());
    let client = Client::new(&[]);
    client.tell("exit", Value::Null);
    assert!(matches!(client.end(), Err(Error::NoShutdown)));
}
