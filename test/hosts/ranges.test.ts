// Ranges of pods and Services that flags gave go with the cluster: whole control planes, one after the other.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { letGo } from '../../src/main/cli/control-plane/carry.ts'
import { activate, receive } from '../../src/main/cli/control-plane/receive.ts'
import type { ClusterRanges } from '../../src/main/addresses/cluster-network.ts'
import { type ControlPlane, startControlPlane } from '../../src/main/control-plane.ts'
import { readKubeconfig } from '../../src/main/data-folder/kubeconfig-file.ts'
import { ConfigMap, Service } from '../../src/shared/api/core/v1.ts'
import { silentLog } from '../../src/shared/machinery/log.ts'
import { createClient } from '../../src/shared/client/typed-client.ts'
import { testAdmin } from '../support/api-server.ts'

const RANGES: ClusterRanges = { serviceCIDRs: ['10.20.0.0/20'], clusterCIDRs: ['10.10.0.0/16'] }
let folder: string
let home: string
let box: string
let plane: ControlPlane

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-ranges-'))
  ;[home, box] = [join(folder, 'home'), join(folder, 'box')]
})
afterEach(async () => {
  await plane[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

async function serve(dataDir: string, ranges?: ClusterRanges): Promise<void> {
  plane = await startControlPlane({
    dataDir,
    listen: { host: '127.0.0.1', port: 0 },
    store: { engine: 'nedb' },
    localNode: false,
    log: silentLog,
    ...(ranges && { ranges }),
  })
}
const client = () => createClient(plane.server.transport(testAdmin))
const addresses = async () =>
  Promise.all(
    [{ namespace: 'default', name: 'kubernetes' }, { namespace: 'kube-system', name: 'kube-dns' }].map(
      async service => (await client().get(Service, service)).spec.clusterIP,
    ),
  ) // prettier-ignore

test('a cluster with ranges of its own moves, and starts elsewhere with these; flags that say another are refused', async () => {
  await serve(home, RANGES)
  const keyFile = join(folder, 'key')
  const { id } = await letGo({
    dataDir: home,
    here: { identity: readKubeconfig(plane.kubeconfigPath), name: 'home', url: plane.url },
    cluster: 'abcd1234',
    to: 'root@box',
    servers: [],
    told: () => undefined,
    server: {
      async receive(id, cluster, { path, key }) {
        await writeFile(keyFile, key)
        await receive(path, { dataDir: box, id, cluster, keyFile })
      },
      activate: () => Promise.reject(new Error('not yet')),
      depart: () => Promise.reject(new Error('it stays')),
      leave: () => Promise.reject(new Error('it stays')),
    },
  })
  await activate({ dataDir: box, id })
  await plane[Symbol.asyncDispose]()

  await expect(serve(box, { serviceCIDRs: ['10.96.0.0/16'] })).rejects.toThrow(
    '--service-cluster-ip-range 10.96.0.0/16 is not what this cluster was made with: its Services have 10.20.0.0/20',
  )
  await serve(box)
  expect(await addresses()).toEqual(['10.20.0.1', '10.20.0.10'])
  const { data } = await client().get(ConfigMap, { namespace: 'kube-system', name: 'flotilla-cluster-ranges' })
  expect(data).toEqual({ serviceCIDRs: '10.20.0.0/20', clusterCIDRs: '10.10.0.0/16' })
  const created = await client().create(Service, {
    metadata: { namespace: 'default', name: 'web' },
    spec: { ports: [{ port: 80 }] },
  })
  expect(created.spec.clusterIP).toMatch(/^10\.20\./)
})
