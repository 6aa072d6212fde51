// The deb package, made of a small folder that stands for the packed app. The real one is made and installed by
// `npm run torture -- package`.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
let folder = ''
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'flotilla-deb-'))))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the deb package', () => {
  it('holds the app as root’s, a link to it and its entry in menus, and runs nothing when installed', () => {
    const app = join(folder, 'app')
    mkdirSync(join(app, 'resources'), { recursive: true })
    for (const name of ['flotilla', 'chrome-sandbox']) writeFileSync(join(app, name), '#!/bin/sh\n', { mode: 0o755 })
    const script = `const { makeDeb } = await import(${JSON.stringify(join(root, 'scripts/lib/linux-packages.mjs'))})
      process.stdout.write(makeDeb(...process.argv.slice(1)))`
    const name = execFileSync(process.execPath, ['--input-type=module', '-e', script, app, folder], {
      encoding: 'utf8',
    })
    const deb = join(folder, name)

    const listed = execFileSync('dpkg-deb', ['--contents', deb], { encoding: 'utf8' }).split('\n')
    const line = (path: string) => listed.find(each => each.includes(` ./${path}`))
    expect(line('opt/Flotilla/flotilla')).toMatch(/^-rwxr-xr-x root\/root/)
    expect(line('opt/Flotilla/chrome-sandbox')).toMatch(/^-rwsr-xr-x root\/root/)
    expect(line('usr/bin/flotilla')).toMatch(/ -> \/opt\/Flotilla\/flotilla$/)
    for (const each of listed) expect(each).not.toMatch(/^\S*w\S* (?!root\/root)/)

    const unpacked = join(folder, 'unpacked')
    execFileSync('dpkg-deb', ['--raw-extract', deb, unpacked])
    expect(readFileSync(join(unpacked, 'opt/Flotilla/resources/package-type'), 'utf8')).toBe('deb')
    expect(readFileSync(join(unpacked, 'usr/share/applications/flotilla.desktop'), 'utf8')).toMatch(
      /^Exec=\/opt\/Flotilla\/flotilla %U$[^]*^MimeType=x-scheme-handler\/flotilla;$/m,
    )
    for (const what of ['preinst', 'postinst', 'prerm', 'postrm'])
      expect(existsSync(join(unpacked, 'DEBIAN', what))).toBe(false)
    expect(readFileSync(join(unpacked, 'DEBIAN/control'), 'utf8')).toMatch(/^Depends: .*libgtk-3-0/m)
  })
})
