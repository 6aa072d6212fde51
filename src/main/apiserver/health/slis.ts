// What /metrics/slis tells: how the health checks end, under upstream's metric names.
// @see https://kubernetes.io/docs/reference/instrumentation/slis/
import { Counter, Gauge, Registry } from 'prom-client'

export class HealthSlis {
  readonly #registry = new Registry()
  readonly #last = new Gauge({
    name: 'kubernetes_healthcheck',
    help: 'How a health check ended last: 1 for well.',
    labelNames: ['name', 'type'],
    registers: [this.#registry],
  })
  readonly #all = new Counter({
    name: 'kubernetes_healthchecks_total',
    help: 'How often a health check ended how.',
    labelNames: ['name', 'type', 'status'],
    registers: [this.#registry],
  })

  /** @param type the endpoint that asked, such as `readyz` */
  note(type: string, name: string, healthy: boolean): void {
    this.#last.set({ name, type }, healthy ? 1 : 0)
    this.#all.inc({ name, type, status: healthy ? 'success' : 'error' })
  }

  /** The text exposition format. */
  async text(): Promise<{ readonly body: string; readonly contentType: string }> {
    return { body: await this.#registry.metrics(), contentType: this.#registry.contentType }
  }
}
