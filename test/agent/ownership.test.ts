// fsGroup on a volume in which somebody changes things meanwhile.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { giveToGroup } from '../../src/agent/kubelet/volumes/ownership.ts'

const GID = 4711
const ROUNDS = 2_000

function scratch(): string {
  const path = mkdtempSync(join(tmpdir(), 'flotilla-ownership-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

test('everything in it is of the group; links are, what they lead to is not', async () => {
  const folder = scratch()
  const [volume, outside] = [join(folder, 'volume'), join(folder, 'outside')]
  mkdirSync(join(volume, 'deep', 'er'), { recursive: true })
  writeFileSync(join(volume, 'deep', 'er', 'file'), '', { mode: 0o640 })
  writeFileSync(outside, '', { mode: 0o600 })
  symlinkSync(outside, join(volume, 'link'))
  await giveToGroup(volume, GID, undefined)
  const file = statSync(join(volume, 'deep', 'er', 'file'))
  expect([file.gid, file.mode & 0o7777]).toEqual([GID, 0o660])
  const deep = statSync(join(volume, 'deep', 'er'))
  expect([deep.gid, deep.mode & 0o7777]).toEqual([GID, 0o2775])
  expect([statSync(outside).gid, statSync(outside).mode & 0o7777]).toEqual([0, 0o600])
})

test('a folder that becomes a link while it is looked at leads nowhere', async () => {
  const folder = scratch()
  const [volume, outside] = [join(folder, 'volume'), join(folder, 'outside')]
  mkdirSync(join(volume, 'folder'), { recursive: true })
  mkdirSync(outside)
  const secret = join(outside, 'secret')
  writeFileSync(secret, '', { mode: 0o600 })
  symlinkSync(outside, join(folder, 'link'))
  const SWAP = `
    const { renameSync } = require('node:fs')
    process.chdir(process.argv[1])
    process.stdout.write('ready')
    const stay = () => {
      for (const end = performance.now() + Math.random() / 5; performance.now() < end; );
    }
    for (;;) {
      stay()
      renameSync('volume/folder', 'kept')
      renameSync('link', 'volume/folder')
      stay()
      renameSync('volume/folder', 'link')
      renameSync('kept', 'volume/folder')
    }`
  const swapper = spawn(process.execPath, ['-e', SWAP, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  const gone = once(swapper, 'exit')
  try {
    await once(swapper.stdout, 'data')
    // It may be gone as it is looked at: then it is tried again.
    for (let round = 0; round < ROUNDS; round++) await giveToGroup(volume, GID, undefined).catch(() => undefined)
  } finally {
    swapper.kill('SIGKILL')
    await gone
  }
  expect([statSync(secret).gid, statSync(secret).mode & 0o7777]).toEqual([0, 0o600])
})
