/// Anywhere in the message.
const ANYWHERE: [&str; 5] = ["[skip ci]", "[ci skip]", "[no ci]", "[skip actions]", "[actions skip]"];

/// The words in a commit message that ask for no runs.
pub(super) fn instruction(message: &str) -> Option<&'static str> {
    ANYWHERE.into_iter().find(|words| message.contains(words)).or_else(|| trailer(message))
}

/// `skip-checks: true` as the last trailer, its block set off by two empty lines.
fn trailer(message: &str) -> Option<&'static str> {
    let lines: Vec<&str> = message.trim_end().lines().map(str::trim_end).collect();
    let asks = matches!(*lines.last()?, "skip-checks:true" | "skip-checks: true");
    let block = lines.iter().rposition(|line| line.is_empty())?;
    let two_empty = block > 0 && lines[block - 1].is_empty();
    (asks && two_empty).then_some("skip-checks: true")
}
