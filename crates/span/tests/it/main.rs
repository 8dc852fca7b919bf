//! What each form of output looks like.

use insta::assert_snapshot;
use span::{Color, Diagnostic, SarifTool, SourceMap, Span, render_github, render_json, render_sarif, render_terminal};

/// Two files and one diagnostic of every kind.
fn case() -> (Vec<Diagnostic>, SourceMap) {
    let mut sources = SourceMap::new();
    let text = "on: push\njobs:\n  büild:\n    run-on: ubuntu-latest\n    steps: []\n    steps: []\n";
    let ci = sources.add(".github/workflows/ci, 100%.yml", text);
    let other = sources.add("action.yml", "runs:\n  using: node99\n");
    let at = |word: &str| {
        let start = text.find(word).expect("the word is in the file");
        Span::new(ci, start, start + word.len())
    };
    let again = text.rfind("steps").expect("twice");
    let found = vec![
        Diagnostic::error("workflow/unknown-key", "job has no key `run-on`")
            .at(at("run-on"))
            .label("unknown key")
            .help("did you mean `runs-on`?")
            .help("100% sure: see the page"),
        Diagnostic::warning("yaml/duplicate-key", "key `steps` is given twice")
            .at(Span::new(ci, again, again + 5))
            .related(at("steps"), "first given here")
            .related(Span::new(other, 8, 13), "and this\nuses it"),
        Diagnostic::info("run/no-workflows", "nothing to do: 1, 2\r\n3"),
    ];
    (found, sources)
}

