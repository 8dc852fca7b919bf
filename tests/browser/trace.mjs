// A trace in the viewers that read it, as one object: what each has taken in, by the viewer's own model.
//
// CHROMIUM is the program, WORK a directory of its own, VIEWERS the directory of the viewers, TRACE the file.
import { readFileSync, readdirSync } from 'node:fs';
import http from 'node:http';
import { extname, join } from 'node:path';
import puppeteer from 'puppeteer-core';

const { CHROMIUM, WORK: work, VIEWERS: viewers, TRACE: trace } = process.env;
const TYPES = {
  '.css': 'text/css', '.html': 'text/html', '.js': 'text/javascript', '.json': 'application/json', '.wasm': 'application/wasm',
};
const server = http.createServer((request, response) => {
  const path = new URL(request.url, 'http://localhost').pathname;
  const file = path === '/trace.json' ? trace : join(viewers, path === '/' ? 'index.html' : path);
  try {
    const body = readFileSync(file);
    response.setHeader('content-type', TYPES[extname(file)] ?? 'application/octet-stream');
    response.end(body);
  } catch {
    response.statusCode = 404;
    response.end();
  }
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const base = `http://127.0.0.1:${server.address().port}`;
const version = readdirSync(viewers).find((name) => /^v[0-9]/.test(name));

const browser = await puppeteer.launch({
  executablePath: CHROMIUM,
  userDataDir: join(work, 'profile'),
  // Perfetto's pages count their visitors: nothing but this machine is to be found.
  args: [
    '--no-sandbox', '--no-proxy-server', '--disable-gpu', '--disable-dev-shm-usage',
    '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
  ],
  env: { ...process.env, HOME: work },
});
const page = (await browser.pages())[0];
page.setDefaultTimeout(Number(process.env.PATIENCE ?? 120_000));

const sorted = (rows) => rows.map((row) => JSON.stringify(row)).toSorted().map((row) => JSON.parse(row));

/** Chrome's trace viewer: what `chrome://tracing` shows, read by its importers. */
const inChrome = async () => {
  await page.goto(`${base}/${version}/assets/catapult_trace_viewer.html`);
  await page.waitForFunction(() => globalThis.tr?.importer?.Import && globalThis.tr.Model);
  return page.evaluate(async (text) => {
    const model = new tr.Model();
    await new tr.importer.Import(model, new tr.importer.ImportOptions()).importTraces([text]);
    const read = { faults: model.importWarnings.map((one) => one.message), threads: [], slices: [], nested: 0 };
    for (const process of model.getAllProcesses()) {
      for (const thread of Object.values(process.threads)) {
        read.threads.push([process.name, thread.name]);
        for (const slice of thread.sliceGroup.slices) {
          // Microseconds again; the viewer keeps milliseconds.
          read.slices.push([process.name, thread.name, slice.category, slice.title, Math.round(slice.duration * 1000)]);
          if (slice.parentSlice?.category === 'job') read.nested += 1;
        }
      }
    }
    return read;
  }, readFileSync(trace, 'utf8'));
};

/** Perfetto's pages, with the trace opened by its address and read by the trace processor. */
const inPerfetto = async () => {
  await page.goto(`${base}/#!/?url=${encodeURIComponent(`${base}/trace.json`)}`);
  await page.waitForFunction(() => globalThis.app?.trace?.engine && !globalThis.app.isLoadingTrace, { polling: 100 });
  return page.evaluate(async () => {
    const rows = async (sql, columns) => {
      const answer = await app.trace.engine.query(sql);
      const read = [];
      for (const row = answer.iter({}); row.valid(); row.next()) {
        const values = columns.map((column) => row.get(column));
        read.push(values.map((value) => (typeof value === 'bigint' ? Number(value) : value)));
      }
      return read;
    };
    const faults = "select name from stats where severity in ('error', 'data_loss') and value > 0";
    const threads = 'select process.name as process, thread.name as thread from thread join process using (upid)';
    const slices = `select process.name as process, thread.name as thread, category, slice.name as slice, dur, depth from slice
      join thread_track on slice.track_id = thread_track.id join thread using (utid) join process using (upid)`;
    const all = await rows(slices, ['process', 'thread', 'category', 'slice', 'dur', 'depth']);
    return {
      faults: (await rows(faults, ['name'])).map(([name]) => name),
      threads: (await rows(threads, ['process', 'thread'])).filter(([, thread]) => thread !== null),
      // Microseconds again; the processor keeps nanoseconds.
      slices: all.map(([process, thread, category, slice, dur]) => [process, thread, category, slice, dur / 1000]),
      nested: all.filter(([, , category, , , depth]) => category === 'step' && depth === 1).length,
    };
  });
};

const out = { browser: await browser.version(), chrome: await inChrome(), perfetto: await inPerfetto() };
for (const viewer of [out.chrome, out.perfetto]) {
  viewer.threads = sorted(viewer.threads);
  viewer.slices = sorted(viewer.slices);
}
console.log(JSON.stringify(out));
await browser.close();
server.closeAllConnections();
server.close();
