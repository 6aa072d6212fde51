// What a server has in memory once it serves: libraries of what nobody uses yet are not loaded.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Cluster, execute, until } from '../e2e/support/cluster.ts'

const folder = mkdtempSync(join(tmpdir(), 'flotilla-lean-'))
const told = join(folder, 'packages.json')
/** In the server: says which packages it has loaded files of, whenever it is asked. */
const PROBE = `const { renameSync, writeFileSync } = require('node:fs')
process.on('SIGUSR2', () => {
  const packages = Object.keys(require.cache).map(file => file.split('node_modules/').at(-1).split('/')[0])
  writeFileSync(${JSON.stringify(`${told}.new`)}, JSON.stringify([...new Set(packages)]))
  renameSync(${JSON.stringify(`${told}.new`)}, ${JSON.stringify(told)})
})`

let cluster: Cluster
beforeAll(async () => {
  const probe = join(folder, 'probe.cjs')
  writeFileSync(probe, PROBE)
  cluster = await Cluster.start(['--no-local-node'], join(folder, 'data'), ['env', `NODE_OPTIONS=--require ${probe}`])
})
afterAll(async () => {
  await cluster[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

async function packages(): Promise<string[]> {
  rmSync(told, { force: true })
  process.kill(cluster.pid, 'SIGUSR2')
  await until('the server says what it has loaded', () => Promise.resolve(existsSync(told)))
  return JSON.parse(readFileSync(told, 'utf8')) as string[]
}
const kubectl = (args: string[], input?: string) =>
  execute('kubectl', args, { env: { KUBECONFIG: cluster.kubeconfig }, ...(input === undefined ? {} : { input }) })

test('SSH is loaded for the first machine that it is asked about, not before', async () => {
  // Everything that follows the start has begun once the controllers have made this.
  await until('the default account', async () => (await kubectl(['get', 'serviceaccount', 'default'])).code === 0)
  expect(await packages()).toContain('pino')
  expect(await packages()).not.toContain('ssh2')
  const operation = {
    apiVersion: 'flotilla.dev/v1',
    kind: 'HostOperation',
    metadata: { name: 'look' },
    spec: { hostName: 'nowhere', action: 'Check' },
  }
  const { code, stderr } = await kubectl(['create', '-f', '-'], JSON.stringify(operation))
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  await until('it is carried out', async () => {
    const { stdout } = await kubectl(['get', 'hostoperation', 'look', '-o', 'jsonpath={.status.phase}'])
    return stdout === 'Failed'
  })
  expect(await packages()).toContain('ssh2')
})

test('the code that it runs takes a byte a character: wide ones would double it', () => {
  const chunks = join(import.meta.dirname, '../../out/main/chunks')
  const files = readdirSync(chunks).filter(name => name.endsWith('.js'))
  expect(files.length).toBeGreaterThan(10)
  const isWide = (name: string) => /[^\0-\xff]/.test(readFileSync(join(chunks, name), 'utf8'))
  expect(files.filter(isWide)).toEqual([])
})
