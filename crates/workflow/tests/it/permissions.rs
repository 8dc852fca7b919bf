//! What a job's token may do.

use workflow::{Grant, PermissionLevel, effective_permissions};

use super::support::good;

fn levels(text: &str, caller: Option<&Grant>) -> Vec<String> {
    let workflow = good(text);
    let grant = effective_permissions(&workflow, &workflow.jobs[0], caller, &Grant::restricted());
    grant
        .iter()
        .filter(|(_, level)| *level != PermissionLevel::None)
        .map(|(scope, level)| format!("{scope}:{}", level.as_str()))
        .collect()
}

#[test]
fn job_before_workflow_before_caller_before_default() {
    let job = "jobs:\n  a:\n    runs-on: x\n";
    assert_eq!(levels(&format!("on: push\n{job}"), None), ["contents:read", "packages:read"]);
    assert_eq!(levels(&format!("on: push\npermissions: {{issues: write}}\n{job}"), None), ["issues:write"]);
    let own = format!("on: push\npermissions: {{issues: write}}\n{job}    permissions: {{checks: read}}\n");
    assert_eq!(levels(&own, Some(&Grant::permissive())), ["checks:read"]);
    assert_eq!(levels(&format!("on: push\n{job}"), Some(&Grant::nothing())), Vec::<String>::new());
    assert_eq!(levels(&format!("on: push\npermissions: {{}}\n{job}"), None), Vec::<String>::new());
}

#[test]
fn shorthands_give_what_exists() {
    let job = "jobs:\n  a:\n    runs-on: x\n";
    let read = levels(&format!("on: push\npermissions: read-all\n{job}"), None);
    assert!(read.contains(&"contents:read".to_owned()) && !read.iter().any(|level| level.starts_with("id-token")));
    let write = levels(&format!("on: push\npermissions: write-all\n{job}"), None);
    assert!(write.contains(&"id-token:write".to_owned()) && write.contains(&"models:read".to_owned()));
    assert_eq!(Grant::permissive().level("id-token"), PermissionLevel::None);
}

#[test]
fn violations_name_the_scopes() {
    let violations = Grant::permissive().violations(&Grant::restricted());
    assert!(violations.iter().any(|violation| violation.scope == "contents"));
    assert!(Grant::restricted().violations(&Grant::permissive()).is_empty());
}
