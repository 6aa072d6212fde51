// How much room the store takes, as /metrics tells it.
import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { addStorageMetrics } from '../../../src/main/apiserver/health/storage-metrics.ts'
import { openNedbEngine } from '../../../src/main/store/nedb/engine.ts'
import { tempFolder } from '../../store/temp-folder.ts'

test('the size of the store grows with what is written; one that cannot be asked has none', async () => {
  await using folder = await tempFolder()
  await using engine = await openNedbEngine({ dataDir: folder.path })
  const registry = new Registry()
  addStorageMetrics(registry, engine)
  const size = async () => Number(/^apiserver_storage_size_bytes\{storage_cluster_id="nedb"\} (\d+)$/m.exec(await registry.metrics())?.[1]) // prettier-ignore
  const before = await size()
  await engine.commit([{ key: '/registry/core/configmaps/a', value: 'x'.repeat(10_000) }])
  expect(await size()).toBeGreaterThanOrEqual(before + 10_000)
  const silent = new Registry()
  addStorageMetrics(silent, { stats: () => Promise.reject(new Error('gone')) })
  expect(await silent.metrics()).not.toContain('storage_cluster_id')
})
