//! Go's templates, as far as `--format` needs them: fields, pipelines, `if`, `range`, `with`, variables, and docker's
//! functions.

mod eval;
mod lex;
mod parse;

use serde_json::Value;

/// A template that was read.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    nodes: Vec<parse::Node>,
}

impl Template {
    /// Reads a template.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let nodes = parse::parse(text).map_err(|why| format!("template parsing error: template: :1: {why}"))?;
        Ok(Self { nodes })
    }

    /// Fills it in. Fields that do not exist are an error, as docker's are, except in maps.
    pub(crate) fn render(&self, value: &Value) -> Result<String, String> {
        eval::render(&self.nodes, value).map_err(|why| match why.starts_with('<') {
            true => format!("template: :1: executing \"\" at {why}"),
            false => format!("template: :1: executing \"\": {why}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn render(template: &str) -> Result<String, String> {
        let value = json!({
            "Name": "/web",
            "State": { "Status": "running", "Health": { "Status": "healthy" }, "Running": true, "ExitCode": 0 },
            "Config": { "Labels": { "a.b": "c", "z": "1" }, "Env": ["A=1", "B=2"], "Cmd": null },
            "NetworkSettings": {
                "Networks": { "bridge": { "IPAddress": "10.0.0.2" }, "other": { "IPAddress": "10.0.1.2" } },
                "Ports": { "80/tcp": [{ "HostIp": "0.0.0.0", "HostPort": "8080" }], "81/tcp": null },
            },
            "Mounts": [],
        });
        Template::parse(template)?.render(&value)
    }

    #[test]
    fn what_workflows_write() {
        let cases = [
            ("{{.State.Health.Status}}", "healthy"),
            ("{{ .Name }}!", "/web!"),
            ("{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}", "10.0.0.2 10.0.1.2 "),
            (r#"{{(index (index .NetworkSettings.Ports "80/tcp") 0).HostPort}}"#, "8080"),
            (r#"{{index .Config.Labels "a.b"}}"#, "c"),
            (
                "{{range $p, $conf := .NetworkSettings.Ports}}{{$p}} -> {{if $conf}}{{(index $conf 0).HostPort}}{{else}}none{{end}};{{end}}",
                "80/tcp -> 8080;81/tcp -> none;",
            ),
            ("{{json .State}}", r#"{"Status":"running","Health":{"Status":"healthy"},"Running":true,"ExitCode":0}"#),
            ("{{.State.Running}} {{.State.ExitCode}} {{len .Config.Env}}", "true 0 2"),
            ("{{range .Config.Env}}{{println .}}{{end}}", "A=1\nB=2\n"),
            ("{{join .Config.Env \", \"}} {{.Name | upper}}", "A=1, B=2 /WEB"),
            ("{{- .Name -}}  x", "/webx"),
            ("{{if eq .State.Status \"running\" \"paused\"}}y{{else if .X}}a{{else}}n{{end}}", "y"),
            ("{{if and .State.Running (not .Mounts)}}ok{{end}}", "ok"),
            ("{{with .State.Health}}{{.Status}}{{end}}{{/* nothing */}}", "healthy"),
            ("{{printf \"%s=%d\" .State.Status .State.ExitCode}}", "running=0"),
            ("{{.Config.Env}} {{.Config.Cmd}}", "[A=1 B=2] []"),
            ("{{range .Mounts}}x{{else}}empty{{end}}", "empty"),
            (r#"{{slice .Name 1 3}} {{title "abc"}} {{split "a:b" ":"}}"#, "we Abc [a b]"),
        ];
        for (template, expected) in cases {
            assert_eq!(render(template).as_deref(), Ok(expected), "{template}");
        }
    }

    #[test]
    fn errors() {
        let told: Vec<String> =
            ["{{.Nope}}", "{{.Name", "{{if .Name}}x", "{{frob .Name}}", "{{end}}", "{{index .Mounts 3}}"]
                .iter()
                .map(|template| render(template).unwrap_err())
                .collect();
        insta::assert_snapshot!(told.join("\n"), @r#"
        template: :1: executing "" at <.Nope>: map has no entry for key "Nope"
        template parsing error: template: :1: unclosed action
        template parsing error: template: :1: unexpected EOF
        template: :1: executing "": function "frob" not defined
        template parsing error: template: :1: unexpected {{end}}
        template: :1: executing "": error calling index: reflect: slice index out of range: 3
        "#);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_rendered_or_refused(text in "[-{}a-z.$|()\" :=,]{0,40}") {
            let _ = render(&text);
            let _ = render(&format!("{{{{{text}}}}}"));
        }
    }
}
