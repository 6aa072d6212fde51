// /metrics/probes: how often each probe answered what.
import type { ApiContext } from '../contract.ts'
import { Families } from './families.ts'

export function probeMetrics({ probeCounts }: ApiContext): string {
  const all = new Families()
  const title = { startup: 'Startup', liveness: 'Liveness', readiness: 'Readiness' } as const
  all.add(
    'prober_probe_total',
    'counter',
    'Cumulative number of a liveness, readiness or startup probe for a container by result.',
    [...probeCounts.all()].map(({ namespace, pod, uid, container, kind, healthy, count }) => [
      { container, namespace, pod, pod_uid: uid, probe_type: title[kind], result: healthy ? 'successful' : 'failed' },
      count,
    ]),
  )
  return all.toString()
}
