// Sets the application's menu.
import { Menu } from 'electron'
import { type MenuActions, menuTemplate } from './menu-template.ts'
import type { Say } from './say.ts'

export function setMenu(actions: MenuActions, say: Say): void {
  Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate(process.platform, actions, say)))
}
