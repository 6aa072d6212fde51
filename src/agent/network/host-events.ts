// Listens to what the kernel tells of changes to links, addresses, routes and rules, so that a host on which nothing
// happens need not be looked at.
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Log } from '../../shared/machinery/log.ts'
import { POD_LINK_PREFIX } from '../../shared/machinery/node-network.ts'
import { searchPath } from './exec.ts'
import { ARRIVALS_TABLE, TABLE } from './names.ts'

/** What was heard since it was last asked for; `unknown` = not everything could be heard. */
export type Heard = 'nothing' | 'network' | 'rules' | 'unknown'

/** Ended by the kernel with this process, however that ends. */
const tied = (...argv: string[]): string[] => ['setpriv', '--pdeathsig', 'KILL', '--', ...argv]
const PROGRAMS = {
  network: tied('ip', '-o', 'monitor', 'link', 'address', 'route'),
  rules: tied('nft', 'monitor'),
} as const
type Subject = keyof typeof PROGRAMS
/** Those that tell more first. */
const SUBJECTS = ['rules', 'network'] as const satisfies Subject[]
/** A host that lacks a program will hardly have it the next time; one that had worked is started again at once. */
const TAKES_PER_TRY = 12

const RULE_EVENT = /^\s*\w+ (table|chain|rule) \w+ (\S+)(.*)/
const ARRIVALS_NAME = ARRIVALS_TABLE.split(' ')[1]
/** It tells so when the kernel had more to tell than there was room for. */
const LOST_EVENTS = /^# ERROR/

/**
 * @param line of `nft monitor`
 * @returns whether it tells of rules that matter here: those of others, and of ours what only a removal touches
 */
export function isRuleChange(line: string): boolean {
  const [, what, table, rest = ''] = RULE_EVENT.exec(line) ?? []
  if (what === undefined) return LOST_EVENTS.test(line)
  if (table === ARRIVALS_NAME) return false
  return table !== TABLE || what === 'table' || (what === 'chain' && rest.includes('nat-postrouting'))
}

const POD_LINK = new RegExp(`\\b${POD_LINK_PREFIX}[0-9a-f]{11}\\b`)
/** Of a link that is up: `12: flo-…: <BROADCAST,MULTICAST,UP,LOWER_UP> …`. */
const IS_UP = /<[^>]*\bUP\b[^>]*>/
const IS_LINK = /^\d+: \S+ </

/**
 * What comes with a pod is this agent's own doing; what goes is so, too, unless the pod is still there.
 * @param line of `ip -o monitor`
 * @returns whether it tells of a change that is none of a pod's, or the pod's link that it tells a loss of
 */
export function networkNews(line: string): { readonly isChange: boolean; readonly lost?: string } {
  const podLink = POD_LINK.exec(line)?.[0]
  if (podLink === undefined) return { isChange: true }
  const isLoss = line.startsWith('Deleted') || (IS_LINK.test(line) && !IS_UP.test(line))
  return isLoss ? { isChange: false, lost: podLink } : { isChange: false }
}

export interface HostEventsOptions {
  readonly log: Log
  /** Whether a pod's link is in use now, and nothing is being done to it here. */
  readonly isStanding: (podLink: string) => boolean
  /** Starts a program that tells events, a line each. Default: a child process. */
  readonly listen?: (argv: readonly string[]) => ChildProcess
}

export class HostEvents implements AsyncDisposable {
  readonly #options: HostEventsOptions
  readonly #running = new Map<Subject, ChildProcess>()
  readonly #heard = new Set<Subject>()
  /** Those that ran from one take to the next. */
  readonly #steady = new Set<Subject>()
  /** Pods' links that lost something: that of a pod which ended is none to be put right. */
  readonly #losses = new Set<string>()
  #missed = true
  #takesUntilTry = 0

  constructor(options: HostEventsOptions) {
    this.#options = options
  }

  /** Asks what was heard, which is forgotten then; what cannot be heard is tried again now and then. */
  take(): Heard {
    const silent = SUBJECTS.filter(subject => !this.#running.has(subject))
    for (const subject of this.#running.keys()) this.#steady.add(subject)
    if (silent.length > 0 && this.#takesUntilTry-- === 0) {
      this.#takesUntilTry = TAKES_PER_TRY - 1
      for (const subject of silent) this.#start(subject)
    }
    if ([...this.#losses].some(this.#options.isStanding)) this.#heard.add('network')
    this.#losses.clear()
    const heard = this.#missed ? 'unknown' : (SUBJECTS.find(subject => this.#heard.has(subject)) ?? 'nothing')
    // What happened while the programs were starting is not heard: the next time is unknown as well.
    this.#missed = silent.length > 0
    this.#heard.clear()
    return heard
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const children = [...this.#running.values()]
    this.#running.clear()
    await Promise.all(
      children.map(child => {
        if (child.exitCode !== null || child.signalCode !== null) return undefined
        const ended = new Promise(resolve => child.once('close', resolve))
        child.kill('SIGKILL')
        return ended
      }),
    )
  }

  #start(subject: Subject): void {
    const { listen = listenTo, log } = this.#options
    const child = listen(PROGRAMS[subject])
    this.#running.set(subject, child)
    const isOurs = () => this.#running.get(subject) === child
    const ended = () => {
      if (!isOurs()) return
      this.#running.delete(subject)
      this.#missed = true
      if (this.#steady.delete(subject)) this.#takesUntilTry = 0
    }
    child.on('error', error => {
      log.debug({ err: error, subject }, 'cannot listen to changes of the host')
      ended()
    })
    child.on('close', ended)
    if (!child.stdout) return
    createInterface({ input: child.stdout }).on('line', line => {
      if (subject === 'rules') {
        if (isRuleChange(line)) this.#heard.add(subject)
        return
      }
      const { isChange, lost } = networkNews(line)
      if (isChange) this.#heard.add(subject)
      if (lost !== undefined) this.#losses.add(lost)
    })
  }
}

const listenTo = ([file = '', ...args]: readonly string[]): ChildProcess =>
  spawn(file, args, {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, PATH: searchPath, LC_ALL: 'C' },
  })
