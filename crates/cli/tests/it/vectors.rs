//! `trunkline expr --batch` over vectors handed over with the project.

use serde_json::{Value as Json, json};
use testkit::{TestRepository, skip};

use crate::places;

#[test]
fn every_vector_is_answered_as_it_says() {
    let name = "vectors::every_vector_is_answered_as_it_says";
    let Some(directory) = places::acceptance().map(|path| path.join("expressions")) else {
        return skip(name, "the acceptance files are not there");
    };
    let Ok(entries) = std::fs::read_dir(&directory) else {
        return skip(name, "the acceptance files hold no expressions");
    };
    let mut vectors = Vec::new();
    for entry in entries.flatten() {
        let path = entry.path();
        let file = entry.file_name().to_string_lossy().into_owned();
        if !file.ends_with(".json") {
            continue;
        }
        let bytes = std::fs::read(path).expect("readable");
        let groups: Json = serde_json::from_slice(&bytes).expect("JSON");
        for (group, cases) in groups.as_object().expect("groups") {
            let named = |case: &Json| (format!("{file}: {group}"), case.clone());
            vectors.extend(cases.as_array().expect("a list").iter().map(named));
        }
    }
    assert!(!vectors.is_empty());

    let lines: Vec<String> = vectors.iter().map(|(_, vector)| question(vector)).collect();
    let repository = TestRepository::from_files(&[("a", "")]).expect("a repository");
    let arguments = ["expr", "--batch"].map(str::to_owned);
    let finished = places::binary().run(&repository, &arguments, &[], Some(&lines.join("\n"))).expect("it runs");
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    let answers: Vec<Json> =
        finished.stdout.lines().map(|line| serde_json::from_str(line).expect("an answer")).collect();
    assert_eq!(answers.len(), vectors.len());
    let wrong: Vec<String> = vectors
        .iter()
        .zip(&answers)
        .filter(|((_, vector), answer)| !agrees(vector, answer))
        .map(|((group, vector), answer)| format!("{group}: {vector}\n  got {answer}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Only what a user would send: the expected answer stays here.
fn question(vector: &Json) -> String {
    let contexts = vector.get("contexts").cloned().unwrap_or_else(|| json!({}));
    json!({ "expr": vector["expr"], "contexts": contexts }).to_string()
}

/// Values must be the same. An error must be of the same kind, with the vector's message in it.
fn agrees(vector: &Json, answer: &Json) -> bool {
    let Some(error) = vector.get("err") else {
        let wanted = &vector["result"];
        return wanted["kind"] == answer["kind"] && same(&wanted["value"], &answer["value"]);
    };
    let text = |error: &Json| error["value"].as_str().unwrap_or_default().to_owned();
    let given = &answer["err"];
    error["kind"] == given["kind"] && text(given).contains(&text(error))
}

/// `1` and `1.0` are one number.
fn same(left: &Json, right: &Json) -> bool {
    match (left, right) {
        (Json::Number(left), Json::Number(right)) => left.as_f64() == right.as_f64(),
        (Json::Array(left), Json::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Json::Object(left), Json::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, value)| right.get(key).is_some_and(|other| same(value, other)))
        }
        _ => left == right,
    }
}
