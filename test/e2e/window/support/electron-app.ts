// The built desktop app in a real Electron, on folders of its own.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { type ElectronApplication, type Page, _electron, errors } from 'playwright-core'
import { cli, execute, NEVER_MS, type Ran, repository } from '../../support/cluster.ts'

/** The driver attaches to an app that runs already, and waits for ever when a window is just being made. */
const ATTACH_MS = 40_000
const MOST_STARTS = 3

export interface LaunchOptions {
  /** `host:port`. */
  readonly listen?: string
  readonly localNode?: boolean
  /** A folder with a cluster in `data/`, or the app's own in `user/`. */
  readonly folder?: string
  /** More arguments of the app. */
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

let executable: string | undefined
/** The path of its program. */
export const electronRuntime = (): string =>
  (executable ??= execFileSync('node', [join(repository, 'scripts/electron-runtime.mjs')], { encoding: 'utf8' }).trim())

export class DesktopApp implements AsyncDisposable {
  readonly folder: string
  readonly #options: LaunchOptions
  #app: ElectronApplication | undefined

  private constructor(options: LaunchOptions) {
    this.folder = options.folder ?? mkdtempSync(join(tmpdir(), 'flotilla-electron-'))
    this.#options = options
  }

  static async launch(options: LaunchOptions = {}): Promise<DesktopApp> {
    const app = new DesktopApp(options)
    await app.start()
    return app
  }

  get electron(): ElectronApplication {
    if (!this.#app) throw new Error('the app does not run')
    return this.#app
  }
  get pid(): number {
    return this.electron.process().pid ?? 0
  }
  get kubeconfig(): string {
    return join(this.folder, 'data/kubeconfig')
  }
  /** The window that opened first. */
  page(): Promise<Page> {
    return this.electron.firstWindow()
  }
  get command(): { readonly path: string; readonly args: string[] } {
    const { listen = '127.0.0.1:0', localNode = false, args = [] } = this.#options
    return {
      path: electronRuntime(),
      args: [
        '--no-sandbox',
        `--user-data-dir=${this.folder}/user`,
        '--data-dir',
        join(this.folder, 'data'),
        '--listen',
        listen,
        ...(localNode ? [] : ['--no-local-node']),
        ...args,
      ],
    }
  }

  /** @param args more arguments for this start */
  async start(args: readonly string[] = []): Promise<void> {
    const { path, args: own } = this.command
    const env = { ...process.env, XDG_CONFIG_HOME: join(this.folder, 'config'), ...this.#options.env } as Record<
      string,
      string
    >
    for (let left = MOST_STARTS - 1; ; left--)
      try {
        this.#app = await _electron.launch({ executablePath: path, args: [...own, ...args], env, timeout: ATTACH_MS })
        this.#app.context().setDefaultTimeout(NEVER_MS)
        return
      } catch (error) {
        if (left === 0 || !(error instanceof errors.TimeoutError)) throw error
        console.warn('the driver did not get hold of the app; it is started again')
      }
  }

  /** What a user does who starts the app while it runs. */
  startAgain(...args: string[]): Promise<Ran> {
    const { path, args: own } = this.command
    return execute(path, [...own, ...args])
  }

  kubectl(...args: string[]): Promise<Ran> {
    return execute('kubectl', args, { env: { KUBECONFIG: this.kubeconfig } })
  }

  /** Ends it, as its menu does. */
  async quit(): Promise<void> {
    const app = this.#app
    this.#app = undefined
    await app?.close()
  }
  /** It ended by itself. */
  forget(): void {
    this.#app = undefined
  }

  /** Takes away what a local node left on this machine as well; without one there is nothing to take. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.quit()
    const { code, stderr } = await cli('reset', '--yes', '--data-dir', join(this.folder, 'data'))
    expect(stderr).toBe('')
    expect(code).toBe(0)
    rmSync(this.folder, { recursive: true, force: true })
  }
}
