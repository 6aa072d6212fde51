// People who are invited: real certificates, real kubectl, over an address that other machines reach.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { Cluster, type Ran, cli, execute, until } from '../e2e/support/cluster.ts'

const folder = mkdtempSync(join(tmpdir(), 'flotilla-users-'))
let cluster: Cluster
const user = (...args: string[]): Promise<Ran> => cli('user', ...args, '--data-dir', cluster.dataDir)
const fileOf = (name: string) => join(folder, name)
const invite = (name: string, ...args: string[]) => user('invite', name, '--output', fileOf(name), ...args)
const kubectlAs = (name: string, ...args: string[]): Promise<Ran> =>
  execute('kubectl', args, { env: { KUBECONFIG: fileOf(name) } })

beforeAll(async () => void (cluster = await Cluster.start(['--no-local-node', '--listen', '0.0.0.0:0'])))
afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

describe('flotilla user invite', () => {
  test('makes a kubeconfig for an address that other machines reach, which only its owner can read', async () => {
    const { code, stderr } = await invite('ada', '--role', 'view', '--namespace', 'default')
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('ada may look at') as string })
    expect(statSync(fileOf('ada')).mode & 0o777).toBe(0o600)
    const { clusters } = parse(readFileSync(fileOf('ada'), 'utf8')) as { clusters: { cluster: { server: string } }[] }
    for (const { cluster: entry } of clusters)
      expect(entry).toMatchObject({
        server: expect.stringMatching(/^https:\/\/(?!127\.|0\.|localhost)/) as string,
        'tls-server-name': 'kubernetes.default.svc',
      })
    expect((await kubectlAs('ada', 'auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}')).stdout).toBe('ada')
  })
  test('has a context for each address that answers; any of them does, also one that no certificate names', async () => {
    const names = (await kubectlAs('ada', 'config', 'get-contexts', '-o', 'name')).stdout.trim().split('\n')
    for (const name of names)
      expect(await kubectlAs('ada', '--context', name, 'get', 'pods')).toMatchObject({ code: 0 })
    const text = readFileSync(fileOf('ada'), 'utf8').replace(/https:\/\/.*(?=:\d+)/g, 'https://127.0.0.2')
    writeFileSync(fileOf('elsewhere'), text)
    expect(await kubectlAs('elsewhere', 'get', 'pods')).toMatchObject({ code: 0 })
  })
  test('gives the role in the namespace, and nothing besides', async () => {
    expect(await kubectlAs('ada', 'get', 'pods')).toMatchObject({ code: 0 })
    for (const args of [
      ['get', 'pods', '-n', 'kube-system'],
      ['get', 'secrets'],
      ['get', 'nodes'],
      ['create', 'configmap', 'c'],
    ])
      // prettier-ignore
      expect((await kubectlAs('ada', ...args)).stderr).toMatch(/forbidden/i)
  })
  test('gives the role everywhere when no namespace is named', async () => {
    expect((await invite('grace', '--role', 'edit')).code).toBe(0)
    expect(await kubectlAs('grace', 'create', 'configmap', 'c', '-n', 'kube-public')).toMatchObject({ code: 0 })
    expect((await kubectlAs('grace', 'create', 'role', 'r', '--verb=get', '--resource=pods')).stderr).toMatch(/forbidden/i) // prettier-ignore
  })
  test('of somebody who was invited before gives the new rights only', async () => {
    expect((await invite('grace', '--role', 'view', '-n', 'default', '-n', 'kube-public')).code).toBe(0)
    expect((await kubectlAs('grace', 'get', 'pods', '-n', 'kube-public')).code).toBe(0)
    expect((await kubectlAs('grace', 'delete', 'configmap', 'c', '-n', 'kube-public')).stderr).toMatch(/forbidden/i)
  })
  test.each([
    [['ada', '--role', 'root'], 2, /--role wants view, edit or admin, not "root"; see: flotilla user invite --help/],
    [['ada'], 2, /required option '--role/],
    [['system:node:x', '--role', 'view'], 2, /a name has small letters/],
    [['kubernetes-admin', '--role', 'view'], 2, /a name has small letters/],
    [['ada', '--role', 'view', '--days', '4000'], 2, /--days wants a number from 1 to 365/],
    [['ada', '--role', 'view', '-n', 'nowhere'], 1, /there is no namespace nowhere/],
  ])('%j is refused in one clear line', async (args, expected, message) => {
    const { code, stdout, stderr } = await user('invite', ...args)
    expect({ code, stdout }).toEqual({ code: expected, stdout: '' })
    expect(stderr).toMatch(message)
  })
  test('is refused with the reason where no other machine can reach the API server', async () => {
    await using lonely = await Cluster.start(['--no-local-node'])
    const { code, stderr } = await cli('user', 'invite', 'ada', '--role', 'view', '--data-dir', lonely.dataDir)
    expect(code).toBe(1)
    expect(stderr).toMatch(/listens on 127\.0\.0\.1:\d+ only, .* flotilla serve --listen 0\.0\.0\.0:/)
  })
})

