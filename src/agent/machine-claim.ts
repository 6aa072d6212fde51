// One cluster per network namespace. Service addresses, the nftables table and the pods' addresses exist once in it:
// two agents would overwrite each other's rules and hand out the same addresses. So an agent claims it first.
//
// The claim is a file that names its holder. It outlives the holder, since pods do: another cluster may take it over
// only when the holder is dead and its pods are gone.
import { randomUUID } from 'node:crypto'
import { existsSync, linkSync, mkdirSync, readFileSync, readlinkSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Clock } from '../shared/machinery/clock.ts'
import { startOfProcess } from '../shared/machinery/process-stat.ts'

interface Holder {
  readonly pid: number
  /** The kernel's start time: tells a process from a later one with the same number. */
  readonly started: string
  readonly instance: string
  readonly dataDir: string
}

export interface ClaimOptions {
  /** The agent's own identity: see `instanceId`. */
  readonly instance: string
  readonly dataDir: string
  /** @returns whether pods of another agent still run */
  readonly hasPods: (instance: string) => Promise<boolean>
  readonly clock: Clock
  /** Default: `/run/flotilla`, which a reboot empties. */
  readonly folder?: string
  /** How long another cluster's holder that lives may take to end. Default 3 s: whoever is refused can ask again. */
  readonly waitMs?: number
  /** How long one of the same agent may, as after a restart of the control plane. Default 10 s. */
  readonly ownWaitMs?: number
}

/** The machine belongs to another cluster. The message is one line for people. */
export class MachineTakenError extends Error {
  override readonly name = 'MachineTakenError'
}

const RETRY_MS = 100

/**
 * Claims this network namespace for one agent.
 * @returns a function that gives the claim back, for an agent whose pods and rules are gone
 * @throws MachineTakenError
 */
export async function claimMachine(options: ClaimOptions): Promise<() => void> {
  const { instance, dataDir, hasPods, clock, folder = '/run/flotilla', waitMs = 3_000, ownWaitMs = 10_000 } = options
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, `agent-${networkNamespace()}.json`)
  const mine: Holder = { pid: process.pid, started: startOf(process.pid), instance, dataDir }
  const temporary = join(folder, `.${randomUUID()}.tmp`)
  writeFileSync(temporary, JSON.stringify(mine), { mode: 0o600, flag: 'wx' })
  const since = clock.monotonic()
  try {
    while (!tryLink(temporary, path)) {
      const text = readIfThere(path)
      const holder = text === undefined ? undefined : parse(text)
      if (text === undefined) continue
      if (holder && isAlive(holder)) {
        if (clock.monotonic() - since >= (holder.instance === instance ? ownWaitMs : waitMs))
          throw new MachineTakenError(
            `this machine is a node of another cluster (${holder.dataDir}, agent process ${holder.pid}); ` +
              'a machine can be a node of one cluster at a time',
          )
        // Not the clock's: its timers let a process end that does nothing but wait, as a clean-up does here.
        await pause(RETRY_MS)
        continue
      }
      if (holder && holder.instance !== instance && existsSync(holder.dataDir) && (await hasPods(holder.instance)))
        throw new MachineTakenError(
          `this machine still runs pods of another cluster (${holder.dataDir}); reset that cluster first, ` +
            'or start it again',
        )
      removeDead(path, text)
    }
  } finally {
    rmSync(temporary, { force: true })
  }
  return () => {
    if (readIfThere(path) === JSON.stringify(mine)) rmSync(path, { force: true })
  }
}

/** Two agents may find the same claim dead: only the one that moves that very claim has removed it. */
function removeDead(path: string, text: string): void {
  const aside = `${path}.${randomUUID()}`
  try {
    renameSync(path, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  if (readIfThere(aside) !== text) tryLink(aside, path)
  rmSync(aside, { force: true })
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function parse(text: string): Holder | undefined {
  try {
    const { pid, started, instance, dataDir } = JSON.parse(text) as Partial<Holder>
    const valid = Number.isSafeInteger(pid) && started !== undefined && instance !== undefined && dataDir !== undefined
    return valid ? { pid: Number(pid), started, instance, dataDir } : undefined
  } catch {
    return undefined
  }
}

const isAlive = ({ pid, started }: Holder): boolean => started !== '' && startOf(pid) === started

const startOf = (pid: number): string => startOfProcess(readIfThere(`/proc/${pid}/stat`) ?? '')

const networkNamespace = (): string => readlinkSync('/proc/self/ns/net').replace(/\D/g, '')
