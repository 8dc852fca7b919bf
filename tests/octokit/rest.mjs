// Octokit as it is, through the forge's part of the API. Prints a line for each subject; ends with an error at the first thing
// that is not as Octokit's users expect it.
import assert from "node:assert/strict";
import { Octokit } from "@octokit/rest";

const { API, TOKEN, REVIEWER, LOGIN } = process.env;
const as = (auth) => new Octokit({ auth, baseUrl: API, log: { debug() {}, info() {}, warn: console.warn, error() {} } });
const octokit = as(TOKEN);
const reviewer = as(REVIEWER);
const at = { owner: LOGIN, repo: "app" };
const refused = async (status, promise) => {
  const error = await promise.then(() => null, (error) => error);
  assert.equal(error?.status, status, `${error}`);
  return error;
};
const base64 = (text) => Buffer.from(text).toString("base64");
const done = (subject) => console.log(`ok ${subject}`);

// Repositories.
const made = (await octokit.repos.createForAuthenticatedUser({ name: "app", private: true, auto_init: true, description: "An app" })).data;
assert.equal(made.full_name, `${LOGIN}/app`);
assert.equal(made.permissions.admin, true);
await refused(422, octokit.repos.createForAuthenticatedUser({ name: "app" }));
await refused(422, octokit.repos.createForAuthenticatedUser({ name: "../x" }));
await refused(404, octokit.repos.get({ owner: LOGIN, repo: "nothing" }));
await refused(404, reviewer.repos.get(at));
await octokit.repos.addCollaborator({ ...at, username: "reviewer", permission: "push" });
assert.equal((await reviewer.repos.get(at)).data.permissions.push, true);
assert.equal((await octokit.repos.update({ ...at, description: "Better" })).data.description, "Better");
assert.deepEqual((await octokit.repos.replaceAllTopics({ ...at, names: ["ci"] })).data.names, ["ci"]);
assert.equal((await octokit.repos.listForAuthenticatedUser()).data.length, 1);
done("repositories");

// Contents.
const readme = (await octokit.repos.getReadme(at)).data;
assert.equal(Buffer.from(readme.content, "base64").toString(), "# app\n\nAn app\n");
const first = (await octokit.repos.createOrUpdateFileContents({ ...at, path: "src/a b.txt", message: "add", content: base64("one\ntwo\n") })).data;
await refused(422, octokit.repos.createOrUpdateFileContents({ ...at, path: "src/a b.txt", message: "blind", content: "" }));
await refused(409, octokit.repos.createOrUpdateFileContents({ ...at, path: "src/a b.txt", message: "stale", content: "", sha: readme.sha }));
await refused(422, octokit.repos.createOrUpdateFileContents({ ...at, path: ".git/config", message: "no", content: "" }));
await octokit.repos.createOrUpdateFileContents({ ...at, path: "src/a b.txt", message: "change", content: base64("one\nTWO\n"), sha: first.content.sha });
const raw = await octokit.repos.getContent({ ...at, path: "src/a b.txt", mediaType: { format: "raw" } });
assert.equal(raw.data, "one\nTWO\n");
const listed = (await octokit.repos.getContent({ ...at, path: "src" })).data;
assert.deepEqual(listed.map((entry) => [entry.name, entry.type]), [["a b.txt", "file"]]);
await refused(404, octokit.repos.getContent({ ...at, path: "none" }));
const tarball = await octokit.repos.downloadTarballArchive({ ...at, ref: "main" });
assert.ok(tarball.data.byteLength > 100);
done("contents");

