// Electron's fuses of the packaged app: its program is packed as `npm run package` does it, around an app of one file.
// Whole, the app is packed, started and read by `npm run torture -- package`.
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { FuseV1Options, getCurrentFuseWire } from '@electron/fuses'
import { afterAll, beforeAll, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
let folder = ''
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'flotilla-fuses-'))))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const PACK = `
  const [appConfig, projectDir, electronDist] = process.argv.slice(1)
  const { build, Platform } = await import('electron-builder')
  const config = { ...(await import(appConfig)).appConfig, icon: null, electronDist, electronVersion: '33.2.1' }
  await build({ targets: Platform.LINUX.createTarget('dir'), projectDir, config, publish: 'never' })`

it('takes from the packaged app what would let others make it a Node of theirs, or run code that is not its own', async () => {
  const electron = execFileSync('node', [join(root, 'scripts/electron-runtime.mjs')], { encoding: 'utf8' }).trim()
  const app = join(folder, 'app')
  mkdirSync(join(app, 'out'), { recursive: true })
  mkdirSync(join(folder, 'electron/resources'), { recursive: true })
  copyFileSync(electron, join(folder, 'electron/electron'))
  for (const name of ['LICENSE.electron.txt', 'LICENSES.chromium.html'])
    copyFileSync(join(dirname(electron), name), join(folder, 'electron', name))
  writeFileSync(join(app, 'package.json'), '{"name":"flotilla","version":"1.0.0","main":"out/main.js"}')
  writeFileSync(join(app, 'out/main.js'), '"use strict"')
  execFileSync(process.execPath, ['--input-type=module', '-e', PACK, join(root, 'scripts/lib/app-config.mjs'), app, join(folder, 'electron')], { cwd: root }) // prettier-ignore

  const wire = await getCurrentFuseWire(join(app, 'dist/linux-unpacked/flotilla'))
  const on = (fuse: FuseV1Options) => String.fromCharCode(wire[fuse] ?? 0) === '1'
  expect({
    runAsNode: on(FuseV1Options.RunAsNode),
    nodeOptions: on(FuseV1Options.EnableNodeOptionsEnvironmentVariable),
    inspect: on(FuseV1Options.EnableNodeCliInspectArguments),
    encryptedCookies: on(FuseV1Options.EnableCookieEncryption),
    checkedArchive: on(FuseV1Options.EnableEmbeddedAsarIntegrityValidation),
    onlyFromArchive: on(FuseV1Options.OnlyLoadAppFromAsar),
    moreForFiles: on(FuseV1Options.GrantFileProtocolExtraPrivileges),
  }).toEqual({
    runAsNode: false,
    nodeOptions: false,
    inspect: false,
    encryptedCookies: true,
    checkedArchive: true,
    onlyFromArchive: true,
    moreForFiles: false,
  })
})
