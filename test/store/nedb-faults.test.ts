// The embedded engine when the disk fails it: full, broken, or cut off in the middle of a write.
import { spawn, spawnSync } from 'node:child_process'
import { mkdir, rm, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { build } from 'esbuild'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Engine } from '../../src/main/store/contract.ts'
import { realDisk, type Disk } from '../../src/main/store/nedb/disk.ts'
import { openNedbEngine } from '../../src/main/store/nedb/engine.ts'
import { poll } from '../suites/store.ts'
import { tempFolder, type TempFolder } from './temp-folder.ts'

let folder: TempFolder
let engine: Engine | undefined
beforeEach(async () => {
  folder = await tempFolder()
})
afterEach(async () => {
  await engine?.[Symbol.asyncDispose]()
  engine = undefined
  await folder[Symbol.asyncDispose]()
})

const failure = (attempt: Promise<unknown>) =>
  attempt.then(
    () => 'ok',
    (error: { code?: string }) => error.code,
  )
async function stateOf(opened: Engine): Promise<Map<string, string>> {
  const state = new Map<string, string>()
  for await (const batch of opened.load()) for (const { key, value } of batch) state.set(key, value ?? '')
  return state
}

for (const place of ['syncData', 'beforeAppend'] as const)
  test(`a failing ${place} stops writes, loses nothing acknowledged, and writing comes back by itself`, async () => {
    let broken = false
    const fail = () => Promise.reject(Object.assign(new Error('EIO: i/o error'), { code: 'EIO' }))
    const disk: Disk = {
      beforeAppend: (path, bytes) => (broken && place === 'beforeAppend' ? fail() : realDisk.beforeAppend(path, bytes)),
      syncData: (file, path) => (broken && place === 'syncData' ? fail() : realDisk.syncData(file, path)),
      syncFolder: path => realDisk.syncFolder(path),
    }
    const dataDir = folder.path
    engine = await openNedbEngine({ dataDir, disk, reserveBytes: 65_536 })
    const told: string[] = []
    engine.onCommit(records => told.push(records[0]!.key))
    await engine.commit([{ key: '/before', value: '1' }])
    broken = true
    const pending = [0, 1, 2].map(i => failure(engine!.commit([{ key: `/lost${i}`, value: '1' }])))
    expect(await Promise.all(pending)).toEqual(['Unavailable', 'Unavailable', 'Unavailable'])
    expect(engine.health()).toMatchObject({ state: 'read-only', detail: expect.stringContaining('EIO') })
    expect(await failure(engine.commit([{ key: '/no', value: null }]))).toBe('Unavailable')
    expect([...(await stateOf(engine)).keys()]).toEqual(['/before'])
    broken = false
    await poll(() => engine!.health().state === 'ok')
    await engine.commit([{ key: '/after', value: '1', expect: 0 }])
    expect(told).toEqual(['/before', '/after'])
    await engine[Symbol.asyncDispose]()
    engine = await openNedbEngine({ dataDir })
    expect([...(await stateOf(engine)).keys()].sort()).toEqual(['/after', '/before'])
  })

test('on a full disk creates answer NoSpace, deletes and reads go on, and room brings writing back', async context => {
  const mount = join(folder.path, 'small')
  await mkdir(mount)
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', mount])
  if (mounted.status !== 0) return context.skip(`tmpfs cannot be mounted here: ${mounted.stderr?.toString()}`)
  try {
    const ballast = join(mount, 'ballast')
    await writeFile(ballast, Buffer.alloc(1024 * 1024))
    engine = await openNedbEngine({ dataDir: join(mount, 'data'), reserveBytes: 256 * 1024 })
    const acknowledged: string[] = []
    let outcome: string | undefined = 'ok'
    for (let i = 0; outcome === 'ok' && i < 5000; i++) {
      outcome = await failure(engine.commit([{ key: `/k${i}`, value: 'x'.repeat(20_000) }]))
      if (outcome === 'ok') acknowledged.push(`/k${i}`)
    }
    expect(outcome).toBe('NoSpace')
    expect(engine.health().state).toBe('no-space')
    expect(acknowledged.length).toBeGreaterThan(10)
    for (const key of acknowledged.splice(0, 5)) await engine.commit([{ key, value: null }])
    expect(await failure(engine.commit([{ key: '/more', value: '1' }]))).toBe('NoSpace')
    expect([...(await stateOf(engine)).keys()].sort()).toEqual([...acknowledged].sort())
    await unlink(ballast)
    await poll(() => engine!.health().state === 'ok', 20_000)
    await engine.commit([{ key: '/more', value: '1' }])
    await engine[Symbol.asyncDispose]()
    engine = await openNedbEngine({ dataDir: join(mount, 'data') })
    expect([...(await stateOf(engine)).keys()].sort()).toEqual([...acknowledged, '/more'].sort())
  } finally {
    await engine?.[Symbol.asyncDispose]()
    engine = undefined
    expect(spawnSync('umount', [mount]).status).toBe(0)
  }
})

test('kill -9 during writes loses nothing that was acknowledged and tears no transaction', async () => {
  const writer = join(folder.path, 'writer.mjs')
  await build({
    entryPoints: [join(import.meta.dirname, 'crash-writer.ts')],
    outfile: writer,
    bundle: true,
    platform: 'node',
    format: 'esm',
    // Some of nedb is CommonJS that calls require().
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)" },
  })
  const dataDir = join(folder.path, 'data')
  const acknowledged = new Map<string, number>()
  let newest = 0
  for (let round = 0; round < 6; round++) {
    const child = spawn(process.execPath, [writer, dataDir, String(round)], { stdio: ['ignore', 'pipe', 'inherit'] })
    const exited = new Promise(resolve => child.once('exit', resolve))
    let lines = 0
    for await (const line of createInterface({ input: child.stdout })) {
      const [key = '', revision] = line.split(' ')
      // A line may itself be cut by the kill: only complete ones end in a dot.
      if (!line.endsWith('.')) continue
      acknowledged.set(key, Number.parseInt(revision ?? '', 10))
      if (++lines === 300 + round * 37) child.kill('SIGKILL')
    }
    await exited
    expect(lines).toBeGreaterThan(300)
    engine = await openNedbEngine({ dataDir })
    const revisions = new Map<string, number>()
    for await (const batch of engine.load()) for (const { key, revision } of batch) revisions.set(key, revision)
    for (const [key, revision] of acknowledged) {
      expect(revisions.get(`${key}/left`), key).toBe(revision)
      expect(revisions.get(`${key}/right`), key).toBe(revision)
    }
    for (const key of revisions.keys()) {
      const twin = key.endsWith('/left') ? key.replace(/left$/, 'right') : key.replace(/right$/, 'left')
      expect(revisions.get(twin), key).toBe(revisions.get(key))
    }
    expect(engine.revision).toBeGreaterThanOrEqual(Math.max(newest, ...acknowledged.values()))
    newest = engine.revision
    await engine[Symbol.asyncDispose]()
    engine = undefined
  }
  await rm(writer)
})
