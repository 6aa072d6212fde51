// The own cluster's window, open or not: shown again where it was, sent to a place, told what it wants to hear.
import type { BrowserWindow, Session } from 'electron'
import type { PushChannel, Pushes } from '../../preload/channels.ts'
import { askBeforeClosing } from './closing.ts'
import type { Say } from './say.ts'
import type { SettingsFile } from './settings.ts'
import { followWindowState, openWindow, type WindowPaths } from './window.ts'

export interface MainWindowOptions {
  readonly paths: WindowPaths
  readonly session: Session
  readonly settings: SettingsFile
  /** Whether the app can go on without a window. */
  readonly canStay: () => boolean
  readonly onClosed: () => void
  readonly say: Say
}

export class MainWindow {
  readonly #options: MainWindowOptions
  #window: BrowserWindow | undefined

  constructor(options: MainWindowOptions) {
    this.#options = options
  }

  /** Undefined while none is open. */
  get current(): BrowserWindow | undefined {
    return this.#window
  }

  /** Opens it or brings it to the front. @param place where it goes; else it stays where it is */
  show(place?: string): void {
    const open = this.#window
    if (open) {
      if (open.isMinimized()) open.restore()
      open.show()
      open.focus()
      if (place !== undefined) this.push('desktop:open', place)
      return
    }
    const { paths, session, settings, canStay, onClosed, say } = this.#options
    const window = openWindow(paths, session, settings.current.window, place ?? '/')
    this.#window = window
    followWindowState(window, state => settings.change({ window: state }))
    askBeforeClosing(window, settings, canStay, say)
    window.on('closed', () => {
      this.#window = undefined
      onClosed()
    })
  }

  push<C extends PushChannel>(channel: C, payload: Pushes[C]): void {
    this.#window?.webContents.send(channel, payload)
  }
}
