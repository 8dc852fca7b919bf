// Octokit against a server of ours: every list of the description comes whole, page by page, and refusals are what it expects.
import { Octokit } from '@octokit/rest';

const { BASE_URL, TOKEN, NAMES } = process.env;
const octokit = new Octokit({ auth: TOKEN, baseUrl: BASE_URL });
const names = JSON.parse(NAMES);

const { data: description } = await octokit.request('GET /openapi.json');
let [lists, skipped, items] = [0, [], 0];
for (const [path, item] of Object.entries(description.paths)) {
  const parameters = item.get?.parameters ?? [];
  if (!parameters.some((parameter) => parameter.name === 'per_page')) continue;
  const wanted = parameters.filter((parameter) => parameter.in === 'path').map((parameter) => parameter.name);
  if (wanted.some((name) => !(name in names))) {
    skipped.push(path);
    continue;
  }
  const values = Object.fromEntries(wanted.map((name) => [name, names[name]]));
  const one = await octokit.paginate(`GET ${path}`, { ...values, per_page: 1 }).catch((error) => {
    // What the list belongs to is not there: a connection to another server.
    if (error.status === 404 && path.includes('/connection')) return undefined;
    throw error;
  });
  if (!one) {
    skipped.push(path);
    continue;
  }
  const all = await octokit.paginate(`GET ${path}`, { ...values, per_page: 100 });
  // The log grows by being read only when somebody is refused.
  if (JSON.stringify(one) !== JSON.stringify(all)) throw new Error(`${path}: ${one.length} one by one, ${all.length} at once`);
  lists += 1;
  items += all.length;
}

const { data: user } = await octokit.users.getAuthenticated();
const { owner, repo } = names;
await octokit.actions.createRepoVariable({ owner, repo, name: 'REGION', value: 'eu' });
const { data: variable } = await octokit.actions.getRepoVariable({ owner, repo, name: 'REGION' });
const runs = await octokit.paginate(octokit.actions.listWorkflowRunsForRepo, { owner, repo });
const { data: environment } = await octokit.repos.createOrUpdateEnvironment({ owner, repo, environment_name: 'prod', wait_timer: 1 });
let refused;
try {
  await octokit.actions.getWorkflowRun({ owner, repo, run_id: 999999 });
} catch (error) {
  refused = error.status;
}
console.log(JSON.stringify({
  lists, skipped, items, login: user.login, value: variable.value, runs: runs.length, environment: environment.name, refused,
}));
