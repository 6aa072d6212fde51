// Rotation of authority and keys: whoever follows the steps is never locked out, and the old ones end when they are told to.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Cluster, cli, execute } from '../e2e/support/cluster.ts'

const folder = mkdtempSync(join(tmpdir(), 'flotilla-certs-'))
const dataDir = join(folder, 'data')
const HERE = ['--data-dir', dataDir]
let cluster: Cluster
beforeAll(async () => {
  cluster = await Cluster.start(['--no-local-node'], dataDir)
})
afterAll(async () => {
  await cluster[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

const certs = async (...args: string[]) => {
  const { code, stdout, stderr } = await cli('certs', ...args, ...HERE)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return stdout
}
const restart = async () => {
  await cluster.stop()
  await cluster.start()
}
/** Keeps the kubeconfig as it is now, as somebody who was handed it. */
function handOut(name: string): string {
  const path = join(folder, name)
  writeFileSync(path, readFileSync(cluster.kubeconfig), { mode: 0o600 })
  return path
}
const reads = async (kubeconfig: string, ...more: string[]) =>
  (await execute('kubectl', ['--kubeconfig', kubeconfig, ...more, 'get', 'namespace', 'default', '-o', 'name']))
    .stdout === 'namespace/default\n'

it('rotate-ca: kubeconfigs handed out in time work at every step, older ones end with the old authority', async () => {
  const old = handOut('old')
  expect(await certs('status')).toMatch(/^ca +until 20\d\d-/)
  const early = await cli('certs', 'rotate-ca', 'switch', ...HERE)
  expect(early).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('first: flotilla certs rotate-ca prepare') as string,
  })

  await certs('rotate-ca', 'prepare')
  expect((await cli('certs', 'rotate-ca', 'prepare', ...HERE)).code).toBe(1)
  await restart()
  const prepared = handOut('prepared')
  expect(await reads(old)).toBe(true)
  expect(await reads(prepared)).toBe(true)
  const root = await execute('kubectl', [
    '--kubeconfig',
    prepared,
    'get',
    'cm',
    'kube-root-ca.crt',
    '-o',
    'jsonpath={.data}',
  ])
  expect(root.stdout.match(/BEGIN CERTIFICATE/g)).toHaveLength(2)

  expect(await certs('rotate-ca', 'switch')).toContain('restarted')
  await restart()
  const switched = handOut('switched')
  expect(await reads(old)).toBe(false)
  expect(await reads(prepared)).toBe(true)
  expect(await reads(switched)).toBe(true)

  await certs('rotate-ca', 'finish')
  await restart()
  expect(await reads(prepared)).toBe(false)
  expect(await reads(switched)).toBe(true)
  expect(await reads(handOut('finished'))).toBe(true)
  const { certificates } = JSON.parse(await certs('status', '-o', 'json')) as { certificates: { name: string }[] }
  expect(certificates.map(({ name }) => name)).toEqual(['ca', 'serving', 'admin'])
})

it('rotate-service-account-key: tokens signed before stay valid until --finish', async () => {
  const create = ['--kubeconfig', cluster.kubeconfig, 'create', 'token', 'default']
  const token = async () => (await execute('kubectl', create)).stdout.trim()
  const accepted = async (bearer: string) =>
    (await execute('kubectl', ['--kubeconfig', anonymous(), '--token', bearer, 'auth', 'whoami'])).code === 0
  /** The cluster's address and authority, without any identity. */
  const anonymous = () => {
    const path = join(folder, 'anonymous')
    writeFileSync(
      path,
      readFileSync(cluster.kubeconfig, 'utf8').replaceAll(/ *client-(certificate|key)-data: .*\n/g, ''),
    )
    return path
  }
  const before = await token()
  await certs('rotate-service-account-key')
  await restart()
  const after = await token()
  expect(await accepted(before)).toBe(true)
  expect(await accepted(after)).toBe(true)
  const keys = await execute('kubectl', ['--kubeconfig', cluster.kubeconfig, 'get', '--raw', '/openid/v1/jwks'])
  expect((JSON.parse(keys.stdout) as { keys: object[] }).keys).toHaveLength(2)
  await certs('rotate-service-account-key', '--finish')
  await restart()
  expect(await accepted(before)).toBe(false)
  expect(await accepted(after)).toBe(true)
})

it('renew-admin: a new key and certificate in the kubeconfig, without a restart', async () => {
  const serial = async () =>
    (
      JSON.parse(await certs('status', '-o', 'json')) as { certificates: { name: string; serialNumber: string }[] }
    ).certificates.find(({ name }) => name === 'admin')!.serialNumber
  const [before, config] = [await serial(), readFileSync(cluster.kubeconfig, 'utf8')]
  await certs('renew-admin')
  expect(await serial()).not.toBe(before)
  expect(readFileSync(cluster.kubeconfig, 'utf8')).not.toBe(config)
  expect(await reads(cluster.kubeconfig)).toBe(true)
})
