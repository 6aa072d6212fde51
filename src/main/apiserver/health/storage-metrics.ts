// How much room the store takes, under upstream's name.
import { Gauge, type Registry } from 'prom-client'
import type { Engine } from '../../store/contract.ts'

export function addStorageMetrics(registry: Registry, engine: Pick<Engine, 'stats'>): void {
  new Gauge({
    name: 'apiserver_storage_size_bytes',
    help: 'What the store takes on the disk.',
    labelNames: ['storage_cluster_id'],
    registers: [registry],
    async collect() {
      this.reset()
      const stats = await engine.stats().catch(() => undefined) // a store that cannot be asked has no size to tell
      if (stats) this.set({ storage_cluster_id: stats.engine }, stats.diskBytes)
    },
  })
}
