// Starting with the user's session: by Electron where it can, by an autostart entry on Linux.
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { writeAtomically } from '../data-folder/kubeconfig-file.ts'

export interface LoginItem {
  readonly isOn: boolean
  /** @throws Error when the system does not let us */
  set(on: boolean): void
}

/**
 * An argument of `Exec` in a desktop entry.
 * @see https://specifications.freedesktop.org/desktop-entry-spec/latest/exec-variables.html
 */
export function quoteExec(argument: string): string {
  const quoted = `"${argument.replace(/[\\"`$]/g, '\\$&')}"`
  // Values of an entry are escaped once more, and a percent sign is a field code.
  return quoted.replaceAll('\\', '\\\\').replaceAll('%', '%%')
}

/** @throws Error for a path that no entry can hold */
export function autostartEntry(command: readonly string[]): string {
  if (command.some(part => /[\n\r\0]/.test(part))) throw new Error('a path with line breaks cannot start at login')
  return [
    '[Desktop Entry]',
    'Type=Application',
    'Name=Flotilla',
    'Comment=A Kubernetes that lives in a desktop app',
    `Exec=${command.map(quoteExec).join(' ')}`,
    'Terminal=false',
    'X-GNOME-Autostart-enabled=true',
    '',
  ].join('\n')
}

/** @param command program and arguments */
export function autostartFile(command: readonly string[], env: NodeJS.ProcessEnv = process.env): LoginItem {
  const path = join(env.XDG_CONFIG_HOME ?? join(homedir(), '.config'), 'autostart', 'flotilla.desktop')
  return {
    get isOn() {
      return existsSync(path)
    },
    set(on) {
      if (!on) return rmSync(path, { force: true })
      mkdirSync(dirname(path), { recursive: true })
      writeAtomically(path, autostartEntry(command), 0o644)
    },
  }
}

/** Electron's own, of macOS and Windows. */
export interface SystemLoginItems {
  getLoginItemSettings(options: { path: string; args: string[] }): { readonly openAtLogin: boolean }
  setLoginItemSettings(settings: { openAtLogin: boolean; path: string; args: string[] }): void
}

export function systemLoginItem(system: SystemLoginItems, [path = '', ...args]: readonly string[]): LoginItem {
  return {
    get isOn() {
      return system.getLoginItemSettings({ path, args }).openAtLogin
    },
    set: openAtLogin => system.setLoginItemSettings({ openAtLogin, path, args }),
  }
}
