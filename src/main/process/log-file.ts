// The program's own log: JSON lines in a file of the data folder.
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import pino from 'pino'
import type { Log } from '../../shared/machinery/log.ts'

/** @returns a log that is flushed and closed when disposed */
export function openLog(path: string): Log & Disposable {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const destination = pino.destination({ dest: path, mode: 0o600, sync: false, minLength: 0 })
  // A log that cannot be written, as on a full disk, must not end what it tells about.
  destination.on('error', () => undefined)
  const logger = pino({ level: process.env.FLOTILLA_LOG_LEVEL ?? 'info', base: null }, destination)
  return Object.assign(Object.create(logger) as Log, {
    [Symbol.dispose]() {
      destination.end()
    },
  })
}