function fileWithPod(): string {
  const path = fileOf('pod.json')
  const spec = { containers: [{ name: 'c', image: 'none' }] }
  writeFileSync(path, JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'waits' }, spec }))
  return path
}

test('flotilla user activity tells what somebody did and was refused, and nothing of the admin', async () => {
  expect((await invite('joan', '--role', 'edit')).code).toBe(0)
  await kubectlAs('joan', 'create', 'configmap', 'settings', '--from-literal=a=b')
  await kubectlAs('joan', 'get', 'configmap', 'settings')
  await kubectlAs('joan', 'create', 'configmap', 'tried', '--dry-run=server')
  await kubectlAs('joan', 'delete', 'node', 'somewhere')
  await cluster.kubectl('delete', 'configmap', 'settings')
  // The log is written behind the answers.
  const lines = await until('what joan did is written down', async () => {
    const { stdout } = await user('activity', 'joan')
    return /wanted to delete/.test(stdout) && stdout.trim().split('\n')
  })
  expect(lines.map(line => line.replace(/^[\d-]+T[\d:]+Z {2}/, '').replace(/ \(from [\d.:a-f]+\)$/, ''))).toEqual([
    'joan created configmaps/settings in default',
    'joan tried what it would be to create configmaps/tried in default',
    expect.stringMatching(/^joan wanted to delete nodes\/somewhere, and was refused: nodes "somewhere" is forbidden/),
  ])
  expect((await user('activity')).stdout).not.toContain('kubernetes-admin')
  expect((await user('revoke', 'joan')).code).toBe(0)
})

describe('flotilla user revoke', () => {
  test('ends what is open and refuses the certificate from then on', async () => {
    const watching = spawn('kubectl', ['get', 'pods', '--watch'], {
      env: { ...process.env, KUBECONFIG: fileOf('ada') },
    })
    const ended = once(watching, 'exit')
    // What it shows first tells that the watch is open.
    await cluster.kubectl('create', '-f', fileWithPod())
    await once(watching.stdout, 'data')
    expect(await user('revoke', 'ada')).toMatchObject({ code: 0 })
    await ended
    expect((await kubectlAs('ada', 'get', 'pods')).stderr).toMatch(/must be logged in|Unauthorized/)
    expect(await user('revoke', 'ada')).toMatchObject({ code: 1 })
  })
  test('can be taken back by inviting again; the old kubeconfig stays refused', async () => {
    writeFileSync(fileOf('old'), readFileSync(fileOf('ada')))
    expect((await invite('ada', '--role', 'view')).code).toBe(0)
    expect((await kubectlAs('ada', 'get', 'pods')).code).toBe(0)
    expect((await kubectlAs('old', 'get', 'pods')).stderr).toMatch(/must be logged in|Unauthorized/)
  })
})

test('flotilla user list tells who may do what, until when, and who was revoked', async () => {
  expect((await user('revoke', 'grace')).code).toBe(0)
  const { stdout } = await user('list')
  expect(stdout).toMatch(/^ada +view +\(everywhere\) +until \d{4}-/m)
  expect(stdout).toMatch(/^grace +- +- +revoked \d{4}-/m)
  expect(stdout).not.toContain('system:')
  expect(stdout).not.toContain('invite again')
})

test('flotilla user list tells whose kubeconfig names an address that the API server has left', async () => {
  const server = 'flotilla.dev/kubeconfig-server=https://192.0.2.1:6443'
  await cluster.kubectl('annotate', '--overwrite', 'clusterrolebinding', 'flotilla:user:ada', server)
  const { stdout } = await user('list')
  expect(stdout).toMatch(/^ada .*; invite again: the kubeconfig names https:\/\/192\.0\.2\.1:6443/m)
  const { users } = JSON.parse((await user('list', '-o', 'json')).stdout) as { users: { user: string; outdated: boolean }[] } // prettier-ignore
  expect(users).toContainEqual(expect.objectContaining({ user: 'ada', outdated: true }))
})
