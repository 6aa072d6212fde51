// What /metrics tells about the controllers' queues, under client-go's names.
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { ControllerMetrics, QueueNumbers } from '../../shared/client/controller-manager.ts'

const SECONDS = [0.001, 0.01, 0.1, 1, 10]

export function controllerMetrics(registry: Registry): ControllerMetrics {
  const queues = new Map<string, QueueNumbers>()
  const labelNames = ['name']
  const duration = new Histogram({
    name: 'workqueue_work_duration_seconds',
    help: 'How long the work on one key took.',
    labelNames,
    buckets: SECONDS,
    registers: [registry],
  })
  new Gauge({
    name: 'workqueue_depth',
    help: 'Keys that wait.',
    labelNames,
    registers: [registry],
    collect() {
      for (const [name, { depth }] of queues) this.set({ name }, depth)
    },
  })
  const counter = (name: string, help: string, valueOf: (queue: QueueNumbers) => number) =>
    new Counter({
      name,
      help,
      labelNames,
      registers: [registry],
      collect() {
        this.reset()
        for (const [queue, numbers] of queues) this.inc({ name: queue }, valueOf(numbers))
      },
    })
  counter('workqueue_adds_total', 'Keys that were added.', ({ adds }) => adds)
  counter('workqueue_retries_total', 'Keys that were added again after a failure.', ({ retried }) => retried)
  return {
    queue: (name, numbers) => void queues.set(name, numbers),
    reconciled: (name, _outcome, durationMs) => duration.observe({ name }, durationMs / 1000),
  }
}
