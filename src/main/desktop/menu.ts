// Sets the application's menu.
import { Menu } from 'electron'
import { type MenuActions, menuTemplate } from './menu-template.ts'

export function setMenu(actions: MenuActions): void {
  Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate(process.platform, actions)))
}
