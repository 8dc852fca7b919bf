use std::path::{Path, PathBuf};

use serde_json::Value as Json;

/// Where GitHub's own vectors lie, if they are here: they are not part of this repository.
fn folder() -> PathBuf {
    let acceptance = std::env::var_os("TRUNKLINE_ACCEPTANCE")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/acceptance"), PathBuf::from);
    acceptance.join("expressions")
}

#[test]
fn the_vectors_of_github_hold() {
    let folder = folder();
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("skipped: no vectors in {}", folder.display());
        return;
    };
    let mut answered = 0;
    let mut failures = Vec::new();
    for entry in entries {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let groups: Json = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        for (group, vectors) in groups.as_object().unwrap() {
            for vector in vectors.as_array().unwrap() {
                answered += 1;
                let answer: Json = serde_json::from_str(&expr::batch::answer(&vector.to_string())).unwrap();
                if !agrees(vector, &answer) {
                    let file = path.file_name().unwrap().to_string_lossy();
                    let wanted = vector.get("result").or_else(|| vector.get("err"));
                    failures
                        .push(format!("{file} {group}: {}\n  wanted {wanted:?}\n  got    {answer}", vector["expr"]));
                }
            }
        }
    }
    println!("{answered} vectors");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(answered > 0, "no vectors in {}", folder.display());
}

/// An error agrees when the vector's message is part of ours; a value when kind and value are the same.
fn agrees(vector: &Json, answer: &Json) -> bool {
    if let Some(wanted) = vector.get("err") {
        let got = &answer["err"];
        let message = |error: &Json| error["value"].as_str().map(str::to_owned);
        return wanted["kind"] == got["kind"]
            && message(got).zip(message(wanted)).is_some_and(|(got, wanted)| got.contains(&wanted));
    }
    let wanted = &vector["result"];
    wanted["kind"] == answer["kind"] && same(&wanted["value"], &answer["value"])
}

/// Equality of JSON in which `1` and `1.0` are one number.
fn same(left: &Json, right: &Json) -> bool {
    match (left, right) {
        (Json::Number(left), Json::Number(right)) => left.as_f64() == right.as_f64(),
        (Json::Array(left), Json::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Json::Object(left), Json::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|((left_key, left), (right_key, right))| left_key == right_key && same(left, right))
        }
        _ => left == right,
    }
}
