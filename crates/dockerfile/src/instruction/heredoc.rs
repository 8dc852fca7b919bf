use span::Span;

/// A here-document: what stands between `<<NAME` and the line `NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heredoc {
    pub name: String,
    /// `<<NAME` where it is asked for.
    pub place: Span,
    /// The lines as they are in the file, the end line left out.
    pub content: String,
    /// Where the content stands.
    pub span: Span,
    /// Whether variables are put in (by `COPY` and `ADD`; a shell looks at the quotes itself): false for `<<"NAME"`.
    pub expand: bool,
    /// `<<-`: tabs at the beginning of lines do not count.
    pub strip_tabs: bool,
}

impl Heredoc {
    /// The content, without leading tabs if `<<-` says so.
    pub fn text(&self) -> String {
        if !self.strip_tabs {
            return self.content.clone();
        }
        self.content.split_inclusive('\n').map(|line| line.trim_start_matches('\t')).collect()
    }
}