// Git's objects and refs.
const main = (await octokit.git.getRef({ ...at, ref: "heads/main" })).data.object.sha;
const blob = (await octokit.git.createBlob({ ...at, content: "three\n" })).data.sha;
const tree = (await octokit.git.createTree({ ...at, base_tree: main, tree: [{ path: "b.txt", mode: "100644", type: "blob", sha: blob }] })).data;
const commit = (await octokit.git.createCommit({ ...at, message: "by hand", tree: tree.sha, parents: [main] })).data;
await octokit.git.createRef({ ...at, ref: "refs/heads/topic", sha: commit.sha });
await refused(422, octokit.git.createRef({ ...at, ref: "refs/heads/topic", sha: commit.sha }));
await refused(422, octokit.git.createRef({ ...at, ref: "refs/heads/a..b", sha: commit.sha }));
await refused(422, octokit.git.updateRef({ ...at, ref: "heads/topic", sha: (await octokit.git.createCommit({ ...at, message: "aside", tree: tree.sha, parents: [] })).data.sha }));
const tag = (await octokit.git.createTag({ ...at, tag: "v0", message: "zero", object: main, type: "commit" })).data;
await octokit.git.createRef({ ...at, ref: "refs/tags/v0", sha: tag.sha });
assert.equal((await octokit.git.getTag({ ...at, tag_sha: tag.sha })).data.object.sha, main);
assert.equal((await octokit.git.getTree({ ...at, tree_sha: commit.sha, recursive: "1" })).data.tree.length, 4);
assert.equal(Buffer.from((await octokit.git.getBlob({ ...at, file_sha: blob })).data.content, "base64").toString(), "three\n");
assert.deepEqual((await octokit.git.listMatchingRefs({ ...at, ref: "heads/" })).data.map((ref) => ref.ref), ["refs/heads/main", "refs/heads/topic"]);
done("git");

// Commits, comparisons, branches, tags.
const commits = await octokit.paginate(octokit.repos.listCommits, { ...at, per_page: 2 });
assert.deepEqual(commits.map((commit) => commit.commit.message), ["change", "add", "Initial commit"]);
assert.equal(commits[0].author.login, LOGIN);
assert.equal((await octokit.repos.listCommits({ ...at, path: "README.md" })).data.length, 1);
const one = (await octokit.repos.getCommit({ ...at, ref: "main" })).data;
assert.deepEqual([one.stats.additions, one.stats.deletions, one.files[0].filename], [1, 1, "src/a b.txt"]);
assert.match(one.files[0].patch, /^@@ -1,2 \+1,2 @@/);
const compared = (await octokit.repos.compareCommitsWithBasehead({ ...at, basehead: "main...topic" })).data;
assert.deepEqual([compared.status, compared.ahead_by, compared.files.length], ["ahead", 1, 1]);
const diff = await octokit.repos.compareCommitsWithBasehead({ ...at, basehead: "main...topic", mediaType: { format: "diff" } });
assert.match(diff.data, /^diff --git a\/b\.txt/);
assert.equal((await octokit.repos.listBranches(at)).data.length, 2);
assert.equal((await octokit.repos.listTags(at)).data[0].commit.sha, main);
done("commits");

