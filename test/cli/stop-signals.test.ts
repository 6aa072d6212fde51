// What asks `flotilla serve` and the desktop app to stop.
import { afterEach, expect, test } from 'vitest'
import { onStopSignal } from '../../src/main/process/stop-signals.ts'
import { ManualClock } from '../support/manual-clock.ts'

let stopListening = () => {}
afterEach(() => stopListening())

test('a Ctrl-C that comes several times is one request; a later one is a second', async () => {
  const clock = new ManualClock()
  const told: string[] = []
  stopListening = onStopSignal(
    signal => void told.push(signal),
    () => void told.push('again'),
    clock,
  )
  process.emit('SIGINT', 'SIGINT')
  process.emit('SIGINT', 'SIGINT')
  await clock.advance(1_000)
  process.emit('SIGTERM', 'SIGTERM')
  expect(told).toEqual(['SIGINT'])
  await clock.advance(1)
  process.emit('SIGINT', 'SIGINT')
  expect(told).toEqual(['SIGINT', 'again'])
})
