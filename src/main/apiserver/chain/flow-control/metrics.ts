// What /metrics tells about priority and fairness, under upstream's names.
import { Counter, Gauge, type Histogram, type Registry } from 'prom-client'
import type { Buckets, Sample } from '../../../../shared/machinery/buckets.ts'
import type { FlowControl } from './flow-control.ts'
import type { FlowCounts } from './flow-counts.ts'
import type { PriorityLevel } from './priority-level.ts'

const LEVEL = ['priority_level']
const FLOW = ['priority_level', 'flow_schema']
const fullName = (name: string) => `apiserver_flowcontrol_${name}`
const labelsOf = ({ level, schema }: FlowCounts) => ({ priority_level: level, flow_schema: schema })

export function addFlowControlMetrics(registry: Registry, flowControl: FlowControl): void {
  const ofLevels = (name: string, help: string, valueOf: (level: PriorityLevel) => number) =>
    new Gauge({
      name: fullName(name),
      help,
      labelNames: LEVEL,
      registers: [registry],
      collect() {
        this.reset()
        for (const level of flowControl.levels) this.set({ priority_level: level.name }, valueOf(level))
      },
    })
  const ofFlows = (name: string, help: string, valueOf: (counts: FlowCounts) => number) =>
    new Gauge({
      name: fullName(name),
      help,
      labelNames: FLOW,
      registers: [registry],
      collect() {
        this.reset()
        for (const counts of flowControl.counts) this.set(labelsOf(counts), valueOf(counts))
      },
    })
  const histogram = (name: string, help: string, each: Readonly<Record<string, (counts: FlowCounts) => Buckets>>, label?: string) => {
    const facts = { name: fullName(name), help, type: 'histogram', aggregator: 'sum' }
    const samples = (): Sample[] =>
      [...flowControl.counts].flatMap(counts =>
        Object.entries(each).flatMap(([value, of]) =>
          of(counts).samples(facts.name, { ...labelsOf(counts), ...(label ? { [label]: value } : {}) }),
        ),
      )
    const metric: unknown = { ...facts, get: () => Promise.resolve({ ...facts, values: samples() }), reset: () => undefined }
    registry.registerMetric(metric as Histogram)
  } // prettier-ignore

  ofLevels('nominal_limit_seats', 'Seats that a level has.', l => l.seats)
  ofLevels('lower_limit_seats', 'Seats that it never lends.', l => l.seats - l.lendable)
  ofLevels('upper_limit_seats', 'Seats that it has and may borrow.', l => l.seats + l.borrowable)
  ofLevels('current_limit_seats', 'Seats that it may have as things are.', l => l.limit)
  ofFlows('current_executing_requests', 'Requests that are being worked on.', c => c.executing)
  ofFlows('current_executing_seats', 'Seats that those take.', c => c.executingSeats)
  ofFlows('current_inqueue_requests', 'Requests that wait for their turn.', c => c.waiting)
  ofFlows('current_inqueue_seats', 'Seats that those wait for.', c => c.waitingSeats)
  new Counter({
    name: fullName('dispatched_requests_total'),
    help: 'Requests whose turn came.',
    labelNames: FLOW,
    registers: [registry],
    collect() {
      this.reset()
      for (const counts of flowControl.counts) this.inc(labelsOf(counts), counts.dispatched)
    },
  })
  new Counter({
    name: fullName('rejected_requests_total'),
    help: 'Requests that were turned away.',
    labelNames: [...FLOW, 'reason'],
    registers: [registry],
    collect() {
      this.reset()
      for (const counts of flowControl.counts)
        for (const [reason, count] of counts.rejected) this.inc({ ...labelsOf(counts), reason }, count)
    },
  })
  histogram(
    'request_wait_duration_seconds',
    'How long requests waited in queues.',
    { true: c => c.executedAfter, false: c => c.rejectedAfter },
    'execute',
  )
  histogram(
    'request_execution_seconds',
    'How long requests were worked on; watches, until they began.',
    { regular: c => c.regular, watch: c => c.watches },
    'type',
  )
  histogram('work_estimated_seats', 'Seats that requests were reckoned to take.', { '': c => c.seats })
  histogram('request_queue_length_after_enqueue', 'How long queues were with a request that came.', {
    '': c => c.queueLengths,
  })
  histogram('watch_count_samples', 'How many watched what requests changed.', { '': c => c.watchers })
}
