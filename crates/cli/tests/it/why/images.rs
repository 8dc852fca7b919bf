//! An image whose tag has moved.

use testkit::{TestRepository, bring_in, skip};

use super::{explain, program};
use crate::places;
use crate::services::Serving;

/// Builds what `Dockerfile` says and pushes it to the registry under the one tag; nothing of it stays here.
const PUSH: &str = r#"
"$TRUNKLINE" build --quiet --tag "$IMAGE" image
"$TRUNKLINE" image push "$IMAGE"
"$TRUNKLINE" image rm --force "$IMAGE"
"#;

#[test]
fn an_image_whose_tag_has_moved_is_a_difference() {
    let name = "why::images::an_image_whose_tag_has_moved_is_a_difference";
    let repository =
        TestRepository::from_files(&[("image/tool", "there\n"), (".gitignore", "image\n")]).expect("a repository");
    if let Some(why) = bring_in(&places::binary(), &repository, "busybox").expect("an image") {
        return skip(name, &why);
    }
    let serving = Serving::start(&repository);
    let image = format!("{}/team/app:1", serving.address());
    let text = format!(
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    container: {image}\n    steps:\n      - run: cat /tool\n"
    );
    repository.write(".github/workflows/ci.yml", &text).expect("a workflow");
    repository.commit_all("A job in a container").expect("a commit");
    let push = |dockerfile: &str| {
        repository.write("image/Dockerfile", dockerfile).expect("a file");
        let mut variables = places::binary().variables(&repository).to_vec();
        variables.push(("IMAGE".to_owned(), image.clone()));
        repository.script_with(PUSH, &variables).expect("an image in the registry");
    };
    let run = || {
        let words = ["run", "-q"].map(str::to_owned);
        program().run(&repository, &words, &[], None).expect("a run")
    };
    push("FROM busybox\nCOPY tool /tool\n");
    let green = run();
    assert_eq!(green.code, Some(0), "{}{}", green.stdout, green.stderr);
    push("FROM busybox\n");
    let red = run();
    assert_eq!(red.code, Some(1), "{}{}", red.stdout, red.stderr);
    let failed = explain(&repository, &["failed"]);
    let differences = failed["differences"].as_array().expect("a list");
    assert_eq!(differences.len(), 1, "{failed:#}");
    let one = &differences[0];
    assert_eq!((&one["kind"], &one["what"]), (&"image".into(), &image.as_str().into()), "{one}");
    for side in ["before", "now"] {
        assert!(one[side].as_str().is_some_and(|digest| digest.starts_with("sha256:")), "{one}");
    }
    assert_ne!(one["before"], one["now"]);
    assert!(failed["error"].as_str().is_some_and(|error| error.contains("/tool")), "{failed:#}");
}
