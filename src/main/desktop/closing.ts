// What closing the window means: asked once, then kept.
import { type BrowserWindow, app, dialog } from 'electron'
import type { Say } from './say.ts'
import type { SettingsFile } from './settings.ts'

const CHOICES = ['stay', 'quit'] as const

/**
 * The user decides at the first time whether the cluster runs on without a window.
 * @param canStay whether there is a way back to a window
 */
export function askBeforeClosing(
  window: BrowserWindow,
  settings: SettingsFile,
  canStay: () => boolean,
  say: Say,
): void {
  let asking = false
  async function ask(): Promise<void> {
    const { response } = await dialog.showMessageBox(window, {
      type: 'question',
      message: say('Keep the cluster running?'),
      detail: [
        say(
          'Flotilla can stay in the tray: the cluster goes on, and the icon there, or starting Flotilla again, brings the window back.',
        ),
        say('Quitting stops the control plane; containers keep running.'),
        say('This is asked once. Settings can change it.'),
      ].join('\n\n'),
      buttons: [say('Keep running in the tray'), say('Quit'), say('Cancel')],
      defaultId: 0,
      cancelId: 2,
      noLink: true,
    })
    const choice = CHOICES[response]
    if (!choice) return
    settings.change({ onClose: choice })
    if (!window.isDestroyed()) window.close()
  }
  window.on('close', event => {
    const { onClose } = settings.current
    if (!canStay() || onClose === 'stay') return
    event.preventDefault()
    if (onClose === 'quit') return app.quit()
    if (asking) return
    asking = true
    void ask().finally(() => (asking = false))
  })
}
