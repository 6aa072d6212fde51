// The own cluster's windows, open or not: shown again where they were, sent to a place, told what they want to hear.
import type { BrowserWindow, Session, WebContents } from 'electron'
import type { PushChannel, Pushes } from '../../preload/channels.ts'
import { askBeforeClosing } from './closing.ts'
import type { AccessSource } from './clusters/access.ts'
import type { Say } from './say.ts'
import type { SettingsFile } from './settings.ts'
import { type GroupedWindow, WindowGroup } from './window-group.ts'
import { followWindowState, openWindow, placeBeside, type WindowPaths } from './window.ts'
import type { WindowState } from './window-state.ts'

export interface MainWindowOptions {
  readonly paths: WindowPaths
  readonly session: Session
  readonly source: AccessSource
  readonly settings: SettingsFile
  /** Whether the app can go on without a window. */
  readonly canStay: () => boolean
  /** The last one is closed. */
  readonly onClosed: () => void
  readonly say: Say
}

export class MainWindow {
  readonly #options: MainWindowOptions
  readonly #group: WindowGroup

  constructor(options: MainWindowOptions) {
    this.#options = options
    this.#group = new WindowGroup(options.source, options.onClosed)
  }

  /** That was used last; undefined while none is open. */
  get current(): BrowserWindow | undefined {
    return this.#group.front
  }

  find(contents: WebContents): GroupedWindow | undefined {
    return this.#group.find(contents)
  }

  /** Opens it or brings it to the front. @param place where it goes; else it stays where it is */
  show(place?: string): void {
    const open = this.current
    if (!open) return this.#open(place ?? '/', this.#options.settings.current.window)
    if (open.isMinimized()) open.restore()
    open.show()
    open.focus()
    if (place !== undefined) this.tell('desktop:open', place)
  }

  /** One more, beside those that are open. */
  showAnother(place: string): void {
    const { current } = this
    this.#open(place, current ? placeBeside(current) : this.#options.settings.current.window)
  }

  #open(place: string, state: WindowState | undefined): void {
    const { paths, session, settings, canStay, say } = this.#options
    const window = openWindow(paths, session, state, place)
    this.#group.add(window)
    followWindowState(window, next => settings.change({ window: next }))
    // Only the last one is a question: the others leave the app as it is.
    askBeforeClosing(window, settings, () => this.#group.size === 1 && canStay(), say)
  }

  /** All of them. */
  push<C extends PushChannel>(channel: C, payload: Pushes[C]): void {
    this.#group.push(channel, payload)
  }

  /** The one in front. */
  tell<C extends PushChannel>(channel: C, payload: Pushes[C]): void {
    this.current?.webContents.send(channel, payload)
  }

  closeStreams(): void {
    this.#group.closeStreams()
  }
}
