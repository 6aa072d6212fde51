// The way into a cluster, handed to a program of the user's: what is in the file, who may read it, and when it is gone.
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AccessSource, ClusterAccess } from '../../src/main/desktop/clusters/access.ts'
import {
  forgetHandedAccess,
  handedKubeconfig,
  withHandedAccess,
} from '../../src/main/desktop/clusters/handed-access.ts'
import { readContexts } from '../../src/main/desktop/clusters/kubeconfig.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')
const access = (more: Partial<ClusterAccess> = {}): ClusterAccess => ({
  server: 'https://cluster:6443',
  tls: { ca: 'CA', rejectUnauthorized: true },
  headers: {},
  ...more,
})
const sourceOf = (given: ClusterAccess | undefined): AccessSource => ({
  get: () => Promise.resolve(given),
  refused: () => false,
})

let folder = ''
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'flotilla-handed-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** As a program reads it. */
const handed = (given: ClusterAccess) =>
  withHandedAccess(sourceOf(given), folder, path => Promise.resolve(readContexts(path)[0]!))

describe('a kubeconfig that is handed to a program', () => {
  it('logs in with the certificate, and knows the cluster by its authority, name and proxy', async () => {
    const tls = { ca: 'CA', cert: 'CERT', key: 'KEY', servername: 'inner', rejectUnauthorized: true }
    const { cluster, user } = await handed(access({ tls, proxy: new URL('socks5://proxy:1080') }))
    expect(cluster).toMatchObject({
      server: 'https://cluster:6443',
      'certificate-authority-data': base64('CA'),
      'tls-server-name': 'inner',
      'proxy-url': 'socks5://proxy:1080',
      'insecure-skip-tls-verify': false,
    })
    expect(user).toEqual({ 'client-certificate-data': base64('CERT'), 'client-key-data': base64('KEY') })
  })
  it('has the token that a program printed rather than the program, or the password', async () => {
    expect((await handed(access({ headers: { authorization: 'Bearer abc' } }))).user).toEqual({ token: 'abc' })
    const password = { authorization: `Basic ${base64('ada:a:b')}` }
    expect((await handed(access({ headers: password }))).user).toEqual({ username: 'ada', password: 'a:b' })
  })
  it('names no authority where the cluster is not checked: programs refuse both together', () => {
    const told = handedKubeconfig(access({ tls: { ca: 'CA', rejectUnauthorized: false } }))
    expect(told).toContain('insecure-skip-tls-verify: true')
    expect(told).not.toContain('certificate-authority')
  })
  it("is the user's alone, and gone when the program ended, however it did", async () => {
    let seen = ''
    const use = (path: string) => {
      seen = path
      expect(statSync(path).mode & 0o777).toBe(0o600)
      expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700)
      expect(readFileSync(path, 'utf8')).toContain('https://cluster:6443')
      return Promise.reject(new Error('it failed'))
    }
    await expect(withHandedAccess(sourceOf(access()), folder, use)).rejects.toThrow('it failed')
    expect(existsSync(seen)).toBe(false)
    expect(readdirSync(folder)).toEqual([])
  })
  it('is not there for a cluster that does not run', async () => {
    await expect(withHandedAccess(sourceOf(undefined), folder, () => Promise.resolve())).rejects.toThrow(
      'the control plane is not running',
    )
    expect(readdirSync(folder)).toEqual([])
  })
  it('that an app left behind when it was killed is taken away at the next start', async () => {
    await withHandedAccess(sourceOf(access()), folder, path => {
      forgetHandedAccess(folder)
      expect(existsSync(path)).toBe(false)
      return Promise.resolve()
    })
  })
})
