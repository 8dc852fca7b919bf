//! Projects out of texts.

use lint::{Document, Facts, Finding, Kind, Options, Project};
use span::{Color, SourceMap, render_terminal};

pub(crate) struct Sample {
    pub(crate) sources: SourceMap,
    pub(crate) project: Project,
}

impl Sample {
    /// Files by path; a path that says nothing is told by the text.
    pub(crate) fn new(files: &[(&str, &str)], facts: Facts) -> Sample {
        let mut sources = SourceMap::new();
        let mut project = Project::new(facts);
        for (path, text) in files {
            let kind = Kind::of_path(path).or_else(|| Kind::of_text(text)).unwrap_or(Kind::Workflow);
            let file = sources.add(*path, *text);
            project.add(Document::read(file, *path, kind, sources.file(file).clone(), true));
        }
        Sample { sources, project }
    }

    pub(crate) fn workflow(text: &str) -> Sample {
        Sample::new(&[(".github/workflows/ci.yml", text)], Facts::default())
    }

    pub(crate) fn lint(&self, options: &Options) -> Vec<Finding> {
        lint::lint(&self.project, options).findings
    }

    pub(crate) fn render(&self, findings: &[Finding]) -> String {
        let diagnostics: Vec<_> = findings.iter().map(Finding::to_diagnostic).collect();
        render_terminal(&diagnostics, &self.sources, Color::Off)
    }
}
