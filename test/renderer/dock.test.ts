// Logs and terminals: lines, the exec protocol, and the end of a session.
import { describe, expect, it } from 'vitest'
import { frame, readExitStatus } from '@/dock/exec-session.ts'
import { LogBuffer, splitTimestamp, stripEscapes } from '@/dock/log-buffer.ts'

describe('LogBuffer', () => {
  it('keeps the newest lines in order once it is full', () => {
    const buffer = new LogBuffer(3)
    for (let index = 0; index < 8; index++) buffer.push('s', '', `line ${index}`)
    expect([...buffer].map(({ text }) => text)).toEqual(['line 5', 'line 6', 'line 7'])
    expect(buffer.at(0)?.number).toBe(5)
    expect(buffer.total).toBe(8)
  })
  it('takes 300,000 lines in well under a second', () => {
    const buffer = new LogBuffer()
    const before = performance.now()
    for (let index = 0; index < 300_000; index++) buffer.push('s', '', 'x')
    expect(buffer.length).toBe(100_000)
    expect(performance.now() - before).toBeLessThan(800)
  })
  it('is empty after clear(), and fills again', () => {
    const buffer = new LogBuffer(2)
    for (const text of ['a', 'b', 'c']) buffer.push('s', '', text)
    buffer.clear()
    buffer.push('s', '', 'd')
    expect([...buffer].map(({ text }) => text)).toEqual(['d'])
  })
})

describe('log lines', () => {
  it('are split into the kubelet’s time and the text', () =>
    expect(splitTimestamp('2026-01-02T03:04:05.678901234Z hello there')).toEqual({
      time: '2026-01-02T03:04:05.678901234Z',
      text: 'hello there',
    }))
  it('without a time are text as they are', () =>
    expect(splitTimestamp('hello there')).toEqual({ time: '', text: 'hello there' }))
  it('lose colours and cursor movements, not text', () =>
    expect(stripEscapes('\u001b[31mred\u001b[0m \u001b]0;title\u0007end')).toBe('red end'))
})

describe('exec', () => {
  it('puts the channel before the data', () => expect([...frame(4, new Uint8Array([7, 8]))]).toEqual([4, 7, 8]))
  it('reads the exit code out of the last Status', () => {
    const status = {
      status: 'Failure',
      message: 'command terminated with exit code 130',
      details: { causes: [{ reason: 'ExitCode', message: '130' }] },
    }
    expect(readExitStatus(JSON.stringify(status))).toMatchObject({ exitCode: 130 })
    expect(readExitStatus('{"status":"Success"}').exitCode).toBe(0)
    expect(readExitStatus('gone')).toEqual({ message: 'gone', exitCode: undefined })
  })
})
