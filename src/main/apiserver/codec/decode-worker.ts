// A worker thread that parses big bodies, so that the control plane's event loop never does.
//
// Its source is put together from the functions it runs, as text: that works the same under a test runner, in a
// bundle and from a packed application, where a worker's own file would have to be found first.
import { createRequire } from 'node:module'
import { Worker } from 'node:worker_threads'
import { parseYaml } from './parse-yaml.ts'
import { scanJson } from './scan-json.ts'
import { splitValue, ValueAssembler, type ValuePart } from './split-value.ts'
import { encodeJson, leastTextLength, parseJson } from '../../../shared/machinery/json-text.ts'

export interface ParseResult {
  readonly value?: unknown
  readonly error?: string
  /** A number that no double holds. */
  readonly outOfRange?: string
  readonly duplicates: string[]
  /** As `JsonScan` has them. */
  readonly literals?: ReadonlyMap<string, string>
  /** More than `maxBytes` without white space, in many nodes or by aliases: not handed over. */
  readonly tooLarge?: boolean
}

interface Reply {
  readonly id: number
  readonly part?: ValuePart
  readonly done?: Omit<ParseResult, 'value'>
  readonly crash?: string
}

interface Job {
  readonly id: number
  readonly user: string
  readonly sinceMs: number
  readonly request: object
  readonly assembler: ValueAssembler
  readonly resolve: (result: ParseResult) => void
  readonly reject: (error: Error) => void
}

/** A worker without work ends after this time. */
const IDLE_MS = 30_000
/** Nodes in one message: about a millisecond to receive. */
const PART_NODES = 4000
const FEW_PARTS = 4
/** Times `maxBytes`: what is longer has many nodes, or much of it by aliases. */
const AMPLIFIED = 4
/** Of the thread: a list of as many items as fit into a body takes 630. */
const MOST_MEMORY_MB = 1024
/** Nobody waits longer for an answer. */
const LONGEST_WAIT_MS = 60_000

const TOO_LONG = 'decoding the request body took too long'

const source = () => `
const { parentPort, workerData } = require('node:worker_threads')
const { createRequire } = require('node:module')
const scanJson = ${scanJson.toString()}
const parseYaml = ${parseYaml.toString()}
const parseJson = ${parseJson.toString()}
const encodeJson = ${encodeJson.toString()}
const leastTextLength = ${leastTextLength.toString()}
const splitValue = ${splitValue.toString()}
let yaml
const parse = (format, text, maxDepth) => {
  if (format === 'yaml') {
    yaml ??= createRequire(workerData.from)('yaml')
    return parseYaml(yaml, text, maxDepth)
  }
  const scan = scanJson(text, maxDepth)
  return scan.error || scan.outOfRange ? scan : { ...scan, value: parseJson(text) }
}
const open = new Map()
parentPort.on('message', ({ id, more, format, bytes, maxDepth, maxBytes }) => {
  try {
    if (!more) {
      const { value, error, outOfRange, duplicates, literals } = parse(format, Buffer.from(bytes).toString('utf8').replace(/^\\uFEFF/, ''), maxDepth)
      // Aliases and merge keys make much of little.
      const bomb = leastTextLength(value, maxBytes * ${AMPLIFIED}) > maxBytes * ${AMPLIFIED}
      const parts = error || outOfRange || bomb ? [] : splitValue(value, ${PART_NODES})
      // A long text in few nodes costs the main thread little and gets its kind's own answer there.
      const tooLarge = bomb || (parts.length > ${FEW_PARTS} && Buffer.byteLength(encodeJson(value)) > maxBytes)
      const done = { error, outOfRange, duplicates: duplicates.slice(0, 100), literals, tooLarge }
      open.set(id, { parts: tooLarge ? [] : parts, next: 0, done })
    }
    const state = open.get(id)
    if (state.next < state.parts.length) parentPort.postMessage({ id, part: state.parts[state.next++] })
    else {
      open.delete(id)
      parentPort.postMessage({ id, done: state.done })
    }
  } catch (error) {
    open.delete(id)
    parentPort.postMessage({ id, crash: String(error && error.message || error) })
  }
})
`

/** Jobs of each user in their order; of the users, who had a turn last is behind those who wait. */
class FairQueue {
  readonly #byUser = new Map<string, Job[]>()
  #last = ''

  get isEmpty(): boolean {
    return this.#byUser.size === 0
  }

  add(job: Job): void {
    const own = this.#byUser.get(job.user)
    if (own) own.push(job)
    else this.#byUser.set(job.user, [job])
  }

  take(): Job | undefined {
    const rest = this.#byUser.get(this.#last)
    if (rest) {
      this.#byUser.delete(this.#last)
      this.#byUser.set(this.#last, rest)
    }
    for (const [user, [job, ...others]] of this.#byUser) {
      this.#last = user
      if (others.length > 0) this.#byUser.set(user, others)
      else this.#byUser.delete(user)
      return job
    }
    return undefined
  }

