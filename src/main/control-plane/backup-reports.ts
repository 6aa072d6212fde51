// Tells what becomes of scheduled backups where people look: an Event when one fails, and when the next one is good again;
// metrics for whoever is woken by them.
import { Counter, Gauge, type Registry } from 'prom-client'
import type { ObjectReference } from '../../shared/api/core/v1.ts'
import type { EventRecorder } from '../../shared/client/events.ts'
import type { BackupOutcome } from '../store/backup/outcome.ts'

/** What a backup is of is the whole cluster; its own things are in this namespace. */
const ABOUT: ObjectReference = { apiVersion: 'v1', kind: 'Namespace', name: 'kube-system' }

export function backupReports(registry: Registry, recorder: EventRecorder): (outcome: BackupOutcome) => void {
  const lastSuccess = new Gauge({
    name: 'flotilla_backup_last_success_timestamp_seconds',
    help: 'When the newest scheduled backup was made and checked, in seconds since the epoch; 0 before the first.',
    registers: [registry],
  })
  const failing = new Gauge({
    name: 'flotilla_backup_failing',
    help: '1 while the newest attempt at a scheduled backup has failed.',
    registers: [registry],
  })
  const failures = new Counter({
    name: 'flotilla_backup_failures_total',
    help: 'Scheduled backups that came to nothing since the start.',
    registers: [registry],
  })
  let before: BackupOutcome | undefined
  return outcome => {
    const { made, failed } = outcome
    lastSuccess.set(made ? Date.parse(made.at) / 1000 : 0)
    failing.set(failed ? 1 : 0)
    if (failed && before) failures.inc()
    // One that failed before the start still is the newest: it is told again.
    if (failed) recorder.event(ABOUT, 'Warning', 'BackupFailed', `The scheduled backup failed: ${failed.message}`)
    else if (before?.failed && made) recorder.event(ABOUT, 'Normal', 'BackupMade', `Scheduled backups are made again: ${made.path}`) // prettier-ignore
    before = outcome
  }
}
