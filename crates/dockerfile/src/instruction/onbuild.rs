use span::Diagnostic;

use crate::Instruction;
use crate::lines::Lines;
use crate::statement::Statement;

/// `ONBUILD`: an instruction for whoever builds on this image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Onbuild {
    /// What the image's configuration keeps: the instruction with its here-documents.
    pub trigger: String,
    /// The same, read; variables are put in when it runs.
    pub instruction: Box<Instruction>,
}

impl Onbuild {
    pub(crate) fn parse(statement: &mut Statement<'_>, lines: &mut Lines<'_>) -> Option<Onbuild> {
        statement.read_flags(&[]);
        if statement.rest.is_empty() {
            return statement.wrong(
                statement.keyword.span,
                "ONBUILD needs an instruction",
                "as in `ONBUILD COPY . /app`",
            );
        }
        let mut inner = Statement::new(statement.line, statement.rest.clone(), statement.escape, statement.problems);
        let name = inner.name();
        if ["ONBUILD", "FROM", "MAINTAINER"].contains(&name.as_str()) {
            let span = inner.keyword.span;
            inner.problem(
                Diagnostic::error("dockerfile/onbuild", format!("{name} cannot stand behind ONBUILD")).at(span),
            );
            return None;
        }
        let instruction = super::parse(inner, lines, statement.rest.clone())?;
        let mut trigger = statement.text().to_owned();
        for heredoc in instruction.heredocs() {
            trigger.push('\n');
            trigger.push_str(&heredoc.content);
            trigger.push_str(&heredoc.name);
        }
        Some(Onbuild { trigger, instruction: Box::new(instruction) })
    }
}
