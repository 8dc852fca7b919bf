// GitHub's own clients against the services in the environment. One scenario an invocation: `node clients.mjs NAME`.
// Prints `ok NAME` when every expectation held.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'

const dir = process.env.SCENARIO_DIR
const MIB = 1024 * 1024

function file(name, content) {
  const target = path.join(dir, name)
  fs.mkdirSync(path.dirname(target), { recursive: true })
  fs.writeFileSync(target, content)
  return target
}

const sha256 = bytes => createHash('sha256').update(bytes).digest('hex')

async function artifacts(library) {
  const { DefaultArtifactClient } = await import(library)
  const client = new DefaultArtifactClient()
  const big = randomBytes(20 * MIB)
  const files = [file('up/big.bin', big), file('up/sub/small.txt', 'small\n')]
  const up = path.join(dir, 'up')

  // More than two blocks of 8 MiB, since random bytes do not deflate.
  const uploaded = await client.uploadArtifact('big one', files, up, { compressionLevel: 1 })
  assert.ok(uploaded.size > 16 * MIB, `size ${uploaded.size}`)
  await client.uploadArtifact('stored', files, up, { compressionLevel: 0 })
  await assert.rejects(client.uploadArtifact('big one', files, up), /409|already exists/i)

  const { artifacts } = await client.listArtifacts()
  assert.deepEqual(artifacts.map(artifact => artifact.name).sort(), ['big one', 'stored'])
  const { artifact } = await client.getArtifact('big one')
  assert.equal(artifact.id, uploaded.id)
  assert.equal(artifact.size, uploaded.size)

  for (const name of ['big one', 'stored']) {
    const { artifact } = await client.getArtifact(name)
    const down = path.join(dir, `down ${name}`)
    const options = { path: down }
    if (uploaded.digest && artifact.digest) options.expectedHash = artifact.digest
    const result = await client.downloadArtifact(artifact.id, options)
    assert.notEqual(result.digestMismatch, true)
    assert.equal(sha256(fs.readFileSync(path.join(down, 'big.bin'))), sha256(big))
    assert.equal(fs.readFileSync(path.join(down, 'sub/small.txt'), 'utf8'), 'small\n')
  }
  if (uploaded.digest) {
    assert.equal(artifact.digest.replace('sha256:', ''), uploaded.digest.replace('sha256:', ''))
  }

  const deleted = await client.deleteArtifact('big one')
  assert.equal(deleted.id, uploaded.id)
  await assert.rejects(client.getArtifact('big one'), /not found/i)
}

async function rawArtifact() {
  const { DefaultArtifactClient } = await import('@actions/artifact')
  const client = new DefaultArtifactClient()
  const report = file('raw/report.html', '<html>ü</html>')
  const uploaded = await client.uploadArtifact('report.html', [report], path.join(dir, 'raw'), { skipArchive: true })
  const down = path.join(dir, 'raw-down')
  await client.downloadArtifact(uploaded.id, { path: down })
  assert.equal(fs.readFileSync(path.join(down, 'report.html'), 'utf8'), '<html>ü</html>')
}

// Artifacts that a native action made, read by the clients; one of theirs left for it.
async function exchange() {
  for (const library of ['@actions/artifact', 'artifact-v4']) {
    const { DefaultArtifactClient } = await import(library)
    const client = new DefaultArtifactClient()
    for (const name of ['native 0', 'native 6']) {
      const { artifact } = await client.getArtifact(name)
      const down = path.join(dir, `${library}-${name}`)
      await client.downloadArtifact(artifact.id, { path: down })
      assert.equal(fs.readFileSync(path.join(down, 'deep/a.txt'), 'utf8'), 'alpha'.repeat(1000))
      assert.equal(fs.readFileSync(path.join(down, 'PK.bin'), 'latin1'), 'PK\x03\x04PK\x07\x08PK\x01\x02')
      assert.equal(fs.statSync(path.join(down, 'empty')).size, 0)
    }
    await client.uploadArtifact(library.replace('/', ' '), [file('theirs/b.txt', 'beta')], path.join(dir, 'theirs'))
  }
}

