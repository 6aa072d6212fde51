// The AppImage that this program runs out of: the one file of it that stays where it is.
import { realpathSync } from 'node:fs'
import { sep } from 'node:path'

/** @returns undefined for a program that is in none, also where one (such as a terminal) has started it */
export function appImage(env: NodeJS.ProcessEnv, execPath = process.execPath): string | undefined {
  const { APPIMAGE, APPDIR } = env
  if (!APPIMAGE || !APPDIR) return APPIMAGE || undefined
  try {
    return execPath.startsWith(realpathSync(APPDIR) + sep) ? APPIMAGE : undefined
  } catch {
    return undefined
  }
}
