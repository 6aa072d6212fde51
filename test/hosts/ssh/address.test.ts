import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseAddress } from '../../../src/main/provisioning/ssh/address.ts'
import { matches, readSshConfig } from '../../../src/main/provisioning/ssh/config-file.ts'
import { hopName } from '../../../src/main/provisioning/ssh/contract.ts'
import { routeTo } from '../../../src/main/provisioning/ssh/route.ts'

describe('an address', () => {
  test.each([
    ['box', { host: 'box' }],
    ['ada@box.example', { user: 'ada', host: 'box.example' }],
    ['ada@10.0.0.7:2222', { user: 'ada', host: '10.0.0.7', port: 2222 }],
    ['ada@[fd00::7]:22', { user: 'ada', host: 'fd00::7', port: 22 }],
    ['ssh://ada@box:2222/', { user: 'ada', host: 'box', port: 2222 }],
  ])('%s is understood', (text, parts) => {
    expect(parseAddress(text)).toEqual({ user: undefined, port: undefined, ...parts })
  })

  test.each([
    ['', 'no host'],
    ['ada@', 'no host'],
    ['ada@box:0', 'ports go from 1'],
    ['ada@box:99999', 'ports go from 1'],
    ['fd00::7', 'brackets'],
    ['ada@[box]', 'only an IPv6'],
    ['-oProxyCommand=id@box', 'user name'],
    ['ada@-oProxyCommand=id', 'neither a DNS name'],
    ['ada;id@box', 'user name'],
    ['ada@box;id', 'neither a DNS name'],
    ['ada@$(id)', 'neither a DNS name'],
    ['ada@box\nid', 'neither a DNS name'],
    ['ada@fe80::1%eth0', 'no host'],
  ])('%j is refused and told why', (text, why) => {
    expect(() => parseAddress(text)).toThrow(why)
  })
})

describe('the SSH configuration', () => {
  let home: string
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'flotilla-ssh-'))
    mkdirSync(join(home, '.ssh', 'conf.d'), { recursive: true })
    writeFileSync(
      join(home, '.ssh', 'config'),
      [
        'Include conf.d/*.conf',
        'Host inner # behind two others',
        '  HostName 10.0.0.9',
        '  ProxyJump gate,ada@middle:2200',
        'Host gate',
        '  Hostname=gate.example',
        '  Port 2222',
        '  IdentityFile "~/.ssh/gate key"',
        '  IdentitiesOnly yes',
        'Host round',
        '  ProxyJump round',
        'Match host evil exec "touch /tmp/never"',
        '  User matched',
        'Host * !gate',
        '  User everyone',
        '  IdentityFile ~/.ssh/common',
        'Host bad',
        '  HostName "a b"',
      ].join('\n'),
    )
    writeFileSync(join(home, '.ssh', 'conf.d', 'one.conf'), 'Host inner\n  Port 2022\n')
  })
  afterAll(() => rmSync(home, { recursive: true, force: true }))

  test('files that include each other again and again, and what is no file, do not keep anybody waiting', () => {
    const file = (name: string, text: string) => {
      const path = join(home, name)
      writeFileSync(path, text)
      return path
    }
    const round = join(home, 'round')
    file('round', `Include ${round}\n`.repeat(10))
    expect(() => readSshConfig(round, home)).toThrow(/too long|goes deeper/)
    // Less deep, and as many.
    let last = file('twice-0', 'Host a\n')
    for (let i = 1; i < 15; i++) last = file(`twice-${i}`, `Include ${last}\nInclude ${last}\n`)
    expect(() => readSshConfig(last, home)).toThrow('the SSH configuration is too long')
    expect(readSshConfig(file('devices', 'Include /dev/zero /dev/null\nHost here\n'), home).hosts).toEqual(['here'])
  })
  const route = (text: string) =>
    routeTo(text, { config: readSshConfig(join(home, '.ssh', 'config'), home), home, localUser: 'me' })

  test('gives the hops that lead to a host', () => {
    expect(route('inner').map(hopName)).toEqual(['me@gate.example:2222', 'ada@middle:2200', 'everyone@10.0.0.9:2022'])
  })
  test('names its hosts, those that are included too, and none that is a pattern', () => {
    const { hosts } = readSshConfig(join(home, '.ssh', 'config'), home)
    expect(hosts).toContain('inner')
    expect(hosts).toContain('gate')
    expect(hosts.filter(name => /[*!]/.test(name))).toEqual([])
    expect(new Set(hosts).size).toBe(hosts.length)
  })
  test('gives each hop its keys', () => {
    const [gate, , inner] = route('inner')
    expect(gate).toMatchObject({ identityFiles: [join(home, '.ssh/gate key')], identitiesOnly: true })
    expect(inner).toMatchObject({ identityFiles: [join(home, '.ssh/common')], identitiesOnly: false })
  })
  test('is overruled by what the address says', () => {
    expect(route('root@gate:22').map(hopName)).toEqual(['root@gate.example:22'])
  })
  test('never runs what a Match would run', () => {
    expect(route('evil').map(hopName)).toEqual(['everyone@evil:22'])
  })
  test('that leads in a circle is refused', () => {
    expect(() => route('round')).toThrow('in a circle')
  })
  test('with a HostName that is none is refused', () => {
    expect(() => route('bad')).toThrow('"a b"')
  })
  test('that does not exist gives ssh’s defaults', () => {
    const [hop] = routeTo('box', { config: readSshConfig(join(home, 'none'), home), home, localUser: 'me' })
    expect(hop).toMatchObject({ host: 'box', port: 22, user: 'me', identityFiles: [join(home, '.ssh/id_ed25519'), join(home, '.ssh/id_ecdsa'), join(home, '.ssh/id_rsa')] }) // prettier-ignore
  })
  test.each([
    ['*', 'anything', true],
    ['web-??', 'web-01', true],
    ['web-??', 'web-1', false],
    ['*.example', 'a.b.example', true],
    ['a*b*c', 'a--b--b--c', true],
    ['a*b', 'ac', false],
  ])('pattern %s against %s', (pattern, text, expected) => {
    expect(matches(pattern, text)).toBe(expected)
  })
})
