// A scheduled backup that fails is seen without reading logs: as an Event, and by whoever scrapes the metrics.
import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { backupReports } from '../../src/main/control-plane/backup-reports.ts'
import { Event } from '../../src/shared/api/core/v1.ts'
import { createEventRecorder } from '../../src/shared/client/events.ts'
import { systemClock } from '../../src/shared/machinery/clock.ts'
import { startTestApiServer } from '../support/api-server.ts'
import { eventually } from '../support/eventually.ts'

test('a failure and the end of it are told in Events, which the window selects by their source, and metrics', async () => {
  await using api = await startTestApiServer()
  const client = api.clientAs()
  const stop = new AbortController()
  const registry = new Registry()
  const recorder = createEventRecorder({
    client,
    clock: systemClock,
    component: 'flotilla-backup',
    signal: stop.signal,
  })
  const report = backupReports(registry, recorder)
  const metrics = async () => (await registry.metrics()).split('\n').filter(line => line.startsWith('flotilla_'))
  const events = async () =>
    (await client.list(Event, { namespace: 'default', fieldSelector: 'source=flotilla-backup' })).items.map(
      ({ type, reason, message, involvedObject, count }) =>
        [type, reason, message, involvedObject.name, count].join(' '),
    )
  try {
    report({ made: { at: '2026-03-01T03:00:00.000Z', path: '/b/1' } })
    expect(await metrics()).toEqual([
      'flotilla_backup_last_success_timestamp_seconds 1772334000',
      'flotilla_backup_failing 0',
      'flotilla_backup_failures_total 0',
    ])
    const made = { at: '2026-03-01T03:00:00.000Z', path: '/b/1' }
    const failed = { at: '2026-03-02T03:00:00.000Z', message: 'ENOSPC', nextTry: '2026-03-02T03:05:00.000Z' }
    for (let times = 0; times < 2; times++) report({ made, failed })
    const warning = 'Warning BackupFailed The scheduled backup failed: ENOSPC kube-system 2'
    await eventually(async () => expect(await events()).toEqual([warning]))
    expect(await metrics()).toEqual([
      'flotilla_backup_last_success_timestamp_seconds 1772334000',
      'flotilla_backup_failing 1',
      'flotilla_backup_failures_total 2',
    ])
    report({ made: { at: '2026-03-02T03:05:00.000Z', path: '/b/2' } })
    const normal = 'Normal BackupMade Scheduled backups are made again: /b/2 kube-system 1'
    await eventually(async () => expect((await events()).sort()).toEqual([normal, warning]))
    expect(await metrics()).toContain('flotilla_backup_failing 0')
  } finally {
    stop.abort()
  }
})
