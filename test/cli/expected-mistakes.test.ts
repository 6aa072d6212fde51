// What people run into with a machine that is not as it should be: a sentence with what to do, and never where in the
// program it came from.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Cluster, execute, repository } from '../e2e/support/cluster.ts'

const NO_DOCKER = 'Docker is not running here (no /nowhere/docker.sock); install or start it'
const folder = mkdtempSync(join(tmpdir(), 'flotilla-mistakes-'))
const dataDir = join(folder, 'data')
let cluster: Cluster
beforeAll(async () => void (cluster = await Cluster.start(['--no-local-node'], dataDir)))
afterAll(async () => {
  await cluster?.stop()
  rmSync(folder, { recursive: true, force: true })
})

const withoutDocker = (...args: string[]) =>
  execute(process.execPath, [join(repository, 'out/main/cli.js'), ...args], {
    env: { DOCKER_HOST: 'unix:///nowhere/docker.sock' },
  })

async function sentenceOf(...args: string[]): Promise<string> {
  const { code, stderr } = await withoutDocker(...args)
  expect(code).toBe(1)
  expect(stderr.trim().split('\n')).toHaveLength(1)
  return stderr.trim()
}

describe('without Docker', () => {
  it.each(['create', 'list', 'delete', 'start'])('local %s says what to do', async action => {
    expect(await sentenceOf('local', action, '--folder', join(folder, 'local'))).toBe(`flotilla: ${NO_DOCKER}`)
  })
  it('image load says what to do', async () => {
    const host = {
      apiVersion: 'flotilla.dev/v1',
      kind: 'Host',
      metadata: { name: 'box' },
      spec: { address: 'ada@box' },
    }
    const file = join(folder, 'host.json')
    writeFileSync(file, JSON.stringify(host))
    const env = { KUBECONFIG: cluster.kubeconfig }
    expect((await execute('kubectl', ['create', '--filename', file], { env })).code).toBe(0)
    const said = await sentenceOf('image', 'load', 'web', '--nodes', 'box', '--data-dir', dataDir)
    expect(said).toBe(`flotilla: ${NO_DOCKER}`)
  })
  it('reset of a machine that is a node says what to do, and deletes nothing', async () => {
    const other = join(folder, 'other')
    await (await Cluster.start(['--no-local-node'], other)).stop()
    mkdirSync(join(other, 'agent'), { recursive: true })
    writeFileSync(join(other, 'agent', 'config.json'), '{}')
    expect(await sentenceOf('reset', '--yes', '--data-dir', other)).toBe(
      `flotilla: this machine, which is a node, cannot be cleaned up now: ${NO_DOCKER}, then do this again`,
    )
    expect(readFileSync(join(other, 'format.json'), 'utf8')).not.toBe('')
  })
})

describe('a running cluster', () => {
  it('refuses what is not there in its own words', async () => {
    expect(await sentenceOf('explain', 'pod', 'web', '--data-dir', dataDir)).toBe('flotilla: pods "web" not found')
  })
  it.each([
    ['is not YAML', 'clusters: [', /^flotilla: \S+kubeconfig is not valid YAML \(.*\); mend it first/],
    ['is something else', '- a\n', /^flotilla: \S+kubeconfig is not a kubeconfig with a cluster and a user$/],
    [
      'lacks the key',
      'clusters: [{ name: a, cluster: {} }]\nusers: [{ name: a, user: {} }]\n',
      /^flotilla: \S+kubeconfig has no certificate-authority-data/,
    ],
  ])('whose kubeconfig %s is asked nothing', async (_how, text, sentence) => {
    const before = readFileSync(cluster.kubeconfig, 'utf8')
    writeFileSync(cluster.kubeconfig, text)
    try {
      expect(await sentenceOf('node', 'list', '--data-dir', dataDir)).toMatch(sentence)
    } finally {
      writeFileSync(cluster.kubeconfig, before)
    }
  })
})
