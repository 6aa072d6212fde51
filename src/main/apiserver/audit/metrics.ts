// What /metrics tells about the audit log, under upstream's names.
import { Counter, type Registry } from 'prom-client'
import type { AuditSink } from './audit-log.ts'
import type { AuditLevel } from './policy.ts'

export interface AuditCounts {
  /** A policy has said how much is written down of a request. */
  level(level: AuditLevel): void
  event(): void
  /** A request was not served, as it could not be written down. */
  rejected(): void
}

export function addAuditMetrics(registry: Registry, sink: AuditSink): AuditCounts {
  const counter = (name: string, help: string) =>
    new Counter({ name: `apiserver_audit_${name}`, help, registers: [registry] })
  const levels = new Map<AuditLevel, number>()
  new Counter({
    name: 'apiserver_audit_level_total',
    help: 'Requests by the level that the policy gives them.',
    labelNames: ['level'],
    registers: [registry],
    collect() {
      this.reset()
      for (const [level, requests] of levels) this.inc({ level }, requests)
    },
  })
  const events = counter('event_total', 'Events that were handed to the log.')
  const rejected = counter('requests_rejected_total', 'Requests that were refused because the log failed.')
  new Counter({
    name: 'apiserver_audit_error_total',
    help: 'Events that could not be written down.',
    labelNames: ['plugin'],
    registers: [registry],
    collect() {
      this.reset()
      this.inc({ plugin: 'log' }, sink.lost)
    },
  })
  return {
    level: level => void levels.set(level, (levels.get(level) ?? 0) + 1),
    event: () => events.inc(),
    rejected: () => rejected.inc(),
  }
}
