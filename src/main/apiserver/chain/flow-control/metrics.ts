// What /metrics tells about priority and fairness, under upstream's names.
import { Counter, Gauge, type Registry } from 'prom-client'
import type { FlowControl } from './flow-control.ts'
import type { PriorityLevel } from './priority-level.ts'

export function addFlowControlMetrics(registry: Registry, flowControl: FlowControl): void {
  const labelNames = ['priority_level']
  const gauge = (name: string, help: string, valueOf: (level: PriorityLevel) => number) =>
    new Gauge({
      name,
      help,
      labelNames,
      registers: [registry],
      collect() {
        this.reset()
        for (const level of flowControl.levels) this.set({ priority_level: level.name }, valueOf(level))
      },
    })
  const counter = (name: string, help: string, valueOf: (level: PriorityLevel) => number) =>
    new Counter({
      name,
      help,
      labelNames,
      registers: [registry],
      collect() {
        this.reset()
        for (const level of flowControl.levels) this.inc({ priority_level: level.name }, valueOf(level))
      },
    })
  gauge('apiserver_flowcontrol_nominal_limit_seats', 'Requests that a level may work on at a time.', l => l.seats)
  gauge('apiserver_flowcontrol_current_executing_requests', 'Requests that are being worked on.', l => l.executing)
  gauge('apiserver_flowcontrol_current_inqueue_requests', 'Requests that wait for their turn.', l => l.waiting)
  counter('apiserver_flowcontrol_dispatched_requests_total', 'Requests whose turn came.', l => l.dispatched)
  counter('apiserver_flowcontrol_rejected_requests_total', 'Requests that were turned away.', l => l.rejectedCount)
}
