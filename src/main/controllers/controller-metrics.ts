// What /metrics tells about the controllers' queues, under client-go's names.
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { ControllerMetrics, QueueNumbers } from '../../shared/client/controller-manager.ts'

const SECONDS = [0.001, 0.01, 0.1, 1, 10]

export function controllerMetrics(registry: Registry): ControllerMetrics {
  const queues = new Map<string, QueueNumbers>()
  const labelNames = ['name']
  const times = (name: string, help: string) =>
    new Histogram({ name, help, labelNames, buckets: SECONDS, registers: [registry] })
  const worked = times('workqueue_work_duration_seconds', 'How long the work on one key took.')
  const waited = times('workqueue_queue_duration_seconds', 'How long a key waited before it was worked on.')
  const gauge = (name: string, help: string, valueOf: (queue: QueueNumbers) => number) =>
    new Gauge({
      name,
      help,
      labelNames,
      registers: [registry],
      collect() {
        for (const [queue, numbers] of queues) this.set({ name: queue }, valueOf(numbers))
      },
    })
  gauge('workqueue_depth', 'Keys that wait.', ({ depth }) => depth)
  gauge('workqueue_unfinished_work_seconds', 'How long the keys that are worked on now have been, together.', ({ unfinishedMs }) => unfinishedMs.reduce((sum, ms) => sum + ms, 0) / 1000) // prettier-ignore
  gauge('workqueue_longest_running_processor_seconds', 'How long the key has been that is worked on the longest.', ({ unfinishedMs }) => Math.max(0, ...unfinishedMs) / 1000) // prettier-ignore
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
    waited: (name, durationMs) => waited.observe({ name }, durationMs / 1000),
    reconciled: (name, _outcome, durationMs) => worked.observe({ name }, durationMs / 1000),
  }
}
