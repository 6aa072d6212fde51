// What kube-proxy counts, under upstream's names: those that mean something for our rules.
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { type Service, Service as ServiceType } from '../../shared/api/core/v1.ts'
import { type EndpointSlice, EndpointSlice as EndpointSliceType } from '../../shared/api/discovery/v1.ts'
import type { InformerFactory } from '../../shared/client/informer-factory.ts'
import type { Clock } from '../../shared/machinery/clock.ts'
import type { IPFamily } from '../../shared/machinery/ip-address.ts'
import type { SyncObserver } from './table-sync.ts'

export type TrafficPolicy = 'internal' | 'external'

export interface ProxyMetricsOptions {
  readonly registry: Registry
  readonly families: readonly IPFamily[]
  /** @returns how many ports of Services keep to this node by their policy, and have no endpoint on it */
  readonly withoutLocalEndpoints: (family: IPFamily, policy: TrafficPolicy) => number
  readonly clock: Clock
}

const TRIGGER_TIME = 'endpoints.kubernetes.io/last-change-trigger-time'
const steps = (from: number, by: number, count: number) => Array.from({ length: count }, (_, i) => from + by * i)
const ROUND_SECONDS = Array.from({ length: 15 }, (_, i) => 0.001 * 2 ** i)
const PROGRAMMING_SECONDS = [...steps(0.25, 0.25, 2), ...steps(1, 1, 59), ...steps(60, 5, 12), ...steps(120, 30, 7)]

export class ProxyMetrics implements SyncObserver {
  readonly #options: ProxyMetricsOptions
  readonly #startedAt: number
  readonly #rounds: Histogram<'ip_family'>
  readonly #fullRounds: Histogram<'ip_family'>
  readonly #partialRounds: Histogram<'ip_family'>
  readonly #programming: Histogram<'ip_family'>
  readonly #queuedAt: Gauge<'ip_family'>
  readonly #syncedAt: Gauge<'ip_family'>
  readonly #failures: Counter<'ip_family'>
  readonly #services: Changes
  readonly #endpoints: Changes
  readonly #probes: Readonly<Record<'healthz' | 'livez', Counter<'code'>>>
  /** When what is not in the kernel yet began to change, as the control plane tells it. */
  #triggers: number[] = []
  #takenTriggers: number[] = []

  constructor(options: ProxyMetricsOptions) {
    const { registry, families, withoutLocalEndpoints, clock } = options
    this.#options = options
    this.#startedAt = clock.now()
    const registers = [registry]
    const labelNames = ['ip_family'] as const
    const histogram = (name: string, help: string, buckets: number[]) =>
      new Histogram({ name: `kubeproxy_${name}`, help, labelNames, buckets, registers })
    const gauge = (name: string, help: string) => new Gauge({ name: `kubeproxy_${name}`, help, labelNames, registers })
    this.#rounds = histogram('sync_proxy_rules_duration_seconds', 'How long writing rules took.', ROUND_SECONDS)
    this.#fullRounds = histogram('sync_full_proxy_rules_duration_seconds', 'How long writing all rules took.', ROUND_SECONDS) // prettier-ignore
    this.#partialRounds = histogram('sync_partial_proxy_rules_duration_seconds', 'How long writing what changed took.', ROUND_SECONDS) // prettier-ignore
    this.#programming = histogram('network_programming_duration_seconds', 'From a change of pods or a Service to the rules that follow from it.', PROGRAMMING_SECONDS) // prettier-ignore
    this.#queuedAt = gauge('sync_proxy_rules_last_queued_timestamp_seconds', 'When rules were last to be written.')
    this.#syncedAt = gauge('sync_proxy_rules_last_timestamp_seconds', 'When all rules were last written.')
    this.#failures = new Counter({
      name: 'kubeproxy_sync_proxy_rules_nftables_sync_failures_total',
      help: 'Transactions that nftables refused.',
      labelNames,
      registers,
    })
    for (const ip_family of families) {
      this.#failures.inc({ ip_family }, 0)
      for (const each of [this.#rounds, this.#fullRounds, this.#partialRounds, this.#programming]) each.zero({ ip_family }) // prettier-ignore
    }
    this.#services = new Changes(registry, 'service', 'Services')
    this.#endpoints = new Changes(registry, 'endpoint', 'EndpointSlices')
    const probe = (name: string) =>
      new Counter({
        name: `kubeproxy_proxy_${name}_total`,
        help: `Answers of /${name} by status.`,
        labelNames: ['code'] as const,
        registers,
      })
    this.#probes = { healthz: probe('healthz'), livez: probe('livez') }
    new Gauge({
      name: 'kubeproxy_sync_proxy_rules_no_local_endpoints_total',
      help: 'Ports of Services with a Local traffic policy that have endpoints, but none on this node.',
      labelNames: ['ip_family', 'traffic_policy'] as const,
      registers,
      collect() {
        for (const ip_family of families)
          for (const traffic_policy of ['internal', 'external'] as const)
            this.set({ ip_family, traffic_policy }, withoutLocalEndpoints(ip_family, traffic_policy))
      },
    })
  }

  follow(informers: InformerFactory): void {
    const service = (_service: Service) => this.#services.seen()
    informers.informer(ServiceType).on({ added: service, updated: service, deleted: service })
    const slice = ({ metadata }: EndpointSlice) => {
      this.#endpoints.seen()
      const trigger = Date.parse(metadata.annotations?.[TRIGGER_TIME] ?? '')
      // What changed before is no measure of this run.
      if (trigger >= this.#startedAt) this.#triggers.push(trigger)
    }
    informers.informer(EndpointSliceType).on({ added: slice, updated: slice, deleted: () => this.#endpoints.seen() })
  }

  answered(probe: 'healthz' | 'livez', code: number): void {
    this.#probes[probe].inc({ code: String(code) })
  }

  requested(): void {
    for (const ip_family of this.#options.families) this.#queuedAt.set({ ip_family }, this.#options.clock.now() / 1000)
  }

  taken(): void {
    this.#services.taken()
    this.#endpoints.taken()
    this.#takenTriggers.push(...this.#triggers.splice(0))
  }

  written(seconds: number, isFull: boolean): void {
    for (const ip_family of this.#options.families) {
      this.#rounds.observe({ ip_family }, seconds)
      ;(isFull ? this.#fullRounds : this.#partialRounds).observe({ ip_family }, seconds)
    }
  }

  synced(): void {
    const now = this.#options.clock.now()
    const triggers = this.#takenTriggers.splice(0)
    for (const ip_family of this.#options.families) {
      this.#syncedAt.set({ ip_family }, now / 1000)
      for (const trigger of triggers) this.#programming.observe({ ip_family }, Math.max(0, now - trigger) / 1000)
    }
  }

  failed(): void {
    for (const ip_family of this.#options.families) this.#failures.inc({ ip_family })
  }
}

/** Changes seen of one kind, and how many of them no transaction has taken yet. */
class Changes {
  readonly #total: Counter
  readonly #pending: Gauge

  constructor(registry: Registry, kind: 'service' | 'endpoint', what: string) {
    const name = `kubeproxy_sync_proxy_rules_${kind}_changes`
    this.#total = new Counter({ name: `${name}_total`, help: `Changes of ${what}.`, registers: [registry] })
    this.#pending = new Gauge({ name: `${name}_pending`, help: `Changes of ${what} that wait.`, registers: [registry] })
  }
  seen(): void {
    this.#total.inc()
    this.#pending.inc()
  }
  taken(): void {
    this.#pending.set(0)
  }
}
