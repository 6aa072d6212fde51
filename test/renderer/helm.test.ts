// Helm's releases: read out of their Secrets, told as histories, and what helm is asked to do.
import { computed, watch } from 'vue'
import { describe, expect, it, vi } from 'vitest'
import { Secret } from '../../src/shared/api/core/v1.ts'
import type { AnyObject } from '../../src/shared/machinery/object.ts'
import { helmArguments } from '../../src/shared/machinery/helm-operation.ts'
import { parseObjects } from '@/api/yaml-text.ts'
import { changesOf } from '@/helm/helm-changes.ts'
import { objectsOf } from '@/helm/manifests.ts'
import { decodeRelease, planOf, releaseHistories } from '@/helm/release.ts'
import { helmCommand } from '@/helm/helm.ts'
import { make } from './support/objects.ts'

const secret = (name: string, version: number, status: string) =>
  make(Secret, `sh.helm.release.v1.${name}.v${version}`, {
    metadata: {
      labels: { owner: 'helm', name, version: String(version), status },
      creationTimestamp: `2026-01-01T00:00:${String(version).padStart(2, '0')}Z`,
    },
  })
const base64 = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes))
async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const reader = new Blob([bytes]).stream().pipeThrough(new CompressionStream('gzip')).getReader()
  const out: number[] = []
  for (let part = await reader.read(); !part.done; part = await reader.read()) out.push(...part.value)
  return new Uint8Array(out)
}
/** As Helm packs a release, and the API server its Secret. */
async function packed(release: object, isPlain = false): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(release))
  return btoa(base64(isPlain ? bytes : await gzip(bytes)))
}

const release = {
  name: 'web',
  namespace: 'shop',
  version: 2,
  info: { status: 'deployed', description: 'Upgrade complete', last_deployed: '2026-01-01T00:00:00Z', notes: 'Hi' },
  chart: { metadata: { name: 'nginx', version: '1.2.3', appVersion: '1.27' }, values: { replicas: 1 } },
  config: { replicas: 3 },
  manifest: '---\nkind: Service\n',
}

describe('decodeRelease', () => {
  it('unpacks chart, values, notes and manifest', async () =>
    expect(await decodeRelease(await packed(release))).toMatchObject({
      name: 'web',
      chart: { name: 'nginx', version: '1.2.3', values: { replicas: 1 } },
      config: { replicas: 3 },
      info: { notes: 'Hi', lastDeployed: '2026-01-01T00:00:00Z' },
      manifest: '---\nkind: Service\n',
    }))
  it('reads one that was not compressed, and one with hardly anything in it', async () => {
    const plain = await decodeRelease(await packed({ name: 'x' }, true))
    expect(plain).toMatchObject({ name: 'x', chart: { name: '' }, config: {}, manifest: '' })
  })
  it('takes what its chart tells for text that steers nothing', async () => {
    const steering = '\u001b]0;stolen\u0007\u001b[31mred\u202etxt.exe'
    const { chart, info } = await decodeRelease(
      await packed({
        info: { description: steering, notes: steering },
        chart: { metadata: { name: steering, version: steering, appVersion: steering, description: steering } },
      }),
    )
    const { values: _values, ...said } = chart
    expect(new Set([...Object.values(said), info.description, info.notes])).toEqual(new Set(['red\ufffdtxt.exe']))
  })
  it('refuses what is no release, and one that unpacks to too much', async () => {
    await expect(decodeRelease('bm9uc2Vuc2U=')).rejects.toThrow()
    await expect(decodeRelease(await packed(release), 100)).rejects.toThrow('more than 100 bytes')
  })
})

describe('releaseHistories', () => {
  it('puts the revisions of a release together, the newest first by number', () => {
    const found = releaseHistories([
      secret('web', 9, 'superseded'),
      secret('web', 10, 'deployed'),
      secret('db', 1, 'failed'),
      make(Secret, 'sh.helm.release.v1.fake.v1', { metadata: { labels: { owner: 'helm' } } }),
    ])
    expect(found.map(({ key, newest, revisions }) => [key, newest.status, revisions.length])).toEqual([
      ['default/db', 'failed', 1],
      ['default/web', 'deployed', 2],
    ])
    expect(found[1]?.newest).toMatchObject({ revision: 10, madeAt: '2026-01-01T00:00:10Z' })
  })
})

