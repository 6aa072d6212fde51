// A cluster with its window in Chromium, as most tests of the window begin: the node is Ready, what they want is applied,
// and the overview is there.
import type { Page } from 'playwright-core'
import { Cluster } from '../../support/cluster.ts'
import { type OpenWindow, openInChromium, walk } from './browser.ts'

interface Beginning {
  /** More arguments of `flotilla serve`; with `--no-local-node` no node is waited for. */
  readonly args?: readonly string[]
  /** What is there before the window is opened. */
  readonly prepare?: (cluster: Cluster, node: string) => Promise<unknown>
}

export class ClusterWindow implements AsyncDisposable {
  readonly cluster: Cluster
  readonly page: Page
  readonly #window: OpenWindow

  private constructor(cluster: Cluster, window: OpenWindow) {
    this.cluster = cluster
    this.page = window.page
    this.#window = window
  }

  static async open({ args = [], prepare }: Beginning = {}): Promise<ClusterWindow> {
    const cluster = await Cluster.start(args)
    try {
      const node = args.includes('--no-local-node') ? '' : await cluster.nodeReady()
      await prepare?.(cluster, node)
      const window = await openInChromium(cluster.loginUrl)
      await window.page.getByText('Pods by state').waitFor()
      return new ClusterWindow(cluster, window)
    } catch (error) {
      await cluster[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Errors of the page and refusals of its content security policy. */
  get problems(): readonly string[] {
    return this.#window.problems
  }

  /** Goes to a place of the window, such as `k/core/v1/pods`, as by a link: nothing is loaded anew. */
  async go(place: string): Promise<void> {
    // A test that failed left something open.
    if (await this.page.locator('[data-modal]').count()) await this.load(place)
    else await walk(this.page, place)
  }
  /** Loads the window anew at a place. */
  readonly load = (place: string) => this.page.goto(new URL(`/ui/${place}`, this.cluster.url).href)

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#window[Symbol.asyncDispose]()
    await this.cluster[Symbol.asyncDispose]()
  }
}