#[test]
fn terminal() {
    let (found, sources) = case();
    assert_snapshot!(render_terminal(&found, &sources, Color::Off), @r#"
    error[workflow/unknown-key]: job has no key `run-on`
     --> .github/workflows/ci, 100%.yml:4:5
      |
    4 |     run-on: ubuntu-latest
      |     ^^^^^^ unknown key
      |
      = help: did you mean `runs-on`?
      = help: 100% sure: see the page

    warning[yaml/duplicate-key]: key `steps` is given twice
     --> .github/workflows/ci, 100%.yml:6:5
      |
    5 |     steps: []
      |     ----- first given here
    6 |     steps: []
      |     ^^^^^
      |
     ::: action.yml:2:3
      |
    2 |   using: node99
      |   ----- and this uses it

    info[run/no-workflows]: nothing to do: 1, 2␍
                            3
    "#);
}

#[test]
fn terminal_in_colour() {
    let (found, sources) = case();
    let coloured = render_terminal(&found, &sources, Color::On);
    assert!(coloured.contains("\u{1b}["));
    let plain = render_terminal(&found, &sources, Color::Off);
    assert!(!plain.contains('\u{1b}'));
}

#[test]
fn terminal_cuts_what_is_long() {
    let mut sources = SourceMap::new();
    let file = sources.add("long.yml", "- x\n".repeat(400));
    let found = [Diagnostic::error("a/b", "all of it").at(Span::new(file, 4, 1599))];
    assert_snapshot!(render_terminal(&found, &sources, Color::Off), @r#"
    error[a/b]: all of it
     --> long.yml:2:1
      |
    2 | - x
      | ^^^
    "#);
}

#[test]
fn terminal_survives_any_span() {
    let mut sources = SourceMap::new();
    let text = "ä\r\n\tb\u{1b}[31m\n";
    let file = sources.add("x.yml", text);
    let foreign = span::FileId(9);
    for start in 0..text.len() + 3 {
        for end in start..text.len() + 3 {
            for id in [file, foreign] {
                let found = [Diagnostic::error("a/b", "x").at(Span::new(id, start, end))];
                assert!(!render_terminal(&found, &sources, Color::Off).contains('\u{1b}'));
                render_json(&found, &sources);
                render_github(&found, &sources);
            }
        }
    }
}

#[test]
fn json() {
    let (found, sources) = case();
    assert_snapshot!(render_json(&found, &sources), @r#"
    [
      {
        "file": ".github/workflows/ci, 100%.yml",
        "line": 4,
        "column": 5,
        "end_line": 4,
        "end_column": 11,
        "rule": "workflow/unknown-key",
        "severity": "error",
        "message": "job has no key `run-on`",
        "label": "unknown key",
        "help": [
          "did you mean `runs-on`?",
          "100% sure: see the page"
        ]
      },
      {
        "file": ".github/workflows/ci, 100%.yml",
        "line": 6,
        "column": 5,
        "end_line": 6,
        "end_column": 10,
        "rule": "yaml/duplicate-key",
        "severity": "warning",
        "message": "key `steps` is given twice",
        "help": [],
        "related": [
          {
            "file": ".github/workflows/ci, 100%.yml",
            "line": 5,
            "column": 5,
            "end_line": 5,
            "end_column": 10,
            "message": "first given here"
          },
          {
            "file": "action.yml",
            "line": 2,
            "column": 3,
            "end_line": 2,
            "end_column": 8,
            "message": "and this\nuses it"
          }
        ]
      },
      {
        "file": null,
        "line": null,
        "column": null,
        "end_line": null,
        "end_column": null,
        "rule": "run/no-workflows",
        "severity": "info",
        "message": "nothing to do: 1, 2\r\n3",
        "help": []
      }
    ]
    "#);
    assert_eq!(render_json(&[], &sources), "[]\n");
}

#[test]
fn github() {
    let (found, sources) = case();
    assert_snapshot!(render_github(&found, &sources), @r#"
    ::error file=.github/workflows/ci%2C 100%25.yml,line=4,col=5,endLine=4,endColumn=11,title=workflow/unknown-key::job has no key `run-on`%0Ahelp: did you mean `runs-on`?%0Ahelp: 100%25 sure: see the page
    ::warning file=.github/workflows/ci%2C 100%25.yml,line=6,col=5,endLine=6,endColumn=10,title=yaml/duplicate-key::key `steps` is given twice
    ::notice title=run/no-workflows::nothing to do: 1, 2%0D%0A3
    "#);
}

#[test]
fn sarif() {
    let (found, sources) = case();
    let tool =
        SarifTool { name: "trunkline", version: "0.1.0", help_base: Some("https://example.org/rules/"), rules: &[] };
    assert_snapshot!(render_sarif(&found, &sources, tool), @r#"
    {
      "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
      "version": "2.1.0",
      "runs": [
        {
          "tool": {
            "driver": {
              "name": "trunkline",
              "version": "0.1.0",
              "rules": [
                {
                  "id": "run/no-workflows",
                  "helpUri": "https://example.org/rules/run/no-workflows"
                },
                {
                  "id": "workflow/unknown-key",
                  "helpUri": "https://example.org/rules/workflow/unknown-key"
                },
                {
                  "id": "yaml/duplicate-key",
                  "helpUri": "https://example.org/rules/yaml/duplicate-key"
                }
              ]
            }
          },
          "columnKind": "unicodeCodePoints",
          "results": [
            {
              "ruleId": "workflow/unknown-key",
              "ruleIndex": 1,
              "level": "error",
              "message": {
                "text": "job has no key `run-on`\nhelp: did you mean `runs-on`?\nhelp: 100% sure: see the page"
              },
              "locations": [
                {
                  "physicalLocation": {
                    "artifactLocation": {
                      "uri": ".github/workflows/ci,%20100%25.yml"
                    },
                    "region": {
                      "startLine": 4,
                      "startColumn": 5,
                      "endLine": 4,
                      "endColumn": 11
                    }
                  },
                  "message": {
                    "text": "unknown key"
                  }
                }
              ],
              "partialFingerprints": {
                "trunklineLine/v1": "f7b8ace73f043fcf:1"
              }
            },
            {
              "ruleId": "yaml/duplicate-key",
              "ruleIndex": 2,
              "level": "warning",
              "message": {
                "text": "key `steps` is given twice"
              },
              "locations": [
                {
                  "physicalLocation": {
                    "artifactLocation": {
                      "uri": ".github/workflows/ci,%20100%25.yml"
                    },
                    "region": {
                      "startLine": 6,
                      "startColumn": 5,
                      "endLine": 6,
                      "endColumn": 10
                    }
                  }
                }
              ],
              "partialFingerprints": {
                "trunklineLine/v1": "f1f298a64eb52cba:1"
              },
              "relatedLocations": [
                {
                  "physicalLocation": {
                    "artifactLocation": {
                      "uri": ".github/workflows/ci,%20100%25.yml"
                    },
                    "region": {
                      "startLine": 5,
                      "startColumn": 5,
                      "endLine": 5,
                      "endColumn": 10
                    }
                  },
                  "message": {
                    "text": "first given here"
                  },
                  "id": 0
                },
                {
                  "physicalLocation": {
                    "artifactLocation": {
                      "uri": "action.yml"
                    },
                    "region": {
                      "startLine": 2,
                      "startColumn": 3,
                      "endLine": 2,
                      "endColumn": 8
                    }
                  },
                  "message": {
                    "text": "and this\nuses it"
                  },
                  "id": 1
                }
              ]
            },
            {
              "ruleId": "run/no-workflows",
              "ruleIndex": 0,
              "level": "note",
              "message": {
                "text": "nothing to do: 1, 2\r\n3"
              }
            }
          ]
        }
      ]
    }
    "#);
}
