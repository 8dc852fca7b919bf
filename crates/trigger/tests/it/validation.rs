use trigger::check_triggers;

use crate::workflow::on;

#[test]
fn every_problem_at_once_with_its_place() {
    let triggers = on("push")
        .filter("branches", &["main", "a b??"])
        .filter("paths", &["!x"])
        .and("schedule")
        .cron("61 * * * *")
        .cron("* * * * *")
        .triggers();
    let found = check_triggers(&triggers);
    let pattern = triggers.events[0]
        .branches
        .as_ref()
        .expect("branches")
        .patterns[1]
        .span;
    let codes: Vec<&str> = found.iter().map(|problem| problem.code).collect();
    assert_eq!(
        codes,
        [
            "trigger/pattern",
            "trigger/pattern",
            "trigger/only-negated",
            "trigger/cron",
            "trigger/cron-interval"
        ]
    );
    assert_eq!(found[0].primary, Some(pattern.at(1, 1)));
    assert_eq!(found[1].primary, Some(pattern.at(4, 1)));
}

#[test]
fn good_filters_have_none() {
    let triggers = on("push")
        .filter("branches", &["**", "!wip"])
        .filter("paths-ignore", &["!x"])
        .triggers();
    assert_eq!(check_triggers(&triggers), []);
}
