// The application's menu: what each system expects where it expects it, and the window's own places.
import type { MenuItemConstructorOptions } from 'electron'
import type { Pushes } from '../../preload/channels.ts'
import type { Say, Text } from './say.ts'

type Command = Pushes['desktop:command']
type Item = MenuItemConstructorOptions

export interface MenuActions {
  command(name: Command): void
  /** @param path a place in the window */
  open(path: string): void
  /** One more window of the cluster in front. */
  openWindow(): void
  openLogs(): void
  /** Undefined for a build that is not published anywhere. */
  readonly lookForUpdates: (() => void) | undefined
}

const line: Item = { type: 'separator' }

export function menuTemplate(platform: NodeJS.Platform, actions: MenuActions, say: Say): Item[] {
  const isMac = platform === 'darwin'
  /** Electron knows what it does, and says it in English only. */
  const known = (role: NonNullable<Item['role']>, label: Text, more: Item = {}): Item => ({
    role,
    label: say(label),
    ...more,
  })
  const command = (label: Text, accelerator: string | undefined, name: Command): Item => ({
    label: say(label),
    ...(accelerator ? { accelerator } : {}),
    // The page has these keys itself; the menu only shows them and works by mouse.
    registerAccelerator: false,
    click: () => actions.command(name),
  })
  const place = (label: Text, digit: number, path: string): Item => ({
    label: say(label),
    accelerator: `CmdOrCtrl+${digit}`,
    click: () => actions.open(path),
  })
  const settings = command('Settings…', 'CmdOrCtrl+,', 'settings')
  const about = known('about', 'About Flotilla')
  const close = known('close', 'Close window')
  const another: Item = {
    label: say('New window'),
    accelerator: 'CmdOrCtrl+Shift+N',
    click: () => actions.openWindow(),
  }
  const { lookForUpdates } = actions
  const updates: Item[] = lookForUpdates
    ? [{ label: say('Look for a newer version…'), click: () => lookForUpdates() }]
    : []
  const appMenu: Item = {
    role: 'appMenu',
    submenu: [
      about,
      ...updates,
      line,
      settings,
      line,
      known('services', 'Services'),
      line,
      known('hide', 'Hide Flotilla'),
      known('hideOthers', 'Hide others'),
      known('unhide', 'Show all'),
      line,
      known('quit', 'Quit Flotilla'),
    ],
  }
  return [
    ...(isMac ? [appMenu] : []),
    {
      label: say('File'),
      submenu: isMac
        ? [another, line, close]
        : [another, line, settings, line, close, known('quit', 'Quit Flotilla', { accelerator: 'Ctrl+Q' })],
    },
    known('editMenu', 'Edit', {
      submenu: [
        known('undo', 'Undo'),
        known('redo', 'Redo'),
        line,
        known('cut', 'Cut'),
        known('copy', 'Copy'),
        known('paste', 'Paste'),
        known('selectAll', 'Select all'),
      ],
    }),
    {
      label: say('Go'),
      submenu: [
        command('Go to or do…', 'CmdOrCtrl+K', 'palette'),
        command('Back', 'CmdOrCtrl+[', 'back'),
        command('Forward', 'CmdOrCtrl+]', 'forward'),
        line,
        place('Overview', 1, '/'),
        place('Topology', 2, '/topology'),
        place('Nodes', 3, '/k/core/v1/nodes'),
        place('Pods', 4, '/k/core/v1/pods'),
        place('Timeline', 5, '/timeline'),
      ],
    },
    {
      label: say('View'),
      submenu: [
        command('Sidebar', 'CmdOrCtrl+B', 'sidebar'),
        line,
        known('resetZoom', 'Actual size'),
        known('zoomIn', 'Zoom in'),
        known('zoomOut', 'Zoom out'),
        line,
        known('togglefullscreen', 'Full screen'),
        known('toggleDevTools', 'Developer tools'),
      ],
    },
    known('windowMenu', 'Window', {
      submenu: [
        known('minimize', 'Minimize'),
        ...(isMac ? [known('zoom', 'Zoom'), line, known('front', 'Bring all to front')] : [close]),
      ],
    }),
    known('help', 'Help', {
      submenu: [
        command('Keyboard help', '?', 'help'),
        line,
        { label: say('Open the logs'), click: () => actions.openLogs() },
        command('Save a log bundle…', undefined, 'log-bundle'),
        ...(isMac ? [] : [line, ...updates, about]),
      ],
    }),
  ]
}
