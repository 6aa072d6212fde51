// The windows of one cluster, as many as its user wants beside each other: each has streams of its own, which end with
// it; all are told what concerns the cluster.
import type { BrowserWindow, WebContents } from 'electron'
import type { PushChannel, Pushes } from '../../preload/channels.ts'
import type { AccessSource } from './clusters/access.ts'
import { createStreamBridge, type StreamBridge } from './stream-bridge.ts'

export interface GroupedWindow {
  readonly window: BrowserWindow
  readonly streams: StreamBridge
  /** The way into their cluster. */
  readonly access: AccessSource
}

export class WindowGroup {
  readonly #source: AccessSource
  readonly #onEmpty: () => void
  #windows: readonly GroupedWindow[] = []

  /** @param onEmpty told when the last window is closed */
  constructor(source: AccessSource, onEmpty: () => void) {
    this.#source = source
    this.#onEmpty = onEmpty
  }

  get size(): number {
    return this.#windows.length
  }

  /** That was used last; undefined while none is open. */
  get front(): BrowserWindow | undefined {
    return this.#windows.at(-1)?.window
  }

  add(window: BrowserWindow): void {
    const streams = createStreamBridge(this.#source, event => {
      if (!window.isDestroyed()) window.webContents.send('stream:event', event)
    })
    const entry = { window, streams, access: this.#source }
    const others = () => this.#windows.filter(each => each !== entry)
    this.#windows = [...this.#windows, entry]
    window.on('focus', () => (this.#windows = [...others(), entry]))
    window.on('closed', () => {
      this.#windows = others()
      streams.closeAll()
      if (this.#windows.length === 0) this.#onEmpty()
    })
  }

  find(contents: WebContents): GroupedWindow | undefined {
    return this.#windows.find(({ window }) => window.webContents === contents)
  }

  push<C extends PushChannel>(channel: C, payload: Pushes[C]): void {
    for (const { window } of this.#windows) window.webContents.send(channel, payload)
  }

  closeAll(): void {
    for (const { window } of this.#windows) window.close()
  }

  /** Terminals and logs end; the windows stay. */
  closeStreams(): void {
    for (const { streams } of this.#windows) streams.closeAll()
  }
}
