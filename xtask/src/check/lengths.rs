//! Files that grew too long.

use crate::problem::Problem;
use crate::tree;

const SMELL: usize = 500;
const STOP: usize = 800;

pub(super) fn check(files: &[String]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for path in files.iter().filter(|path| path.ends_with(".rs")) {
        let Some(text) = tree::text(path) else {
            continue;
        };
        let lines = text.lines().count();
        let message = format!("{lines} lines; split it ({SMELL} is a smell, {STOP} is the end)");
        if lines > STOP {
            problems.push(Problem::new(path, lines, message));
        } else if lines > SMELL {
            problems.push(Problem::warning(path, lines, message));
        }
    }
    problems
}
