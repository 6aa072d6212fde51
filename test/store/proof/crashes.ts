// Rounds of a writer that is ended from outside, by kill -9 or with the power of its disk, at a moment chosen by a seed or
// at a named point of the engine; after each everything acknowledged must be there, and no transaction in part.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { openNedbEngine } from '../../../src/main/store/nedb/engine.ts'
import { STORE_POINTS } from '../../../src/main/store/nedb/points.ts'
import { randomFrom } from '../../support/random.ts'
import { bundleProgram } from './bundle.ts'
import { stateOf, twinOf } from './ledger.ts'

const run = promisify(execFile)
/** So many rounds go on with what the one before has left. */
const ROUNDS_OF_A_STORE = 20
const MOST_WRITES = 200
/** A writer that has not come to its point by then is ended all the same. */
const LAST_CALL = 400
/** The writer comes to these only when something else goes wrong as well. */
const POINTS = STORE_POINTS.filter(point => !point.startsWith('undo'))

/** Where the store lies, and what ends its writer. */
export interface CrashSite {
  readonly folder: string
  crash(writer: ChildProcess): Promise<void>
}

export interface CrashOutcome {
  readonly faults: readonly string[]
  readonly rounds: number
  /** Of the rounds, those that ended at a named point. */
  readonly atPoints: number
  readonly acknowledged: number
  /** Longest time that opening took afterwards, in milliseconds. */
  readonly slowestOpenMs: number
}

/** Bundles the writer. @returns its path */
export async function bundleWriter(folder: string): Promise<string> {
  const outfile = join(folder, 'writer.mjs')
  await bundleProgram(join(import.meta.dirname, '../crash-writer.ts'), outfile)
  return outfile
}

export async function crashes(site: CrashSite, writer: string, rounds: number, seed: number): Promise<CrashOutcome> {
  const random = randomFrom(seed)
  const faults: string[] = []
  const known = new Map<string, number>()
  let [total, atPoints, newest, slowestOpenMs] = [0, 0, 0, 0]
  let dataDir = ''
  for (let round = 0; round < rounds && faults.length === 0; round++) {
    if (round % ROUNDS_OF_A_STORE === 0) {
      if (dataDir) await rm(dataDir, { recursive: true })
      await mkdir((dataDir = join(site.folder, `data-${round}`)))
      known.clear()
      newest = 0
    }
    const point = random() < 0.6 ? POINTS[Math.floor(random() * POINTS.length)]! : ''
    const wanted = point ? LAST_CALL : 1 + Math.floor(random() * MOST_WRITES)
    const child = spawn(
      process.execPath,
      [writer, dataDir, String(round), point, String(1 + Math.floor(random() * 3))],
      {
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    )
    const exited = once(child, 'exit')
    let acknowledged = 0
    let over: Promise<void> | undefined
    for await (const line of createInterface({ input: child.stdout })) {
      const [key = '', revision, end] = line.split(' ')
      // A line that was cut off says nothing, and what the writer goes on to say while the power goes nobody has heard.
      if (end !== '.' || over) continue
      if (key === 'stopped') atPoints++
      else {
        known.set(key, Number(revision))
        acknowledged++
      }
      if (key === 'stopped' || acknowledged === wanted) over = site.crash(child)
    }
    await exited
    await over
    if (!over) faults.push(`round ${round}: the writer ended by itself`)
    total += acknowledged
    const started = performance.now()
    await using engine = await openNedbEngine({ dataDir, reserveBytes: 0 })
    slowestOpenMs = Math.max(slowestOpenMs, performance.now() - started)
    const { found, revision } = await stateOf(engine)
    const where = `seed ${seed}, round ${round}${point && ` at ${point}`}`
    newest = Math.max(newest, ...known.values())
    if (revision < newest) faults.push(`${where}: the revision went back from ${newest} to ${revision}`)
    newest = revision
    for (const [key, at] of known)
      for (const side of ['left', 'right'])
        if (found.get(`${key}/${side}`)?.revision !== at) faults.push(`${where}: ${key}/${side} is lost`)
    for (const [key, { revision: at }] of found)
      if (found.get(twinOf(key) ?? key)?.revision !== at) faults.push(`${where}: ${key} is half of a transaction`)
  }
  return { faults, rounds, atPoints, acknowledged: total, slowestOpenMs }
}

export const killed = (folder: string): CrashSite => ({
  folder,
  crash: writer => {
    writer.kill('SIGKILL')
    return Promise.resolve()
  },
})

/** EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH: nothing more reaches the device, as when the power goes. */
const SHUT_DOWN = `import fcntl, os, struct, sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587D, struct.pack('I', 2))`

/**
 * An ext4 on a loop device of its own, whose power can be cut.
 * @throws Error when none can be mounted here
 */
export async function powerCutSite(folder: string): Promise<CrashSite & AsyncDisposable> {
  let cuts = 0
  const imageOf = () => join(folder, `disk-${cuts}`)
  const mount = join(folder, 'mnt')
  await mkdir(mount)
  await run('truncate', ['-s', '128M', imageOf()])
  await run('mkfs.ext4', ['-q', '-F', imageOf()])
  await run('mount', ['-o', 'loop', imageOf(), mount])
  return {
    folder: mount,
    async crash(writer) {
      const exited = once(writer, 'exit')
      await run('python3', ['-c', SHUT_DOWN, mount])
      writer.kill('SIGKILL')
      await exited
      await run('umount', [mount])
      // What is on the disk, on another one: a container that started meanwhile may hold the one without power.
      const left = imageOf()
      cuts++
      await run('cp', ['--sparse=always', left, imageOf()])
      await rm(left)
      await run('mount', ['-o', 'loop', imageOf(), mount])
    },
    async [Symbol.asyncDispose]() {
      await run('umount', [mount])
    },
  }
}
