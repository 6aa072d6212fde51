// The one window: sandboxed, isolated, going nowhere but its own pages.
import { BrowserWindow, app, nativeTheme, session, shell } from 'electron'
import type { PushChannel, Pushes } from '../../preload/channels.ts'
import { ORIGIN } from './protocol.ts'

export interface WindowPaths {
  readonly preload: string
  readonly icon: string
}

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

export function openWindow({ preload, icon }: WindowPaths): BrowserWindow {
  const window = new BrowserWindow({
    title: 'Flotilla',
    width: 1440,
    height: 900,
    minWidth: 960,
    minHeight: 600,
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
  window.once('ready-to-show', () => window.show())
  void window.loadURL(`${ORIGIN}/ui/`)
  return window
}

export function push<C extends PushChannel>(window: BrowserWindow | undefined, channel: C, payload: Pushes[C]): void {
  if (window && !window.isDestroyed()) window.webContents.send(channel, payload)
}