describe('what a chart would make', () => {
  const hook = { name: 'look', kind: 'Job', manifest: 'kind: Job', events: ['pre-upgrade'] }
  const files = [
    { name: 'crds/notes.yaml', data: btoa('kind: CustomResourceDefinition') },
    { name: 'README.md', data: btoa('about') },
  ]
  const dryRun = (status: string) =>
    planOf(
      JSON.stringify({ ...release, info: { status, notes: 'Hi' }, chart: { ...release.chart, files }, hooks: [hook] }),
    )

  it('is the release with its hooks, and the definitions where it is new', () => {
    expect(dryRun('pending-install')).toMatchObject({
      isNew: true,
      manifest: release.manifest,
      info: { notes: 'Hi' },
      hooks: [hook],
      definitions: 'kind: CustomResourceDefinition',
    })
    expect(dryRun('pending-upgrade'), 'which an upgrade leaves as they are').toMatchObject({
      isNew: false,
      definitions: '',
    })
    expect(() => planOf('Release "web" does not exist.')).toThrow()
  })
  it('reads a manifest once, however often it is asked for', () => {
    vi.spyOn(performance, 'now').mockReturnValue(0)
    const manifest = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: once}'
    expect(objectsOf(manifest)).toHaveLength(1)
    expect(objectsOf(`${manifest}`)).toBe(objectsOf(manifest))
    vi.restoreAllMocks()
  })
  it('is read with turns for others, once one had its time, and is told when all of it is', async () => {
    const map = (n: number) => `---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c${n}}\n`
    const manifest = Array.from({ length: 50 }, (_, n) => map(n)).join('')
    let now = 0
    vi.spyOn(performance, 'now').mockImplementation(() => (now += 8))
    const told = computed(() => objectsOf(manifest)?.length)
    const seen = [told.value]
    const isTold = new Promise<void>(resolve => watch(told, () => resolve(), { flush: 'sync' }))
    let turns = 0
    const others = setInterval(() => void (seen.push(told.value), turns++))
    await isTold
    clearInterval(others)
    vi.restoreAllMocks()
    expect(new Set(seen)).toEqual(new Set([undefined]))
    expect(turns).toBeGreaterThan(10)
    expect(told.value).toBe(50)
  })
  it('is told apart by what comes, changes, stays and goes, but for what its chart keeps', () => {
    const map = (name: string, more = '') =>
      `---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n${more}\n`
    const keep =
      '---\napiVersion: v1\nkind: Secret\nmetadata: {name: k, annotations: {helm.sh/resource-policy: keep}}\n'
    const now = map('same') + map('other', 'data: {a: "1"}') + map('old') + keep
    const names = (then: string) =>
      Object.fromEntries(
        Object.entries(changesOf(parseObjects(now), parseObjects(then))).map(([how, objects]) => [
          how,
          (objects as AnyObject[]).map(({ metadata }) => metadata.name),
        ]),
      )
    expect(names(map('other', 'data: {a: "2"}') + map('same') + map('new'))).toEqual({
      made: ['new'],
      changed: ['other'],
      same: ['same'],
      gone: ['old'],
    })
  })
})

describe('what helm is asked', () => {
  const of = { namespace: 'shop', name: 'web' }
  it('is arguments, shown as they are run', () => {
    expect(helmArguments({ do: 'rollback', revision: 3, ...of })).toEqual(['rollback', 'web', '3', '--namespace=shop'])
    expect(helmCommand({ do: 'uninstall', keepHistory: true, ...of })).toBe(
      'helm uninstall web --namespace=shop --keep-history',
    )
    expect(helmCommand({ do: 'upgrade', chart: 'repo/nginx', version: '1.2.3', values: 'a: 1', ...of })).toBe(
      'helm upgrade --install web repo/nginx --namespace=shop --version=1.2.3 --values=values.yaml',
    )
  })
  it('a namespace is made only where it is missing, and a dry run changes nothing and is printed whole', () => {
    const operation = { do: 'upgrade', chart: 'repo/nginx', version: '', values: '', ...of } as const
    expect(helmArguments(operation)).not.toContain('--create-namespace')
    expect(helmArguments({ ...operation, createNamespace: true, dryRun: true })).toEqual([
      ...['upgrade', '--install', 'web', 'repo/nginx', '--namespace=shop', '--create-namespace', '--reset-values'],
      ...['--dry-run=server', '--output=json'],
    ])
  })
  it('never holds a name that is an option', () => {
    const chart = '--post-renderer=/bin/sh'
    expect(() => helmArguments({ do: 'upgrade', chart, version: '', values: '', ...of })).toThrow('is no chart')
    expect(() => helmArguments({ do: 'rollback', revision: 1, namespace: 'a', name: '-x' })).toThrow('is no name')
    expect(helmCommand({ do: 'upgrade', chart: '', version: '', values: '', ...of })).toBeUndefined()
  })
})
