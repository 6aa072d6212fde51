// The one window: sandboxed, isolated, going nowhere but its own pages.
import { BrowserWindow, app, nativeTheme, screen, session, shell } from 'electron'
import { ORIGIN } from './protocol.ts'
import { MIN_SIZE, placeWindow, type WindowState } from './window-state.ts'

export interface WindowPaths {
  readonly preload: string
  readonly icon: string
}

const STATE_SETTLE_MS = 300

/** Rules for every page of the app, whoever made it. */
export function hardenPages(): void {
  const ours = session.defaultSession
  // Copying to the clipboard is the one permission that the window uses.
  ours.setPermissionRequestHandler((_contents, permission, answer) =>
    answer(permission === 'clipboard-sanitized-write'),
  )
  ours.setPermissionCheckHandler((_contents, permission) => permission === 'clipboard-sanitized-write')
  app.on('web-contents-created', (_event, contents) => {
    contents.on('will-navigate', event => {
      if (!event.url.startsWith(`${ORIGIN}/ui/`)) event.preventDefault()
    })
    contents.on('will-attach-webview', event => event.preventDefault())
    contents.setWindowOpenHandler(({ url }) => {
      // Links in logs and terminals open in the user's browser, as links only.
      if (/^https?:\/\//.test(url)) void shell.openExternal(url)
      return { action: 'deny' }
    })
  })
}

/**
 * @param saved where the window was at the last time
 * @param place a place in the window, such as `/topology`
 */
export function openWindow(
  { preload, icon }: WindowPaths,
  saved: WindowState | undefined,
  place: string,
): BrowserWindow {
  const main = screen.getPrimaryDisplay()
  const others = screen.getAllDisplays().filter(({ id }) => id !== main.id)
  const { maximized, ...bounds } = placeWindow(saved, [main.workArea, ...others.map(({ workArea }) => workArea)])
  const window = new BrowserWindow({
    title: 'Flotilla',
    ...bounds,
    minWidth: MIN_SIZE.width,
    minHeight: MIN_SIZE.height,
    show: false,
    icon,
    autoHideMenuBar: true,
    backgroundColor: nativeTheme.shouldUseDarkColors ? '#0c111c' : '#f3f5f9',
    webPreferences: {
      preload,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webviewTag: false,
      spellcheck: false,
    },
  })
  window.once('ready-to-show', () => {
    if (maximized) window.maximize()
    window.show()
  })
  void window.loadURL(`${ORIGIN}/ui${place}`)
  return window
}

/** @param keep told, some moments after each change, where the window is */
export function followWindowState(window: BrowserWindow, keep: (state: WindowState) => void): void {
  let timer: NodeJS.Timeout | undefined
  const tell = () => {
    clearTimeout(timer)
    timer = undefined
    keep({ ...window.getNormalBounds(), maximized: window.isMaximized() })
  }
  const changed = () => {
    clearTimeout(timer)
    timer = setTimeout(tell, STATE_SETTLE_MS)
  }
  window.on('resize', changed)
  window.on('move', changed)
  window.on('maximize', changed)
  window.on('unmaximize', changed)
  // Also before a question about closing: nothing is lost by keeping it once more.
  window.on('close', tell)
  window.on('closed', () => clearTimeout(timer))
}
