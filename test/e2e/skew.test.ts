// A control plane and an agent of different versions: the earlier one is built from this repository's history.
import { execFileSync, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { busyboxImage } from '../support/images.ts'
import { Cluster, repository, until } from './support/cluster.ts'

const git = (...args: string[]) => execFileSync('git', ['-C', repository, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim() // prettier-ignore
/** As long as nothing is released, so many commits are a version. */
const COMMITS = 100
/** Not every commit has all that it imports: so many before it stand for the same version. */
const STAND_INS = 10

/** @returns the version before this one: a release, or what may stand for it, best first; none without so much history */
function earlierVersions(): string[] {
  try {
    return [git('describe', '--tags', '--abbrev=0', '--match', 'v*', 'HEAD~1')]
  } catch {
    // nothing is released
  }
  try {
    return git('rev-list', '--max-count', `${STAND_INS}`, `HEAD~${COMMITS}`).split('\n')
  } catch {
    return []
  }
}

const earlier = existsSync(join(repository, '.git')) ? earlierVersions() : []
const folder = mkdtempSync(join(tmpdir(), 'flotilla-skew-'))
let cluster: Cluster | undefined

/** @returns the folder of the version before, built. @throws AggregateError why none of what may stand for it can be */
async function buildEarlier(): Promise<string> {
  const failures: unknown[] = []
  for (const commit of earlier)
    try {
      return await buildAt(commit)
    } catch (error) {
      failures.push(error)
    }
  throw new AggregateError(failures, 'the version before is not to be built')
}

async function buildAt(commit: string): Promise<string> {
  const root = join(folder, commit)
  mkdirSync(root)
  const archive = execFileSync('git', ['-C', repository, 'archive', commit, 'src', 'package.json'], { maxBuffer: 256 << 20 }) // prettier-ignore
  execFileSync('tar', ['-x', '-C', root], { input: archive })
  symlinkSync(join(repository, 'node_modules'), join(root, 'node_modules'))
  const common = { absWorkingDir: root, bundle: true, platform: 'node', target: 'node20', logLevel: 'silent' } as const
  await build({
    ...common,
    entryPoints: { cli: 'src/main/cli/main.ts' },
    outdir: 'out/main',
    format: 'esm',
    splitting: true,
    packages: 'external',
  })
  await build({
    ...common,
    entryPoints: ['src/agent/main.ts'],
    outfile: 'out/agent/agent.cjs',
    format: 'cjs',
    external: ['cpu-features', '*.node'],
  })
  return root
}

/** @returns a command line whose control plane and agent are of the versions in these folders */
function combine(name: string, controlPlane: string, agent: string): string {
  const root = join(folder, name)
  mkdirSync(join(root, 'out'), { recursive: true })
  // Copied: a program finds what belongs to it from where it really is.
  cpSync(join(controlPlane, 'out/main'), join(root, 'out/main'), { recursive: true })
  cpSync(join(controlPlane, 'package.json'), join(root, 'package.json'))
  mkdirSync(join(root, 'out/agent'))
  cpSync(join(agent, 'out/agent/agent.cjs'), join(root, 'out/agent/agent.cjs'))
  symlinkSync(join(repository, 'node_modules'), join(root, 'node_modules'))
  return join(root, 'out/main/cli.js')
}

const POD = (image: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', labels: { app: 'web' } },
  spec: {
    terminationGracePeriodSeconds: 0,
    volumes: [{ name: 'told', configMap: { name: 'told' } }],
    containers: [
      {
        name: 'web',
        image,
        command: ['sh', '-c', 'echo started; cp /told/word /www/index.html; exec httpd -f -p 8080 -h /www'],
        volumeMounts: [{ name: 'told', mountPath: '/told' }],
        readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
      },
    ],
  },
})
const SERVICE = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web' },
  spec: { type: 'NodePort', selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080, nodePort: 30_777 }] },
}
const TOLD = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'told' }, data: { word: 'hello' } }

/** Logs, exec, port-forward, a Service, figures: every way between control plane, agent and pod. */
async function everythingWorks({ kubectl, kubeconfig }: Pick<Cluster, 'kubectl' | 'kubeconfig'>): Promise<void> {
  expect(await kubectl('logs', 'web')).toBe('started\n')
  expect(await kubectl('exec', 'web', '--', 'cat', '/told/word')).toBe('hello')
  const [address] = (await kubectl('get', 'nodes', '-o', 'jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}')).split(' ') // prettier-ignore
  const answer = (url: string) => fetch(url).then(response => response.text())
  await until('the Service answers', async () => (await answer(`http://${address}:30777/`)) === 'hello')
  const forward = spawn('kubectl', ['port-forward', 'pod/web', ':8080'], {
    env: { ...process.env, KUBECONFIG: kubeconfig },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const line = await new Promise<string>(resolve => forward.stdout.once('data', chunk => resolve(String(chunk))))
    expect(await answer(`http://127.0.0.1:${/:(\d+) ->/.exec(line)?.[1]}/`)).toBe('hello')
  } finally {
    forward.kill()
  }
  const summary = await kubectl('get', '--raw', `/api/v1/nodes/${(await kubectl('get', 'nodes', '-o', 'name')).trim().slice('node/'.length)}/proxy/stats/summary`) // prettier-ignore
  expect(JSON.parse(summary)).toMatchObject({ pods: [{ podRef: { name: 'web' } }] })
}
const containers = ({ kubectl }: Pick<Cluster, 'kubectl'>) =>
  kubectl('get', 'pod', 'web', '-o', 'jsonpath={.metadata.uid} {.status.containerStatuses[0].containerID} {.status.containerStatuses[0].restartCount}') // prettier-ignore

describe.skipIf(earlier.length === 0)('versions that differ by one', () => {
  let before: string
  beforeAll(async () => {
    before = await buildEarlier()
  })
  afterEach(async () => {
    await cluster?.[Symbol.asyncDispose]()
    cluster = undefined
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test.each([
    ['an agent of the version before', () => combine('agent-before', repository, before)],
    ['an agent that is newer than its control plane', () => combine('agent-newer', before, repository)],
  ])('%s: pods, logs, exec, Services and figures work, and pods run on over the upgrade', async (_which, combined) => {
    const running = await Cluster.start([], undefined, [], undefined, combined())
    cluster = running
    const kubectl = (...args: string[]) => running.kubectl(...args)
    const ends = { kubectl, kubeconfig: running.kubeconfig }
    await running.nodeReady()
    await running.apply([TOLD, POD(busyboxImage()), SERVICE].map(object => JSON.stringify(object)).join('\n'))
    await kubectl('wait', '--for=condition=Ready', 'pod/web', '--timeout=60s')
    await everythingWorks(ends)
    const pod = await containers(ends)
    await running.stop()
    running.cli = join(repository, 'out/main/cli.js')
    await running.start()
    await until('the node is linked', () => everythingWorks(ends).then(() => true))
    expect(await containers(ends)).toBe(pod)
    expect(pod).toMatch(/ 0$/)
  })
})
