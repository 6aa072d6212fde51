// What /metrics tells about tokens of pods, under upstream's names.
import { Counter, type Registry } from 'prom-client'
import type { ServiceAccountTokens } from './service-account-tokens.ts'

export function addTokenMetrics(registry: Registry, { uses }: ServiceAccountTokens): void {
  const counter = (name: string, help: string, count: () => number) =>
    new Counter({
      name: `serviceaccount_${name}`,
      help,
      registers: [registry],
      collect() {
        this.reset()
        this.inc(count())
      },
    })
  counter('valid_tokens_total', 'Uses of tokens of pods that were read again in time.', () => uses.valid)
  counter('stale_tokens_total', 'Uses of tokens of pods that should have been read again.', () => uses.stale)
}
