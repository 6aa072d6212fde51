// The icon in the tray: the cluster keeps running while the window is closed, and this is how one gets back.
import { Menu, Tray, nativeImage } from 'electron'
import type { Say } from './say.ts'
import { type TrayActions, type TrayState, trayLine, trayMenu } from './tray-menu.ts'

export interface AppTray extends Disposable {
  show(state: TrayState): void
}

export function createTray(iconPath: string, actions: TrayActions, say: Say): AppTray {
  const icon = nativeImage.createFromPath(iconPath).resize({ width: 20, height: 20 })
  const tray = new Tray(icon)
  tray.on('click', () => actions.open())
  return {
    show(state) {
      if (tray.isDestroyed()) return
      tray.setToolTip(`Flotilla: ${trayLine(state, say)}`)
      tray.setContextMenu(Menu.buildFromTemplate(trayMenu(state, actions, say)))
    },
    [Symbol.dispose]: () => tray.destroy(),
  }
}
