// What /metrics tells about admission webhooks: how long each took and how it ended, under upstream's names.
// @see https://kubernetes.io/docs/reference/instrumentation/metrics/
import { Counter, Histogram, type Registry } from 'prom-client'
import { ApiError } from '../../../../shared/machinery/status.ts'
import type { AdmissionRequest } from '../contract.ts'
import type { Webhook } from './configurations.ts'

/** Upstream's. */
const SECONDS = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 25]

/** How a call ended, other than with an allowed request. */
export type WebhookError = 'no_error' | 'calling_webhook_error' | 'apiserver_internal_error'

export class WebhookMetrics {
  readonly #duration = new Histogram({
    name: 'apiserver_admission_webhook_admission_duration_seconds',
    help: 'How long a webhook took, by name, type, operation, and whether the request was rejected.',
    labelNames: ['name', 'type', 'operation', 'rejected'],
    buckets: SECONDS,
    registers: [],
  })
  readonly #requests = new Counter({
    name: 'apiserver_admission_webhook_request_total',
    help: 'Calls of a webhook by name, type, operation, response code, and whether the request was rejected.',
    labelNames: ['name', 'type', 'operation', 'code', 'rejected'],
    registers: [],
  })
  readonly #rejections = new Counter({
    name: 'apiserver_admission_webhook_rejection_count',
    help: 'Requests that were rejected by a webhook or because of its failure.',
    labelNames: ['name', 'type', 'operation', 'error_type', 'rejection_code'],
    registers: [],
  })
  readonly #open = new Counter({
    name: 'apiserver_admission_webhook_fail_open_count',
    help: 'Failures of a webhook that were ignored.',
    labelNames: ['name', 'type'],
    registers: [],
  })

  register(registry: Registry): void {
    for (const metric of [this.#duration, this.#requests, this.#rejections, this.#open]) registry.registerMetric(metric)
  }

  /** Names what a call is counted under. */
  call({ name }: Webhook, { operation }: AdmissionRequest, mutating: boolean): WebhookCallMetrics {
    const labels = { name, type: mutating ? 'admit' : 'validating', operation }
    const ended = (seconds: number, code: number, rejected: boolean) => {
      this.#duration.observe({ ...labels, rejected: String(rejected) }, seconds)
      this.#requests.inc({ ...labels, code: String(code), rejected: String(rejected) })
    }
    return {
      allowed: seconds => ended(seconds, 200, false),
      ignored: seconds => {
        this.#open.inc({ name, type: labels.type })
        ended(seconds, 500, false)
      },
      rejected: (seconds, why, error) => {
        const code = error instanceof ApiError ? error.code : 500
        this.#rejections.inc({ ...labels, error_type: why, rejection_code: String(code) })
        ended(seconds, code, true)
      },
    }
  }
}

/** Exactly one of them is told. */
export interface WebhookCallMetrics {
  allowed(seconds: number): void
  /** It failed, and its failurePolicy lets the request through. */
  ignored(seconds: number): void
  rejected(seconds: number, why: WebhookError, error: unknown): void
}
