//! Jobs.

use span::Diagnostic;

use super::{Diagnostics, cache_mode, concurrency, defaults, permissions, spanned, steps, strategy, template, whole};
use crate::item::{Entry, Item, ItemKind};
use crate::{CallJob, CallSecrets, Job, JobKind, StepsJob, check, code};

pub(super) fn job(entry: &Entry, out: &mut Diagnostics) -> Option<Job> {
    let id = entry.spanned_name()?;
    check::id(&id, "job", out);
    let item = &entry.value;
    if item.is_invalid() {
        return None;
    }
    let needs = item.get("needs").map(Item::strings).unwrap_or_default();
    check::duplicate_needs(&needs, out);
    Some(Job {
        span: whole(entry.key_span, item),
        name: template(item, "name"),
        needs,
        condition: item.get("if").and_then(Item::condition),
        permissions: item.get("permissions").and_then(permissions::permissions),
        cache_mode: cache_mode(item),
        concurrency: item.get("concurrency").and_then(|item| concurrency::concurrency(item, out)),
        strategy: item.get("strategy").map(|item| strategy::strategy(item, out)),
        kind: if item.entry("uses").is_some() { call(item, out)? } else { steps_job(item, out)? },
        id,
    })
}

fn call(item: &Item, out: &mut Diagnostics) -> Option<JobKind> {
    let uses = spanned(item, "uses");
    if let Some(uses) = &uses {
        check::workflow_reference(uses, out);
    }
    let secrets = match item.get("secrets") {
        None => CallSecrets::None,
        Some(secrets) if secrets.string().is_some() => CallSecrets::Inherit(secrets.span),
        Some(secrets) => CallSecrets::Map(secrets.named_templates()),
    };
    let with = item.get("with").map(Item::named_templates).unwrap_or_default();
    Some(JobKind::Call(CallJob { uses: uses?, with, secrets }))
}

fn steps_job(item: &Item, out: &mut Diagnostics) -> Option<JobKind> {
    let steps = item.get("steps").map(|list| steps::steps(list, out)).unwrap_or_default();
    let defaults = defaults(item, out);
    for (key, is_service) in [("container", false), ("services", true)] {
        let Some(value) = item.get(key) else { continue };
        match is_service {
            false => check::image(value, false, out),
            true => value.entries().iter().for_each(|service| check::image(&service.value, true, out)),
        }
    }
    if let Some(snapshot) = item.get("snapshot") {
        check_snapshot(snapshot, out);
    }
    let runs_on = item.get("runs-on")?;
    check_runs_on(runs_on, out);
    Some(JobKind::Steps(Box::new(StepsJob {
        runs_on: runs_on.template(),
        environment: template(item, "environment"),
        env: template(item, "env"),
        defaults,
        timeout_minutes: template(item, "timeout-minutes"),
        cancel_timeout_minutes: template(item, "cancel-timeout-minutes"),
        continue_on_error: template(item, "continue-on-error"),
        container: template(item, "container"),
        services: template(item, "services"),
        outputs: item.get("outputs").map(Item::named_templates).unwrap_or_default(),
        snapshot: template(item, "snapshot"),
        steps,
    })))
}

fn check_runs_on(item: &Item, out: &mut Diagnostics) {
    match &item.kind {
        ItemKind::Sequence(labels) if labels.is_empty() => {
            out.push(Diagnostic::error(code::INVALID_RUNS_ON, "`runs-on` names no runner").at(item.span));
        }
        ItemKind::Mapping(entries) if entries.is_empty() => {
            out.push(Diagnostic::error(code::INVALID_RUNS_ON, "`runs-on` needs `group` or `labels`").at(item.span));
        }
        _ => {}
    }
    let Some(group) = item.get("group").and_then(Item::string) else {
        return;
    };
    let parts: Vec<&str> = group.value.split('/').collect();
    let prefixed = |prefix| matches!(prefix, "org" | "organization" | "ent" | "enterprise");
    let fine = match parts[..] {
        [_] => true,
        [prefix, name] => prefixed(prefix) && !name.is_empty(),
        _ => false,
    };
    if !fine {
        out.push(
            Diagnostic::error(code::INVALID_RUNS_ON, format!("`{}` is no name of a runner group", group.value))
                .at(group.span)
                .help("a group is `name`, `organization/name` or `enterprise/name`"),
        );
    }
}

fn check_snapshot(item: &Item, out: &mut Diagnostics) {
    let Some(version) = item.get("version").and_then(Item::string) else {
        return;
    };
    let major = version.value.strip_suffix(".*");
    if !major.is_some_and(|major| !major.is_empty() && major.chars().all(|digit| digit.is_ascii_digit())) {
        out.push(
            Diagnostic::error(code::INVALID_SNAPSHOT, format!("`{}` is no version of an image", version.value))
                .at(version.span)
                .help("expected a major version and `.*`, such as `2.*`"),
        );
    }
}
