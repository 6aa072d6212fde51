// The application's menu: mostly what systems expect, and the window's own places.
import { type BrowserWindow, Menu, type MenuItemConstructorOptions } from 'electron'
import { push } from './window.ts'

export function setMenu(window: () => BrowserWindow | undefined): void {
  const command = (label: string, accelerator: string, name: 'palette' | 'settings' | 'back' | 'forward') => ({
    label,
    accelerator,
    // The page has these keys itself; the menu only shows them and works by mouse.
    registerAccelerator: false,
    click: () => push(window(), 'desktop:command', name),
  })
  const template: MenuItemConstructorOptions[] = [
    ...(process.platform === 'darwin' ? [{ role: 'appMenu' as const }] : []),
    {
      label: 'File',
      submenu: [
        command('Settings', 'CmdOrCtrl+,', 'settings'),
        { type: 'separator' },
        { role: 'close' },
        { role: 'quit' },
      ],
    },
    { role: 'editMenu' },
    {
      label: 'Go',
      submenu: [
        command('Go to or do…', 'CmdOrCtrl+K', 'palette'),
        command('Back', 'CmdOrCtrl+[', 'back'),
        command('Forward', 'CmdOrCtrl+]', 'forward'),
      ],
    },
    {
      label: 'View',
      submenu: [
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        { type: 'separator' },
        { role: 'togglefullscreen' },
        { role: 'toggleDevTools' },
      ],
    },
    { role: 'windowMenu' },
  ]
  Menu.setApplicationMenu(Menu.buildFromTemplate(template))
}
