// The cluster's key comes into an account's authorized_keys and goes again, whatever stands there, and locks nobody out.
// The scripts run in this machine's own sh.
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openOwnKey } from '../../src/main/provisioning/own-key.ts'
import { closeDoor, openDoor } from '../../src/main/provisioning/server/doors.ts'
import type { SshConnection } from '../../src/main/provisioning/ssh/connection.ts'
import { authorizeKey, withdrawKey } from '../../src/main/provisioning/steps/authorize-key.ts'
import type { StepContext } from '../../src/main/provisioning/steps/contract.ts'

let home: string
let file: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'flotilla-keys-'))
  file = join(home, '.ssh', 'authorized_keys')
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

/** An account whose home this is. */
const account = () => {
  const run = (script: string, { input = '' }: { input?: string } = {}) =>
    spawnSync('sh', ['-c', script], { input, encoding: 'utf8', env: { PATH: process.env.PATH, HOME: home } })
  return {
    hop: { user: 'ada', host: 'box', port: 22 },
    run(script: string, options: { input?: string }) {
      const { status, stderr, stdout } = run(script, options)
      return Promise.resolve({ code: status, stderr, stdout })
    },
    must(script: string, options: { input?: string }) {
      const { status, stderr, stdout } = run(script, options)
      return status === 0 ? Promise.resolve(stdout) : Promise.reject(new Error(stderr))
    },
  } as unknown as SshConnection
}
const ownKey = () => openOwnKey(mkdtempSync(join(home, 'own-')), 'abc123')
const step = async () => ({ ssh: account(), ownKey: await ownKey() }) as unknown as StepContext

const given = (text: string, mode = 0o640) => {
  mkdirSync(join(home, '.ssh'), { mode: 0o700 })
  writeFileSync(file, text)
  chmodSync(file, mode)
}
const modeOf = (path: string) => statSync(path).mode & 0o777

describe('the key of the cluster in an account', () => {
  it('comes where there is nothing yet, and leaves nothing', async () => {
    const context = await step()
    await authorizeKey.apply(context)
    expect(readFileSync(file, 'utf8')).toContain(context.ownKey.authorizedLine)
    expect([modeOf(join(home, '.ssh')), modeOf(file)]).toEqual([0o700, 0o600])
    await withdrawKey.apply(context)
    expect(existsSync(join(home, '.ssh'))).toBe(false)
  })

  it.each([
    ['ends as files do', 'ssh-ed25519 AAAA ada@desk\n'],
    ['has no last line break', 'ssh-ed25519 AAAA ada@desk'],
  ])('stands behind what is there and %s, which is as it was afterwards', async (_how, text) => {
    given(text)
    const context = await step()
    await authorizeKey.apply(context)
    await authorizeKey.apply(context)
    expect(readFileSync(file, 'utf8').trim().split('\n')).toEqual([
      'ssh-ed25519 AAAA ada@desk',
      context.ownKey.authorizedLine,
    ])
    await withdrawKey.apply(context)
    expect(readFileSync(file, 'utf8').trim()).toBe(text.trim())
    expect(modeOf(file)).toBe(0o640)
    expect(readdirSync(join(home, '.ssh'))).toEqual(['authorized_keys'])
  })

  it('comes and goes through a link, which stays one', async () => {
    mkdirSync(join(home, '.ssh'))
    writeFileSync(join(home, 'kept'), 'ssh-ed25519 AAAA ada@desk\n')
    symlinkSync('../kept', file)
    const context = await step()
    await authorizeKey.apply(context)
    expect(readFileSync(join(home, 'kept'), 'utf8')).toContain(context.ownKey.authorizedLine)
    await withdrawKey.apply(context)
    expect(readFileSync(join(home, 'kept'), 'utf8')).toBe('ssh-ed25519 AAAA ada@desk\n')
  })
})

describe('a full disk', () => {
  const changes: Readonly<Record<string, (context: StepContext) => Promise<void>>> = {
    'letting the key in': context => authorizeKey.apply(context),
    'taking it out': context => withdrawKey.apply(context),
    'letting it through': ({ ssh, ownKey: key }) => openDoor(ssh, key, ['10.0.0.7:22']),
    'letting it through no more': ({ ssh, ownKey: key }) => closeDoor(ssh, key),
  }
  it.each(Object.keys(changes))('leaves the keys as they were: %s', async name => {
    const keys = await ownKey()
    mkdirSync(join(home, '.ssh'))
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=32k', 'tmpfs', join(home, '.ssh')])
    if (mounted.status !== 0) throw new Error(`tmpfs cannot be mounted here: ${mounted.stderr.toString()}`)
    try {
      const context = { ssh: account(), ownKey: keys } as unknown as StepContext
      writeFileSync(file, 'ssh-ed25519 AAAA ada@desk\n')
      if (name === 'taking it out') await authorizeKey.apply(context)
      if (name === 'letting it through no more') await openDoor(context.ssh, keys, ['10.0.0.7:22'])
      const before = readFileSync(file, 'utf8')
      expect(() => writeFileSync(join(home, '.ssh', 'filler'), Buffer.alloc(1 << 20))).toThrow('ENOSPC')
      await expect(changes[name]?.(context)).rejects.toThrow('No space left')
      expect(readFileSync(file, 'utf8')).toBe(before)
      expect(readdirSync(join(home, '.ssh')).sort()).toEqual(['authorized_keys', 'filler'])
    } finally {
      spawnSync('umount', [join(home, '.ssh')])
    }
  })
})
