//! The words on the wire stay the same, and secrets stay out of what is printed.

use serde_json::json;

use super::*;
use crate::{Conclusion, JobIdentity, LegId, Reason};

fn spec() -> JobSpec {
    JobSpec {
        id: 7,
        fence: 2,
        run_id: 3,
        attempt: 1,
        leg: LegId(0),
        path: "test".into(),
        name: "test".into(),
        workflow: WorkflowSpec { path: ".github/workflows/ci.yml".into(), text: "on: push".into(), job: "test".into() },
        contexts: Contexts {
            github: json!({"token": "hunter2"}).into(),
            secrets: json!({"KEY": "hunter2"}).into(),
            inputs: json!({"token": "hunter2"}),
            needs: json!({"a": {"outputs": {"x": "hunter2"}}}),
            matrix: json!({"n": "hunter2"}),
            ..Contexts::default()
        },
        runs_on: vec!["ubuntu-latest".into()],
        timeout_minutes: None,
        cancel_timeout_minutes: None,
        environment: Some(JobEnvironment { name: "prod".into(), url: EnvironmentUrl::OfJob }),
        grant: [("contents".to_owned(), "read".to_owned())].into(),
        identity: JobIdentity::default(),
        repository: RepositorySpec {
            id: 1,
            name: "team/app".into(),
            clone_url: "http://localhost/team/app.git".into(),
            default_branch: "main".into(),
            token: "hunter2".to_owned().into(),
            sha: "a".repeat(40),
            tree: String::new(),
            git_ref: "refs/heads/main".into(),
        },
        access: ServiceAccess {
            url: "http://localhost/".into(),
            action_env: vec![("ACTIONS_RUNTIME_TOKEN".to_owned(), "hunter2".to_owned())].into(),
            ..ServiceAccess::default()
        },
        actions: ActionSources::default(),
        registry_for: vec!["ghcr.io".to_owned()],
        debug: false,
    }
}

#[test]
fn a_job_goes_over_the_wire_and_is_not_printed() {
    let text = serde_json::to_string(&spec()).unwrap();
    assert_eq!(text.matches("hunter2").count(), 7);
    let back: JobSpec = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&back).unwrap(), text);
    assert!(!format!("{back:?}").contains("hunter2"));
}

#[test]
fn words() {
    let lost = Outcome::Lost {
        reason: Reason { code: "runner-restarted".into(), reason: "the runner was killed".into(), location: None },
        started: true,
    };
    let executed = Outcome::Executed(Report {
        conclusion: Conclusion::Success,
        reason: None,
        outputs: std::collections::BTreeMap::new(),
        first_error: None,
        environment_url: None,
    });
    let table = [
        (
            serde_json::to_value(Finish { events: 3, log: 10, outcome: lost }).unwrap(),
            json!({"events": 3, "log": 10, "outcome": {"type": "lost", "started": true,
                "reason": {"code": "runner-restarted", "reason": "the runner was killed"}}}),
        ),
        (serde_json::to_value(executed).unwrap(), json!({"type": "executed", "conclusion": "success"})),
        (serde_json::to_value(ErrorCode::NameTaken).unwrap(), json!("name_taken")),
        (serde_json::to_value(EnvironmentUrl::Literal("x".into())).unwrap(), json!({"literal": "x"})),
        (
            serde_json::to_value(Heartbeat { knows: Orders { cancel: true, kill: false } }).unwrap(),
            json!({"knows": {"cancel": true, "kill": false}}),
        ),
    ];
    for (given, expected) in table {
        assert_eq!(given, expected);
    }
    // A code of a later version is no reason to fail.
    assert_eq!(serde_json::from_value::<ErrorCode>(json!("from_the_future")).unwrap(), ErrorCode::Unknown);
}
