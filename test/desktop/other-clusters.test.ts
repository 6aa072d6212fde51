// Other people's kubeconfigs: what is read of them, and how their programs are run.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type AccessSource, type ClusterAccess, contextAccess } from '../../src/main/desktop/clusters/access.ts'
import { shownName, shownPart } from '../../src/main/desktop/clusters/exec-plugin.ts'
import { loginKind, readContexts } from '../../src/main/desktop/clusters/kubeconfig.ts'
import { makeAuthority, makeLeaf } from '../../src/main/pki/certificates.ts'
import { type Clock, systemClock } from '../../src/shared/machinery/clock.ts'

let folder = ''
const config = () => join(folder, 'config')
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'flotilla-contexts-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** @param user YAML of the user, in one line */
function writeConfig(user: string, cluster = 'server: https://10.0.0.1:6443/'): void {
  writeFileSync(
    config(),
    `apiVersion: v1
kind: Config
clusters: [{ name: c, cluster: { ${cluster} } }]
users: [{ name: u, user: ${user} }]
contexts:
  - { name: one, context: { cluster: c, user: u, namespace: shop } }
  - { name: dangling, context: { cluster: missing, user: u } }
`,
  )
}
async function given(source: AccessSource): Promise<ClusterAccess> {
  const got = await source.get()
  if (!got) throw new Error('there is no way in')
  return got
}
const access = (confirm = () => Promise.resolve(true), clock: Clock = systemClock) =>
  contextAccess({ path: config(), context: 'one', clock, confirm })
/** A program that prints a token and counts its runs; what it was told is kept. */
function writePlugin(expirationTimestamp?: string): void {
  const status = { token: 'TOKEN', ...(expirationTimestamp ? { expirationTimestamp } : {}) }
  const said = JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status })
  const script = `#!/bin/sh
echo run >> '${folder}/runs'
printf '%s\\n' "$@" > '${folder}/args'
printf '%s' "$KUBERNETES_EXEC_INFO $EXTRA" > '${folder}/info'
printf '%s' '${said}' | sed "s/TOKEN/token-$(wc -l < '${folder}/runs' | tr -d ' ')/"
`
  writeFileSync(join(folder, 'plugin'), script, { mode: 0o755 })
}
const EXEC = `{ exec: { apiVersion: client.authentication.k8s.io/v1, command: ./plugin, args: ["a b", "$(touch pwned)"], env: [{ name: EXTRA, value: more }] } }`

describe('shownPart()', () => {
  it.each([
    ['aws', '"aws"'],
    ['a "b"\n', '"a \\"b\\"\\n"'],
    ['é 日本 😀', '"é 日本 😀"'],
    ['harmless\u202Ecod.exe', '"harmless\\u{202e}cod.exe"'],
    ['a\u200Bb\u2028c\u007Fd\u{E0041}', '"a\\u{200b}b\\u{2028}c\\u{7f}d\\u{e0041}"'],
  ])('shows all of %j that a program is run with', (part, shown) => expect(shownPart(part)).toBe(shown))
})

it('shownName() is a name as it is, but for what is not seen in it', () =>
  expect(['staging 😀', 'prod\u202egnigats\n\u200b'].map(shownName)).toEqual([
    'staging 😀',
    'prod\ufffdgnigats\ufffd\ufffd',
  ]))

describe('readContexts()', () => {
  it('tells the contexts that lead to a cluster, where each works and how it logs in', () => {
    for (const [user, kind] of [
      ['{ token: t }', 'token'],
      ['{ tokenFile: t }', 'token'],
      ['{ client-certificate: c, client-key: k }', 'certificate'],
      ['{ username: ada, password: p }', 'password'],
      ['{}', 'none'],
      [EXEC, 'exec'],
    ] as const) {
      writeConfig(user)
      expect(readContexts(config()).map(each => [each.name, each.namespace, loginKind(each)])).toEqual([
        ['one', 'shop', kind],
      ])
    }
  })

  it('says in a sentence what is no kubeconfig', () => {
    for (const content of [
      'just text',
      'clusters: 7',
      'contexts: [{ name: 1 }]',
      'users: [{ name: u, user: { token: [] } }]',
    ]) {
      writeFileSync(config(), content)
      expect(() => readContexts(config())).toThrow('is not a kubeconfig')
    }
  })

  it('says what is no YAML without the line, which may hold a secret', () => {
    writeFileSync(config(), 'users: [{ name: u, user: { token: s3cr3t: } }\n')
    const said = () => readContexts(config())
    expect(said).toThrow('is not a kubeconfig')
    expect(said).not.toThrow('s3cr3t')
  })
})

