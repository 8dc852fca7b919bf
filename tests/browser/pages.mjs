// The pages of a server in a real browser. What to do is the first argument, what it needs is in the environment; each part
// ends with an error where something is not as it should be, and prints what it has seen.
//
// SHOTS names a directory for pictures of every page, wide and narrow, light and dark.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import puppeteer from 'puppeteer-core';

const run = promisify(execFile);
const { CHROMIUM, URL: base, WORK: work, SHOTS: shots } = process.env;
const PASSWORD = 'ann-has-a-password';

const browser = await puppeteer.launch({
  executablePath: CHROMIUM,
  userDataDir: join(work, 'profile'),
  args: ['--no-sandbox', '--no-proxy-server', '--disable-gpu', '--disable-dev-shm-usage'],
  env: { ...process.env, HOME: work },
});
const page = (await browser.pages())[0];
page.setDefaultTimeout(Number(process.env.PATIENCE ?? 120_000));
// Scripts that fail, and whatever the page's own policy stops.
const faults = [];
page.on('pageerror', (error) => faults.push(`${page.url()}: ${error.message}`));
page.on('console', (message) => {
  const expected = /status of (401|403|404|422)/.test(message.text());
  if (message.type() === 'error' && !expected) faults.push(`${page.url()}: ${message.text()}`);
});

const text = () => page.evaluate(() => document.body.innerText);
/** Waits until the page says something. */
const says = async (wanted) => {
  const known = (words) => document.body.innerText.includes(words);
  await page.waitForFunction(known, { polling: 100 }, wanted).catch(async (error) => {
    throw new Error(`${page.url()} never said ${JSON.stringify(wanted)}, but:\n${await text()}`, { cause: error });
  });
};
/** Clicks what a person would: a link or button by its words; then the next page. */
const press = async (words, within = 'body') => {
  const handle = await page.waitForFunction((words, within) => {
    const all = [...document.querySelectorAll(`${within} a, ${within} button`)];
    return all.find((one) => one.innerText.trim() === words);
  }, { polling: 100 }, words, within);
  await Promise.all([page.waitForNavigation(), handle.click()]);
};
const fill = async (values) => {
  for (const [name, value] of Object.entries(values)) {
    await page.$eval(`input[name="${name}"]`, (input) => { input.value = ''; });
    await page.type(`input[name="${name}"]`, value);
  }
};
const path = () => new URL(page.url()).pathname;

/** Nothing hangs over the edge of a small screen; pictures where they are wanted. */
let taken = 0;
const look = async (name) => {
  taken += 1;
  for (const width of [1280, 390]) {
    for (const scheme of ['light', 'dark']) {
      await page.setViewport({ width, height: 800 });
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(over <= 0, `${name} is ${over} pixels too wide at ${width}`);
      const title = await page.$eval('h1', (h1) => (h1.classList.contains('hidden') ? Infinity : h1.getBoundingClientRect().width));
      assert.ok(title >= 180, `${name} leaves its title ${title} pixels at ${width}`);
      if (!shots) continue;
      mkdirSync(shots, { recursive: true });
      const file = `${String(taken).padStart(2, '0')}-${name}-${width}-${scheme}.png`;
      await page.screenshot({ path: join(shots, file), fullPage: true });
    }
  }
  await page.setViewport({ width: 1280, height: 800 });
};

