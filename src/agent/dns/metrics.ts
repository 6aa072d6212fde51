// What the DNS server counts.
import { Counter, Registry } from 'prom-client'

const RCODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED']
/** Types with a label of their own: the label is the client's to choose, so it must not grow without bounds. */
const TYPES = new Set(['A', 'AAAA', 'SRV', 'PTR', 'CNAME', 'TXT', 'MX', 'NS', 'SOA', 'HTTPS', 'ANY'])

export class DnsMetrics {
  readonly #answers: Counter<'protocol' | 'type' | 'source' | 'rcode'>
  readonly #cache: Counter<'result'>

  /** @param registry default: one of its own, for a server that nobody scrapes */
  constructor(registry: Registry = new Registry()) {
    this.#answers = new Counter({
      name: 'flotilla_dns_answers_total',
      help: 'DNS answers given, by protocol, question type, where the answer came from, and response code.',
      labelNames: ['protocol', 'type', 'source', 'rcode'],
      registers: [registry],
    })
    this.#cache = new Counter({
      name: 'flotilla_dns_upstream_lookups_total',
      help: 'Names outside the cluster: answered from the cache (hit), asked for (miss), or nobody answered (failed).',
      labelNames: ['result'],
      registers: [registry],
    })
  }

  answered(protocol: 'udp' | 'tcp', type: string, source: 'cluster' | 'upstream', rcode: number): void {
    this.#answers.inc({
      protocol,
      type: TYPES.has(type) ? type : 'other',
      source,
      rcode: RCODES[rcode] ?? String(rcode),
    })
  }

  cache(result: 'hit' | 'miss' | 'failed'): void {
    this.#cache.inc({ result })
  }
}
