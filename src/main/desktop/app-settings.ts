// The settings that the window and the tray show, wherever each of them is kept.
import type { DesktopSettings } from '../../preload/channels.ts'
import type { LoginItem } from './login-item.ts'
import type { SettingsFile } from './settings.ts'

export interface AppSettings {
  readonly current: DesktopSettings
  /** @throws Error when the system does not let us */
  change(changes: Partial<DesktopSettings>): DesktopSettings
}

/** @param onChange told after each change */
export function createAppSettings(
  file: SettingsFile,
  loginItem: LoginItem,
  onChange: (settings: DesktopSettings) => void,
): AppSettings {
  const current = (): DesktopSettings => {
    const { onClose, keepAwake, lookForUpdates, language } = file.current
    return { onClose, keepAwake, lookForUpdates, language, startAtLogin: loginItem.isOn }
  }
  return {
    get current() {
      return current()
    },
    change({ startAtLogin, ...changes }) {
      if (startAtLogin !== undefined) loginItem.set(startAtLogin)
      file.change(changes)
      const settings = current()
      onChange(settings)
      return settings
    },
  }
}
