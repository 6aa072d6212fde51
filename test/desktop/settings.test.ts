// What the desktop app keeps between starts: settings, the window's place, starting at login.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { execFileSync } from 'node:child_process'
import { desktopOptions } from '../../src/main/desktop/options.ts'
import { autostartEntry, autostartFile } from '../../src/main/desktop/login-item.ts'
import { SettingsFile } from '../../src/main/desktop/settings.ts'
import { placeWindow, type WorkArea } from '../../src/main/desktop/window-state.ts'

let folder = ''
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'flotilla-settings-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))
const never = (error: unknown) => expect.unreachable(String(error))

describe('SettingsFile', () => {
  it('keeps what was chosen, for its owner only', () => {
    const path = join(folder, 'deep', 'settings.json')
    new SettingsFile(path, never).change({ onClose: 'stay', listen: '127.0.0.1:7000' })
    expect(new SettingsFile(path, never).current).toMatchObject({
      onClose: 'stay',
      listen: '127.0.0.1:7000',
      keepAwake: false,
    })
    expect(statSync(path).mode & 0o077).toBe(0)
  })

  it('takes each field for itself: one that is nonsense is as if it were not there', () => {
    const path = join(folder, 'settings.json')
    writeFileSync(path, JSON.stringify({ dataDir: '/data', listen: 'nowhere:x', onClose: 7, window: { width: -1 } }))
    const { current } = new SettingsFile(path, never)
    expect(current).toMatchObject({ dataDir: '/data', onClose: 'ask' })
    expect(current.listen).toBeUndefined()
    expect(current.window).toBeUndefined()
  })

  it('tells of a file that is broken or cannot be written, and goes on', () => {
    const errors: unknown[] = []
    const path = join(folder, 'settings.json')
    writeFileSync(path, '{')
    expect(new SettingsFile(path, error => errors.push(error)).current.onClose).toBe('ask')
    const settings = new SettingsFile(join(path, 'below-a-file'), error => errors.push(error))
    settings.change({ keepAwake: true })
    expect(settings.current.keepAwake).toBe(true)
    expect(errors.length).toBeGreaterThanOrEqual(2)
  })
})

describe('desktopOptions()', () => {
  it('prefers the command line to what was kept, and passes over what is Chromium’s', () => {
    const options = desktopOptions(['.', '--no-sandbox', '--listen', '127.0.0.1:0', '--hidden'], {
      listen: '127.0.0.1:7',
      dataDir: '/d',
    })
    expect(options).toMatchObject({ dataDir: '/d', listen: { host: '127.0.0.1', port: 0 }, hidden: true })
  })
})

describe('placeWindow()', () => {
  const laptop: WorkArea = { x: 0, y: 30, width: 1920, height: 1050 }
  const beside: WorkArea = { x: 1920, y: 0, width: 2560, height: 1440 }
  const saved = { x: 2200, y: 100, width: 1600, height: 1000, maximized: true }

  it('shows it where it was', () => expect(placeWindow(saved, [laptop, beside])).toEqual(saved))
  it('lets the system place it when its display is gone', () =>
    expect(placeWindow(saved, [laptop])).toEqual({ width: 1600, height: 1000, maximized: true }))
  it('lets the system place it when only a corner of its title bar is in reach', () =>
    expect(placeWindow({ ...saved, x: 1900 - 1600 - 290, y: 1075 }, [laptop]).x).toBeUndefined())
  it('keeps it within a display that became smaller, and above its least size', () => {
    expect(placeWindow({ ...saved, x: 10, y: 40, width: 4000, height: 3000 }, [laptop])).toMatchObject({
      x: 10,
      y: 40,
      width: 1920,
      height: 1050,
    })
    expect(placeWindow({ width: 10, height: 10, maximized: false }, [laptop])).toMatchObject({
      width: 960,
      height: 600,
    })
  })
  it('has a size for the first time', () =>
    expect(placeWindow(undefined, [laptop])).toEqual({ width: 1440, height: 900, maximized: false }))
})

describe('autostartFile()', () => {
  it('makes an entry that starts the program with its arguments, and takes it away again', () => {
    const item = autostartFile(['/opt/My Apps/fl$o"t\\illa', '--hidden'], { XDG_CONFIG_HOME: folder })
    const path = join(folder, 'autostart', 'flotilla.desktop')
    expect(item.isOn).toBe(false)
    item.set(true)
    expect(item.isOn).toBe(true)
    const exec = /^Exec=(.*)$/m.exec(readFileSync(path, 'utf8'))?.[1] ?? ''
    // The value's own escapes first; what remains are words that a shell reads the same way.
    const words = execFileSync('sh', ['-c', `printf '%s\\n' ${exec.replace(/\\\\/g, '\\')}`], { encoding: 'utf8' })
    expect(words.trim().split('\n')).toEqual(['/opt/My Apps/fl$o"t\\illa', '--hidden'])
    item.set(false)
    expect(item.isOn).toBe(false)
  })

  it('refuses a path that would add lines to the entry', () =>
    expect(() => autostartEntry(['/opt/a\nExec=evil'])).toThrow('line breaks'))
})
