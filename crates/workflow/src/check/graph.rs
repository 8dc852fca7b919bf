//! `needs`: every name a job, no cycles.

use std::collections::HashMap;
use std::sync::Arc;

use span::{Diagnostic, Span};

use super::suggest;

use crate::{Job, Spanned, code};

/// A name that stands twice in one list. GitHub lets it pass.
pub(crate) fn duplicate_needs(needs: &[Spanned<Arc<str>>], out: &mut Vec<Diagnostic>) {
    let mut seen: HashMap<String, Span> = HashMap::new();
    for need in needs {
        if let Some(first) = seen.get(&need.value.to_ascii_lowercase()) {
            let message = format!("`{}` is needed twice", need.value);
            out.push(Diagnostic::warning(code::DUPLICATE_NEED, message).at(need.span).related(*first, "first here"));
        } else {
            seen.insert(need.value.to_ascii_lowercase(), need.span);
        }
    }
}

/// Unknown names, jobs that need themselves, cycles.
pub(crate) fn needs(jobs: &[Job], out: &mut Vec<Diagnostic>) {
    let index: HashMap<String, usize> =
        jobs.iter().enumerate().map(|(index, job)| (job.id.value.to_ascii_lowercase(), index)).collect();
    let mut edges: Vec<Vec<Edge<'_>>> = Vec::with_capacity(jobs.len());
    for job in jobs {
        let mut targets = Vec::new();
        for need in &job.needs {
            match index.get(&need.value.to_ascii_lowercase()) {
                Some(target) => targets.push((*target, need)),
                None => {
                    let diagnostic = unknown(need, jobs, out.len());
                    out.push(diagnostic);
                }
            }
        }
        edges.push(targets);
    }
    cycles(jobs, &edges, out);
}

fn unknown(need: &Spanned<Arc<str>>, jobs: &[Job], told: usize) -> Diagnostic {
    let names = || jobs.iter().map(|job| job.id.value.as_ref());
    let diagnostic = Diagnostic::error(code::UNKNOWN_NEED, format!("there is no job `{}`", need.value)).at(need.span);
    match suggest(told, &need.value, names()) {
        Some(meant) => diagnostic.help(format!("did you mean `{meant}`?")),
        None => diagnostic.help(format!("the jobs are {}", names().take(24).collect::<Vec<_>>().join(", "))),
    }
}

/// The needed job's index, and the name that says so.
type Edge<'j> = (usize, &'j Spanned<Arc<str>>);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    New,
    Open,
    Done,
}

/// Walks depth first, without recursion: a file may hold a chain of any length. Each cycle is told once, at the `needs`
/// entry that closes it.
fn cycles(jobs: &[Job], edges: &[Vec<Edge<'_>>], out: &mut Vec<Diagnostic>) {
    let mut marks = vec![Mark::New; jobs.len()];
    for start in 0..jobs.len() {
        if marks[start] != Mark::New {
            continue;
        }
        marks[start] = Mark::Open;
        let mut path = vec![(start, 0usize)];
        while let Some((job, next)) = path.last_mut() {
            let Some((target, need)) = edges[*job].get(*next).copied() else {
                marks[*job] = Mark::Done;
                path.pop();
                continue;
            };
            *next += 1;
            match marks[target] {
                Mark::Done => {}
                Mark::New => {
                    marks[target] = Mark::Open;
                    path.push((target, 0));
                }
                Mark::Open => {
                    let from = path.iter().position(|(job, _)| *job == target).unwrap_or_default();
                    let ring: Vec<usize> = path[from..].iter().map(|(job, _)| *job).collect();
                    out.push(cycle(jobs, &ring, need));
                }
            }
        }
    }
}

fn cycle(jobs: &[Job], ring: &[usize], need: &Spanned<Arc<str>>) -> Diagnostic {
    if let [only] = ring {
        let message = format!("the job `{}` needs itself", jobs[*only].id.value);
        return Diagnostic::error(code::NEED_CYCLE, message).at(need.span);
    }
    let mut names: Vec<&str> = ring.iter().take(12).map(|job| jobs[*job].id.value.as_ref()).collect();
    if ring.len() > names.len() {
        names.push("…");
    }
    names.extend(ring.first().map(|job| jobs[*job].id.value.as_ref()));
    let message = format!("these jobs wait for each other: {}", names.join(" needs "));
    Diagnostic::error(code::NEED_CYCLE, message).at(need.span).label("this closes the circle")
}
