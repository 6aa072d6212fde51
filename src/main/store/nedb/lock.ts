// One process per data folder. The lock is a file that names its owner; a dead owner's lock is taken over.
import { link, readFile, readlink, rename, stat, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import { type Clock, systemClock } from '../../../shared/machinery/clock.ts'
import { startOfProcess } from '../../../shared/machinery/process-stat.ts'
import { StoreError } from '../contract.ts'
import { codeOf, FILE_MODE, readIfThere, removeIfThere } from './disk.ts'

interface Whereabouts {
  /** Where the pid means something: host, boot and pid namespace. */
  readonly realm: string
  /** Which start of which machine this is; the machine is empty where the system does not say. */
  readonly machine: string
  readonly boot: string
}

interface Owner extends Whereabouts {
  readonly pid: number
  /** Tells a process from a later one with the same number; empty where the system does not say. */
  readonly started: string
  readonly nonce: string
}

/** The owner touches its lock this often; one that cannot be asked is taken for dead after `SILENT_MS`. */
const TOUCH_MS = 10_000
const SILENT_MS = 45_000

/**
 * @param here where this process runs
 * @throws StoreError `Locked` when a live process holds the folder
 */
export async function lockFolder(
  folder: string,
  clock: Clock = systemClock,
  here: Promise<Whereabouts> = whereabouts(),
): Promise<AsyncDisposable> {
  const path = join(folder, 'lock')
  const owner: Owner = {
    pid: process.pid,
    started: await startOf(process.pid),
    ...(await here),
    nonce: randomUUID(),
  }
  const mine = join(folder, `.lock.${owner.nonce}`)
  await writeFile(mine, JSON.stringify(owner), { mode: FILE_MODE })
  try {
    // link() creates the lock with its content in one step and fails when there is one.
    while (!(await tryLink(mine, path))) await removeDeadLock(path, owner, clock)
  } finally {
    await removeIfThere(mine)
  }
  return keep(path, owner, clock)
}

async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

async function removeDeadLock(path: string, self: Owner, clock: Clock): Promise<void> {
  const text = await readIfThere(path)
  if (text === undefined) return
  const holder = parse(text)
  if (holder && (await isAlive(holder, path, self, clock)))
    throw new StoreError(
      'Locked',
      `the data folder is in use by process ${holder.pid} (${path}): stop that process, or choose another data folder`,
    )
  // Two processes may both find the lock dead: only the one whose rename moves that very lock has removed it.
  const aside = `${path}.${self.nonce}`
  try {
    await rename(path, aside)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return
    throw error
  }
  if ((await readFile(aside, 'utf8')) !== text) await tryLink(aside, path)
  await removeIfThere(aside)
}

async function isAlive(holder: Owner, path: string, self: Owner, clock: Clock): Promise<boolean> {
  // Nobody outlives the start of the machine that it ran on.
  if (holder.machine && holder.machine === self.machine && holder.boot !== self.boot) return false
  if (holder.realm !== self.realm) {
    const { mtimeMs } = await stat(path)
    return Math.abs(clock.now() - mtimeMs) < SILENT_MS
  }
  try {
    process.kill(holder.pid, 0)
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return false
  }
  return holder.started === (await startOf(holder.pid))
}

function keep(path: string, owner: Owner, clock: Clock): AsyncDisposable {
  let cancel: () => void
  const touch = () => {
    const now = new Date(clock.now())
    // A folder that went away is the next write's problem to report.
    utimes(path, now, now).catch(() => undefined)
    cancel = clock.after(TOUCH_MS, touch)
  }
  cancel = clock.after(TOUCH_MS, touch)
  return {
    async [Symbol.asyncDispose]() {
      cancel()
      const text = await readIfThere(path)
      if (text !== undefined && parse(text)?.nonce === owner.nonce) await removeIfThere(path)
    },
  }
}

function parse(text: string): Owner | undefined {
  try {
    const owner = JSON.parse(text) as Owner
    return Number.isSafeInteger(owner.pid) ? owner : undefined
  } catch {
    return undefined
  }
}

/** @returns the kernel's start time of a process (field 22 of its stat line), or an empty text. */
async function startOf(pid: number): Promise<string> {
  return startOfProcess(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''))
}

async function whereabouts(): Promise<Whereabouts> {
  const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')).trim()
  const id = (await readFile('/etc/machine-id', 'utf8').catch(() => '')).trim()
  const namespace = await readlink('/proc/self/ns/pid').catch(() => '')
  return { realm: [hostname(), boot, namespace].join(' '), machine: id && `${hostname()} ${id}`, boot }
}