// Pull requests, reviews, comments, labels.
const pull = (await octokit.pulls.create({ ...at, title: "Topic", head: "topic", base: "main", body: "Please" })).data;
assert.deepEqual([pull.number, pull.mergeable, pull.mergeable_state, pull.commits], [1, true, "clean", 1]);
await refused(422, octokit.pulls.create({ ...at, title: "Again", head: "topic", base: "main" }));
const n = { ...at, pull_number: 1 };
assert.equal((await octokit.pulls.list({ ...at, head: `${LOGIN}:topic` })).data.length, 1);
assert.equal((await octokit.pulls.listFiles(n)).data[0].filename, "b.txt");
assert.equal((await octokit.pulls.listCommits(n)).data[0].sha, commit.sha);
await octokit.issues.addLabels({ ...at, issue_number: 1, labels: ["bug", "ci"] });
await octokit.issues.removeLabel({ ...at, issue_number: 1, name: "ci" });
assert.deepEqual((await octokit.pulls.get(n)).data.labels.map((label) => label.name), ["bug"]);
await octokit.pulls.requestReviewers({ ...n, reviewers: ["reviewer"] });
assert.equal((await octokit.pulls.get(n)).data.requested_reviewers[0].login, "reviewer");
await refused(422, octokit.pulls.createReview({ ...n, event: "APPROVE" }));
const review = (await reviewer.pulls.createReview({ ...n, event: "REQUEST_CHANGES", body: "Hm", comments: [{ path: "b.txt", line: 1, body: "Why?" }] })).data;
assert.equal(review.state, "CHANGES_REQUESTED");
const line = (await octokit.pulls.listReviewComments(n)).data[0];
assert.deepEqual([line.line, line.path, line.diff_hunk], [1, "b.txt", "@@ -0,0 +1 @@\n+three"]);
await octokit.pulls.createReplyForReviewComment({ ...n, comment_id: line.id, body: "Because" });
await octokit.pulls.dismissReview({ ...n, review_id: review.id, message: "answered" });
await reviewer.pulls.createReview({ ...n, event: "APPROVE" });
assert.deepEqual((await octokit.pulls.listReviews(n)).data.map((review) => review.state), ["DISMISSED", "COMMENTED", "APPROVED"]);
const comment = (await octokit.issues.createComment({ ...at, issue_number: 1, body: "Well" })).data;
await octokit.issues.updateComment({ ...at, comment_id: comment.id, body: "Very well" });
assert.equal((await octokit.issues.listComments({ ...at, issue_number: 1 })).data[0].body, "Very well");
await refused(403, reviewer.repos.update({ ...at, description: "mine" }));
done("pull requests");

// Statuses, checks, protection, merging.
await octokit.repos.createCommitStatus({ ...at, sha: commit.sha, state: "success", context: "build" });
assert.equal((await octokit.repos.getCombinedStatusForRef({ ...at, ref: "topic" })).data.state, "success");
const check = (await octokit.checks.create({ ...at, name: "lint", head_sha: commit.sha, status: "in_progress", output: { title: "Lint", summary: "goes on" } })).data;
await octokit.repos.updateBranchProtection({
  ...at, branch: "main", enforce_admins: true, restrictions: null,
  required_status_checks: { strict: false, contexts: ["build", "lint"] },
  required_pull_request_reviews: { required_approving_review_count: 1 },
});
assert.equal((await octokit.repos.getBranchProtection({ ...at, branch: "main" })).data.required_pull_request_reviews.required_approving_review_count, 1);
assert.equal((await octokit.pulls.get(n)).data.mergeable_state, "blocked");
const blocked = await refused(405, octokit.pulls.merge(n));
assert.match(blocked.message, /`lint` has not finished/);
await octokit.checks.update({ ...at, check_run_id: check.id, conclusion: "neutral" });
assert.equal((await octokit.checks.listForRef({ ...at, ref: "topic" })).data.check_runs[0].conclusion, "neutral");
assert.equal((await octokit.checks.listSuitesForRef({ ...at, ref: "topic" })).data.total_count, 1);
await refused(403, octokit.repos.createOrUpdateFileContents({ ...at, path: "c", message: "around", content: "" }));
const merged = (await octokit.pulls.merge({ ...n, merge_method: "squash" })).data;
assert.equal((await octokit.pulls.checkIfMerged(n)).status, 204);
assert.equal((await octokit.git.getRef({ ...at, ref: "heads/main" })).data.object.sha, merged.sha);
await octokit.repos.deleteBranchProtection({ ...at, branch: "main" });
done("checks and merging");

// Issues.
const issue = (await reviewer.issues.create({ ...at, title: "A question", body: "?" })).data;
await octokit.issues.update({ ...at, issue_number: issue.number, state: "closed", labels: ["done"] });
assert.deepEqual((await octokit.issues.listForRepo({ ...at, state: "all" })).data.map((issue) => issue.number), [2, 1]);
assert.equal((await octokit.issues.listForRepo({ ...at, state: "closed", labels: "done" })).data[0].title, "A question");
done("issues");

