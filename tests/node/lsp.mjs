// Drives `trunkline lsp` with the protocol library of Visual Studio Code, as an editor would. Prints what it got as JSON.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as lsp from "vscode-languageserver-protocol/node";

const [program, top] = process.argv.slice(2);
const server = spawn(program, ["lsp", "--stdio"], { cwd: top, stdio: ["pipe", "pipe", "inherit"] });
const connection = lsp.createProtocolConnection(
  new lsp.StreamMessageReader(server.stdout),
  new lsp.StreamMessageWriter(server.stdin),
);

const waiting = new Map();
const told = [];
connection.onNotification(lsp.PublishDiagnosticsNotification.type, (params) => {
  told.push(params);
  waiting.get(`${params.uri} ${params.version ?? "-"}`)?.(params);
});
const diagnostics = (uri, version) => {
  const known = told.findLast((one) => one.uri === uri && (one.version ?? null) === version);
  return known ?? new Promise((resolve) => waiting.set(`${uri} ${version ?? "-"}`, resolve));
};
connection.listen();

const uri = (path) => pathToFileURL(join(top, path)).href;
const ci = uri(".github/workflows/ci.yml");
const text = readFileSync(join(top, ".github/workflows/ci.yml"), "utf8");
/** The place behind the n-th `needle`, from its end on. */
const after = (needle, from = text, skip = 0) => {
  let at = -1;
  for (let count = 0; count <= skip; count++) at = from.indexOf(needle, at + 1);
  if (at < 0) throw new Error(`no ${needle}`);
  const before = from.slice(0, at + needle.length);
  return { line: before.split("\n").length - 1, character: before.length - before.lastIndexOf("\n") - 1 };
};
const at = (position, document = ci) => ({ textDocument: { uri: document }, position });
const shown = (range) => `${range.start.line + 1}:${range.start.character + 1}-${range.end.line + 1}:${range.end.character + 1}`;
const labels = (items) => (Array.isArray(items) ? items : (items?.items ?? [])).map((item) => item.label);
const out = {};

const initialized = await connection.sendRequest(lsp.InitializeRequest.type, {
  processId: process.pid,
  rootUri: pathToFileURL(top).href,
  capabilities: {},
});
out.encoding = initialized.capabilities.positionEncoding;
out.server = initialized.serverInfo.name;
await connection.sendNotification(lsp.InitializedNotification.type, {});
await connection.sendNotification(lsp.DidOpenTextDocumentNotification.type, {
  textDocument: { uri: ci, languageId: "yaml", version: 1, text },
});
const first = await diagnostics(ci, 1);
out.first = first.diagnostics.map((one) => `${shown(one.range)} ${one.code}`);

out.hover = {};
for (const [name, place] of [["value", after("matrix.vers")], ["key", after("runs-o")], ["action", after("actions/checkou")]]) {
  const hover = await connection.sendRequest(lsp.HoverRequest.type, at(place));
  out.hover[name] = hover && `${shown(hover.range)} ${hover.contents.value}`;
}

// Typing: each line is typed at the end of the file, asked about, and taken back.
let version = 1;
const typed = async (line) => {
  const end = after(text.slice(-40));
  await connection.sendNotification(lsp.DidChangeTextDocumentNotification.type, {
    textDocument: { uri: ci, version: ++version },
    contentChanges: [{ range: { start: end, end }, text: line }],
  });
  const whole = text + line;
  const items = await connection.sendRequest(lsp.CompletionRequest.type, at(after(whole.slice(-40), whole)));
  await connection.sendNotification(lsp.DidChangeTextDocumentNotification.type, {
    textDocument: { uri: ci, version: ++version },
    contentChanges: [{ text }],
  });
  return labels(items);
};
out.completion = {
  steps: await typed("      - ru"),
  inputs: await typed("      - uses: ./tools/greet\n        with:\n          w"),
  known: await typed("      - uses: actions/checkout@v4\n        with:\n          fet"),
  needs: await typed("  last:\n    needs: "),
  context: await typed("      - run: echo ${{ needs."),
  matrix: await typed("      - run: echo ${{ matrix."),
  words: await typed("    continue-on-error: "),
  local: await typed("      - uses: "),
};