const repository = join(work, 'repository');
const git = (...args) => run('git', ['-C', repository, '-c', 'user.name=Ann', '-c', 'user.email=ann@example.com', ...args], {
  env: { PATH: process.env.PATH, HOME: work, GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0' },
});
const push = async (workflow, message, branch = 'main') => {
  mkdirSync(join(repository, '.github/workflows'), { recursive: true });
  if (!existsSync(join(repository, '.git'))) await run('git', ['init', '-q', '-b', 'main', repository]);
  writeFileSync(join(repository, '.github/workflows/ci.yml'), workflow);
  await git('add', '-A');
  await git('commit', '--allow-empty', '-qm', message);
  await git('push', '-q', `${base.replace('://', `://ann:${PASSWORD}@`)}/ann/app.git`, `HEAD:${branch}`);
};
const api = async (method, at, body) => {
  const authorization = `Basic ${Buffer.from(`ann:${PASSWORD}`).toString('base64')}`;
  const answer = await fetch(`${base}/api/v3${at}`, { method, headers: { authorization }, body: body && JSON.stringify(body) });
  assert.ok(answer.ok, `${method} ${at}: ${answer.status} ${await answer.clone().text()}`);
  return answer.status === 204 ? null : answer.json();
};
/** Opens the newest run, once there are so many. */
const newest = async (count) => {
  for (;;) {
    const { total_count: total, workflow_runs: [run] } = await api('GET', '/repos/ann/app/actions/runs');
    if (total >= count) {
      await page.goto(`${base}/ann/app/runs/${run.id}`);
      return run.id;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};

const UNTIL_TOLD = `name: CI
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - name: Tell
        run: |
          echo "the token is \${{ github.token }}"
          printf '\\033[32mgreen\\033[0m and <b>not bold</b>\\n'
          echo '::debug::only when asked'
          n=0
          until [ -e "$RUNNER_TOOL_CACHE/go-on" ]; do n=$((n + 1)); echo "line $n"; sleep 0.05; done
          echo "that were all"
          echo '# A **summary**' >> "$GITHUB_STEP_SUMMARY"
          echo '::warning file=README.md,line=3::something to look at'
  after:
    needs: build
    runs-on: ubuntu-latest
    steps:
      - run: exit 3
`;

const GATED = `name: Deploy
on: push
jobs:
  deploy:
    runs-on: ubuntu-latest
    environment: { name: production, url: 'https://app.example.com' }
    steps:
      - run: echo deployed
`;

const ENDLESS = `name: Endless
on: push
jobs:
  wait:
    runs-on: ubuntu-latest
    steps:
      - run: sleep 100000
`;

async function life() {
  // The first account, by the link, at the second try.
  await page.goto(process.env.LINK);
  await look('set-up');
  await fill({ login: 'ann', password: PASSWORD, again: 'something-else-1' });
  await press('Make the account');
  await says('The passwords differ.');
  await look('set-up-again');
  await fill({ login: 'ann', password: PASSWORD, again: PASSWORD });
  await press('Make the account');
  await says('There is none yet.');
  await look('home-empty');

  // A push, and its log as it is written.
  await push(UNTIL_TOLD, 'A first commit with a subject that is long enough to need a second line on a small screen');
  await newest(1);
  await page.goto(base);
  await press('ann/app');
  await says('CI #1');
  await press('A first commit with a subject that is long enough to need a second line on a small screen');
  await says('in progress');
  await look('run-running');
  await press('build');
  await says('line 20');
  await look('job-running');
  await says('the token is ***');
  await says('green and <b>not bold</b>');
  assert.equal(await page.$$eval('#log b', (found) => found.length), 0, 'a log is text');
  writeFileSync(join(process.env.TOOLS, 'go-on'), '');
  await page.waitForSelector('#job-sign .sign.success');
  // A step that went well closes; a click opens it again.
  await page.waitForFunction(() => [...document.querySelectorAll('details.step')].every((step) => !step.open));
  await page.click('details.step summary .name');
  await look('job-done');
  await page.goBack();
  await says('Run failed jobs again');
  await says('something to look at');
  await look('run-failed');

  // Again: one job, what failed, all with debug logging. The page of the run follows by itself.
  const first = path();
  await press('Again', 'ul.list li:nth-child(2)');
  await says('attempt 2');
  await says('Run failed jobs again');
  await press('Run failed jobs again');
  await says('attempt 3');
  await says('Run failed jobs again');
  await page.click('input[name="debug"]');
  await press('Run again');
  await says('attempt 4');
  await says('Run failed jobs again');
  const jobs = await api('GET', `/repos/ann/app/actions/runs/${first.split('/').at(-1)}/jobs`);
  const log = async (name) => {
    const id = jobs.jobs.find((job) => job.name === name).id;
    return (await page.evaluate(async (at) => (await fetch(at)).text(), `${first}/jobs/${id}/log.txt`));
  };
  assert.match(await log('build'), /Z ##\[debug\]only when asked/, 'debug logging was asked for');
  assert.match(await log('build'), /the token is \*\*\*/);

  // A deployment that waits for somebody.
  const { id } = await api('GET', '/user');
  await api('PUT', '/repos/ann/app/environments/production', { reviewers: [{ type: 'User', id }] });
  await push(GATED, 'Deploy this');
  await newest(2);
  await says('Deployment to production');
  await look('run-waiting');
  await fill({ comment: 'Looks good to me.' });
  await press('Approve');
  await says('Run again');
  assert.ok(await page.$('.head .sign.success'), await text());
  await look('run-deployed');
  await push(GATED, 'Deploy that');
  await newest(3);
  await says('Deployment to production');
  await press('Reject');
  await says('Run failed jobs again');
  assert.ok(await page.$('.head .sign.failure'), await text());
  await look('run-rejected');

  // A run that is cancelled.
  await push(ENDLESS, 'Wait for ever');
  await newest(4);
  await says('on ');
  await press('Cancel');
  await says('Run again');
  assert.ok(await page.$('.head .sign.cancelled'), await text());
  await look('run-cancelled');

  // The other pages.
  await push(UNTIL_TOLD, 'On a branch', 'topic');
  await api('POST', '/repos/ann/app/pulls', { title: 'A topic', head: 'topic', base: 'main', body: 'What it is *for*.' });
  await api('POST', '/repos/ann/app/issues/1/comments', { body: 'I have looked at it.' });
  await api('POST', '/repos/ann/app/issues', { title: 'It is broken', body: 'Since yesterday.' });
  await api('POST', '/repos/ann/app/releases', { tag_name: 'v1.0.0', name: 'One', body: 'The first.' });
  await page.goto(`${base}/ann/app`);
  await look('repository');
  await press('Pull requests');
  await press('A topic');
  await says('I have looked at it.');
  await look('pull-request');
  await page.goto(`${base}/ann/app/issues`);
  await press('It is broken');
  await says('Since yesterday.');
  await page.goto(`${base}/ann/app/releases/tag/v1.0.0`);
  await says('The first.');
  await look('release');
  await page.goto(`${base}/ann/nothing`);
  await says('It does not exist, or you may not see it.');
  await look('nothing');
  await page.goto(base);
  await look('home');

  // Forms: without the page's token, and from another site, nothing is changed.
  const rerun = `${first}/rerun`;
  const bare = await page.evaluate(async (at) => (await fetch(at, { method: 'POST', body: new URLSearchParams({ which: 'all' }) })).status, rerun);
  assert.equal(bare, 403);
  const other = http.createServer((_, answer) => {
    answer.setHeader('content-type', 'text/html');
    answer.end(`<form method="post" action="${base}${rerun}"><input name="which" value="all"><button>Win</button></form>
      <form method="post" action="${base}/login"><input name="login" value="mallory"><button>Enter</button></form>`);
  });
  await new Promise((resolve) => other.listen(0, '127.0.0.1', resolve));
  for (const button of ['Win', 'Enter']) {
    await page.goto(`http://127.0.0.1:${other.address().port}/`);
    await press(button);
    await says('This form is not ours');
  }
  other.close();
  const attempt = (await api('GET', `/repos/ann/app/actions/runs/${first.split('/').at(-1)}`)).run_attempt;
  assert.equal(attempt, 4);

  // Out, and in again, to where one wanted to go.
  await page.goto(base);
  await press('Log out');
  await page.goto(`${base}${first}`);
  assert.equal(path(), '/login');
  await look('login');
  await fill({ login: 'ann', password: 'wrong-password' });
  await press('Log in', 'main');
  await says('There is no such user, or the password is another one.');
  await fill({ login: 'ann', password: PASSWORD });
  await press('Log in', 'main');
  assert.equal(path(), first);
}

/** A login at an OpenID provider, with its own pages between. */
async function provider() {
  await page.goto(base);
  await look('login-with-provider');
  await press('Log in at the identity provider');
  assert.ok(page.url().startsWith(process.env.ISSUER), page.url());
  await page.waitForSelector('input[name="login"]');
  await fill({ login: 'ann', password: 'whatever' });
  await Promise.all([page.waitForNavigation(), page.click('[type="submit"]')]);
  if (page.url().startsWith(process.env.ISSUER)) {
    await Promise.all([page.waitForNavigation(), page.click('[type="submit"]')]);
  }
  await says('ann-smith');
  assert.equal(new URL(page.url()).origin, base);
  await press('Log out');
  // What the provider refuses is told, and nobody is logged in.
  await page.goto(`${base}/login/callback?error=access_denied&state=x`);
  await says('The identity provider said: access_denied');
  await page.goto(base);
  assert.equal(path(), '/login');
}

try {
  await { life, provider }[process.argv[2]]();
  // The provider's own pages may say what they like.
  const ours = faults.filter((fault) => fault.startsWith(base));
  assert.deepEqual(ours, []);
  console.log(`ok ${taken} pages`);
} finally {
  await browser.close();
}
