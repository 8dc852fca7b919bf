use super::job::{Job, in_both, output};

const PATHS: &str = "deps\n~/.cache/tool\n!deps/skip\n";

async fn fill(job: &Job) {
    job.write("deps/a/b.txt", "b");
    let tool = job.host(job.place.home.join(".cache/tool"));
    std::fs::create_dir_all(&tool).unwrap();
    std::fs::write(tool.join("bin"), "tool").unwrap();
}

async fn empty(job: &Job) {
    std::fs::remove_dir_all(job.host(job.place.workspace.join("deps"))).unwrap();
    std::fs::remove_dir_all(job.host(job.place.home.join(".cache"))).unwrap();
}

#[test]
fn saved_by_the_post_step_and_restored() {
    in_both(|job| async move {
        // In a mounted workspace, as after a checkout.
        job.good("checkout", &[]).await;
        let inputs = [("path", PATHS), ("key", "k-1"), ("restore-keys", "k-\n")];
        let outcome = job.good("cache", &inputs).await;
        assert_eq!(output(&outcome, "cache-hit"), None);
        assert!(job.said().contains("Cache not found for input keys: k-1, k-"));
        fill(&job).await;
        let post = outcome.post.unwrap();
        assert!(post.only_after_success);
        job.post(post).await;
        assert!(job.said().contains("Cache saved with key: k-1"), "{}", job.said());

        empty(&job).await;
        let outcome = job.good("cache", &inputs).await;
        assert_eq!(output(&outcome, "cache-hit"), Some("true"));
        assert_eq!(job.read("deps/a/b.txt"), "b");
        let tool = job.host(job.place.home.join(".cache/tool/bin"));
        assert_eq!(std::fs::read_to_string(tool).unwrap(), "tool");
        job.post(outcome.post.unwrap()).await;
        assert!(job.said().contains("Cache hit occurred on the primary key k-1, not saving cache."));

        empty(&job).await;
        let outcome = job.good("cache", &[("path", PATHS), ("key", "k-2"), ("restore-keys", "k-")]).await;
        assert_eq!(output(&outcome, "cache-hit"), Some("false"));
        assert_eq!(job.read("deps/a/b.txt"), "b");
    });
}

#[test]
fn restore_and_save_apart() {
    in_both(|job| async move {
        fill(&job).await;
        let save = job.good("cache/save", &[("path", "deps"), ("key", "s")]).await;
        assert!(save.post.is_none());
        job.good("cache/save", &[("path", "deps"), ("key", "s")]).await;
        assert!(job.said().contains("Cache save failed."));
        empty(&job).await;
        let found = job.good("cache/restore", &[("path", "deps"), ("key", "s"), ("lookup-only", "true")]).await;
        assert_eq!(output(&found, "cache-hit"), Some("true"));
        assert_eq!(output(&found, "cache-primary-key"), Some("s"));
        assert_eq!(output(&found, "cache-matched-key"), Some("s"));
        assert!(!job.exists("deps"));
        let missed = job.good("cache/restore", &[("path", "other"), ("key", "s")]).await;
        assert_eq!(output(&missed, "cache-hit"), None);
        assert_eq!(output(&missed, "cache-matched-key"), None);
        let failed = job.run("cache/restore", &[("path", "x"), ("key", "y"), ("fail-on-cache-miss", "true")]).await;
        assert!(failed.failure.unwrap().contains("Input key: y"));
        assert!(job.run("cache", &[("path", "x")]).await.failure.unwrap().contains("not supplied: key"));
        assert!(job.run("cache", &[("path", "x"), ("key", "a,b")]).await.failure.unwrap().contains("comma"));
        job.good("cache/save", &[("path", "missing"), ("key", "m")]).await;
        assert!(job.said().contains("none of the paths to cache exists"));
    });
}
