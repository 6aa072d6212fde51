// The application's menu: what each system expects where it expects it, and the window's own places.
import type { MenuItemConstructorOptions } from 'electron'
import type { Pushes } from '../../preload/channels.ts'

type Command = Pushes['desktop:command']

export interface MenuActions {
  command(name: Command): void
  /** @param path a place in the window */
  open(path: string): void
  openLogs(): void
  /** Undefined for a build that is not published anywhere. */
  readonly lookForUpdates: (() => void) | undefined
}

export function menuTemplate(platform: NodeJS.Platform, actions: MenuActions): MenuItemConstructorOptions[] {
  const isMac = platform === 'darwin'
  const command = (label: string, accelerator: string | undefined, name: Command): MenuItemConstructorOptions => ({
    label,
    ...(accelerator ? { accelerator } : {}),
    // The page has these keys itself; the menu only shows them and works by mouse.
    registerAccelerator: false,
    click: () => actions.command(name),
  })
  const place = (label: string, digit: number, path: string): MenuItemConstructorOptions => ({
    label,
    accelerator: `CmdOrCtrl+${digit}`,
    click: () => actions.open(path),
  })
  const settings = command('Settings…', 'CmdOrCtrl+,', 'settings')
  const { lookForUpdates } = actions
  const updates: MenuItemConstructorOptions[] = lookForUpdates
    ? [{ label: 'Look for a newer version…', click: () => lookForUpdates() }]
    : []
  const appMenu: MenuItemConstructorOptions = {
    role: 'appMenu',
    submenu: [
      { role: 'about' },
      ...updates,
      { type: 'separator' },
      settings,
      { type: 'separator' },
      { role: 'services' },
      { type: 'separator' },
      { role: 'hide' },
      { role: 'hideOthers' },
      { role: 'unhide' },
      { type: 'separator' },
      { role: 'quit' },
    ],
  }
  return [
    ...(isMac ? [appMenu] : []),
    {
      label: 'File',
      submenu: isMac
        ? [{ role: 'close' }]
        : [settings, { type: 'separator' }, { role: 'close' }, { role: 'quit', accelerator: 'Ctrl+Q' }],
    },
    { role: 'editMenu' },
    {
      label: 'Go',
      submenu: [
        command('Go to or do…', 'CmdOrCtrl+K', 'palette'),
        command('Back', 'CmdOrCtrl+[', 'back'),
        command('Forward', 'CmdOrCtrl+]', 'forward'),
        { type: 'separator' },
        place('Overview', 1, '/'),
        place('Topology', 2, '/topology'),
        place('Nodes', 3, '/k/core/v1/nodes'),
        place('Pods', 4, '/k/core/v1/pods'),
        place('Timeline', 5, '/timeline'),
      ],
    },
    {
      label: 'View',
      submenu: [
        command('Sidebar', 'CmdOrCtrl+B', 'sidebar'),
        { type: 'separator' },
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        { type: 'separator' },
        { role: 'togglefullscreen' },
        { role: 'toggleDevTools' },
      ],
    },
    { role: 'windowMenu' },
    {
      role: 'help',
      submenu: [
        command('Keyboard help', '?', 'help'),
        { type: 'separator' },
        { label: 'Open the logs', click: () => actions.openLogs() },
        command('Save a log bundle…', undefined, 'log-bundle'),
        ...(isMac ? [] : [{ type: 'separator' as const }, ...updates, { role: 'about' as const }]),
      ],
    },
  ]
}
