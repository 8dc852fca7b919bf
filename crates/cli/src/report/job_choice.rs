//! Finding the job or step that a user means.

use std::collections::BTreeSet;

use api::LegId;
use span::did_you_mean;

use super::view::{JobView, RunView};

/// Why nothing was found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// The text begins several names that belong to different jobs.
    Several(Vec<String>),
    None {
        nearest: Option<String>,
        names: Vec<String>,
    },
}

/// By name, else by key (all legs of it), else by the one name or key that it begins. Case counts only where it decides.
pub(crate) fn jobs(view: &RunView, wanted: &str) -> Result<BTreeSet<LegId>, Choice> {
    let all = || view.jobs.values();
    let legs = |test: &dyn Fn(&JobView) -> bool| -> BTreeSet<LegId> {
        all().filter(|job| test(job)).map(|job| job.leg).collect()
    };
    let lower = wanted.to_lowercase();
    let names = |job: &JobView| [view.full_name(job), job.name.clone()];
    let exact: [&dyn Fn(&JobView) -> bool; 4] = [
        &|job| names(job).iter().any(|name| name == wanted),
        &|job| job.key == wanted,
        &|job| names(job).iter().any(|name| name.to_lowercase() == lower),
        &|job| job.key.to_lowercase() == lower,
    ];
    if let Some(found) = exact.into_iter().map(legs).find(|found| !found.is_empty()) {
        return Ok(found);
    }
    let begins = |text: &str| text.to_lowercase().starts_with(&lower);
    let mut found = legs(&|job| names(job).iter().any(|name| begins(name)) || begins(&job.key));
    let keys: BTreeSet<_> = found.iter().filter_map(|leg| view.job(*leg)).map(|job| (job.workflow, &job.key)).collect();
    if !lower.is_empty() && keys.len() == 1 {
        return Ok(std::mem::take(&mut found));
    }
    let shown = |legs: &mut dyn Iterator<Item = &JobView>| legs.map(|job| view.full_name(job)).collect();
    if !lower.is_empty() && keys.len() > 1 {
        return Err(Choice::Several(shown(&mut found.iter().filter_map(|leg| view.job(*leg)))));
    }
    let known: Vec<&str> = all().flat_map(|job| [job.name.as_str(), job.key.as_str()]).collect();
    let nearest = did_you_mean(wanted, known).map(str::to_owned);
    Err(Choice::None { nearest, names: shown(&mut all()) })
}

/// By id, by name, by number from 1, else by the one id or name that it begins.
pub(crate) fn step(view: &RunView, leg: LegId, wanted: &str) -> Result<u32, Choice> {
    let steps = view.job(leg).map(|job| &job.steps);
    let all = || steps.into_iter().flatten();
    let lower = wanted.to_lowercase();
    let known = all().find(|(_, step)| step.id == wanted || step.name == wanted);
    let number = wanted.parse::<u32>().ok().and_then(|number| number.checked_sub(1));
    if let Some((number, _)) = known.or_else(|| all().find(|(index, _)| Some(**index) == number)) {
        return Ok(*number);
    }
    let begins = |text: &str| !lower.is_empty() && text.to_lowercase().starts_with(&lower);
    let short = |name: &str| name.strip_prefix("Run ").map(str::to_owned).unwrap_or_default();
    let found: Vec<_> =
        all().filter(|(_, step)| begins(&step.id) || begins(&step.name) || begins(&short(&step.name))).collect();
    match found.as_slice() {
        [(number, _)] => Ok(**number),
        [] => {
            let nearest = did_you_mean(wanted, all().flat_map(|(_, step)| [step.id.as_str(), step.name.as_str()]));
            let names = all().map(|(_, step)| step.name.clone()).collect();
            Err(Choice::None { nearest: nearest.map(str::to_owned), names })
        }
        several => Err(Choice::Several(several.iter().map(|(_, step)| step.name.clone()).collect())),
    }
}

#[cfg(test)]
mod tests {
    use api::{Envelope, Event, JobPlanned, Stage, StepStarted, WorkflowIndex};

    use super::*;

    fn view() -> RunView {
        let mut view = RunView::default();
        let mut apply = |event: Event| {
            view.apply(&Envelope { seq: 1, at: 1, event });
        };
        let jobs = [
            ("build", "Build it"),
            ("test", "test (1)"),
            ("test", "test (2)"),
            ("deploy/test", "deploy / test"),
            ("lint", "lint"),
        ];
        for (leg, (key, name)) in (0u32..).zip(jobs) {
            apply(Event::JobPlanned(JobPlanned {
                leg: LegId(leg),
                workflow: WorkflowIndex(0),
                job: key.to_owned(),
                name: name.to_owned(),
                needs: Vec::new(),
                matrix: None,
                condition: None,
            }));
        }
        for (step, (id, name)) in (0u32..).zip([("__run", "Run make"), ("unit", "Unit tests"), ("ui", "UI tests")]) {
            apply(Event::StepStarted(StepStarted {
                leg: LegId(0),
                step,
                id: id.to_owned(),
                name: name.to_owned(),
                stage: Stage::Main,
                parent: None,
            }));
        }
        view
    }

    fn found(wanted: &str) -> Result<Vec<u32>, String> {
        jobs(&view(), wanted).map(|legs| legs.into_iter().map(|leg| leg.0).collect()).map_err(|choice| match choice {
            Choice::Several(names) => format!("one of {}", names.join("; ")),
            Choice::None { nearest, names } => format!("{nearest:?} of {}", names.len()),
        })
    }

    #[test]
    fn jobs_by_name_key_and_beginning() {
        for (wanted, expected) in [
            ("Build it", Ok(vec![0])),
            ("build", Ok(vec![0])),
            ("BUILD", Ok(vec![0])),
            ("bu", Ok(vec![0])),
            ("test", Ok(vec![1, 2])),
            ("test (2)", Ok(vec![2])),
            ("te", Ok(vec![1, 2])),
            ("deploy/test", Ok(vec![3])),
            ("deploy", Ok(vec![3])),
            ("lnit", Err("Some(\"lint\") of 5")),
            ("", Err("None of 5")),
            ("nothing like it", Err("None of 5")),
        ] {
            assert_eq!(found(wanted), expected.map_err(str::to_owned), "{wanted}");
        }
    }

    #[test]
    fn steps_by_id_name_number_and_beginning() {
        let several = vec!["Unit tests".to_owned(), "UI tests".to_owned()];
        for (wanted, expected) in [
            ("unit", Ok(1)),
            ("Unit tests", Ok(1)),
            ("1", Ok(0)),
            ("3", Ok(2)),
            ("make", Ok(0)),
            ("U", Err(Choice::Several(several))),
        ] {
            assert_eq!(step(&view(), LegId(0), wanted), expected, "{wanted}");
        }
        let missing = step(&view(), LegId(0), "unti");
        assert!(matches!(missing, Err(Choice::None { nearest: Some(nearest), .. }) if nearest == "unit"));
        assert!(step(&view(), LegId(0), "4").is_err());
        assert!(step(&view(), LegId(9), "1").is_err());
    }
}
