/// A host function that may be called: its name and how many arguments it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Function<'a> {
    pub name: &'a str,
    pub min: usize,
    pub max: usize,
}

/// What may be named at one place of a workflow file, beyond the functions that exist everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scope<'a> {
    /// Names of contexts: `github`, `env`, …
    pub contexts: &'a [&'a str],
    /// Every other name is one of a context, too: for whoever has told of the unknown ones and wants to see the rest.
    pub any_context: bool,
    /// Host functions: `success`, `hashFiles`, …
    pub functions: &'a [Function<'a>],
}