async function caches(library) {
  const cache = await import(library)
  assert.equal(cache.isFeatureAvailable(), true)
  process.chdir(dir)
  const content = randomBytes(MIB)
  file('tree/a.bin', content)
  const restore = async (key, restoreKeys, paths = ['tree']) => {
    fs.rmSync('tree', { recursive: true, force: true })
    return cache.restoreCache(paths, key, restoreKeys)
  }
  assert.ok(await cache.saveCache(['tree'], `${library}-linux-1`))
  assert.equal(await restore(`${library}-linux-1`), `${library}-linux-1`)
  assert.equal(sha256(fs.readFileSync('tree/a.bin')), sha256(content))

  // A taken key is no failure: the client says so and goes on.
  assert.equal(await cache.saveCache(['tree'], `${library}-linux-1`), -1)
  assert.ok(await cache.saveCache(['tree'], `${library}-linux-2`))
  assert.equal(await restore(`${library}-linux-9`, [`${library}-none-`, `${library}-linux-`]), `${library}-linux-2`)
  assert.equal(sha256(fs.readFileSync('tree/a.bin')), sha256(content))
  file('tree/a.bin', content)
  assert.equal(await cache.restoreCache(['tree'], `${library}-miss`, [`${library}-other-`]), undefined)
  assert.equal(await cache.restoreCache(['elsewhere'], `${library}-linux-1`), undefined)
  assert.equal(await cache.restoreCache(['tree'], `${library}-linux-1`, [], { lookupOnly: true }), `${library}-linux-1`)
}

async function bigCache(library) {
  const cache = await import(library)
  process.chdir(dir)
  // Above 128 MiB the client sends blocks of 64 MiB; random bytes do not compress.
  const hash = createHash('sha256')
  fs.mkdirSync('big')
  for (let part = 0; part < 9; part++) {
    const bytes = randomBytes(16 * MIB)
    hash.update(bytes)
    fs.appendFileSync('big/data', bytes)
  }
  assert.ok(await cache.saveCache(['big'], `${library}-big`))
  fs.rmSync('big', { recursive: true })
  assert.equal(await cache.restoreCache(['big'], `${library}-big`), `${library}-big`)
  const restored = createHash('sha256')
  for await (const chunk of fs.createReadStream('big/data')) restored.update(chunk)
  assert.equal(restored.digest('hex'), hash.digest('hex'))
}

async function readOnly() {
  const cache = await import('@actions/cache')
  process.chdir(dir)
  file('tree/a', 'a')
  assert.equal(await cache.saveCache(['tree'], 'read-only'), -1)
  delete process.env.ACTIONS_CACHE_MODE
  assert.equal(await cache.saveCache(['tree'], 'read-only'), -1)
}

async function identity() {
  const core = await import('@actions/core')
  const tokens = { plain: await core.getIDToken(), audience: await core.getIDToken('sts.example.com/a b') }
  fs.writeFileSync(path.join(dir, 'tokens.json'), JSON.stringify(tokens))
}

async function refused() {
  // The job has ended: its token must not work any more. One attempt, so that the client does not wait.
  const response = await fetch(new URL('/twirp/github.actions.results.api.v1.ArtifactService/ListArtifacts', process.env.ACTIONS_RESULTS_URL), {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${process.env.ACTIONS_RUNTIME_TOKEN}` },
    body: '{}'
  })
  assert.equal(response.status, 401)
}

const scenarios = {
  'artifacts': () => artifacts('@actions/artifact'),
  'artifacts-v4': () => artifacts('artifact-v4'),
  'artifact-raw': rawArtifact,
  'exchange': exchange,
  'caches': () => caches('@actions/cache'),
  'caches-v3': () => caches('cache-v3'),
  'cache-big': () => bigCache('@actions/cache'),
  'cache-read-only': readOnly,
  'identity': identity,
  'refused': refused
}

const name = process.argv[2]
await scenarios[name]()
console.log(`ok ${name}`)
