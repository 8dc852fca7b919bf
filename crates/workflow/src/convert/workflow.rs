//! The root of a workflow file.

use span::{Diagnostic, FileId};

use super::{Diagnostics, cache_mode, concurrency, defaults, job, permissions, spanned, template, triggers};
use crate::Workflow;
use crate::check;
use crate::code;
use crate::item::Item;

pub(crate) fn workflow(file: FileId, path: &str, root: &Item, out: &mut Diagnostics) -> Option<Workflow> {
    if root.is_invalid() {
        return None;
    }
    let on = root.entry("on").map(|entry| triggers::triggers(entry, out));
    let jobs = root.get("jobs");
    if let Some(entry) = root.entry("jobs")
        && entry.value.entries().is_empty()
        && !entry.value.is_invalid()
    {
        out.push(Diagnostic::error(code::NO_JOBS, "a workflow needs at least one job").at(entry.key_span));
    }
    let job_entries = jobs.map(Item::entries).unwrap_or_default();
    let workflow = Workflow {
        file,
        path: path.into(),
        name: spanned(root, "name").filter(|name| !name.value.is_empty()),
        description: spanned(root, "description"),
        run_name: template(root, "run-name"),
        on: on?,
        permissions: root.get("permissions").and_then(permissions::permissions),
        cache_mode: cache_mode(root),
        env: template(root, "env"),
        defaults: defaults(root, out),
        concurrency: root.get("concurrency").and_then(|item| concurrency::concurrency(item, out)),
        jobs: job_entries.iter().filter_map(|entry| job::job(entry, out)).collect(),
    };
    check::needs(&workflow.jobs, out);
    check::contexts(root, &workflow, out);
    Some(workflow)
}
