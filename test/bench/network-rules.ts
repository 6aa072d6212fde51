// How long the kernel's rules lag behind a change of one Service's endpoints, among 100, 1,000 and 5,000 Services.
import type { Service } from '../../src/shared/api/core/v1.ts'
import type { EndpointSlice } from '../../src/shared/api/discovery/v1.ts'
import { ClusterView } from '../../src/agent/network/cluster-view.ts'
import { run } from '../../src/agent/network/exec.ts'
import { IPV4 } from '../../src/agent/network/family.ts'
import { baseRules } from '../../src/agent/proxy/base-rules.ts'
import { Proxier } from '../../src/agent/proxy/proxier.ts'
import { TableSync } from '../../src/agent/proxy/table-sync.ts'
import { RuleTable } from '../../src/agent/proxy/table.ts'
import { systemClock } from '../../src/shared/machinery/clock.ts'
import { silentLog } from '../../src/shared/machinery/log.ts'
import { service, slice } from '../network/lab/objects.ts'

const ROUNDS = 20
const address = (prefix: string, i: number) => `${prefix}.${Math.floor(i / 250)}.${(i % 250) + 1}`
const put = (view: ClusterView, i: number, shift: number) => {
  const endpoints = [0, 1, 2].map(n => ({
    ip: address('10.244', (i * 3 + n + shift) % 60_000),
  }))
  view.putSlice(slice(`svc${i}`, endpoints) as unknown as EndpointSlice)
}

for (const count of [100, 1_000, 5_000]) {
  const view = new ClusterView()
  for (let i = 0; i < count; i++) {
    const spec = {
      type: 'ClusterIP',
      clusterIP: address('10.96', i + 100),
      ports: [{ port: 80, protocol: 'TCP' }],
    }
    view.putService(service(`svc${i}`, spec) as unknown as Service)
    put(view, i, 0)
  }
  const table = new RuleTable(IPV4)
  const base = () =>
    baseRules({ family: IPV4, clusterCIDR: '10.244.0.0/16', podCIDR: '10.244.0.0/24', serviceCIDR: '10.96.0.0/16', hostIP: '10.244.0.0', direct: [] }) // prettier-ignore
  const sync = new TableSync({
    run,
    tables: [{ table, base }],
    clock: systemClock,
    log: silentLog,
  })
  const changed = () => undefined
  const proxier = new Proxier({ view, table, family: IPV4, clusterCIDR: '10.244.0.0/16', nodeName: 'n', ownAddresses: new Set(), changed, stale: changed }) // prettier-ignore
  const from = performance.now()
  await sync.flush()
  const allMs = performance.now() - from
  const times: number[] = []
  for (let round = 1; round <= ROUNDS; round++) {
    const started = performance.now()
    put(view, (round * 37) % count, round)
    await sync.flush()
    times.push(performance.now() - started)
  }
  times.sort((a, b) => a - b)
  const [median = 0, worst = 0] = [times[ROUNDS / 2], times.at(-1)]
  console.log(
    `rules: ${count} services: one changed in ${median.toFixed(1)} ms (median), ${worst.toFixed(1)} ms (worst of ${ROUNDS}); all written in ${allMs.toFixed(0)} ms (aim: one in 50 ms at 5,000)`,
  )
  proxier[Symbol.dispose]()
  await sync[Symbol.asyncDispose]()
  await run(['nft', 'flush', 'ruleset'])
}