const definition = await connection.sendRequest(lsp.DefinitionRequest.type, at(after("needs: buil")));
out.definition = definition.map((one) => `${one.uri.slice(uri("").length)} ${shown(one.range)}`);
const input = await connection.sendRequest(lsp.DefinitionRequest.type, at(after("          wh")));
out.input = input.map((one) => `${one.uri.slice(uri("").length)} ${shown(one.range)}`);
const references = await connection.sendRequest(lsp.ReferencesRequest.type, {
  ...at(after("  buil")),
  context: { includeDeclaration: true },
});
out.references = references.map((one) => shown(one.range));
const prepared = await connection.sendRequest(lsp.PrepareRenameRequest.type, at(after("  buil")));
out.prepared = prepared.placeholder;
const rename = await connection.sendRequest(lsp.RenameRequest.type, { ...at(after("  buil")), newName: "compile" });
out.rename = rename.changes[ci].map((edit) => `${shown(edit.range)} ${edit.newText}`);
out.refused = await connection
  .sendRequest(lsp.RenameRequest.type, { ...at(after("  buil")), newName: "no spaces" })
  .catch((error) => error.message);
const offered = (document, diagnostic) =>
  connection.sendRequest(lsp.CodeActionRequest.type, {
    textDocument: { uri: document },
    range: diagnostic.range,
    context: { diagnostics: [diagnostic] },
  });
out.actions = (await offered(ci, first.diagnostics[0])).map((action) => action.title);
const outline = await connection.sendRequest(lsp.DocumentSymbolRequest.type, { textDocument: { uri: ci } });
out.outline = outline.map((job) => `${job.name}: ${(job.children ?? []).map((step) => step.name).join(", ")}`);

// A fix is offered where the file stays whole after it, and only there; made as an editor makes it, the finding is gone.
const titles = uri(".github/workflows/titles.yml");
const titlesText = readFileSync(join(top, ".github/workflows/titles.yml"), "utf8");
await connection.sendNotification(lsp.DidOpenTextDocumentNotification.type, {
  textDocument: { uri: titles, languageId: "yaml", version: 1, text: titlesText },
});
const ofTitles = (await diagnostics(titles, 1)).diagnostics.filter((one) => one.code === "security/template-injection");
out.fixes = [];
let fixed;
for (const diagnostic of ofTitles) {
  const actions = await offered(titles, diagnostic);
  out.fixes.push(`${shown(diagnostic.range)} ${actions.map((action) => action.title).join(", ")}`);
  fixed ??= actions.find((action) => action.isPreferred);
}
const offset = (position) => titlesText.split("\n").slice(0, position.line).join("\n").length + (position.line && 1) + position.character;
const edits = fixed.edit.changes[titles].toSorted((a, b) => offset(b.range.start) - offset(a.range.start));
out.fixed = edits.reduce(
  (done, edit) => done.slice(0, offset(edit.range.start)) + edit.newText + done.slice(offset(edit.range.end)),
  titlesText,
);
await connection.sendNotification(lsp.DidChangeTextDocumentNotification.type, {
  textDocument: { uri: titles, version: 2 },
  contentChanges: [{ text: out.fixed }],
});
out.left = (await diagnostics(titles, 2)).diagnostics.map((one) => `${shown(one.range)} ${one.code}`);

// What is wrong with the action, as it is being edited, shows at its caller.
const action = uri("tools/greet/action.yml");
const actionText = readFileSync(join(top, "tools/greet/action.yml"), "utf8");
await connection.sendNotification(lsp.DidOpenTextDocumentNotification.type, {
  textDocument: { uri: action, languageId: "yaml", version: 1, text: actionText.replace("  who:", "  whom:") },
});
await diagnostics(action, 1);
await connection.sendNotification(lsp.DidChangeTextDocumentNotification.type, {
  textDocument: { uri: ci, version: ++version },
  contentChanges: [{ text: text + "# end\n" }],
});
out.across = (await diagnostics(ci, version)).diagnostics.map((one) => `${shown(one.range)} ${one.code}`);
await connection.sendNotification(lsp.DidCloseTextDocumentNotification.type, { textDocument: { uri: ci } });
out.closed = (await diagnostics(ci, null)).diagnostics.length;

await connection.sendRequest(lsp.ShutdownRequest.type);
await connection.sendNotification(lsp.ExitNotification.type);
out.exit = await new Promise((resolve) => server.on("exit", resolve));
console.log(JSON.stringify(out, null, 1));
process.exit(0);
