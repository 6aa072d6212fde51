// What the app offers of the user's SSH configuration when a host is added.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { sshHosts } from '../../src/main/desktop/ssh-hosts.ts'

let home: string
beforeEach(() => (home = mkdtempSync(join(tmpdir(), 'flotilla-home-'))))
afterEach(() => rmSync(home, { recursive: true, force: true }))
function configure(text: string) {
  mkdirSync(join(home, '.ssh'))
  writeFileSync(join(home, '.ssh', 'config'), text)
}

it('its hosts are told by name, with where they are and who logs in', () => {
  configure('Host box-1\n  HostName 10.0.0.7\n  Port 2222\nHost box-2 box-3\nHost *\n  User ada\n')
  expect(sshHosts(home)).toEqual([
    { name: 'box-1', address: 'ada@10.0.0.7:2222' },
    { name: 'box-2', address: 'ada@box-2' },
    { name: 'box-3', address: 'ada@box-3' },
  ])
})

it('there are none without a configuration, or with one that cannot be read', () => {
  expect(sshHosts(home)).toEqual([])
  configure('Include config\nHost box\n')
  expect(sshHosts(home)).toEqual([])
})