  /** @returns those that have been there since before then; they are not there any more */
  dropOlder(sinceMs: number): Job[] {
    const dropped: Job[] = []
    for (const [user, jobs] of this.#byUser) {
      const kept = jobs.filter(job => job.sinceMs >= sinceMs)
      if (kept.length === jobs.length) continue
      dropped.push(...jobs.filter(job => job.sinceMs < sinceMs))
      if (kept.length > 0) this.#byUser.set(user, kept)
      else this.#byUser.delete(user)
    }
    return dropped
  }
}

/** Owns one worker thread, started when it is first needed. */
export class DecodeWorker implements AsyncDisposable {
  /** What the thread works on, until all parts are here. */
  #current: Job | undefined
  /** Those that wait for their turn. Nobody's time runs while somebody else's body is parsed. */
  #waiting = new FairQueue()
  #timer: NodeJS.Timeout | undefined
  readonly #timeoutMs: number
  readonly #longestWaitMs: number
  #worker: Worker | undefined
  #idle: NodeJS.Timeout | undefined
  #nextId = 1

  constructor(timeoutMs = 20_000, longestWaitMs = LONGEST_WAIT_MS) {
    this.#timeoutMs = timeoutMs
    this.#longestWaitMs = longestWaitMs
  }

  /**
   * @param user whose it is: users have their turns one after the other, however many bodies one of them sends
   * @throws Error when parsing takes too long or the worker dies
   */
  parse(
    format: 'json' | 'yaml',
    bytes: Uint8Array,
    maxDepth: number,
    maxBytes = Infinity,
    user = '',
  ): Promise<ParseResult> {
    clearTimeout(this.#idle)
    const id = this.#nextId++
    const { promise, resolve, reject } = withResolvers<ParseResult>()
    const request = { id, format, bytes, maxDepth, maxBytes }
    const sinceMs = performance.now()
    this.#waiting.add({ id, user, sinceMs, request, assembler: new ValueAssembler(), resolve, reject })
    this.#next()
    return promise
  }

  #next(): void {
    this.#giveUp()
    const job = this.#current ? undefined : this.#waiting.take()
    if (!job) return
    this.#worker ??= this.#start()
    this.#current = job
    this.#timer = setTimeout(() => this.#restart(TOO_LONG), this.#timeoutMs).unref()
    this.#worker.postMessage(job.request)
  }

  /** Those whose requests have been answered by now are not kept, or they would become more and more. */
  #giveUp(): void {
    const since = performance.now() - this.#longestWaitMs
    for (const job of this.#waiting.dropOlder(since)) job.reject(new Error(TOO_LONG))
  }

  /** What was worked on is lost; who waits for a turn gets it from a new thread. */
  #restart(why: string): void {
    const waiting = this.#waiting
    this.#waiting = new FairQueue()
    void this.#stop(new Error(why))
    this.#waiting = waiting
    this.#next()
  }

  #start(): Worker {
    const worker = new Worker(source(), {
      eval: true,
      workerData: { from: createRequire(import.meta.url).resolve('yaml') },
      resourceLimits: { maxOldGenerationSizeMb: MOST_MEMORY_MB },
    })
    worker.on('message', (reply: Reply) => this.#receive(worker, reply))
    worker.on('error', error => {
      if (this.#worker === worker) this.#restart(error instanceof Error ? error.message : String(error))
    })
    worker.unref()
    return worker
  }

  #receive(worker: Worker, { id, part, done, crash }: Reply): void {
    const job = this.#current
    if (job?.id !== id) return
    clearTimeout(this.#timer)
    if (part) {
      job.assembler.add(part)
      // Asking for the next part in a later turn lets everything else run in between.
      setImmediate(() => worker.postMessage({ id, more: true }))
      return
    }
    this.#current = undefined
    if (this.#waiting.isEmpty) this.#idle = setTimeout(() => void this.#stop(), IDLE_MS).unref()
    else this.#next()
    if (done) job.resolve({ value: job.assembler.value, ...done })
    else job.reject(new Error(crash ?? 'the decoding worker failed'))
  }

  /** Ends the thread when nobody waits for it; a later body starts a new one. */
  async rest(): Promise<void> {
    if (!this.#current) await this.#stop()
  }

  async #stop(error = new Error('the decoder was closed')): Promise<void> {
    const worker = this.#worker
    this.#worker = undefined
    clearTimeout(this.#idle)
    clearTimeout(this.#timer)
    for (const job of [this.#current, ...this.#waiting.dropOlder(Infinity)]) job?.reject(error)
    this.#current = undefined
    await worker?.terminate()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop()
  }
}

function withResolvers<T>() {
  let resolve: (value: T) => void = () => undefined
  let reject: (error: Error) => void = () => undefined
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}
