// Windows: sandboxed, isolated, going nowhere but their own pages.
import { BrowserWindow, type WebContents, app, type Session, nativeTheme, screen, session, shell } from 'electron'
import { ORIGIN } from './protocol.ts'
import { MIN_SIZE, placeWindow, type WindowState } from './window-state.ts'

export interface WindowPaths {
  readonly preload: string
  readonly icon: string
}

/** The session of a cluster's window: nothing else is in it, and only in it is there a way to that cluster. */
export const clusterSession = (cluster: string): Session => session.fromPartition(`persist:cluster-${cluster}`)

const STATE_SETTLE_MS = 300

/** All that the window uses: copying to the clipboard, and telling of what fails. */
const PERMISSIONS: ReadonlySet<string> = new Set(['clipboard-sanitized-write', 'notifications'])

function hardenSession(pages: Session): void {
  pages.setPermissionRequestHandler((_contents, permission, answer) => answer(PERMISSIONS.has(permission)))
  pages.setPermissionCheckHandler((_contents, permission) => PERMISSIONS.has(permission))
  pages.setDevicePermissionHandler(() => false)
}

/** @returns the place in the window that an address of ours names, such as `/topology`; undefined: it is none */
export const placeOfPage = (url: string): string | undefined =>
  url.startsWith(`${ORIGIN}/ui/`) ? url.slice(`${ORIGIN}/ui`.length) : undefined

/**
 * Rules for every page of the app, whoever made it.
 * @param openBeside shows a place in one more window, beside the one whose link was followed
 */
export function hardenPages(openBeside: (from: WebContents, place: string) => void): void {
  app.on('session-created', hardenSession)
  hardenSession(session.defaultSession)
  app.on('web-contents-created', (_event, contents) => {
    contents.on('will-navigate', event => {
      if (placeOfPage(event.url) === undefined) event.preventDefault()
    })
    contents.on('will-attach-webview', event => event.preventDefault())
    contents.setWindowOpenHandler(({ url }) => {
      const place = placeOfPage(url)
      if (place !== undefined) openBeside(contents, place)
      // Links in logs and terminals open in the user's browser, as links only.
      else if (/^https?:\/\//.test(url)) void shell.openExternal(url)
      return { action: 'deny' }
    })
  })
}

/**
 * @param pages of the cluster that it shows
 * @param saved where the window was at the last time
 * @param place a place in the window, such as `/topology`
 */
export function openWindow(
  { preload, icon }: WindowPaths,
  pages: Session,
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
      session: pages,
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

const BESIDE_PX = 32

/** Where a further window goes: as large as the other one, which stays in sight. */
export function placeBeside(window: BrowserWindow): WindowState {
  const { x, y, width, height } = window.getNormalBounds()
  return { x: x + BESIDE_PX, y: y + BESIDE_PX, width, height, maximized: false }
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