// Releases.
const release = (await octokit.repos.createRelease({ ...at, tag_name: "v1", body: "First", generate_release_notes: true })).data;
assert.equal((await octokit.git.getRef({ ...at, ref: "tags/v1" })).data.object.sha, merged.sha);
// Where files go stands in the release, as on every server but github.com.
const url = release.upload_url;
const asset = (await octokit.repos.uploadReleaseAsset({ ...at, url, release_id: release.id, name: "app.bin", data: "binary", headers: { "content-type": "application/x-app" } })).data;
await refused(422, octokit.repos.uploadReleaseAsset({ ...at, url, release_id: release.id, name: "app.bin", data: "again" }));
const download = await octokit.repos.getReleaseAsset({ ...at, asset_id: asset.id, headers: { accept: "application/octet-stream" } });
assert.equal(Buffer.from(download.data).toString(), "binary");
assert.equal((await octokit.repos.getLatestRelease(at)).data.assets[0].download_count, 1);
assert.equal((await octokit.repos.getReleaseByTag({ ...at, tag: "v1" })).data.id, release.id);
await refused(422, octokit.repos.createRelease({ ...at, tag_name: "v1" }));
done("releases");

// Webhooks.
const hook = (await octokit.repos.createWebhook({ ...at, config: { url: `${API}/nowhere`, content_type: "json", secret: "s" }, events: ["push"] })).data;
assert.equal(hook.config.secret, "********");
await octokit.repos.pingWebhook({ ...at, hook_id: hook.id });
const deliveries = (await octokit.repos.listWebhookDeliveries({ ...at, hook_id: hook.id })).data;
assert.ok(deliveries.every((delivery) => delivery.event === "ping"));
await refused(403, reviewer.repos.listWebhooks(at));
await octokit.repos.deleteWebhook({ ...at, hook_id: hook.id });
done("webhooks");

// Forks.
const fork = (await reviewer.repos.createFork(at)).data;
assert.deepEqual([fork.full_name, fork.parent.full_name], ["reviewer/app", `${LOGIN}/app`]);
await reviewer.repos.createOrUpdateFileContents({ owner: "reviewer", repo: "app", path: "f.txt", message: "fork", content: base64("f"), branch: "main" });
const across = (await reviewer.pulls.create({ ...at, title: "From a fork", head: "reviewer:main", base: "main" })).data;
const forked = (await reviewer.repos.compareCommitsWithBasehead({ ...at, basehead: "main...reviewer:main" })).data;
assert.deepEqual([forked.status, forked.ahead_by, forked.files[0].filename], ["ahead", 1, "f.txt"]);
assert.equal((await reviewer.request(forked.commits[0].url)).data.sha, forked.commits[0].sha);
const back = (await reviewer.repos.compareCommitsWithBasehead({ owner: "reviewer", repo: "app", basehead: `${LOGIN}:app:main...main` })).data;
assert.deepEqual([back.status, back.ahead_by], ["ahead", 1]);
for (const head of ["nobody:main", "reviewer:none", "reviewer:other:main"]) await refused(404, reviewer.repos.compareCommitsWithBasehead({ ...at, basehead: `main...${head}` }));
// The fork is private too, and its owner has shown it to nobody.
await refused(404, octokit.repos.compareCommitsWithBasehead({ ...at, basehead: "main...reviewer:main" }));
assert.equal(across.head.repo.full_name, "reviewer/app");
await octokit.pulls.merge({ ...at, pull_number: across.number, merge_method: "rebase" });
assert.equal((await octokit.repos.getContent({ ...at, path: "f.txt" })).data.size, 1);
assert.equal((await octokit.repos.update({ ...at, name: "renamed" })).data.name, "renamed");
assert.equal((await octokit.repos.get(at)).data.name, "renamed");
await octokit.repos.delete({ owner: LOGIN, repo: "renamed" });
await refused(404, octokit.repos.get({ owner: LOGIN, repo: "renamed" }));
done("forks, renames");