describe('contextAccess()', () => {
  it('reads the files that a kubeconfig names beside it, and knows whom to trust', async () => {
    for (const name of ['ca', 'cert', 'key']) writeFileSync(join(folder, name), `the ${name}`)
    writeConfig(
      '{ client-certificate: cert, client-key: key }',
      'server: https://c/k8s/, certificate-authority: ca, tls-server-name: inside',
    )
    expect(await access().get()).toEqual({
      server: 'https://c/k8s',
      tls: { rejectUnauthorized: true, ca: 'the ca', cert: 'the cert', key: 'the key', servername: 'inside' },
      headers: {},
    })
    writeConfig('{ username: ada, password: p }', 'server: https://c, insecure-skip-tls-verify: true')
    expect(await access().get()).toMatchObject({
      tls: { rejectUnauthorized: false },
      headers: { authorization: `Basic ${Buffer.from('ada:p').toString('base64')}` },
    })
  })

  it('says when the certificate that logs in has ended, and takes the one that takes its place', async () => {
    const day = 86_400_000
    const authority = await makeAuthority('ca', 365, Date.UTC(2026, 0, 1))
    const leafOf = (nowMs: number) =>
      makeLeaf(authority, { commonName: 'ada', organizations: [], usage: 'client', days: 30, nowMs })
    const write = async (nowMs: number) => {
      const { certPem, keyPem } = await leafOf(nowMs)
      writeFileSync(join(folder, 'cert'), certPem)
      writeFileSync(join(folder, 'key'), keyPem)
    }
    const now = Date.UTC(2026, 2, 1)
    const source = access(undefined, { ...systemClock, now: () => now })
    await write(now - 40 * day)
    writeConfig('{ client-certificate: cert, client-key: key }')
    await expect(source.get()).rejects.toThrow('the certificate that logs in to one ended on 2026-02-19')
    await write(now - day)
    expect((await given(source)).tls.cert).toContain('BEGIN CERTIFICATE')
  })

  it('leaves it to the cluster where there is a token beside a certificate that has ended', async () => {
    const { certPem, keyPem } = await makeAuthority('old', 1, Date.UTC(2020, 0, 1))
    writeFileSync(join(folder, 'cert'), certPem)
    writeFileSync(join(folder, 'key'), keyPem)
    writeConfig('{ client-certificate: cert, client-key: key, token: t }')
    expect((await given(access())).headers).toEqual({ authorization: 'Bearer t' })
  })

  it('takes a token that was renewed in its file after a refusal', async () => {
    writeFileSync(join(folder, 'token'), 'old\n')
    writeConfig('{ tokenFile: token }')
    const source = access()
    const old = await given(source)
    expect(old.headers).toEqual({ authorization: 'Bearer old' })
    writeFileSync(join(folder, 'token'), 'new\n')
    expect(source.refused(old)).toBe(true)
    expect((await source.get())?.headers).toEqual({ authorization: 'Bearer new' })
  })

  it('runs a program without a shell, once for all who wait, and again after a refusal', async () => {
    writePlugin()
    writeConfig(EXEC)
    const source = access()
    const first = await Promise.all([source.get(), source.get(), source.get()])
    expect(first.map(got => got?.headers.authorization)).toEqual(Array(3).fill('Bearer token-1'))
    expect(readFileSync(join(folder, 'args'), 'utf8')).toBe('a b\n$(touch pwned)\n')
    const info = readFileSync(join(folder, 'info'), 'utf8')
    expect(info).toContain('"kind":"ExecCredential"')
    expect(info).toMatch(/ more$/)
    // Requests that were refused together tell so one after the other, also while the program runs again.
    const refused = await given(source)
    const renewed = await Promise.all(
      [1, 2, 3].map(() => {
        source.refused(refused)
        return given(source)
      }),
    )
    source.refused(refused)
    for (const { headers } of [...renewed, await given(source)]) expect(headers.authorization).toBe('Bearer token-2')
  })

  it('asks the program again before what it said expires', async () => {
    writePlugin(new Date(100_000).toISOString())
    writeConfig(EXEC)
    let now = 0
    const source = access(undefined, { ...systemClock, now: () => now })
    await source.get()
    now = 80_000
    expect((await source.get())?.headers.authorization).toBe('Bearer token-1')
    now = 95_000
    expect((await source.get())?.headers.authorization).toBe('Bearer token-2')
  })

  it('runs nothing that was not confirmed', async () => {
    writePlugin()
    writeConfig(EXEC)
    const confirm = vi.fn(() => Promise.resolve(false))
    await expect(access(confirm).get()).rejects.toThrow('may not run')
    expect(confirm).toHaveBeenCalledOnce()
    expect(() => readFileSync(join(folder, 'runs'))).toThrow('ENOENT')
  })

  it.each([
    ['{ exec: { apiVersion: client.authentication.k8s.io/v1, command: no-such-program } }', 'it is not installed'],
    [
      '{ exec: { apiVersion: client.authentication.k8s.io/v1, command: sh, args: [-c, "echo no luck >&2; exit 3"] } }',
      'no luck',
    ],
    [
      '{ exec: { apiVersion: client.authentication.k8s.io/v1, command: echo, args: [hello] } }',
      'printed no credentials',
    ],
    ['{ exec: { apiVersion: client.authentication.k8s.io/v9, command: echo } }', 'no version of credentials'],
    ['{ auth-provider: { name: gcp } }', 'use an exec plug-in'],
  ])('says what is wrong with %s', async (user, message) => {
    writeConfig(user)
    await expect(access().get()).rejects.toThrow(message)
  })
})
