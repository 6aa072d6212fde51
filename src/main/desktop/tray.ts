// The icon in the tray: the cluster keeps running while the window is closed, and this is how one gets back.
import { Menu, Tray, nativeImage } from 'electron'
import type { ControlPlaneStatus } from '../../preload/channels.ts'

export interface AppTray extends Disposable {
  show(status: ControlPlaneStatus): void
}

const states = {
  starting: 'Starting…',
  running: 'Running',
  failed: 'Not running',
  stopping: 'Stopping…',
} as const

export function createTray(iconPath: string, actions: { open(): void; quit(): void }): AppTray {
  const icon = nativeImage.createFromPath(iconPath).resize({ width: 20, height: 20 })
  const tray = new Tray(icon)
  tray.on('click', actions.open)
  return {
    show({ state, url }) {
      tray.setToolTip(`Flotilla: ${states[state].toLowerCase()}`)
      tray.setContextMenu(
        Menu.buildFromTemplate([
          { label: url ? `${states[state]} at ${url}` : states[state], enabled: false },
          { type: 'separator' },
          { label: 'Open Flotilla', click: actions.open },
          { label: 'Quit (containers keep running)', click: actions.quit },
        ]),
      )
    },
    [Symbol.dispose]: () => tray.destroy(),
  }
}
