// The desktop's own notifications, in the browser and in Electron. Text only: what a hostile name holds stays text.
import { plainText } from '../plain-text.ts'

/** Asked for only by a click on the setting. @returns whether they may be shown */
export async function allowDesktop(): Promise<boolean> {
  if (!('Notification' in window)) return false
  return (await Notification.requestPermission()) === 'granted'
}

/** A click brings the window to the front. @returns undefined where they may not be shown */
export function showOnDesktop(about: string, told: string): { close(): void } | undefined {
  if (!('Notification' in window) || Notification.permission !== 'granted') return undefined
  const [title, body] = [plainText(about), plainText(told)]
  // Several windows of a cluster tell it once: one with the same tag takes the place of the other.
  const notification = new Notification(title, { body, tag: `${title}\n${body}` })
  notification.onclick = () => window.focus()
  return notification
}
