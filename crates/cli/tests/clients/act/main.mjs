import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import * as core from '@actions/core'

const MIB = 1024 * 1024
const temp = process.env.RUNNER_TEMP
const sha256 = file => createHash('sha256').update(fs.readFileSync(file)).digest('hex')

function write(root, name, content) {
  const target = path.join(root, name)
  fs.mkdirSync(path.dirname(target), { recursive: true })
  fs.writeFileSync(target, content)
  return target
}

const operations = {
  async core() {
    assert.equal(core.getInput('the text'), 'a default of push')
    assert.deepEqual(core.getMultilineInput('lines'), ['one', 'two'])
    assert.equal(core.getBooleanInput('flag'), true)
    assert.throws(() => core.getInput('nothing', { required: true }), /required/)
    core.setOutput('greeting', 'hello\nthere')
    core.setOutput('object', { a: [1, null] })
    core.exportVariable('FROM_JS', 'first\nsecond = << x')
    core.addPath(path.join(temp, 'more bin'))
    write(temp, 'more bin/from-js', '#!/bin/sh\necho "a program of the action"\n')
    fs.chmodSync(path.join(temp, 'more bin/from-js'), 0o755)
    core.saveState('from main', 'kept\nas it is')
    core.setSecret('very-secret-word')
    core.info(`the word is very-secret-word, also as ${Buffer.from('very-secret-word').toString('base64')}`)
    core.startGroup('a group')
    core.info('within')
    core.endGroup()
    await core.group('another', async () => core.info('within too'))
    core.debug('not shown')
    core.notice('noted', { title: 'A title', file: 'README.md', startLine: 2, endLine: 3 })
    core.warning('careful: 100%, a:b\nand more')
    core.error(new Error('wrong'))
    assert.equal(core.isDebug(), false)
    core.summary.addHeading('From a client').addTable([[{ data: 'a', header: true }], ['1']])
    await core.summary.write()
    assert.equal(core.platform.isLinux, true)
    assert.equal(core.toPosixPath('a\\b'), 'a/b')
  },

  async fail() {
    core.saveState('from main', 'before it failed')
    core.setFailed('on purpose')
  },

  async process() {
    const exec = await import('@actions/exec')
    const io = await import('@actions/io')
    const glob = await import('@actions/glob')
    const output = await exec.getExecOutput('bash', ['-c', 'cat; echo "to stderr" >&2; exit 3'], {
      ignoreReturnCode: true,
      silent: true,
      input: Buffer.from('given\n'),
      env: { ...process.env, MORE: '1' }
    })
    assert.deepEqual([output.exitCode, output.stdout, output.stderr], [3, 'given\n', 'to stderr\n'])
    await assert.rejects(exec.exec('bash -c "exit 4"'), /exit code 4/)
    const lines = []
    await exec.exec('seq', ['3'], { listeners: { stdline: line => lines.push(line) } })
    assert.deepEqual(lines, ['1', '2', '3'])
    const root = path.join(temp, 'tree')
    for (const name of ['a.txt', 'b/c.txt', 'b/d.md', '.hidden/e.txt']) write(root, name, name)
    const globber = await glob.create(`${root}/**/*.txt\n!${root}/b/**`)
    const found = (await globber.glob()).map(file => path.relative(root, file)).sort()
    assert.deepEqual(found, ['.hidden/e.txt', 'a.txt'])
    await io.mkdirP(path.join(root, 'x/y'))
    await io.cp(path.join(root, 'b'), path.join(root, 'x/y'), { recursive: true })
    await io.mv(path.join(root, 'a.txt'), path.join(root, 'x/moved.txt'))
    await io.rmRF(path.join(root, 'b'))
    assert.deepEqual(fs.readdirSync(path.join(root, 'x')).sort(), ['moved.txt', 'y'])
    assert.equal(fs.readFileSync(path.join(root, 'x/y/b/c.txt'), 'utf8'), 'b/c.txt')
    assert.ok(await io.which('bash', true))
    write(process.env.GITHUB_WORKSPACE, 'hashed/one.txt', 'one')
    write(process.env.GITHUB_WORKSPACE, 'hashed/two.txt', 'two')
    core.setOutput('hash', await glob.hashFiles('hashed/*.txt'))
  },

  async tools() {
    const tools = await import('@actions/tool-cache')
    assert.ok(process.env.RUNNER_TOOL_CACHE)
    core.setOutput('known', tools.findAllVersions('a-tool').length)
    const made = path.join(temp, 'made')
    write(made, 'bin/a-tool', '#!/bin/sh\necho "a tool"\n')
    fs.chmodSync(path.join(made, 'bin/a-tool'), 0o755)
    const cached = await tools.cacheDir(made, 'a-tool', '1.2.3')
    await tools.cacheFile(path.join(made, 'bin/a-tool'), 'a-tool', 'a-tool', '1.10.0')
    assert.equal(tools.find('a-tool', '~1.2'), cached)
    assert.match(tools.find('a-tool', '1.x'), /1\.10\.0/)
    assert.deepEqual(tools.findAllVersions('a-tool').sort(), ['1.10.0', '1.2.3'])
    const exec = await import('@actions/exec')
    const archive = path.join(temp, 'made.tar.gz')
    await exec.exec('tar', ['czf', archive, '-C', made, '.'])
    const out = await tools.extractTar(archive)
    assert.equal((await exec.getExecOutput(path.join(out, 'bin/a-tool'))).stdout, 'a tool\n')
  },

  async upload() {
    const { DefaultArtifactClient } = await import('@actions/artifact')
    const client = new DefaultArtifactClient()
    const root = path.join(temp, 'up')
    // Random bytes do not deflate: several blocks.
    const files = [write(root, 'big.bin', randomBytes(20 * MIB)), write(root, 'sub/small.txt', 'small\n')]
    const uploaded = await client.uploadArtifact(core.getInput('name'), files, root, { compressionLevel: 1 })
    assert.ok(uploaded.size > 16 * MIB)
    core.setOutput('id', uploaded.id)
    core.setOutput('digest', sha256(files[0]))
  },

  async download() {
    const { DefaultArtifactClient } = await import('@actions/artifact')
    const client = new DefaultArtifactClient()
    const { artifacts } = await client.listArtifacts()
    core.setOutput('names', artifacts.map(artifact => artifact.name).sort().join(' '))
    const { artifact } = await client.getArtifact(core.getInput('name'))
    const { downloadPath } = await client.downloadArtifact(artifact.id, {
      path: core.getInput('path'),
      expectedHash: artifact.digest
    })
    core.setOutput('id', artifact.id)
    core.setOutput('path', downloadPath)
    const big = path.join(downloadPath, 'big.bin')
    if (fs.existsSync(big)) core.setOutput('digest', sha256(big))
  },

  async restore() {
    const cache = await import('@actions/cache')
    assert.equal(cache.isFeatureAvailable(), true)
    const key = await cache.restoreCache([core.getInput('path')], core.getInput('key'), core.getMultilineInput('restore-keys'))
    core.setOutput('hit', key ?? 'none')
  },

  async save() {
    const cache = await import('@actions/cache')
    const id = await cache.saveCache([core.getInput('path')], core.getInput('key'), { uploadChunkSize: MIB })
    core.setOutput('saved', id > 0)
  },

  async identity() {
    const tokens = { plain: await core.getIDToken(), audience: await core.getIDToken('sts.example.com/a b') }
    write(temp, 'tokens.json', JSON.stringify(tokens))
    console.log(`the token is ${tokens.plain}`)
  }
}

try {
  await operations[core.getInput('do', { required: true })]()
} catch (error) {
  core.setFailed(error.stack)
}
