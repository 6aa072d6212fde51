// What the torture checks share: programs bundled from the source, file systems of their own, and a log that is checked
// against what was acknowledged.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { build } from 'esbuild'
import { root } from '../bench/lib.mjs'

/** Ends the check as skipped: the machine cannot do what it needs. */
export function skip(why) {
  console.log(`SKIPPED: ${why}`)
  process.exit(77)
}

export function assert(condition, what) {
  if (!condition) throw new Error(what)
}

export const run = (command, ...args) => spawnSync(command, args, { encoding: 'utf8' })

export function must(command, ...args) {
  const { status, stderr, error } = run(command, ...args)
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr || error?.message}`)
}

/** A temporary folder that is gone when the check ends, however it ends. */
export function scratch() {
  const path = mkdtempSync(join(tmpdir(), 'flotilla-torture-'))
  process.on('exit', () => rmSync(path, { recursive: true, force: true }))
  return path
}

/** Bundles a program of the source tree. @returns its path */
export async function bundle(source, folder) {
  const outfile = join(folder, `${source.replace(/.*\//, '').replace(/\.ts$/, '')}.mjs`)
  await build({
    entryPoints: [join(root, source)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
    // nedb is CommonJS and asks for Node's own modules by require().
    banner: { js: `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)` },
  })
  return outfile
}

/** Starts the writer of test/store, which says on its output what was acknowledged. */
export function startWriter(program, dataDir, round, command = []) {
  const [file, ...args] = [...command, process.execPath, program, dataDir, String(round)]
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  const acknowledged = []
  const lines = createInterface({ input: child.stdout })
  lines.on('line', line => {
    const [key, revision, end] = line.split(' ')
    // A line that was cut off by the kill says nothing.
    if (end === '.') acknowledged.push({ key, revision: Number(revision) })
  })
  const ended = new Promise(resolve => child.once('exit', resolve)).then(() => new Promise(r => setImmediate(r)))
  return { child, acknowledged, ended }
}

/** Opens the log in a process of its own. @returns `{ keys, revision }` of the state found */
export function readBack(program, dataDir) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, dataDir], {
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  })
  if (status !== 0) throw new Error(`the store does not open: ${stderr}`)
  const { keys, revision } = JSON.parse(stdout)
  return { keys: new Map(keys), revision }
}

/** Everything acknowledged is there under its revision, transactions are whole, and revisions have not gone back. */
export function assertNothingLost({ keys, revision }, acknowledged) {
  for (const { key, revision: at } of acknowledged)
    for (const side of ['left', 'right'])
      assert(
        keys.get(`${key}/${side}`) === at,
        `${key}/${side} was acknowledged at ${at} and is ${keys.get(`${key}/${side}`)}`,
      )
  for (const key of keys.keys()) {
    const other = key.endsWith('/left') ? key.replace(/left$/, 'right') : key.replace(/right$/, 'left')
    assert(keys.get(other) === keys.get(key), `${key} is there without ${other}: a torn transaction`)
  }
  const newest = Math.max(0, ...acknowledged.map(({ revision: at }) => at))
  assert(revision >= newest, `revision ${revision} lies before the acknowledged ${newest}`)
}

export const waitFor = async (condition, what, timeoutMs = 30_000) => {
  for (const until = Date.now() + timeoutMs; !(await condition());) {
    if (Date.now() > until) throw new Error(`${what}: not within ${timeoutMs} ms`)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}
