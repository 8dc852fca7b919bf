use super::*;

const ESLINT: &str = r#"{"problemMatcher":[{"owner":"eslint","pattern":[
    {"regexp":"^([^\\s].*)$","file":1},
    {"regexp":"^\\s+(\\d+):(\\d+)\\s+(error|warning|info)\\s+(.*)\\s\\s+(.*)$",
     "line":1,"column":2,"severity":3,"message":4,"code":5,"loop":true}]}]}"#;

struct Stream {
    workspace: tempfile::TempDir,
    matchers: Matchers,
    stream: StreamMatchers,
    remarks: Remarks,
}

fn stream(files: &[&str], configs: &[&str]) -> Stream {
    let workspace = tempfile::tempdir().unwrap();
    for file in files {
        let path = workspace.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "").unwrap();
    }
    let matchers = Matchers::new();
    let stream = StreamMatchers::new(matchers.clone());
    let stream = Stream { workspace, matchers, stream, remarks: Remarks::default() };
    configs.iter().for_each(|config| stream.add(config));
    stream
}

impl Stream {
    fn add(&self, json: &str) {
        for config in Config::parse(json.as_bytes()).unwrap() {
            self.matchers.add(config);
        }
    }

    fn look(&mut self, line: &str) -> Option<String> {
        self.stream.refresh();
        let paths = Paths::new(self.workspace.path());
        match self.stream.look(line, &paths, &mut self.remarks) {
            Outcome::Nothing => None,
            Outcome::Problem { annotation, .. } => Some(format!(
                "{} {}:{}:{} {} [{}]",
                annotation.level.as_str(),
                annotation.path.unwrap_or_default(),
                annotation.start_line.unwrap_or_default(),
                annotation.start_column.unwrap_or_default(),
                annotation.message,
                annotation.code.unwrap_or_default()
            )),
        }
    }
}

fn simple(owner: &str, regexp: &str, more: &str) -> String {
    format!(r#"{{"problemMatcher":[{{"owner":"{owner}"{more},"pattern":[{{"regexp":"{regexp}","message":1}}]}}]}}"#)
}

#[test]
fn a_looping_pattern_keeps_the_lines_before() {
    let mut stream = stream(&["a.js", "b.js"], &[ESLINT]);
    let lines = [
        ("a.js", None),
        ("  1:2  error  no semi  semi", Some("error a.js:1:2 no semi [semi]")),
        ("\x1b[31m  3:4  warning  hm  hm\x1b[0m", Some("warning a.js:3:4 hm [hm]")),
        ("b.js", None),
        ("  5:6  error  x  y", Some("error b.js:5:6 x [y]")),
        ("  5:6  info  x  y", None),
        ("", None),
        ("  7:8  error  x  y", None),
        ("missing.js", None),
        ("  7:8  error  x  y", Some("error :7:8 x [y]")),
    ];
    for (line, expected) in lines {
        assert_eq!(stream.look(line).as_deref(), expected, "{line:?}");
    }
}

#[test]
fn the_newest_matcher_has_the_line_and_the_others_start_over() {
    let mut stream = stream(&["a.js"], &[ESLINT, &simple("x", "^  1:2 (.*)$", "")]);
    assert_eq!(stream.look("a.js"), None);
    assert_eq!(stream.look("  1:2  error  m  c").as_deref(), Some("error :0:0  error  m  c []"));
    assert_eq!(stream.look("  3:4  error  m  c"), None);
    stream.matchers.remove("X");
    assert_eq!(stream.look("a.js"), None);
    assert_eq!(stream.look("  1:2  error  m  c").as_deref(), Some("error a.js:1:2 m [c]"));
}

#[test]
fn one_owner_has_one_matcher_and_the_others_keep_their_state() {
    let mut stream = stream(&["a.js"], &[ESLINT, &simple("x", "^old (.*)$", "")]);
    assert_eq!(stream.look("a.js"), None);
    stream.add(&simple("X", "^new (.*)$", r#","severity":"notice""#));
    assert_eq!(stream.look("  1:2  error  m  c").as_deref(), Some("error a.js:1:2 m [c]"));
    assert_eq!(stream.look("old y"), None);
    assert_eq!(stream.look("new y").as_deref(), Some("notice :0:0 y []"));
    assert_eq!(stream.look("new  "), None);
}

#[test]
fn files_are_sought_from_the_project_file() {
    let json = r#"{"problemMatcher":[{"owner":"cs","fromPath":"other/o.csproj","pattern":[
        {"regexp":"^(.*)\\((\\d+)\\): (.*?)( \\[(.*)\\])?$","file":1,"line":2,"message":3,"fromPath":5}]}]}"#;
    let mut stream = stream(&["src/a.cs", "other/b.cs"], &[json]);
    assert_eq!(stream.look("a.cs(3): bad [src/p.csproj]").as_deref(), Some("error src/a.cs:3:0 bad []"));
    assert_eq!(stream.look("b.cs(3): bad").as_deref(), Some("error other/b.cs:3:0 bad []"));
    assert_eq!(stream.look("../../x(3): bad").as_deref(), Some("error :3:0 bad []"));
    let absolute = stream.workspace.path().join("src/a.cs");
    assert_eq!(stream.look(&format!("{}(3): bad", absolute.display())).as_deref(), Some("error src/a.cs:3:0 bad []"));
}

#[test]
fn a_matcher_that_takes_too_long_is_removed() {
    let mut stream = stream(&[], &[&simple("slow", "^(((?=a)a|aa)+(?!x))$", ""), &simple("ok", "^(b)$", "")]);
    let line = format!("{}b", "a".repeat(50));
    for _ in 0..4 {
        assert_eq!(stream.look(&line), None);
    }
    assert_eq!(stream.remarks.notes.len(), 2);
    assert_eq!(
        stream.remarks.warnings,
        ["Problem matcher 'slow' is removed: its regular expression took too long 3 times."]
    );
    assert_eq!(stream.look("b").as_deref(), Some("error :0:0 b []"));
    stream.add(&simple("new", "^(c)$", ""));
    assert_eq!(stream.look(&line), None);
    assert_eq!(stream.remarks.warnings.len(), 1);
}
