// Updates of the app: looked for when the user says so, downloaded and installed by a click, taken back when not ready.
import type { UpdateStatus } from '../../../preload/channels.ts'
import { endProgram, judge, startProgram } from './judge.ts'
import type { Found, UpdateSource } from './source.ts'
import { keepPrevious, mayReplace, putInPlace, stage, takeBack, tidy } from './swap.ts'
import type { Trial, TrialFile } from './trial.ts'

export interface UpdatesOptions {
  readonly version: string
  /** Undefined for a build that is not published anywhere. */
  readonly source: UpdateSource | undefined
  /** The file that is replaced; undefined where the system installs the app, not the app itself. */
  readonly program: string | undefined
  readonly trial: TrialFile
  /** What this version was started with, and others are. */
  readonly args: readonly string[]
  /** Ends windows and control plane. @throws when that did not go cleanly */
  readonly stop: () => Promise<void>
  /** Lets another of us start, before it does. */
  readonly release: () => void
  readonly exit: (code: number) => void
  readonly onStatus: (status: UpdateStatus) => void
  readonly log: (line: string) => void
  /** How long a new version may take until its cluster runs. */
  readonly readyMs?: number
  readonly graceMs?: number
}

const READY_MS = 180_000
const GRACE_MS = 30_000
const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

export class Updates {
  readonly #options: UpdatesOptions
  #status: UpdateStatus
  #found: Found | undefined
  #downloaded: string | undefined
  #busy = false
  #onTrial = false

  constructor(options: UpdatesOptions) {
    this.#options = options
    this.#status = { state: options.source ? 'idle' : 'off', version: options.version }
  }

  get status(): UpdateStatus {
    return this.#status
  }

  /**
   * What this start is in the life of an update; to be called before anything else starts.
   * @returns false when this version gave way to the one before it
   */
  begin(): boolean {
    const { trial, program, version, args } = this.#options
    if (!program) return true
    const outcome = trial.start(version, program)
    const { current } = trial
    if (outcome === 'go-back' && current && this.#tookBack(program)) {
      this.#giveWay({ ...current, state: 'taken-back', reason: 'it did not get ready' }, args)
      return false
    }
    this.#onTrial = outcome === 'on-trial'
    if (outcome === 'came-back' && current)
      this.#tell({ takenBack: { version: current.to, reason: current.reason ?? '' } })
    if (outcome === 'settled' || outcome === 'go-back') trial.end()
    if (outcome !== 'on-trial') tidy(program)
    return true
  }

  /** The cluster runs and the window, where one is wanted, shows it: a version on trial has passed. */
  ready(): void {
    const { trial, program } = this.#options
    if (!this.#onTrial || !program) return
    this.#onTrial = false
    trial.end()
    tidy(program)
  }

  /** @param reason undefined: what is wrong is not this version's doing */
  notReady(reason: string | undefined): void {
    const { trial } = this.#options
    const { current } = trial
    if (!this.#onTrial || !current) return
    if (reason !== undefined) return trial.set({ ...current, state: 'failed', reason })
    // Not to be counted, however often it is tried.
    const starts = current.state === 'starting' ? current.starts - 1 : current.starts
    trial.set({ ...current, state: 'undecided', starts })
  }

  async look(): Promise<UpdateStatus> {
    await this.#alone('looking', async source => {
      this.#downloaded = undefined
      this.#found = undefined
      this.#found = await source.look()
      const { trial, program } = this.#options
      const refused = trial.current
      if (!this.#found || (refused?.state === 'taken-back' && refused.to === this.#found.release.version))
        return this.#tell({ state: 'none', found: undefined })
      const { release, file } = this.#found
      const installs = program !== undefined && (await mayReplace(program))
      this.#tell({
        state: 'found',
        found: {
          version: release.version,
          notes: release.notes ?? '',
          megabytes: Math.ceil(file.size / 1e6),
          installs,
        },
      })
    })
    return this.#status
  }

  async download(): Promise<UpdateStatus> {
    await this.#alone('downloading', async source => {
      if (!this.#found) throw new Error('there is nothing to download')
      this.#downloaded = await source.download(percent => this.#tell({ percent }))
      this.#tell({ state: 'downloaded' })
    })
    return this.#status
  }

  /** Where the file of the version found can be had, for those who install it themselves. */
  get page(): string {
    if (!this.#found) throw new Error('no newer version was found')
    return this.#found.file.url.href
  }

  /** Stops everything, puts the new version in place and stays until it is ready, or brings this one back. */
  async install(): Promise<void> {
    const { program, trial, version, stop, release, exit, log } = this.#options
    // Whoever clicks this has a window, and wants to see one again.
    const args = this.#options.args.filter(argument => argument !== '--hidden')
    await this.#alone('installing', async () => {
      const found = this.#found
      const file = this.#downloaded
      if (!program || !found || file === undefined) throw new Error('nothing was downloaded that can be installed')
      await stage(program, file, found.file.sha512)
      const placed: Trial = { from: version, to: found.release.version, program, starts: 0, state: 'placed' }
      try {
        await stop()
        keepPrevious(program)
        trial.set(placed)
        putInPlace(program)
      } catch (error) {
        return this.#giveWay({ ...placed, state: 'not-installed', reason: messageOf(error) }, args)
      }
      release()
      try {
        const problem = await this.#try(program, args)
        if (problem === undefined) return exit(0)
        takeBack(program)
        this.#giveWay({ ...placed, state: 'taken-back', reason: problem }, args)
      } catch (error) {
        // Without a window and a cluster it must not stay.
        log(`version ${placed.to} cannot be taken back: ${messageOf(error)}`)
        exit(1)
      }
    })
  }

  /** @returns false when the version before is gone: this one is the only one then, and goes on */
  #tookBack(program: string): boolean {
    try {
      takeBack(program)
      return true
    } catch (error) {
      this.#options.log(`the version before cannot come back: ${messageOf(error)}`)
      return false
    }
  }

  /** Starts the version that is in place again, which tells what became of the other one; this process ends. */
  #giveWay(decided: Trial, args: readonly string[]): void {
    const { trial, log, release, exit } = this.#options
    log(`version ${decided.to} is ${decided.state}: ${decided.reason ?? ''}`)
    try {
      trial.set(decided)
    } catch (error) {
      // Such as a full disk, which must not keep the app from coming back.
      log(`that cannot be written down: ${messageOf(error)}`)
    }
    release()
    startProgram(decided.program, args)
    exit(0)
  }

  async #try(program: string, args: readonly string[]): Promise<string | undefined> {
    const { trial, readyMs = READY_MS, graceMs = GRACE_MS } = this.#options
    const child = startProgram(program, args)
    const problem = await judge(child, { trial, timeoutMs: readyMs, pollMs: 100 })
    if (problem !== undefined) await endProgram(child, graceMs)
    return problem
  }

  /** One thing at a time; what goes wrong is in the status. */
  async #alone(state: 'looking' | 'downloading' | 'installing', work: (source: UpdateSource) => Promise<void>) {
    const { source, log } = this.#options
    if (!source || this.#busy) return
    this.#busy = true
    try {
      this.#tell({ state, message: undefined, percent: undefined })
      await work(source)
    } catch (error) {
      log(`updates: ${error instanceof Error ? (error.stack ?? '') : String(error)}`)
      this.#tell({ state: 'failed', message: messageOf(error) })
    } finally {
      this.#busy = false
    }
  }

  #tell(change: Partial<UpdateStatus>): void {
    this.#status = { ...this.#status, ...change }
    this.#options.onStatus(this.#status)
  }
}
